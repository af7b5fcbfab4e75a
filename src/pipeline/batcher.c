/* A batcher: records on their way, flush, shutdown, forks, counters. */
#include "pipeline/batcher.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "pipeline/batcher_journal.h"
#include "pipeline/batcher_state.h"
#include "pipeline/flights.h"
#include "process/diagnostics.h"
#include "process/fork.h"

enum {
    retry_records = 64, /* without a thread: how many records until the next try to start one */
    careful_limit = 256 /* batches smaller than that are looked for with each record */
};

impact_status impact__batcher_open(impact__batcher **batcher,
                                   const impact__batcher_options *options)
{
    const impact_status status = impact__batcher_state_open(batcher, options);
    if (status == IMPACT_OK)
        impact__batcher_open_rescue(*batcher);
    return status;
}

void impact__batcher_abandon(impact__batcher *batcher)
{
    impact__batcher_state_close(batcher);
}

void impact__batcher_close_exporter(impact__batcher *batcher)
{
    impact__batcher_lock(batcher);
    batcher->is_exporter_unwanted = true;
    impact__batcher_let_go(batcher);
}

void impact__batcher_close(impact__batcher *batcher)
{
    impact__batcher_lock(batcher);
    assert(batcher->is_shut_down && !batcher->is_closed);
    batcher->is_exporter_unwanted = true;
    batcher->is_closed = true;
    impact__batcher_let_go(batcher);
}

/* ---- records on their way ---- */

void impact__batcher_look_for_orphans(impact__batcher *batcher)
{
    if (!batcher->journal.directory ||
        !impact__orphan_exists(batcher->journal.directory, batcher->rescue.kind))
        return;
    impact__batcher_prepare(batcher);
    impact__batcher_lock(batcher);
    impact__batch_worker_start(batcher); /* or the first span tries it again */
    impact__batcher_unlock(batcher);
}

static void start_the_first_time(impact__batcher *batcher)
{
    /* A number of its own for each record: one of them is the first, however many come at once. */
    if (atomic_fetch_add_explicit(&batcher->without_worker, 1, memory_order_relaxed) %
            retry_records !=
        0)
        return;
    impact__batcher_lock(batcher);
    impact__batch_worker_start(batcher);
    const bool has_failed = batcher->worker == IMPACT__WORKER_NONE;
    impact__batcher_unlock(batcher);
    if (has_failed)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "thread", NULL,
                                  "the export thread cannot be started");
}

static bool may_be_full(const impact__batcher *batcher, const impact__ring_claim *claim)
{
    return (claim->is_step || batcher->batch_limit < careful_limit) &&
           impact__ring_reserved(&batcher->ring) - claim->unused >= batcher->batch_limit;
}

static void wake(impact__batcher *batcher)
{
    if (atomic_exchange(&batcher->sleep, IMPACT__AWAKE) == IMPACT__AWAKE)
        return;
    if (batcher->events) {
        impact__caller_ring(batcher->events);
        return;
    }
    impact__batcher_lock(batcher);
    (void)pthread_cond_signal(&batcher->to_worker);
    impact__batcher_unlock(batcher);
}

/* A record was put in, or found no room. */
static inline void notice(impact__batcher *batcher, const impact__ring_claim *claim)
{
    if (!atomic_load_explicit(&batcher->has_worker, memory_order_relaxed)) {
        start_the_first_time(batcher);
        return;
    }
    const int sleep = atomic_load(&batcher->sleep); /* see DESIGN: after the record, not before */
    if (sleep == IMPACT__ASLEEP_IDLE ||
        (sleep == IMPACT__ASLEEP_UNTIL_DUE && may_be_full(batcher, claim)))
        wake(batcher);
}

