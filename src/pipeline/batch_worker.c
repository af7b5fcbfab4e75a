/* The worker of a batcher: takes batches out of the ring, hands them to the exporter, settles. */
#include "base/clock.h"

#include <assert.h>
#include "base/protobuf.h"
#include "base/thread.h"
#include "pipeline/batcher_journal.h"
#include "pipeline/batcher_state.h"
#include "process/diagnostics.h"
#include "process/door.h"
#include "process/fork.h"

enum {
    unfinished_pause_ms = 2, /* while the oldest record cannot be taken */
    first_pause_ms = 1000, /* before a batch that came back goes again: at most, and that doubles */
    pause_limit_ms = 5000, /* as OTLP's retries: a backend that is back is found soon */
};

/* Under the lock, as all up to take. */
static bool is_time_to_try_again(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(batcher->kept);
    return batcher->is_shut_down || batcher->hurried_try > batcher->tries ||
           impact__clock_monotonic_ns() >= batcher->pause_end_ns;
}

static bool is_time_to_export(impact__batcher *batcher, uint64_t due_ns)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->kept)
        return is_time_to_try_again(batcher);
    if (!impact__ring_unread(&batcher->reader))
        return false;
    return batcher->is_shut_down || impact__batcher_is_behind(batcher, batcher->flush_target) ||
           impact__ring_waiting(&batcher->reader) >= batcher->batch_limit ||
           atomic_load(&batcher->is_pressed) || impact__clock_monotonic_ns() >= due_ns;
}

/* Then, or when it is time for a rescue. */
static uint64_t earlier(const impact__batcher *batcher, uint64_t due_ns)
{
    return batcher->is_rescue_due && batcher->rescue_ns < due_ns ? batcher->rescue_ns : due_ns;
}

static void sleep_until_due(impact__batcher *batcher, uint64_t due_ns)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->is_shut_down);
    atomic_store(&batcher->sleep, IMPACT__ASLEEP_UNTIL_DUE);
    /* See DESIGN: after the store, not before. */
    if (impact__ring_waiting(&batcher->reader) < batcher->batch_limit &&
        !(atomic_load(&batcher->is_pressed) && impact__ring_unread(&batcher->reader)))
        (void)impact__condition_wait_until(&batcher->to_worker, &batcher->lock, due_ns);
    atomic_store(&batcher->sleep, IMPACT__AWAKE);
}

static void sleep_idle(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->is_shut_down);
    atomic_store(&batcher->sleep, IMPACT__ASLEEP_IDLE);
    if (!impact__ring_unread(&batcher->reader)) /* as above */
        (void)impact__condition_wait_until(&batcher->to_worker, &batcher->lock,
                                           earlier(batcher, UINT64_MAX));
    atomic_store(&batcher->sleep, IMPACT__AWAKE);
}

/* Awake to who puts records in, for none of them is a reason to end a pause. */
static void wait_out_pause(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    (void)impact__condition_wait_until(&batcher->to_worker, &batcher->lock, batcher->pause_end_ns);
}

static uint64_t next_due(const impact__batcher *batcher)
{
    return impact__deadline_after_ms(batcher->schedule_delay_ms);
}

/* Returns true with something to export or to rescue, false when the end has come. */
static bool wait_for_work(impact__batcher *batcher, uint64_t *due_ns)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->has_given_up)
        return false;
    while (!is_time_to_export(batcher, *due_ns) && !impact__batcher_is_time_to_rescue(batcher)) {
        if (batcher->is_shut_down)
            return false;
        if (batcher->kept) {
            wait_out_pause(batcher);
        } else if (impact__ring_unread(&batcher->reader) ||
                   impact__clock_monotonic_ns() < *due_ns) {
            sleep_until_due(batcher, earlier(batcher, *due_ns));
        } else {
            sleep_idle(batcher);
            *due_ns = next_due(batcher);
        }
    }
    return !batcher->is_shut_down || impact__clock_monotonic_ns() < batcher->shutdown_deadline_ns;
}

