/* A batcher's flights: see flight.h. */
#ifndef IMPACT_PIPELINE_FLIGHTS_H
#define IMPACT_PIPELINE_FLIGHTS_H

#include "pipeline/batcher_state.h"

/* Under the lock, as all below. A batch that was not taken yet may be. */
bool impact__flight_is_free(const impact__batcher *batcher);

/* Take what the ring has for the next free one. NULL: the oldest record is being put in still. */
impact__flight *impact__flight_take(impact__batcher *batcher);

/* It has come to its end: what can be freed is. */
void impact__flight_settle(impact__batcher *batcher, impact__flight *flight);

/* The oldest that may go again now; NULL: none. */
impact__flight *impact__flight_to_go_again(const impact__batcher *batcher);

/* When the next may, if nothing else happens; UINT64_MAX: none. */
uint64_t impact__flight_pause_end(const impact__batcher *batcher);

/* An exporter has it from now on, and no more, where nobody waits for that. */
void impact__flight_set_off(impact__batcher *batcher, impact__flight *flight);
void impact__flight_land(impact__batcher *batcher, const impact__flight *flight);

/* Have what is under way watched, and nothing else: the moment of the next look at latest. */
uint64_t impact__flights_watch(impact__batcher *batcher);

/* Somebody waited: all that is under way is to be looked at. */
void impact__flights_wake(impact__batcher *batcher);

/* In a forked child: they are the parent's. */
void impact__flights_forget(impact__batcher *batcher);

#endif
