/* The engine: threads, queue and runs.
 *
 * DESIGN: a probe that asks for an idle check queues a run that begins after it asked; a probe that
 * asks for a check that is queued or runs shares that run, and so may see a result that began
 * before it asked, by at most the check's time limit. In return a check is never in flight twice,
 * and a thousand probes of a slow check cost one run.
 *
 *        ask            a thread takes it         the function returns
 *   idle ----> queued ------------------> running ------------------> idle
 *
 * A run past its deadline is not touched: no thread can be stopped from outside without leaving the
 * host's locks and memory behind. Whoever waits notices it (there is no timer) and calls it stuck.
 * Long before that, after a sixteenth of the budget, a run is slow: it gives up its worker's place,
 * and one more thread may start. So a few checks that hang do not keep a good one waiting until their
 * deadlines, which may lie beyond the budget:
 *
 *   threads <= workers + slow checks <= workers + checks
 *
 * Two mistakes that this avoids. A thread started for each queued run stands behind a hung check
 * when that is at the head of the queue: the number to start is what is queued and has no idle
 * thread to take it. And one who waits cannot know the deadline of a run that has not begun: it is
 * counted as if it began now, so that he wakes in time to see it stuck.
 *
 * No lock is held in a function of the host: a check, an allocator, the diagnostics callback. A run
 * reports its failure before it ends, so that a callback that hangs is a stuck check too.
 */
#include "health/engine.h"

#include "base/clock.h"
#include "process/diagnostics.h"
#include "base/thread.h"
#include "health/run.h"

/* ---- lists ---- */

static void append(impact__check_list *list, impact__check *check)
{
    check->next_busy = NULL;
    if (list->last)
        list->last->next_busy = check;
    else
        list->first = check;
    list->last = check;
    list->count++;
}

/* `check` is in the list. */
static void take_out(impact__check_list *list, impact__check *check)
{
    impact__check *before = NULL;
    for (impact__check *other = list->first; other != check; other = other->next_busy)
        before = other;
    if (before)
        before->next_busy = check->next_busy;
    else
        list->first = check->next_busy;
    if (list->last == check)
        list->last = before;
    list->count--;
}

/* ---- runs ---- */

static impact__check *begin_run(impact_health *health)
{
    impact__check *check = health->queue.first;
    if (!check)
        return NULL;
    take_out(&health->queue, check);
    append(&health->running, check);
    health->idle--;
    check->state = IMPACT__CHECK_RUNNING;
    check->started_ns = impact__clock_monotonic_ns();
    check->users++;
    return check;
}

static void end_run(impact_health *health, impact__check *check, impact__outcome outcome)
{
    take_out(&health->running, check);
    if (check->is_slow)
        health->slow--;
    check->is_slow = check->is_stuck = false;
    check->state = IMPACT__CHECK_IDLE;
    check->last = outcome;
    check->ended = check->asked;
    check->users--;
    (void)pthread_cond_broadcast(&health->changed); /* cannot fail; likewise below */
    impact__health_sweep(health);
    health->idle++;
}

/* ---- threads ---- */

static bool is_surplus(const impact_health *health)
{
    return health->threads > health->workers + health->slow;
}

/* The calling thread is idle, and goes. */
static void leave(impact_health *health)
{
    health->idle--;
    health->threads--;
    const bool is_last_user = health->is_abandoned && health->threads == 0;
    (void)pthread_cond_broadcast(&health->changed);
    impact__health_unlock(health);
    if (is_last_user)
        impact__health_free(health);
}

static void *work(void *argument)
{
    impact_health *health = argument;
    impact__thread_set_name("impact-health");
    impact__health_lock(health);
    while (!health->is_closed && !is_surplus(health)) {
        impact__check *check = begin_run(health);
        if (!check) {
            impact__condition_wait(&health->work, &health->lock);
            continue;
        }
        impact__health_unlock(health);
        const unsigned generation = impact__fork_generation();
        const impact__outcome outcome = impact__run(check);
        if (generation != impact__fork_generation())
            return NULL; /* the check forked and came back: this engine has forgotten the thread */
        impact__health_lock(health);
        end_run(health, check, outcome);
    }
    leave(health);
    return NULL;
}

/* Lets go of the lock meanwhile: starting a thread may take the loader's and the system's. */
static impact_status start_thread(impact_health *health)
{
    health->threads++; /* counted from here on, so that nobody starts another for the same run */
    health->idle++;
    impact__health_unlock(health);
    const impact_status status = impact__thread_start(work, health);
    if (status)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "health", "thread",
                                  "a thread for health checks cannot be started");
    impact__health_lock(health);
    if (status) {
        health->threads--;
        health->idle--;
        (void)pthread_cond_broadcast(&health->changed);
    }
    return status;
}

/* For so long a run holds a worker's place. */
static uint64_t place_ns(const impact_health *health)
{
    return health->budget_ms * IMPACT__NS_PER_MS / 16;
}

static uint64_t slow_from_ns(const impact_health *health, const impact__check *check)
{
    const uint64_t place = place_ns(health);
    return check->started_ns + (place < check->timeout_ns ? place : check->timeout_ns);
}

static void notice_long_runs(impact_health *health)
{
    const uint64_t now = impact__clock_monotonic_ns();
    for (impact__check *check = health->running.first; check; check = check->next_busy) {
        if (!check->is_slow && now >= slow_from_ns(health, check)) {
            check->is_slow = true;
            health->slow++;
        }
        if (now >= check->started_ns + check->timeout_ns)
            check->is_stuck = true;
    }
}

/* ---- for probes ---- */

uint64_t impact__engine_ask(impact_health *health, impact__check *check)
{
    if (check->state != IMPACT__CHECK_IDLE)
        return check->asked;
    append(&health->queue, check);
    check->state = IMPACT__CHECK_QUEUED;
    (void)pthread_cond_signal(&health->work);
    return ++check->asked;
}

void impact__engine_cancel(impact_health *health, impact__check *check)
{
    if (check->state != IMPACT__CHECK_QUEUED)
        return;
    take_out(&health->queue, check);
    check->state = IMPACT__CHECK_IDLE;
    check->ended = check->asked;
    check->last = (impact__outcome){IMPACT_HEALTH_UNKNOWN, "pending", 0};
    (void)pthread_cond_broadcast(&health->changed);
}

void impact__engine_tend(impact_health *health)
{
    notice_long_runs(health);
    while (health->queue.count > health->idle && health->threads < health->workers + health->slow)
        if (start_thread(health))
            return; /* those that run will take what is queued; the next to tend tries again */
}

/* When something of this run is to be noticed next. */
static uint64_t next_of_run(const impact_health *health, const impact__check *check)
{
    if (!check->is_slow)
        return slow_from_ns(health, check);
    return check->is_stuck ? UINT64_MAX : check->started_ns + check->timeout_ns;
}

uint64_t impact__engine_next_ns(const impact_health *health)
{
    uint64_t next = UINT64_MAX;
    for (const impact__check *check = health->running.first; check; check = check->next_busy)
        if (next_of_run(health, check) < next)
            next = next_of_run(health, check);
    if (!health->queue.count)
        return next;
    const uint64_t now = impact__clock_monotonic_ns(); /* as if those began now */
    if (now + place_ns(health) < next)
        next = now + place_ns(health);
    for (const impact__check *check = health->queue.first; check; check = check->next_busy)
        if (now + check->timeout_ns < next)
            next = now + check->timeout_ns;
    return next;
}
