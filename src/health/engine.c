/* The engine: threads, queue and runs.
 *
 * DESIGN: who asks for an idle job queues a run that begins after he asked; who asks for one that
 * is queued or runs shares that run. So a job is never in flight twice, and a thousand who ask for
 * a slow one cost one run.
 *
 *        ask            a thread takes it         the function returns
 *   idle ----> queued ------------------> running ------------------> idle
 *
 * One thread, the keeper, looks at the clock for everybody: it rings the alarms (a run's deadline,
 * a probe's budget), starts what the queue needs, and calls the host back. It runs no job, so that
 * nothing a job does can keep it. Only the host's own callback can, which is why that must not
 * wait.
 *
 * A run past its deadline is not touched: no thread can be stopped from outside without leaving the
 * host's locks and memory behind. It is called stuck, and its job is not started again before it
 * returns.
 *
 * Threads: the first `workers` start at once. What has waited in the queue longer than the
 * patience, a few milliseconds, gets a thread of its own: jobs that are over at once share few
 * threads, jobs that take their time run side by side, and none waits behind one that hangs. A
 * thread is started only for a job that is queued and has no idle thread to take it, and one leaves
 * as soon as it is idle and not needed:
 *
 *   threads = keeper + running + idle <= workers + jobs, and <= workers when nothing runs
 *
 * No lock is held in a function of the host: a job, a callback, an allocator.
 */
#include "health/engine.h"

#include <assert.h>
#include <stddef.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/fork.h"

static const uint64_t patience_ns =
    5 * IMPACT__NS_PER_MS; /* a job that waits longer is not shared for */
static const uint64_t retry_ns = 100 * IMPACT__NS_PER_MS; /* after the system refused a thread */

/* ---- the queue ---- */

static void append(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(job->state == IMPACT__JOB_IDLE && !engine->is_stopped);
    job->next = NULL;
    job->previous = engine->last;
    *(engine->last ? &engine->last->next : &engine->first) = job;
    engine->last = job;
    engine->queued++;
}

static void take_out(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(job->state == IMPACT__JOB_QUEUED && engine->queued > 0);
    *(job->previous ? &job->previous->next : &engine->first) = job->next;
    *(job->next ? &job->next->previous : &engine->last) = job->previous;
    engine->queued--;
}

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

/* ---- jobs ---- */

/* The keeper's: the run is past its deadline. */
static void notice_stuck(impact__alarm *alarm)
{
    impact__job *job = (impact__job *)((char *)alarm - offsetof(impact__job, deadline));
    job->is_stuck = true;
    job->settled(job, IMPACT__JOB_STUCK);
}

void impact__job_open(impact__job *job, impact__engine *engine, uint64_t timeout_ns,
                      void (*run)(impact__job *job),
                      void (*settled)(impact__job *job, impact__job_event event))
{
    assert(run && settled);
    *job = (impact__job){
        .run = run,
        .settled = settled,
        .engine = engine,
        .timeout_ns = timeout_ns,
        .deadline = {.ring = notice_stuck},
    };
}

uint64_t impact__engine_ask(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    if (job->state != IMPACT__JOB_IDLE)
        return job->asked;
    append(engine, job);
    job->state = IMPACT__JOB_QUEUED;
    job->queued_ns = impact__clock_monotonic_ns();
    (void)pthread_cond_signal(&engine->work);
    return ++job->asked;
}

void impact__engine_cancel(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    if (job->state != IMPACT__JOB_QUEUED)
        return;
    take_out(engine, job);
    job->state = IMPACT__JOB_IDLE;
    job->ended = job->asked;
    job->settled(job, IMPACT__JOB_TAKEN_BACK);
}

static impact__job *begin_run(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(engine->queued == 0 || engine->idle > 0);
    impact__job *job = engine->first;
    if (!job)
        return NULL;
    take_out(engine, job);
    engine->idle--;
    engine->running++;
    job->state = IMPACT__JOB_RUNNING;
    job->started_ns = impact__clock_monotonic_ns();
    job->deadline_ns = job->started_ns + job->timeout_ns;
    impact__engine_set(engine, &job->deadline, job->deadline_ns);
    return job;
}

