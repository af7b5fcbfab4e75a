/* A batcher's steps: takes batches out of the ring, hands them to the exporter, settles. */
#include "pipeline/batch_step.h"

#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"
#include "pipeline/batcher_journal.h"
#include "pipeline/flights.h"
#include "process/diagnostics.h"
#include "process/fork.h"

enum {
    first_pause_ms = 1000, /* before a batch that came back goes again: at most, and that doubles */
    pause_limit_ms = 5000, /* as OTLP's retries: a backend that is back is found soon */
    rescue_wait_ms = 1000, /* what others left behind waits so long for a pause of our own */
    give_way_ms = 2000,    /* then we give way, for so long at most */
};

/* Under the lock. None that was not taken goes before one that came back. */
static bool may_take(const impact__batcher *batcher)
{
    return impact__flight_is_free(batcher) && !batcher->is_away && !batcher->is_rescuing;
}

/* Somebody waits for a record that was not taken yet. */
static bool is_wanted(const impact__batcher *batcher)
{
    return impact__batcher_lacks(batcher, batcher->reader.passed, batcher->flush_target);
}

static uint64_t give_way_ns(const impact__batcher *batcher)
{
    return batcher->rescue_ns + rescue_wait_ms * IMPACT__NS_PER_MS;
}

static uint64_t give_way_end_ns(const impact__batcher *batcher)
{
    return give_way_ns(batcher) + give_way_ms * IMPACT__NS_PER_MS;
}

/* No more is taken until what others left behind has had its turn: a process that has always one
 * batch under way would never come to it. */
static bool gives_way(const impact__batcher *batcher)
{
    return batcher->is_rescue_due && !batcher->is_shut_down && !is_wanted(batcher) &&
           impact__clock_monotonic_ns() >= give_way_ns(batcher) &&
           !impact__batcher_is_filling(batcher);
}

/* The queue fills, or what is under way does not end: our own come first, and then the wait begins
 * anew. */
static void insist(impact__batcher *batcher)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    if (!batcher->is_rescue_due || now_ns < give_way_ns(batcher))
        return;
    if (impact__batcher_is_filling(batcher) || now_ns >= give_way_end_ns(batcher))
        batcher->rescue_ns = now_ns;
}

static bool is_time_to_take(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (!may_take(batcher) || !impact__ring_unread(&batcher->reader) || gives_way(batcher))
        return false;
    return batcher->is_shut_down || is_wanted(batcher) ||
           impact__ring_waiting(&batcher->reader) >= batcher->batch_limit ||
           atomic_load(&batcher->is_pressed) || impact__clock_monotonic_ns() >= batcher->due_ns;
}

static bool may_be_advanced(const impact__batcher *batcher)
{
    return batcher->events && batcher->known.begin_export && batcher->known.advance_export;
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
static void keep(impact__batcher *batcher, impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock));
    flight->state = IMPACT__FLIGHT_KEPT;
    flight->returns++;
    flight->pause_end_ns =
        impact__deadline_after_ms(pause_after(flight->returns, &batcher->random));
    batcher->kept += flight->batch.count;
    batcher->is_away = true;
    if (flight->number > batcher->came_back)
        batcher->came_back = flight->number;
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

