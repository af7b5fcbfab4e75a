/* A batcher's steps: takes batches out of the ring, hands them to the exporter, settles. */
#include "pipeline/batch_step.h"

#include <assert.h>

#include "base/clock.h"
#include "base/protobuf.h"
#include "base/thread.h"
#include "pipeline/batcher_journal.h"
#include "process/diagnostics.h"
#include "process/fork.h"

enum {
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

static bool is_time_to_export(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->kept)
        return is_time_to_try_again(batcher);
    if (!impact__ring_unread(&batcher->reader))
        return false;
    return batcher->is_shut_down || impact__batcher_is_behind(batcher, batcher->flush_target) ||
           impact__ring_waiting(&batcher->reader) >= batcher->batch_limit ||
           atomic_load(&batcher->is_pressed) || impact__clock_monotonic_ns() >= batcher->due_ns;
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

static bool may_be_advanced(const impact__batcher *batcher)
{
    return batcher->caller && batcher->known.begin_export && batcher->known.advance_export;
}

/* The time an export may take: its own, or what the shutdown leaves, or the host's call that waits
 * for it. */
static uint32_t timeout_of(const impact__batcher *batcher)
{
    uint64_t deadline_ns = batcher->is_shut_down ? batcher->shutdown_deadline_ns : UINT64_MAX;
    if (!may_be_advanced(batcher) && batcher->call_deadline_ns < deadline_ns)
        deadline_ns = batcher->call_deadline_ns;
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

/* ---- the export ---- */

/* Without the lock, which it takes: a batch came to an end, or is to go again. */
static impact__step end_export(impact__batcher *batcher, impact_status status, size_t rejected)
{
    impact__diagnostics_say(); /* what was reported meanwhile, by whoever records too */
    impact__batcher_lock(batcher);
    const bool goes_again = may_go_again(batcher, status, batcher->is_last_try);
    batcher->is_under_way = false;
    batcher->has_given_up = batcher->is_last_try && goes_again;
    batcher->due_ns = impact__batch_next_due(batcher);
    if (goes_again) {
        keep(batcher);
        return IMPACT__STEP_DONE;
    }
    tally(&batcher->exports[outcome_of(status, rejected)], batcher->batch.count,
          batcher->export_began_ns);
    settle(batcher, status, rejected);
    return IMPACT__STEP_DONE;
}

/* Likewise, of what another process left behind. */
static impact__step end_rescue(impact__batcher *batcher, impact_status status, size_t rejected)
{
    batcher->is_rescuing = impact__batcher_go_on_rescuing(batcher, status, rejected);
    batcher->is_under_way = batcher->is_rescuing;
    return IMPACT__STEP_DONE;
}

/* One that nobody waits for. The lock is let go of meanwhile. */
static impact__step advance_export(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact_export_progress progress = {
        .size = sizeof progress,
        .descriptor = -1,
        .wait_ms = UINT32_MAX,
    };
    const unsigned generation = impact__fork_generation();
    const bool is_interrupted = batcher->is_interrupted;
    impact__batcher_unlock(batcher);
    batcher->known.advance_export(batcher->exporter, &progress);
    if (generation != impact__fork_generation())
        return IMPACT__STEP_ELSEWHERE;
    const bool is_over = progress.is_over || is_interrupted; /* it had its chance */
    const impact_status status = progress.is_over ? progress.status : IMPACT_ECLOSED;
    if (is_over)
        return batcher->is_rescuing ? end_rescue(batcher, status, progress.rejected)
                                    : end_export(batcher, status, progress.rejected);
    impact__batcher_lock(batcher);
    batcher->progress = progress;
    return IMPACT__STEP_UNDER_WAY;
}

static impact__step wait_for_export(impact__batcher *batcher, uint32_t timeout_ms)
{
    size_t rejected = 0;
    /* No time is no call: to many clients a timeout of 0 means none. There is another time but for
     * the last. */
    impact_status status = batcher->is_last_try ? IMPACT_ETIMEDOUT : IMPACT_EAGAIN;
    const unsigned generation = impact__fork_generation();
    if (timeout_ms)
        status =
            batcher->known.export_batch(batcher->exporter, &batcher->shown, timeout_ms, &rejected);
    if (generation != impact__fork_generation())
        return IMPACT__STEP_ELSEWHERE;
    return end_export(batcher, status, rejected);
}

/* Of what was taken. The lock is let go of meanwhile. */
static impact__step begin_export(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(batcher->batch.count > 0 && batcher->exporter && !batcher->is_under_way);
    const uint32_t timeout_ms = timeout_of(batcher);
    batcher->is_last_try = batcher->is_shut_down; /* before it: a last one begins after that */
    batcher->tries++;
    batcher->is_under_way = timeout_ms && may_be_advanced(batcher);
    const bool is_under_way = batcher->is_under_way;
    impact__batcher_unlock(batcher);
    batcher->shown =
        impact__batch_show(&batcher->batch, batcher->owner.resource(batcher->owner.owner));
    batcher->export_began_ns = impact__clock_monotonic_ns();
    if (!is_under_way)
        return wait_for_export(batcher, timeout_ms);
    batcher->known.begin_export(batcher->exporter, &batcher->shown, timeout_ms);
    impact__batcher_lock(batcher);
    return advance_export(batcher);
}

static impact__step rescue(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (!may_be_advanced(batcher))
        return impact__batcher_rescue(batcher) ? IMPACT__STEP_DONE : IMPACT__STEP_ELSEWHERE;
    batcher->is_rescuing = impact__batcher_begin_rescue(batcher);
    batcher->is_under_way = batcher->is_rescuing;
    return IMPACT__STEP_DONE;
}

/* ---- the steps ---- */

uint64_t impact__batch_next_due(const impact__batcher *batcher)
{
    return impact__deadline_after_ms(batcher->schedule_delay_ms);
}

impact__step impact__batch_step(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->is_under_way)
        return advance_export(batcher);
    if (batcher->has_given_up)
        return IMPACT__STEP_LAST;
    const bool is_time = is_time_to_export(batcher);
    if (!is_time && !impact__batcher_is_time_to_rescue(batcher))
        return batcher->is_shut_down ? IMPACT__STEP_LAST : IMPACT__STEP_NONE;
    if (batcher->is_shut_down && impact__clock_monotonic_ns() >= batcher->shutdown_deadline_ns)
        return IMPACT__STEP_LAST;
    if (!is_time)
        return rescue(batcher);
    take(batcher);
    return batcher->batch.count ? begin_export(batcher) : IMPACT__STEP_UNFINISHED;
}

impact__rest impact__batch_rest(const impact__batcher *batcher)
{
    if (batcher->kept)
        return IMPACT__REST_PAUSE;
    return impact__ring_unread(&batcher->reader) || impact__clock_monotonic_ns() < batcher->due_ns
               ? IMPACT__REST_UNTIL_DUE
               : IMPACT__REST_IDLE;
}

/* The rest begins, unless a record came before who put it in could see that. See DESIGN in
 * batcher.h: first the store, then the look. */
bool impact__batch_lie_down(impact__batcher *batcher, impact__rest rest)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->is_shut_down);
    const bool is_idle = rest == IMPACT__REST_IDLE;
    if (rest == IMPACT__REST_PAUSE) /* no record is a reason to end it */
        return true;
    atomic_store(&batcher->sleep, is_idle ? IMPACT__ASLEEP_IDLE : IMPACT__ASLEEP_UNTIL_DUE);
    if (is_idle)
        return !impact__ring_unread(&batcher->reader);
    return impact__ring_waiting(&batcher->reader) < batcher->batch_limit &&
           !(atomic_load(&batcher->is_pressed) && impact__ring_unread(&batcher->reader));
}

/* Of the rest: then, or when it is time for a rescue. */
uint64_t impact__batch_rest_end(const impact__batcher *batcher, impact__rest rest)
{
    if (rest == IMPACT__REST_PAUSE)
        return batcher->pause_end_ns;
    const uint64_t end_ns = rest == IMPACT__REST_IDLE ? UINT64_MAX : batcher->due_ns;
    return batcher->is_rescue_due && batcher->rescue_ns < end_ns ? batcher->rescue_ns : end_ns;
}

void impact__batch_get_up(impact__batcher *batcher, impact__rest rest)
{
    assert(impact__lock_is_held(&batcher->lock));
    atomic_store(&batcher->sleep, IMPACT__AWAKE);
    if (rest == IMPACT__REST_IDLE)
        batcher->due_ns = impact__batch_next_due(batcher);
}

void impact__batch_end(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__batcher_give_up(batcher);
    batcher->worker = IMPACT__WORKER_ENDED;
    /* Pairs with the load in impact__batcher_is_running. */
    atomic_store_explicit(&batcher->is_running, false, memory_order_release);
    (void)pthread_cond_broadcast(&batcher->to_callers);
    impact__batcher_let_go(batcher);
}
