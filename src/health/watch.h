/* The watch: the host is told when what is told of a check changes. */
#ifndef IMPACT_HEALTH_WATCH_H
#define IMPACT_HEALTH_WATCH_H

#include "health/check.h"

/* Those who want to know that something is another, and look for themselves: each has a bell. */
typedef enum impact__bell {
    IMPACT__BELL_SYSTEMD,
    IMPACT__BELL_PORT,
    IMPACT__BELL_COUNT
} impact__bell;

/* Who is told; of one registry. Guarded by the engine's lock. */
struct impact__watcher {
    impact_health_transition_fn function; /* NULL: nobody */
    void *userdata;
    bool is_being_told;
    impact__alarm *bells[IMPACT__BELL_COUNT]; /* borrowed; NULL: nobody listens */
};

/* ---- under the lock ---- */

/* Which checks there are, what they are in, or the phase, is another. */
void impact__watch_ring(const impact__watcher *watcher, impact__engine *engine);

/* A check that is about to be registered. */
void impact__watch_prepare(impact__check *check, impact__watcher *watcher);

/* Tell what there is to tell, as if nothing had been told yet. */
void impact__watch_begin(impact__check *check);

/* Tell no more of it. */
void impact__watch_drop(impact__check *check);

#endif
