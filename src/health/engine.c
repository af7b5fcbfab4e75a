/* The engine: queue, runs, alarms and calls, as steps that somebody does.
 *
 * DESIGN: who asks for an idle job queues a run that begins after he asked; who asks for one that
 * is queued or runs shares that run. So a job is never in flight twice, and a thousand who ask for
 * a slow one cost one run.
 *
 *        ask            a thread takes it         the function returns
 *   idle ----> queued ------------------> running ------------------> idle
 *                                             |                         ^
 *                                             +------> awaited ---------+
 *                      it leaves the end to somebody   who says it; or the deadline passes
 *
 * A run past its deadline is not touched: no thread can be stopped from outside without leaving the
 * host's locks and memory behind. It is called stuck, and its job is not started again before it
 * returns; or once beside it, where that was allowed: the run is left then, and what it comes to is
 * nothing any more.
 *
 * No lock is held in a function of the host: a job, a callback, an allocator.
 */
#include "health/engine.h"

#include <assert.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/fork.h"

/* ---- alarms ---- */

void impact__engine_set(impact__engine *engine, impact__alarm *alarm, uint64_t at_ns)
{
    assert(impact__lock_is_held(&engine->lock));
    impact__schedule_set(&engine->schedule, alarm, at_ns);
    if (at_ns < engine->keeper_wakes_ns)
        (void)pthread_cond_signal(&engine->wakes); /* cannot fail; likewise below */
}

void impact__engine_unset(impact__engine *engine, impact__alarm *alarm)
{
    assert(impact__lock_is_held(&engine->lock));
    impact__schedule_unset(&engine->schedule, alarm);
}

bool impact__engine_ring(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    impact__alarm *alarm =
        impact__schedule_take_due(&engine->schedule, impact__clock_monotonic_ns());
    if (!alarm)
        return false;
    alarm->ring(alarm);
    engine->owner.tidy(engine->owner.owner);
    return true;
}

/* ---- jobs ---- */

static impact__job *job_of(impact__link *link)
{
    _Static_assert(offsetof(impact__job, link) == 0, "the link is a job's first member");
    return (impact__job *)link;
}

static void settle(impact__job *job, impact__job_event event)
{
    job->state = IMPACT__JOB_IDLE;
    job->is_stuck = false;
    job->ended = job->asked;
    job->settled(job, event);
}

/* Its alarm: the run is past its deadline. One that has no thread is over with that. */
static void miss_deadline(impact__alarm *alarm)
{
    impact__job *job = (impact__job *)((char *)alarm - offsetof(impact__job, deadline));
    if (job->state == IMPACT__JOB_AWAITED) {
        settle(job, IMPACT__JOB_OVERDUE);
        return;
    }
    job->is_stuck = true;
    job->settled(job, IMPACT__JOB_STUCK);
}

void impact__job_open(impact__job *job, impact__engine *engine, uint64_t timeout_ns,
                      bool (*run)(impact__job *job, const impact__turn *turn),
                      void (*settled)(impact__job *job, impact__job_event event))
{
    assert(run && settled);
    *job = (impact__job){
        .run = run,
        .settled = settled,
        .engine = engine,
        .timeout_ns = timeout_ns,
        .deadline = {.ring = miss_deadline},
    };
}

static bool may_be_left(const impact__job *job)
{
    return job->may_overlap && !job->left && job->state == IMPACT__JOB_RUNNING &&
           (job->is_stuck || impact__clock_monotonic_ns() >= job->deadline_ns);
}

/* Its thread goes on, and is dropped when it comes back. */
static void leave_run(impact__engine *engine, impact__job *job)
{
    impact__engine_unset(engine, &job->deadline);
    job->left = job->asked;
    job->left_slot = job->slot;
    settle(job, IMPACT__JOB_LEFT);
}

uint64_t impact__engine_ask(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    if (may_be_left(job))
        leave_run(engine, job);
    if (job->state != IMPACT__JOB_IDLE)
        return job->asked;
    assert(!engine->is_stopped);
    impact__fifo_append(&engine->queue, &job->link);
    job->state = IMPACT__JOB_QUEUED;
    job->queued_ns = impact__clock_monotonic_ns();
    (void)pthread_cond_signal(&engine->work);
    return ++job->asked;
}

void impact__engine_cancel(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    if (job->state == IMPACT__JOB_QUEUED)
        impact__fifo_take_out(&engine->queue, &job->link);
    else if (job->state == IMPACT__JOB_AWAITED)
        impact__engine_unset(engine, &job->deadline);
    else
        return;
    settle(job, IMPACT__JOB_TAKEN_BACK);
}

impact__job *impact__engine_begin_run(impact__engine *engine, impact__turn *turn)
{
    assert(impact__lock_is_held(&engine->lock));
    if (!engine->queue.first)
        return NULL;
    impact__job *job = job_of(engine->queue.first);
    assert(job->state == IMPACT__JOB_QUEUED);
    impact__fifo_take_out(&engine->queue, &job->link);
    engine->running++;
    job->state = IMPACT__JOB_RUNNING;
    job->is_complete = false;
    job->slot = job->left ? 1 - job->left_slot : 0;
    job->started_ns = impact__clock_monotonic_ns();
    job->deadline_ns = job->started_ns + job->timeout_ns;
    impact__engine_set(engine, &job->deadline, job->deadline_ns);
    *turn = (impact__turn){job->asked, job->started_ns, job->deadline_ns, job->slot};
    return job;
}

