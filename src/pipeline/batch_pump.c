/* A batcher without a thread: the calls of the host's event loop take its steps. */
#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"
#include "pipeline/batch_step.h"
#include "pipeline/batcher.h"
#include "pipeline/flights.h"
#include "process/fork.h"

enum {
    steps_at_once = 8, /* then the host has its turn, however fast spans come */
};

/* ---- rest ---- */

static uint64_t lie_down(impact__batcher *batcher)
{
    const impact__rest rest = impact__batch_rest(batcher);
    batcher->is_resting = true;
    batcher->rest = (int)rest;
    return impact__batch_lie_down(batcher, rest) ? impact__batch_rest_end(batcher, rest) : 0;
}

/* A host may call at any time: nothing has come, and it is idle still. */
static void get_up(impact__batcher *batcher)
{
    const bool has_come = impact__ring_unread(&batcher->reader);
    if (batcher->is_resting)
        impact__batch_get_up(batcher,
                             has_come ? (impact__rest)batcher->rest : IMPACT__REST_UNTIL_DUE);
    batcher->is_resting = false;
}

/* ---- the call ---- */

static bool may_begin(const impact__batcher *batcher)
{
    return batcher->worker == IMPACT__WORKER_RUNNING && !batcher->is_pumped &&
           batcher->generation == impact__fork_generation();
}

static bool has_time(const impact__batcher *batcher)
{
    return batcher->is_shut_down || impact__clock_monotonic_ns() < batcher->call_deadline_ns;
}

static impact__step take_steps(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock));
    impact__step step = IMPACT__STEP_DONE;
    for (int i = 0; i < steps_at_once && step == IMPACT__STEP_DONE && has_time(batcher); i++)
        step = impact__batch_step(batcher);
    return step;
}

/* When to come again after that step. */
static uint64_t moment_after(impact__batcher *batcher, impact__step step)
{
    assert(impact__lock_is_held(&batcher->lock));
    const uint64_t moment_ns = impact__flights_watch(batcher);
    if (step == IMPACT__STEP_NONE)
        return impact__earlier_ns(moment_ns, lie_down(batcher));
    if (step == IMPACT__STEP_UNFINISHED)
        return impact__earlier_ns(moment_ns,
                                  impact__deadline_after_ms(IMPACT__UNFINISHED_PAUSE_MS));
    return 0;
}

static uint64_t pump(impact__batcher *batcher, uint64_t deadline_ns)
{
    impact__batcher_lock(batcher);
    if (!may_begin(batcher)) {
        impact__batcher_unlock(batcher);
        return UINT64_MAX;
    }
    batcher->is_pumped = true;
    batcher->call_deadline_ns = deadline_ns;
    get_up(batcher);
    impact__flights_wake(batcher);
    const impact__step step = take_steps(batcher);
    if (step == IMPACT__STEP_ELSEWHERE)
        return UINT64_MAX; /* the child's batcher knows nothing of this call */
    batcher->is_pumped = false;
    const uint64_t moment_ns = moment_after(batcher, step);
    if (step == IMPACT__STEP_LAST) {
        impact__batch_end(batcher);
        return UINT64_MAX;
    }
    impact__batcher_unlock(batcher);
    return moment_ns;
}

uint64_t impact__batcher_pump(impact__batcher *batcher, uint64_t deadline_ns)
{
    const impact__batcher_owner owner = batcher->owner; /* after the last step it may be gone */
    owner.enter();
    const uint64_t moment_ns = pump(batcher, deadline_ns);
    owner.leave();
    return moment_ns;
}