static void end_run(impact__engine *engine, impact__job *job)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(job->state == IMPACT__JOB_RUNNING && engine->running > 0);
    impact__engine_unset(engine, &job->deadline);
    engine->running--;
    engine->idle++;
    job->is_stuck = false;
    job->state = IMPACT__JOB_IDLE;
    job->ended = job->asked;
    job->settled(job, IMPACT__JOB_ENDED);
    engine->owner.tidy(engine->owner.owner); /* the job may go with it */
}

/* ---- threads ---- */

/* The calling thread is counted out already, and is gone for the engine with this. */
static void leave(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(engine->threads > engine->running);
    engine->threads--;
    (void)pthread_cond_broadcast(&engine->changed);
    engine->owner.left(engine->owner.owner);
}

static bool is_surplus(const impact__engine *engine)
{
    return engine->threads > engine->workers + engine->running;
}

static void *work(void *argument)
{
    impact__engine *engine = argument;
    const unsigned generation = impact__fork_generation();
    impact__thread_set_name("impact-health");
    impact__engine_lock(engine);
    while (!engine->is_stopped) {
        impact__job *job = begin_run(engine);
        if (!job && is_surplus(engine))
            break;
        if (!job) {
            impact__condition_wait(&engine->work, &engine->lock);
            continue;
        }
        impact__engine_unlock(engine);
        job->run(job);
        if (generation != impact__fork_generation())
            return NULL; /* the job forked and came back: this engine has forgotten the thread */
        impact__diagnostics_say(); /* what it and others reported */
        impact__engine_lock(engine);
        end_run(engine, job);
    }
    engine->idle--;
    leave(engine);
    return NULL;
}

/* Lets go of the lock meanwhile: starting a thread may take the loader's and the system's. What it
 * is counted as was counted before, so that nobody starts another for the same need. */
static impact_status start_thread(impact__engine *engine, void *(*body)(void *engine))
{
    assert(impact__lock_is_held(&engine->lock));
    engine->threads++;
    impact__engine_unlock(engine);
    const impact_status status = impact__thread_start(body, engine);
    if (status)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "health", "thread",
                                  "a thread for health checks cannot be started");
    impact__engine_lock(engine);
    if (status) {
        engine->threads--;
        (void)pthread_cond_broadcast(&engine->changed);
    }
    return status;
}

static impact_status start_worker(impact__engine *engine)
{
    engine->idle++;
    const impact_status status = start_thread(engine, work);
    if (status)
        engine->idle--;
    return status;
}

static bool lacks_thread(const impact__engine *engine)
{
    return engine->queued > engine->idle && !engine->is_stopped;
}

/* ---- the keeper ---- */

/* Its alarm: start a thread for each job that has waited too long. */
static void end_patience(impact__alarm *alarm)
{
    impact__engine *engine = (impact__engine *)((char *)alarm - offsetof(impact__engine, patience));
    const uint64_t now = impact__clock_monotonic_ns();
    while (lacks_thread(engine)) {
        const uint64_t until = engine->first->queued_ns + engine->patience_ns;
        if (until > now || start_worker(engine)) {
            impact__engine_set(engine, alarm, until > now ? until : now + retry_ns);
            return;
        }
    }
}

/* Make the first call that was posted. False: there is none. */
static bool make_call(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(!engine->calling);
    impact__call *call = engine->first_call;
    if (!call)
        return false;
    engine->first_call = call->next;
    if (!call->next)
        engine->last_call = NULL;
    call->is_posted = false;
    engine->calling = call;
    engine->keeper = pthread_self();
    void (*function)(void *userdata) = call->function;
    void *userdata = call->userdata;
    impact__engine_unlock(engine);
    function(userdata); /* the call may be gone when this returns */
    return true;
}

static void end_call(impact__engine *engine)
{
    impact__engine_lock(engine);
    engine->calling = NULL;
    (void)pthread_cond_broadcast(&engine->changed);
}

static bool ring_next(impact__engine *engine)
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

static void sleep_until_next(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    engine->keeper_wakes_ns = impact__schedule_next_ns(&engine->schedule);
    (void)impact__condition_wait_until(&engine->wakes, &engine->lock,
                                       engine->keeper_wakes_ns); /* looks again in any case */
    engine->keeper_wakes_ns = 0; /* it is awake: nobody need signal */
}

