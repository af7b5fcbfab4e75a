/* A batcher, inside: what its files share. */
#ifndef IMPACT_PIPELINE_BATCHER_STATE_H
#define IMPACT_PIPELINE_BATCHER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/random.h"
#include "pipeline/batch.h"
#include "pipeline/batcher_options.h"
#include "pipeline/counters.h"
#include "pipeline/flight.h"
#include "pipeline/journal.h"
#include "pipeline/rescue.h"
#include "pipeline/ring_reader.h"

typedef enum impact__worker_state {
    IMPACT__WORKER_NONE, /* not started, or lost in a fork */
    IMPACT__WORKER_RUNNING,
    IMPACT__WORKER_ENDED
} impact__worker_state;

typedef enum impact__sleep_state {
    IMPACT__AWAKE,
    IMPACT__ASLEEP_UNTIL_DUE,
    IMPACT__ASLEEP_IDLE
} impact__sleep_state;

struct impact__batcher {
    /* Fixed once opened. */
    impact__ring ring;
    uint32_t batch_limit;
    uint32_t schedule_delay_ms;
    uint32_t export_timeout_ms;
    const impact_allocator *allocator;
    /* Owned; NULL once they are closed, under the lock: the one that was given, and others like it
     * for what is sent beside. */
    impact_exporter *exporters[impact__flight_limit];
    uint32_t flight_limit; /* exporters, and batches that may be taken */
    impact_exporter known; /* the members of the first, those that it does not have NULL */
    impact__batcher_owner owner;
    impact__caller *caller; /* borrowed; NULL: the worker is a thread */
    impact__caller *events; /* what is waited on for exports under way: `caller`, or the next, or
                               NULL, when the worker waits in the exporter */
    impact__caller own_events;
    void *memory; /* owned: the ring lies in it, unless it lies in the journal */
    uint32_t exporter_number;
    size_t queue_bytes;
    impact__journal journal; /* changed under the lock, while nobody puts anything in */

    /* Read by every thread that puts something in, without the lock. */
    char apart_1[impact__ring_unit];
    atomic_bool has_worker; /* it is running, or there is to be none any more */
    atomic_int sleep;       /* an impact__sleep_state */
    atomic_bool is_pressed; /* a record found no room: what there is goes out at once */

    /* Counted by whoever drops. */
    char apart_2[impact__ring_unit];
    _Atomic uint64_t dropped_full;
    _Atomic uint64_t dropped_closed;
    atomic_bool is_prepared;    /* for the first record: see impact__batcher_prepare */
    atomic_bool is_running;     /* the worker has not ended */
    atomic_uint without_worker; /* records that met no worker: some try to start one */

    char apart_3[impact__ring_unit];
    pthread_mutex_t lock;      /* guards all below */
    pthread_cond_t to_worker;  /* there is something to do */
    pthread_cond_t to_callers; /* something was done */
    impact__worker_state worker;
    bool is_shut_down;
    bool is_exporter_unwanted; /* it is closed as soon as no worker is in it */
    bool is_closed;            /* the worker frees all when it ends */
    uint64_t shutdown_deadline_ns;
    uint64_t flush_target; /* the last extent that somebody waits for */
    uint64_t settled;      /* the last extent whose records all came to their end */
    uint64_t in_flight;
    uint64_t exported;
    uint64_t rejected;
    uint64_t failed;
    impact__export_tally exports[impact__export_outcomes];
    impact__ring_reader reader;

    /* Batches that were taken, and the steps: see flight.h and batch_step.h. */
    impact__flight *flights; /* owned: `flight_limit`; the worker's own while it runs */
    uint32_t oldest;
    uint32_t out;       /* from the oldest on, in a circle; the others are free */
    uint32_t under_way; /* bits of flights that nobody waits for */
    uint32_t unseen;    /* those of them that are to be looked at */
    uint32_t busy;      /* bits of exporters that have one */
    uint64_t due_ns;    /* when what waits is exported at latest */
    bool is_rescuing;   /* what is under way was another process's */
    bool is_interrupted;