static impact__batch_item item_of(const impact__batcher *batcher, const impact__ring_record *record)
{
    assert(record->bytes && record->size > 0);
    const impact__scope scope = batcher->owner.scope(batcher->owner.owner, record->scope);
    impact_text rest = impact_text_from((const char *)record->bytes, record->size);
    impact__field span = {0};
    (void)impact__read_field(&span, &rest); /* our own bytes: well formed */
    return (impact__batch_item){span.bytes, scope.bytes, scope.schema_url};
}

static void take_from_ring(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__batch *batch = &batcher->batch;
    impact__ring_record record;
    batch->count = 0;
    atomic_store(&batcher->is_pressed, false);
    while (batch->count < batch->limit &&
           impact__ring_take(&batcher->reader, &record) == IMPACT__RING_RECORD)
        batch->items[batch->count++] = item_of(batcher, &record);
    impact__ring_return(&batcher->reader);
}

/* The batch that came back, or the next. */
static void take(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(batcher->in_flight == 0);
    if (!batcher->kept)
        take_from_ring(batcher);
    assert(!batcher->kept || batcher->kept == batcher->batch.count);
    batcher->kept = 0;
    batcher->in_flight = batcher->batch.count;
}

/* The time an export may take: its own, or what the shutdown leaves. */
static uint32_t timeout_of(const impact__batcher *batcher)
{
    const uint64_t deadline_ns = batcher->is_shut_down ? batcher->shutdown_deadline_ns : UINT64_MAX;
    const uint32_t left_ms = impact__remaining_ms(deadline_ns);
    return left_ms < batcher->export_timeout_ms ? left_ms : batcher->export_timeout_ms;
}

/* Half of it is left to chance: many processes lose one backend at the same moment. */
static uint32_t pause_after(unsigned returns, impact__random *random)
{
    assert(returns > 0);
    uint32_t most = first_pause_ms;
    for (unsigned i = 1; i < returns && most < pause_limit_ms; i++)
        most *= 2;
    if (most > pause_limit_ms)
        most = pause_limit_ms;
    return most / 2 + (uint32_t)(impact__random_next(random) % (most / 2 + 1));
}

/* The batch came back, and stays where it is. */
static void keep(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    batcher->kept = batcher->in_flight;
    batcher->in_flight = 0;
    batcher->returns++;
    batcher->came_back = batcher->tries;
    batcher->pause_end_ns =
        impact__deadline_after_ms(pause_after(batcher->returns, &batcher->random));
    (void)pthread_cond_broadcast(&batcher->to_callers); /* some wait for this try only */
}

static impact__export_outcome outcome_of(impact_status status, size_t rejected)
{
    if (status)
        return status == IMPACT_ETIMEDOUT ? IMPACT__EXPORT_TIMED_OUT : IMPACT__EXPORT_FAILED;
    return rejected ? IMPACT__EXPORT_REJECTED : IMPACT__EXPORT_TAKEN;
}

static void tally(impact__export_tally *of, size_t count, uint64_t began_ns)
{
    of->calls++;
    of->spans += count;
    of->duration_ns += impact__clock_monotonic_ns() - began_ns;
}

static void settle(impact__batcher *batcher, impact_status status, size_t rejected)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(batcher->in_flight == batcher->batch.count);
    const size_t count = batcher->batch.count;
    batcher->in_flight = 0;
    batcher->returns = 0;
    if (rejected > count)
        rejected = count;
    if (status) {
        batcher->failed += count;
    } else {
        batcher->rejected += rejected;
        batcher->exported += count - rejected;
    }
    impact__ring_release(&batcher->reader);
    batcher->settled = batcher->reader.passed;
    (void)pthread_cond_broadcast(&batcher->to_callers);
}