static void *keep(void *argument)
{
    impact__engine *engine = argument;
    const unsigned generation = impact__fork_generation();
    impact__thread_set_name("impact-health");
    impact__engine_lock(engine);
    for (;;) {
        if (make_call(engine)) {
            if (generation != impact__fork_generation())
                return NULL; /* as in work */
            end_call(engine);
            continue;
        }
        if (engine->is_stopped)
            break;
        if (!ring_next(engine))
            sleep_until_next(engine);
    }
    engine->has_keeper = false;
    leave(engine);
    return NULL;
}

static impact_status start_keeper(impact__engine *engine)
{
    engine->has_keeper = true;
    const impact_status status = start_thread(engine, keep);
    if (status)
        engine->has_keeper = false;
    return status;
}

impact_status impact__engine_tend(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    const impact_status status = engine->has_keeper ? IMPACT_OK : start_keeper(engine);
    while (lacks_thread(engine) && engine->running + engine->idle < engine->workers)
        if (start_worker(engine))
            break; /* those that run will take what is queued */
    if (lacks_thread(engine) && !engine->patience.is_set)
        impact__engine_set(engine, &engine->patience,
                           engine->first->queued_ns + engine->patience_ns);
    return status;
}

/* ---- calls ---- */

void impact__engine_post(impact__engine *engine, impact__call *call)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(!call->is_posted && call->function);
    call->next = NULL;
    call->is_posted = true;
    *(engine->last_call ? &engine->last_call->next : &engine->first_call) = call;
    engine->last_call = call;
    (void)pthread_cond_signal(&engine->wakes);
}

static void unpost(impact__engine *engine, impact__call *call)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(call->is_posted && engine->first_call);
    impact__call *before = NULL;
    for (impact__call *other = engine->first_call; other != call; other = other->next)
        before = other;
    *(before ? &before->next : &engine->first_call) = call->next;
    if (engine->last_call == call)
        engine->last_call = before;
    call->is_posted = false;
}

void impact__engine_recall(impact__engine *engine, impact__call *call)
{
    assert(impact__lock_is_held(&engine->lock));
    if (call->is_posted)
        unpost(engine, call);
    while (engine->calling == call && !pthread_equal(engine->keeper, pthread_self()))
        impact__condition_wait(&engine->changed, &engine->lock);
}

/* ---- open and stop ---- */

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

impact_status impact__engine_open(impact__engine *engine, unsigned workers,
                                  impact__engine_owner owner)
{
    assert(workers > 0);
    *engine = (impact__engine){
        .owner = owner,
        .workers = workers,
        .patience_ns = patience_ns,
        .patience = {.ring = end_patience},
    };
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

/* Threads that are in no function of the host, and so leave at once. */
static bool are_free_threads_left(const impact__engine *engine)
{
    const unsigned held = engine->running + (engine->calling ? 1 : 0);
    return engine->threads > held;
}

void impact__engine_stop(impact__engine *engine, uint64_t deadline_ns)
{
    assert(impact__lock_is_held(&engine->lock));
    engine->is_stopped = true;
    (void)pthread_cond_broadcast(&engine->work);
    (void)pthread_cond_broadcast(&engine->wakes);
    while (engine->threads > 0) {
        if (are_free_threads_left(engine))
            impact__condition_wait(&engine->changed, &engine->lock);
        else if (!impact__condition_wait_until(&engine->changed, &engine->lock, deadline_ns))
            return;
    }
}

/* ---- forks ---- */

void impact__job_forget(impact__job *job)
{
    job->state = IMPACT__JOB_IDLE;
    job->ended = job->asked;
    job->is_stuck = false;
}

void impact__engine_forget(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    while (engine->schedule.first)
        impact__schedule_unset(&engine->schedule, engine->schedule.first);
    for (impact__call *call = engine->first_call; call; call = call->next)
        call->is_posted = false;
    engine->first_call = engine->last_call = NULL;
    engine->calling = NULL;
    engine->first = engine->last = NULL;
    engine->queued = engine->running = engine->threads = engine->idle = 0;
    engine->has_keeper = false;
    engine->keeper_wakes_ns = 0;
    /* Made new, not destroyed: the parent's threads, which are not here, may wait on them. It
     * cannot fail where it did not fail before. */
    (void)open_conditions(engine);
}