static void settle(impact__batcher *batcher, impact__flight *flight, impact_status status,
                   size_t rejected)
{
    assert(impact__lock_is_held(&batcher->lock));
    const size_t count = flight->batch.count;
    if (rejected > count)
        rejected = count;
    if (status) {
        batcher->failed += count;
    } else {
        batcher->rejected += rejected;
        batcher->exported += count - rejected;
    }
    impact__flight_settle(batcher, flight);
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
static impact__step end_export(impact__batcher *batcher, impact__flight *flight,
                               impact_status status, size_t rejected)
{
    impact__diagnostics_say(); /* what was reported meanwhile, by whoever records too */
    impact__batcher_lock(batcher);
    const bool goes_again = may_go_again(batcher, status, flight->is_last);
    assert(batcher->in_flight >= flight->batch.count);
    batcher->in_flight -= flight->batch.count;
    batcher->has_given_up |= flight->is_last && goes_again;
    if (!batcher->in_flight) /* beside others, it is due so long after the last was taken */
        batcher->due_ns = impact__batch_next_due(batcher);
    if (goes_again) {
        keep(batcher, flight);
        return IMPACT__STEP_DONE;
    }
    tally(&batcher->exports[outcome_of(status, rejected)], flight->batch.count, flight->began_ns);
    settle(batcher, flight, status, rejected);
    return IMPACT__STEP_DONE;
}

/* What another process left behind is under way, in a flight that takes nothing meanwhile. */
static void note_rescue(impact__batcher *batcher, bool goes_on)
{
    assert(impact__lock_is_held(&batcher->lock));
    batcher->is_rescuing = goes_on;
    if (!goes_on)
        return;
    impact__flight_set_off(batcher, &batcher->flights[0]);
    batcher->unseen = batcher->under_way;
}

/* As end_export, of that. */
static void end_rescue(impact__batcher *batcher, impact_status status, size_t rejected)
{
    note_rescue(batcher, impact__batcher_go_on_rescuing(batcher, status, rejected));
}

static void note_progress(impact__flight *flight, const impact_export_progress *progress)
{
    flight->descriptor = progress->descriptor;
    flight->moment_ns =
        progress->wait_ms == UINT32_MAX ? UINT64_MAX : impact__deadline_after_ms(progress->wait_ms);
}

/* It is over, as the progress says, or was interrupted. Without the lock, which it takes. */
static impact__step land(impact__batcher *batcher, impact__flight *flight,
                         const impact_export_progress *progress)
{
    const impact_status status = progress->is_over ? progress->status : IMPACT_ECLOSED;
    impact__batcher_lock(batcher);
    impact__flight_land(batcher, flight);
    const bool is_rescuing = batcher->is_rescuing;
    impact__batcher_unlock(batcher);
    if (!is_rescuing)
        return end_export(batcher, flight, status, progress->rejected);
    end_rescue(batcher, status, progress->rejected);
    return IMPACT__STEP_DONE;
}

/* One that nobody waits for. The lock is let go of meanwhile. */
static impact__step advance_export(impact__batcher *batcher, impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact_export_progress progress = {
        .size = sizeof progress,
        .descriptor = -1,
        .wait_ms = UINT32_MAX,
    };
    impact_exporter *exporter = batcher->exporters[flight->exporter];
    const unsigned generation = impact__fork_generation();
    const bool is_interrupted = batcher->is_interrupted;
    impact__batcher_unlock(batcher);
    batcher->known.advance_export(exporter, &progress);
    if (generation != impact__fork_generation())
        return IMPACT__STEP_ELSEWHERE;
    if (progress.is_over || is_interrupted) /* it had its chance */
        return land(batcher, flight, &progress);
    impact__batcher_lock(batcher);
    note_progress(flight, &progress);
    return IMPACT__STEP_DONE;
}

/* The next of those that are to be looked at. */
static impact__step look(impact__batcher *batcher)
{
    assert(batcher->unseen);
    const int place = __builtin_ctz(batcher->unseen);
    batcher->unseen &= batcher->unseen - 1;
    return advance_export(batcher, &batcher->flights[place]);
}

static impact__step wait_for_export(impact__batcher *batcher, impact__flight *flight,
                                    uint32_t timeout_ms)
{
    size_t rejected = 0;
    /* No time is no call: to many clients a timeout of 0 means none. There is another time but for
     * the last. */
    impact_status status = flight->is_last ? IMPACT_ETIMEDOUT : IMPACT_EAGAIN;
    const unsigned generation = impact__fork_generation();
    if (timeout_ms)
        status = batcher->known.export_batch(batcher->exporters[0], &flight->shown, timeout_ms,
                                             &rejected);
    if (generation != impact__fork_generation())
        return IMPACT__STEP_ELSEWHERE;
    return end_export(batcher, flight, status, rejected);
}

static void set_off(impact__batcher *batcher, impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(flight->batch.count > 0 && batcher->exporters[0]);
    if (flight->state == IMPACT__FLIGHT_KEPT)
        batcher->kept -= flight->batch.count;
    flight->state = IMPACT__FLIGHT_UNDER_WAY;
    flight->is_last = batcher->is_shut_down; /* before it: a last one begins after that */
    flight->number = ++batcher->tries;
    batcher->in_flight += flight->batch.count;
    batcher->due_ns = impact__batch_next_due(batcher);
}

/* Of what was taken. The lock is let go of meanwhile. */
static impact__step begin_export(impact__batcher *batcher, impact__flight *flight)
{
    const uint32_t timeout_ms = timeout_of(batcher);
    const bool is_waited_for = !timeout_ms || !may_be_advanced(batcher);
    set_off(batcher, flight);
    if (!is_waited_for)
        impact__flight_set_off(batcher, flight);
    impact__batcher_unlock(batcher);
    flight->shown =
        impact__batch_show(&flight->batch, batcher->owner.resource(batcher->owner.owner));
    flight->began_ns = impact__clock_monotonic_ns();
    if (is_waited_for)
        return wait_for_export(batcher, flight, timeout_ms);
    batcher->known.begin_export(batcher->exporters[flight->exporter], &flight->shown, timeout_ms);
    impact__batcher_lock(batcher);
    return advance_export(batcher, flight);
}

static impact__step rescue(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (!may_be_advanced(batcher))
        return impact__batcher_rescue(batcher) ? IMPACT__STEP_DONE : IMPACT__STEP_ELSEWHERE;
    note_rescue(batcher, impact__batcher_begin_rescue(batcher));
    return IMPACT__STEP_DONE;
}

/* ---- the steps ---- */

uint64_t impact__batch_next_due(const impact__batcher *batcher)
{
    return impact__deadline_after_ms(batcher->schedule_delay_ms);
}

/* It was shut down, and no time is left. */
static bool is_too_late(const impact__batcher *batcher)
{
    return batcher->is_shut_down && impact__clock_monotonic_ns() >= batcher->shutdown_deadline_ns;
}

/* NONE: nothing may begin now. */
static impact__step begin_something(impact__batcher *batcher)
{
    insist(batcher);
    impact__flight *flight = impact__flight_to_go_again(batcher);
    if (!flight && is_time_to_take(batcher)) {
        flight = impact__flight_take(batcher);
        if (!flight)
            return IMPACT__STEP_UNFINISHED;
    }
    if (flight)
        return begin_export(batcher, flight);
    return impact__batcher_is_time_to_rescue(batcher) ? rescue(batcher) : IMPACT__STEP_NONE;
}

impact__step impact__batch_step(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->unseen)
        return look(batcher);
    impact__step step = IMPACT__STEP_NONE;
    if (!batcher->has_given_up && !is_too_late(batcher))
        step = begin_something(batcher);
    const bool is_last = step == IMPACT__STEP_NONE && batcher->is_shut_down && !batcher->under_way;
    return is_last ? IMPACT__STEP_LAST : step;
}

