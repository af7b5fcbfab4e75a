/* A batcher: finished records, from the threads that end them to one exporter. It is a ring, a
 * worker, its counters, flush and shutdown. Each exporter has one, so that a dead backend delays
 * nobody else.
 *
 * DESIGN: the worker is started with the first record. A batch goes out when it is full, when the
 * schedule's delay has passed since the last one, when somebody flushes, and until the deadline at
 * shutdown; so many at once as the options say, one mostly (flight.h). What is in flight lies in
 * the ring until its outcome is counted.
 *
 * `lock` guards what the worker moves, the ring's reader among it. So a snapshot taken under it is
 * exact:
 *
 *     ended = taken from the ring + waiting in it + dropped
 *     taken = kept + in_flight + exported + rejected + failed
 *
 * A batch that may go again (IMPACT_EAGAIN) is kept where it is, counted as waiting in the ring,
 * and is the next to be exported: after a pause, that nothing cuts short but a flush, which is
 * answered with the outcome of that try, and a shutdown, after which there is no other. Meanwhile
 * the ring fills up, and is full of as many as before: the places of what was taken were given
 * back.
 *
 * The worker sleeps in one of two ways: until it is due, when records were there of late or are
 * there; and idle, without an end, when none came for a whole delay. Who puts a record in wakes an
 * idle worker always, and another one when a batch may be full; one that pauses counts as awake.
 * Both sides first write (the ring; `sleep`) and then read what the other wrote, in sequentially
 * consistent order: one of them sees the other, so no wake-up is lost.
 *
 * Where several are under way, the worker is driven as a host's loop drives it: it waits on
 * descriptors, and is woken by a bell instead of a condition.
 *
 * Where no thread may be started, the host's calls are the worker (batch_pump.c): they take the
 * same steps, rest in the same ways, and are woken by a bell instead of a condition.
 *
 * A fork within the exporter comes back on a thread that is not the worker of the child's provider:
 * it sees that the process is another one, and leaves.
 */
#ifndef IMPACT_PIPELINE_BATCHER_H
#define IMPACT_PIPELINE_BATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/exporter.h>

#include "pipeline/batcher_options.h"
#include "pipeline/counters.h"

/* IMPACT_EINVAL: a limit is out of range. */
impact_status impact__batcher_open(impact__batcher **batcher,
                                   const impact__batcher_options *options);

/* Free one that was not used, and leave its exporter to whom it belonged. Ends with `gone`. */
void impact__batcher_abandon(impact__batcher *batcher);

/* Close the exporter, now or when a worker that still hangs in it comes back. After shutdown. */
void impact__batcher_close_exporter(impact__batcher *batcher);

/* The same, and free, once no thread puts anything in any more. Ends with `gone`. */
void impact__batcher_close(impact__batcher *batcher);

/* ---- records on their way: any thread ---- */

/* Once it is open: what others left behind in its journal's directory is exported, too. */
void impact__batcher_look_for_orphans(impact__batcher *batcher);

void impact__batcher_put(impact__batcher *batcher, const void *record, size_t size, uint32_t scope);

/* ---- flush and shutdown, of several at the same time: begin all, then end each ---- */

typedef struct impact__batcher_wait {
    uint64_t target;
    uint64_t lost_before;
    uint64_t tries_before; /* a batch that comes back from a later one answers a flush */
} impact__batcher_wait;

void impact__batcher_begin_flush(impact__batcher *batcher, impact__batcher_wait *wait);
/* As impact_trace_flush answers. */
impact_status impact__batcher_end_flush(impact__batcher *batcher, const impact__batcher_wait *wait,
                                        uint64_t deadline_ns);

/* Somebody can answer it. */
bool impact__batcher_is_flushed(impact__batcher *batcher, const impact__batcher_wait *wait);

void impact__batcher_begin_shutdown(impact__batcher *batcher, impact__batcher_wait *wait,
                                    uint64_t deadline_ns);
/* False: it still runs. Without a thread nobody waits: it is pumped before. */
bool impact__batcher_wait_for_worker(impact__batcher *batcher, uint64_t deadline_ns);
void impact__batcher_interrupt(impact__batcher *batcher);
impact_status impact__batcher_end_shutdown(impact__batcher *batcher,
                                           const impact__batcher_wait *wait, uint64_t deadline_ns);

/* ---- without a thread ---- */

/* Do what can be done without waiting; an exporter that has to be waited for has until
 * `deadline_ns`. Returns the moment of the next call at latest. By one thread at a time: another
 * one does nothing. */
uint64_t impact__batcher_pump(impact__batcher *batcher, uint64_t deadline_ns);

/* ---- forks, as impact__fork_member has them ---- */

void impact__batcher_before_fork(impact__batcher *batcher);
void impact__batcher_after_fork_in_parent(impact__batcher *batcher);
/* `is_shut_down`: whose owner is, or was about to be. */
void impact__batcher_after_fork_in_child(impact__batcher *batcher, bool is_shut_down);

/* ---- questions ---- */

impact__counters impact__batcher_count(impact__batcher *batcher);
/* Its worker has not ended. Takes no lock. */
bool impact__batcher_is_running(const impact__batcher *batcher);
/* What it said of itself when it was taken. Not to be called. */
const impact_exporter *impact__batcher_exporter(const impact__batcher *batcher);
/* Records that may wait. */
uint32_t impact__batcher_limit(const impact__batcher *batcher);

#endif