/* The ring is full, of bytes perhaps, with less than a batch in it. */
static void press(impact__batcher *batcher)
{
    if (!atomic_load_explicit(&batcher->is_pressed, memory_order_relaxed))
        atomic_store(&batcher->is_pressed, true); /* as `sleep`, see DESIGN */
    if (!atomic_load_explicit(&batcher->has_worker, memory_order_relaxed))
        start_the_first_time(batcher); /* a full ring without a worker needs one most */
    else if (atomic_load(&batcher->sleep) != IMPACT__AWAKE)
        wake(batcher);
}

__attribute__((noinline)) static void drop(impact__batcher *batcher, impact__ring_answer answer)
{
    if (answer == IMPACT__RING_CLOSED) {
        atomic_fetch_add_explicit(&batcher->dropped_closed, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&batcher->dropped_full, 1, memory_order_relaxed);
    press(batcher);
    impact_diagnostics_report(
        IMPACT_SEVERITY_WARNING, "queue", batcher->known.name,
        "spans are dropped: the queue of %lu is full (OTEL_BSP_MAX_QUEUE_SIZE)",
        (unsigned long)batcher->ring.limit);
}

void impact__batcher_put(impact__batcher *batcher, const void *record, size_t size, uint32_t scope)
{
    impact__ring_claim claim;
    /* Acquire: who sees the worker sees the journal. */
    if (__builtin_expect(!atomic_load_explicit(&batcher->has_worker, memory_order_acquire), 0))
        impact__batcher_prepare(batcher);
    if (__builtin_expect(batcher->journal.is_on, 0) &&
        !impact__batcher_may_journal(batcher, scope)) {
        drop(batcher, IMPACT__RING_CLOSED);
        return;
    }
    const impact__ring_answer answer = impact__ring_claim_bytes(&batcher->ring, size, &claim);
    if (__builtin_expect(answer != IMPACT__RING_TAKEN, 0)) {
        drop(batcher, answer);
        return;
    }
    claim.cell->scope = scope;
    /* Not memcpy: of a size known to be small, gcc makes a string instruction, which is slow. */
    memmove(claim.bytes, record, size);
    impact__ring_commit(&claim);
    impact__ring_prefetch(&claim, size);
    notice(batcher, &claim);
}

/* ---- flush and shutdown ---- */

static uint64_t lost(const impact__batcher *batcher)
{
    return batcher->rejected + batcher->failed;
}

static void mark(impact__batcher *batcher, impact__batcher_wait *wait)
{
    assert(impact__lock_is_held(&batcher->lock));
    wait->target = impact__ring_last(&batcher->ring);
    wait->lost_before = lost(batcher);
    wait->tries_before = batcher->tries;
}

/* The backend is away: the try that was made for a flush, or one after it, failed. */
static bool has_come_back(const impact__batcher *batcher, const impact__batcher_wait *wait)
{
    return batcher->came_back > wait->tries_before;
}

/* The truth of a flush or a shutdown. */
static impact_status outcome(const impact__batcher *batcher, const impact__batcher_wait *wait,
                             bool is_settled, uint64_t deadline_ns)
{
    if (is_settled && lost(batcher) == wait->lost_before)
        return IMPACT_OK;
    const bool is_known = is_settled || has_come_back(batcher, wait);
    return !is_known || impact__clock_monotonic_ns() >= deadline_ns ? IMPACT_ETIMEDOUT
                                                                    : IMPACT_EEXPORT;
}

void impact__batcher_begin_flush(impact__batcher *batcher, impact__batcher_wait *wait)
{
    impact__batcher_lock(batcher);
    mark(batcher, wait);
    if (impact__batcher_is_behind(batcher, wait->target)) {
        impact__batch_worker_start(batcher);
        batcher->flush_target = wait->target;
        batcher->hurried_to = batcher->tries;
        impact__batcher_call_worker(batcher);
    }
    impact__batcher_unlock(batcher);
}

static bool is_answered(const impact__batcher *batcher, const impact__batcher_wait *wait)
{
    return !impact__batcher_is_behind(batcher, wait->target) || has_come_back(batcher, wait) ||
           batcher->worker != IMPACT__WORKER_RUNNING;
}

bool impact__batcher_is_flushed(impact__batcher *batcher, const impact__batcher_wait *wait)
{
    impact__batcher_lock(batcher);
    const bool is_flushed = is_answered(batcher, wait);
    impact__batcher_unlock(batcher);
    return is_flushed;
}

/* False: the deadline has passed, a batch came back, or the worker ended, before the records up to
 * the target came to their end. A caller has pumped before. */
static bool wait_settled(impact__batcher *batcher, const impact__batcher_wait *wait,
                         uint64_t deadline_ns)
{
    assert(impact__lock_is_held(&batcher->lock));
    while (!is_answered(batcher, wait) && !batcher->caller)
        if (!impact__condition_wait_until(&batcher->to_callers, &batcher->lock, deadline_ns))
            break;
    return !impact__batcher_is_behind(batcher, wait->target);
}

impact_status impact__batcher_end_flush(impact__batcher *batcher, const impact__batcher_wait *wait,
                                        uint64_t deadline_ns)
{
    impact_status status = IMPACT_ESYSTEM;
    impact__batcher_lock(batcher);
    if (!impact__batcher_is_behind(batcher, wait->target) ||
        batcher->worker != IMPACT__WORKER_NONE) {
        const bool is_settled = batcher->worker == IMPACT__WORKER_RUNNING
                                    ? wait_settled(batcher, wait, deadline_ns)
                                    : !impact__batcher_is_behind(batcher, wait->target);
        status = outcome(batcher, wait, is_settled, deadline_ns);
    }
    impact__batcher_unlock(batcher);
    return status;
}

void impact__batcher_begin_shutdown(impact__batcher *batcher, impact__batcher_wait *wait,
                                    uint64_t deadline_ns)
{
    impact__batcher_lock(batcher);
    wait->lost_before = lost(batcher);
    wait->tries_before = UINT64_MAX; /* what comes back from now on has failed */
    batcher->is_shut_down = true;
    batcher->shutdown_deadline_ns = deadline_ns;
    if (impact__batcher_has_ring(batcher))
        impact__ring_shut(&batcher->ring);
    wait->target = impact__ring_last(&batcher->ring);
    if (impact__batcher_is_behind(batcher, wait->target))
        impact__batch_worker_start(batcher);
    atomic_store_explicit(&batcher->has_worker, true, memory_order_release);
    impact__batcher_call_worker(batcher);
    impact__batcher_unlock(batcher);
    for (uint32_t i = 0; batcher->known.hasten && i < batcher->flight_limit; i++)
        batcher->known.hasten(batcher->exporters[i], impact__remaining_ms(deadline_ns));
}

bool impact__batcher_wait_for_worker(impact__batcher *batcher, uint64_t deadline_ns)
{
    impact__batcher_lock(batcher);
    while (batcher->worker == IMPACT__WORKER_RUNNING && !batcher->caller)
        if (!impact__condition_wait_until(&batcher->to_callers, &batcher->lock, deadline_ns))
            break;
    const bool has_ended = batcher->worker != IMPACT__WORKER_RUNNING;
    impact__batcher_unlock(batcher);
    return has_ended;
}

void impact__batcher_interrupt(impact__batcher *batcher)
{
    assert(batcher->exporters[0]);
    impact__batcher_lock(batcher);
    batcher->is_interrupted = true;
    impact__batcher_unlock(batcher);
    for (uint32_t i = 0; batcher->known.interrupt && i < batcher->flight_limit; i++)
        batcher->known.interrupt(batcher->exporters[i]);
    impact__batcher_call_worker(batcher);
}

impact_status impact__batcher_end_shutdown(impact__batcher *batcher,
                                           const impact__batcher_wait *wait, uint64_t deadline_ns)
{
    impact__batcher_lock(batcher);
    const bool has_ended = batcher->worker != IMPACT__WORKER_RUNNING;
    if (has_ended)
        impact__batcher_give_up(batcher);
    (void)pthread_cond_broadcast(&batcher->to_callers); /* who flushes need not wait for more */
    /* A thread that was stopped while it put its record in leaves it neither exported nor
     * failed. */
    const bool is_settled = has_ended && !impact__batcher_is_behind(batcher, wait->target);
    const impact_status status = outcome(batcher, wait, is_settled, deadline_ns);
    impact__batcher_unlock(batcher);
    return status;
}

/* ---- forks ---- */

void impact__batcher_before_fork(impact__batcher *batcher)
{
    impact__batcher_lock(batcher);
}

void impact__batcher_after_fork_in_parent(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__batcher_unlock(batcher);
}

static void forget_counters(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    atomic_store_explicit(&batcher->dropped_full, 0, memory_order_relaxed);
    atomic_store_explicit(&batcher->dropped_closed, 0, memory_order_relaxed);
    batcher->in_flight = batcher->exported = batcher->rejected = batcher->failed = 0;
    impact__flights_forget(batcher);
    batcher->has_given_up = false;
    batcher->is_rescuing = false; /* it is the parent's */
    batcher->is_pumped = batcher->is_resting = false;
    batcher->generation = impact__fork_generation();
    memset(batcher->exports, 0, sizeof batcher->exports);
}

/* The parent exports what was there. The child has no worker until it ends a span of its own. */
void impact__batcher_after_fork_in_child(impact__batcher *batcher, bool is_shut_down)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__batcher_forget_ring(batcher);
    if (is_shut_down && !batcher->is_shut_down) { /* the thread that was about to is not here */
        batcher->is_shut_down = true;
        impact__ring_shut(&batcher->ring);
    }
    impact__batcher_begin_reading(batcher);
    forget_counters(batcher);
    atomic_store_explicit(&batcher->sleep, IMPACT__AWAKE, memory_order_relaxed);
    atomic_store_explicit(&batcher->without_worker, 0, memory_order_relaxed);
    if (batcher->worker == IMPACT__WORKER_RUNNING)
        batcher->worker = IMPACT__WORKER_NONE;
    atomic_store_explicit(&batcher->is_running, false, memory_order_relaxed);
    atomic_store_explicit(&batcher->has_worker, batcher->is_shut_down, memory_order_relaxed);
    /* Those who waited are not here: as new. It failed not before. */
    (void)impact__batcher_open_conditions(batcher);
    impact__batcher_unlock(batcher);
}