    /* Without a thread: see batch_pump.c. */
    unsigned generation; /* of the process whose the records are */
    bool is_pumped;      /* somebody is at it */
    bool is_resting;
    int rest;                          /* an impact__rest: how */
    uint64_t call_deadline_ns;         /* of who pumps, for an exporter that has to be waited for */
    int watched[impact__flight_limit]; /* each exporter's descriptor, in `events`; -1: it is not */

    /* A batch that came back lies in the ring still and goes again, behind a pause. */
    size_t kept;         /* records of such batches, which wait */
    bool is_away;        /* the backend: since one came back, none came to its end */
    uint64_t tries;      /* exports that were begun */
    uint64_t came_back;  /* the last of them whose batch came back; 0: none did */
    bool has_given_up;   /* the last try failed; what is left stays in the journal */
    uint64_t hurried_to; /* somebody flushes: no pause behind this try or an earlier one */
    impact__random random;

    /* What others left behind that were killed. */
    bool is_rescue_due;
    uint64_t rescue_ns; /* not before */
    impact__rescue rescue;
};

static inline void impact__batcher_lock(impact__batcher *batcher)
{
    (void)pthread_mutex_lock(&batcher->lock); /* cannot fail for a normal lock */
}

static inline void impact__batcher_unlock(impact__batcher *batcher)
{
    (void)pthread_mutex_unlock(&batcher->lock); /* as above */
}

/* False: this is a child that was made past fork(), and the ring lies in its parent's file. */
static inline bool impact__batcher_has_ring(const impact__batcher *batcher)
{
    return !batcher->journal.is_on || batcher->journal.generation == impact__fork_generation();
}

/* There are extents behind `reached`, up to this one. Numbers begin anew: what is farther than the
 * ring is long lies before it. */
static inline bool impact__batcher_lacks(const impact__batcher *batcher, uint64_t reached,
                                         uint64_t target)
{
    const uint64_t left = impact__ring_distance(reached, target);
    return left != 0 && left <= (uint64_t)batcher->ring.extent_mask + 1;
}

/* Records of extents up to this one are not all settled. Under the lock. */
static inline bool impact__batcher_is_behind(const impact__batcher *batcher, uint64_t target)
{
    return impact__batcher_lacks(batcher, batcher->settled, target);
}

/* Half of the queue waits, or a record found no room: nothing else goes before that. Under the
 * lock. */
static inline bool impact__batcher_is_filling(const impact__batcher *batcher)
{
    const uint64_t waiting = impact__ring_waiting(&batcher->reader);
    const bool is_half_full = waiting >= batcher->batch_limit && waiting >= batcher->ring.limit / 2;
    return is_half_full || (waiting > 0 && atomic_load(&batcher->is_pressed));
}

/* Open one with nothing in it; free it, and tell its owner that it is gone. */
impact_status impact__batcher_state_open(impact__batcher **batcher,
                                         const impact__batcher_options *options);
void impact__batcher_state_close(impact__batcher *batcher);

impact_status impact__batcher_open_conditions(impact__batcher *batcher);

/* After the worker's end, or the owner's wish, whichever comes later: close the exporter, free.
 * Called with the lock held, returns without it. */
void impact__batcher_let_go(impact__batcher *batcher);

/* Put what is left in the ring among the failed, a batch that came back too; in a journal it stays
 * there. Under the lock, without a worker. */
void impact__batcher_give_up(impact__batcher *batcher);

/* The thread has something to do. In the host's loop, who wants that pumps. */
void impact__batcher_call_worker(impact__batcher *batcher);

/* ---- batch_worker.c ---- */

/* Start the worker unless it runs or has ended. Under the lock. */
void impact__batch_worker_start(impact__batcher *batcher);

#endif
