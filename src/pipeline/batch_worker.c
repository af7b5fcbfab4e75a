/* The worker of a batcher: a thread that takes its steps. */
#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"
#include "pipeline/batch_step.h"
#include "pipeline/batcher_state.h"
#include "pipeline/flights.h"
#include "process/door.h"

enum { deaf_pause_ms = 10 }; /* between two looks where nobody may have been heard */

/* Until somebody calls, or until then, or something goes on that is under way. */
static void wait_until(impact__batcher *batcher, uint64_t until_ns)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__caller *events = batcher->events;
    if (!events) {
        (void)impact__condition_wait_until(&batcher->to_worker, &batcher->lock, until_ns);
        return;
    }
    if (!impact__caller_is_ours(events)) {
        (void)impact__caller_renew(events); /* or the next time */
        until_ns = impact__earlier_ns(until_ns, impact__deadline_after_ms(deaf_pause_ms));
    }
    until_ns = impact__earlier_ns(until_ns, impact__flights_watch(batcher));
    impact__batcher_unlock(batcher);
    impact__caller_wait(events, until_ns);
    impact__caller_hush(events); /* before a look at why somebody rang */
    impact__batcher_lock(batcher);
    impact__flights_wake(batcher);
}

/* What goes on beside may end a rest in which no record came: it is idle still. */
static impact__rest rest_that_ends(const impact__batcher *batcher, impact__rest rest)
{
    return batcher->events && !impact__ring_unread(&batcher->reader) ? IMPACT__REST_UNTIL_DUE
                                                                     : rest;
}

static void rest(impact__batcher *batcher)
{
    const impact__rest rest = impact__batch_rest(batcher);
    if (impact__batch_lie_down(batcher, rest))
        wait_until(batcher, impact__batch_rest_end(batcher, rest));
    impact__batch_get_up(batcher, rest_that_ends(batcher, rest));
}

/* The oldest record's thread was stopped while it put it in: this takes a while. */
static void wait_a_little(impact__batcher *batcher)
{
    wait_until(batcher, impact__deadline_after_ms(IMPACT__UNFINISHED_PAUSE_MS));
}

/* Until the last step. False, and without the lock: the child's batcher knows nothing of this
 * thread. */
static bool take_steps(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    for (;;) {
        const impact__step step = impact__batch_step(batcher);
        if (step == IMPACT__STEP_LAST || step == IMPACT__STEP_ELSEWHERE)
            return step == IMPACT__STEP_LAST;
        if (step == IMPACT__STEP_NONE)
            rest(batcher);
        else if (step == IMPACT__STEP_UNFINISHED)
            wait_a_little(batcher);
    }
}

static void *run(void *argument)
{
    impact__batcher *batcher = argument;
    impact__thread_set_name("impact-export");
    batcher->owner.enter();
    if (batcher->events)
        (void)impact__caller_renew(batcher->events); /* of a child, before it lies down to hear */
    impact__batcher_lock(batcher);
    if (!take_steps(batcher))
        return NULL;
    impact__batch_end(batcher);
    return impact__door_end_thread();
}

void impact__batch_worker_start(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    if (batcher->worker != IMPACT__WORKER_NONE)
        return;
    impact__random_seed(&batcher->random); /* here, so that forked children do not pause alike */
    batcher->due_ns = impact__batch_next_due(batcher);
    if (!batcher->caller && impact__thread_start(run, batcher))
        return; /* what is queued waits for the next try; the counters say so */
    batcher->worker = IMPACT__WORKER_RUNNING;
    batcher->is_rescue_due = batcher->journal.directory;
    batcher->rescue_ns = impact__clock_monotonic_ns();
    atomic_store_explicit(&batcher->is_running, true, memory_order_relaxed);
    /* Pairs with the load in impact__batcher_put. */
    atomic_store_explicit(&batcher->has_worker, true, memory_order_release);
    if (batcher->caller)
        impact__caller_ring(batcher->caller);
}