/* ---- questions ---- */

impact__counters impact__batcher_count(impact__batcher *batcher)
{
    impact__batcher_lock(batcher);
    const uint64_t waiting = impact__ring_waiting(&batcher->reader);
    impact__counters counters = {
        .queued = waiting + batcher->kept,
        .in_flight = batcher->in_flight,
        .exported = batcher->exported,
        .rejected = batcher->rejected,
        .failed = batcher->failed,
        .dropped_full = atomic_load_explicit(&batcher->dropped_full, memory_order_relaxed),
        .dropped_closed = atomic_load_explicit(&batcher->dropped_closed, memory_order_relaxed),
    };
    memcpy(counters.exports, batcher->exports, sizeof counters.exports);
    counters.ended =
        waiting + batcher->reader.taken + counters.dropped_full + counters.dropped_closed;
    impact__batcher_unlock(batcher);
    return counters;
}

bool impact__batcher_is_running(const impact__batcher *batcher)
{
    /* Acquire: who hears that it has ended comes after all that it did. */
    return atomic_load_explicit(&batcher->is_running, memory_order_acquire);
}

const impact_exporter *impact__batcher_exporter(const impact__batcher *batcher)
{
    return &batcher->known;
}

uint32_t impact__batcher_limit(const impact__batcher *batcher)
{
    return (uint32_t)batcher->ring.limit;
}