impact__rest impact__batch_rest(const impact__batcher *batcher)
{
    if (batcher->is_shut_down || !may_take(batcher))
        return IMPACT__REST_PAUSE;
    if (gives_way(batcher))
        return IMPACT__REST_UNTIL_FILLED;
    return impact__ring_unread(&batcher->reader) || impact__clock_monotonic_ns() < batcher->due_ns
               ? IMPACT__REST_UNTIL_DUE
               : IMPACT__REST_IDLE;
}

/* The rest begins, unless a record came before who put it in could see that. See DESIGN in
 * batcher.h: first the store, then the look. */
bool impact__batch_lie_down(impact__batcher *batcher, impact__rest rest)
{
    assert(impact__lock_is_held(&batcher->lock));
    assert(!batcher->is_shut_down || batcher->under_way);
    const bool is_idle = rest == IMPACT__REST_IDLE;
    if (rest == IMPACT__REST_PAUSE) /* no record is a reason to end it */
        return true;
    atomic_store(&batcher->sleep, is_idle ? IMPACT__ASLEEP_IDLE : IMPACT__ASLEEP_UNTIL_DUE);
    if (is_idle)
        return !impact__ring_unread(&batcher->reader);
    if (rest == IMPACT__REST_UNTIL_FILLED)
        return !impact__batcher_is_filling(batcher);
    return impact__ring_waiting(&batcher->reader) < batcher->batch_limit &&
           !(atomic_load(&batcher->is_pressed) && impact__ring_unread(&batcher->reader));
}

/* Of the rest: then, or when it is time for a rescue. */
uint64_t impact__batch_rest_end(const impact__batcher *batcher, impact__rest rest)
{
    if (batcher->is_shut_down) /* what may begin has begun */
        return UINT64_MAX;
    uint64_t end_ns = impact__flight_pause_end(batcher);
    if (rest == IMPACT__REST_UNTIL_DUE)
        end_ns = impact__earlier_ns(end_ns, batcher->due_ns);
    if (rest == IMPACT__REST_UNTIL_FILLED)
        end_ns = impact__earlier_ns(end_ns, give_way_end_ns(batcher));
    if (batcher->is_rescue_due && !batcher->out && !batcher->is_rescuing)
        end_ns = impact__earlier_ns(end_ns, batcher->rescue_ns);
    return end_ns;
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