/* By this process; out of a journal, by another: also when there was no time left for it here. */
static bool may_go_again(impact__batcher *batcher, impact_status status, bool is_last)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (!batcher->journal.is_on)
        return status == IMPACT_EAGAIN && !is_last;
    const bool is_over =
        batcher->is_shut_down && impact__clock_monotonic_ns() >= batcher->shutdown_deadline_ns;
    return status == IMPACT_EAGAIN || (status && is_over);
}

/* Under the lock, which is let go of while the exporter runs. False, and without the lock: this is
 * a child that was forked in there. */
static bool export_what_was_taken(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(batcher->batch.count > 0 && batcher->exporter);
    const uint32_t timeout_ms = timeout_of(batcher);
    const unsigned generation = impact__fork_generation();
    const bool is_last = batcher->is_shut_down; /* before it: a last one begins after that */
    size_t rejected = 0;
    batcher->tries++;
    impact__batcher_unlock(batcher);
    const impact_batch batch =
        impact__batch_show(&batcher->batch, batcher->owner.resource(batcher->owner.owner));
    /* No time is no call: to many clients a timeout of 0 means none. */
    const uint64_t began_ns = impact__clock_monotonic_ns();
    const impact_status status =
        timeout_ms ? batcher->known.export_batch(batcher->exporter, &batch, timeout_ms, &rejected)
                   : IMPACT_ETIMEDOUT;
    if (generation != impact__fork_generation())
        return false;
    impact__diagnostics_say(); /* what was reported meanwhile, by whoever records too */
    impact__batcher_lock(batcher);
    batcher->has_given_up = is_last && may_go_again(batcher, status, is_last);
    if (may_go_again(batcher, status, is_last)) {
        keep(batcher);
        return true;
    }
    tally(&batcher->exports[outcome_of(status, rejected)], batcher->batch.count, began_ns);
    settle(batcher, status, rejected);
    return true;
}

/* The oldest record's thread was stopped while it put it in: this takes a while. Under the lock. */
static void wait_a_little(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    (void)impact__condition_wait_until(&batcher->to_worker, &batcher->lock,
                                       impact__deadline_after_ms(unfinished_pause_ms));
}

static void *run(void *argument)
{
    impact__batcher *batcher = argument;
    impact__thread_set_name("impact-export");
    batcher->owner.enter();
    impact__batcher_lock(batcher);
    uint64_t due_ns = next_due(batcher);
    while (wait_for_work(batcher, &due_ns)) {
        if (!is_time_to_export(batcher, due_ns)) {
            if (!impact__batcher_rescue(batcher))
                return NULL; /* as below */
            continue;
        }
        take(batcher);
        if (!batcher->batch.count) {
            wait_a_little(batcher);
            continue;
        }
        if (!export_what_was_taken(batcher))
            return NULL; /* the child's batcher knows nothing of this thread */
        due_ns = next_due(batcher);
    }
    impact__batcher_give_up(batcher);
    batcher->worker = IMPACT__WORKER_ENDED;
    /* Pairs with the load in impact__batcher_is_running. */
    atomic_store_explicit(&batcher->is_running, false, memory_order_release);
    (void)pthread_cond_broadcast(&batcher->to_callers);
    impact__batcher_let_go(batcher);
    return impact__door_end_thread();
}

void impact__batch_worker_start(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->worker != IMPACT__WORKER_NONE)
        return;
    impact__random_seed(&batcher->random); /* here, so that forked children do not pause alike */
    if (impact__thread_start(run, batcher))
        return; /* what is queued waits for the next try; the counters say so */
    batcher->worker = IMPACT__WORKER_RUNNING;
    batcher->is_rescue_due = batcher->journal.directory;
    atomic_store_explicit(&batcher->is_running, true, memory_order_relaxed);
    /* Pairs with the load in impact__batcher_put. */
    atomic_store_explicit(&batcher->has_worker, true, memory_order_release);
}