void impact__engine_complete(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(impact__job_is_in_flight(job));
    job->is_complete = true;
    if (job->state != IMPACT__JOB_AWAITED)
        return;
    impact__engine_unset(engine, &job->deadline);
    settle(job, IMPACT__JOB_ENDED);
}

/* False: it was left, and is no run of the job's any more. */
static bool is_current(impact__job *job, const impact__turn *turn)
{
    if (job->left != turn->number)
        return true;
    job->left = 0;
    return false;
}

/* What a run came to whose function has returned; false: it is awaited. */
static bool is_ended(const impact__job *job, bool is_over, impact__job_event *event)
{
    *event = is_over || job->is_complete ? IMPACT__JOB_ENDED : IMPACT__JOB_OVERDUE;
    return *event == IMPACT__JOB_ENDED || job->is_stuck; /* its alarm will ring no more */
}

/* The run of a job that is running. */
static void end_current(impact__engine *engine, impact__job *job, bool is_over)
{
    assert(job->state == IMPACT__JOB_RUNNING);
    impact__job_event event;
    if (!is_ended(job, is_over, &event)) {
        job->state = IMPACT__JOB_AWAITED;
        return;
    }
    impact__engine_unset(engine, &job->deadline);
    settle(job, event);
}

void impact__engine_end_run(impact__engine *engine, impact__job *job, const impact__turn *turn,
                            bool is_over)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(engine->running > 0);
    engine->running--;
    if (is_current(job, turn))
        end_current(engine, job, is_over);
    engine->owner.tidy(engine->owner.owner); /* the job may go with it */
}

/* ---- calls ---- */

void impact__engine_post(impact__engine *engine, impact__call *call)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(call->function);
    impact__fifo_append(&engine->calls, &call->link);
    (void)pthread_cond_signal(&engine->wakes);
}

void impact__engine_unpost(impact__engine *engine, impact__call *call)
{
    assert(impact__lock_is_held(&engine->lock));
    if (call->link.is_in)
        impact__fifo_take_out(&engine->calls, &call->link);
}

void impact__engine_recall(impact__engine *engine, impact__call *call)
{
    impact__engine_unpost(engine, call);
    while (engine->calling == call && !pthread_equal(engine->caller, pthread_self()))
        impact__condition_wait(&engine->changed, &engine->lock);
}

/* The next call to be made, which is under way from now on; NULL: there is none, or one is. */
static impact__call *begin_call(impact__engine *engine)
{
    if (engine->calling || !engine->calls.first)
        return NULL;
    impact__call *call = (impact__call *)engine->calls.first; /* the link is its first member */
    impact__fifo_take_out(&engine->calls, &call->link);
    engine->calling = call;
    engine->caller = pthread_self();
    return call;
}

impact__call_step impact__engine_make_call(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    const unsigned generation = impact__fork_generation();
    const impact__call *call = begin_call(engine);
    if (!call)
        return IMPACT__CALL_NONE;
    void (*function)(void *userdata) = call->function;
    void *userdata = call->userdata;
    impact__engine_unlock(engine);
    function(userdata); /* the call may be gone when this returns */
    if (generation != impact__fork_generation())
        return IMPACT__CALL_FORKED;
    impact__engine_lock(engine);
    engine->calling = NULL;
    (void)pthread_cond_broadcast(&engine->changed);
    return IMPACT__CALL_MADE;
}

/* ---- open and close ---- */

static impact_status open_conditions(impact__engine *engine)
{
    pthread_cond_t *conditions[] = {&engine->work, &engine->wakes, &engine->changed};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        const impact_status status = impact__condition_open(conditions[i]);
        if (!status)
            continue;
        while (i-- > 0)
            (void)pthread_cond_destroy(conditions[i]); /* cannot fail: nobody waits */
        return status;
    }
    return IMPACT_OK;
}

impact_status impact__engine_open(impact__engine *engine, impact__engine_owner owner)
{
    *engine = (impact__engine){.owner = owner};
    const impact_status status = open_conditions(engine);
    if (!status)
        (void)pthread_mutex_init(&engine->lock, NULL); /* cannot fail for a normal lock */
    return status;
}

void impact__engine_close(impact__engine *engine)
{
    assert(engine->threads == 0);
    (void)pthread_mutex_destroy(&engine->lock); /* none can fail: nobody has them */
    (void)pthread_cond_destroy(&engine->work);
    (void)pthread_cond_destroy(&engine->wakes);
    (void)pthread_cond_destroy(&engine->changed);
}

/* ---- forks ---- */

void impact__job_forget(impact__job *job)
{
    job->link = (impact__link){0};
    job->state = IMPACT__JOB_IDLE;
    job->ended = job->asked;
    job->is_stuck = job->is_complete = false;
    job->left = 0;
}

void impact__engine_forget(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    while (engine->schedule.first)
        impact__schedule_unset(&engine->schedule, engine->schedule.first);
    while (engine->calls.first)
        impact__fifo_take_out(&engine->calls, engine->calls.first);
    engine->calling = NULL;
    engine->queue = (impact__fifo){0};
    engine->running = 0;
    /* Made new, not destroyed: the parent's threads, which are not here, may wait on them. It
     * cannot fail where it did not fail before. */
    (void)open_conditions(engine);
}
