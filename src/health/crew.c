/* The crew: threads that do an engine's steps.
 *
 * DESIGN: one thread, the keeper, looks at the clock for everybody: it rings the alarms (a run's
 * deadline, a probe's budget), starts what the queue needs, and calls the host back. It runs no
 * job, so that nothing a job does can keep it. Only the host's own callback can, which is why that
 * must not wait.
 *
 * The first `workers` start at once. What has waited in the queue longer than the patience, a few
 * milliseconds, gets a thread of its own: jobs that are over at once share few threads, jobs that
 * take their time run side by side, and none waits behind one that hangs. A thread is started only
 * for a job that is queued and has no idle thread to take it, and one leaves as soon as it is idle
 * and not needed:
 *
 *   threads = keeper + running + idle <= workers + jobs, and <= workers when nothing runs
 *
 * or workers and twice the jobs, where all of them may overlap.
 *
 * Without threads the host's own do all of that, one step after the other, when it says so.
 */
#include "health/crew.h"

#include <assert.h>
#include <stddef.h>

#include <impact/diagnostics.h>
#include <impact/health.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/door.h"
#include "process/fork.h"

static const uint64_t patience_ns =
    5 * IMPACT__NS_PER_MS; /* a job that waits longer is not shared for */
static const uint64_t retry_ns = 100 * IMPACT__NS_PER_MS; /* after the system refused a thread */

/* ---- threads ---- */

/* The calling thread is counted out already, and is gone for the engine with this. */
static void leave(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    assert(engine->threads > engine->running);
    engine->threads--;
    (void)pthread_cond_broadcast(&engine->changed); /* cannot fail; likewise below */
    engine->owner.left(engine->owner.owner);
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

/* ---- workers ---- */

static bool is_surplus(const impact__engine *engine)
{
    return engine->threads > engine->workers + engine->running;
}

/* An idle thread's. NULL: there is nothing to run. */
static impact__job *take_job(impact__engine *engine, impact__turn *turn)
{
    assert(engine->queue.count == 0 || engine->idle > 0);
    impact__job *job = impact__engine_begin_run(engine, turn);
    if (job)
        engine->idle--;
    return job;
}

static void *work(void *argument)
{
    impact__engine *engine = argument;
    const unsigned generation = impact__fork_generation();
    impact__thread_set_name("impact-health");
    impact__engine_lock(engine);
    while (!engine->is_stopped) {
        impact__turn turn;
        impact__job *job = take_job(engine, &turn);
        if (!job && is_surplus(engine))
            break;
        if (!job) {
            impact__condition_wait(&engine->work, &engine->lock);
            continue;
        }
        impact__engine_unlock(engine);
        const bool is_over = job->run(job, &turn);
        if (generation != impact__fork_generation())
            return NULL; /* the job forked and came back: this engine has forgotten the thread */
        impact__diagnostics_say(); /* what it and others reported */
        impact__engine_lock(engine);
        engine->idle++;
        impact__engine_end_run(engine, job, &turn, is_over);
    }
    engine->idle--;
    leave(engine);
    return impact__door_end_thread();
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
    return engine->queue.count > engine->idle && !engine->is_stopped;
}

/* When the first job in the queue has waited too long. */
static uint64_t end_of_patience_ns(const impact__engine *engine)
{
    return ((const impact__job *)engine->queue.first)->queued_ns + engine->patience_ns;
}

/* The keeper's alarm: start a thread for each job that has waited too long. */
static void end_patience(impact__alarm *alarm)
{
    impact__engine *engine = (impact__engine *)((char *)alarm - offsetof(impact__engine, patience));
    const uint64_t now = impact__clock_monotonic_ns();
    while (lacks_thread(engine)) {
        const uint64_t until = end_of_patience_ns(engine);
        if (until > now || start_worker(engine)) {
            impact__engine_set(engine, alarm, until > now ? until : now + retry_ns);
            return;
        }
    }
}

static void start_workers(impact__engine *engine)
{
    while (lacks_thread(engine) && engine->running + engine->idle < engine->workers)
        if (start_worker(engine))
            break; /* those that run will take what is queued */
    if (lacks_thread(engine) && !engine->patience.is_set)
        impact__engine_set(engine, &engine->patience, end_of_patience_ns(engine));
}

/* ---- the keeper ---- */

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
    impact__thread_set_name("impact-health");
    impact__engine_lock(engine);
    for (;;) {
        const impact__call_step called = impact__engine_make_call(engine);
        if (called == IMPACT__CALL_FORKED)
            return NULL; /* as in work */
        if (called == IMPACT__CALL_MADE)
            continue;
        if (engine->is_stopped)
            break;
        const unsigned queued = engine->queue.count;
        if (!impact__engine_ring(engine))
            sleep_until_next(engine);
        else if (engine->queue.count > queued) /* what rang has asked for a job */
            start_workers(engine);
    }
    engine->has_keeper = false;
    leave(engine);
    return impact__door_end_thread();
}

static impact_status start_keeper(impact__engine *engine)
{
    engine->has_keeper = true;
    const impact_status status = start_thread(engine, keep);
    if (status)
        engine->has_keeper = false;
    return status;
}

static bool needs_keeper(const impact__engine *engine)
{
    return !engine->has_keeper && !engine->is_stopped &&
           (engine->queue.count || engine->calls.count || engine->schedule.first);
}

/* ---- called and dismissed ---- */

void impact__crew_open(impact__engine *engine, unsigned workers)
{
    assert(workers > 0);
    engine->workers = workers == IMPACT_HEALTH_NO_THREADS ? 0 : workers;
    engine->patience_ns = patience_ns;
    engine->patience.ring = end_patience;
}

impact_status impact__crew_call(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    if (!engine->workers)
        return IMPACT_OK;
    const impact_status status = needs_keeper(engine) ? start_keeper(engine) : IMPACT_OK;
    start_workers(engine);
    return status;
}

/* One step of any kind. False: there is nothing to do; or the host forked in it and came back, and
 * there is no lock. */
static bool pump_once(impact__engine *engine, unsigned generation)
{
    if (impact__engine_make_call(engine) != IMPACT__CALL_NONE)
        return generation == impact__fork_generation();
    if (engine->is_stopped)
        return false;
    if (impact__engine_ring(engine))
        return true;
    impact__turn turn;
    impact__job *job = impact__engine_begin_run(engine, &turn);
    if (!job)
        return false;
    impact__engine_unlock(engine);
    const bool is_over = job->run(job, &turn);
    if (generation != impact__fork_generation())
        return false;
    impact__diagnostics_say(); /* as in work */
    impact__engine_lock(engine);
    impact__engine_end_run(engine, job, &turn, is_over);
    return true;
}

/* The host's thread is one of the crew meanwhile, so that a close waits for what it runs. */
uint64_t impact__crew_pump(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    const unsigned generation = impact__fork_generation();
    engine->threads++;
    while (pump_once(engine, generation)) {
    }
    if (generation != impact__fork_generation())
        return 0;
    const uint64_t next_ns = impact__schedule_next_ns(&engine->schedule);
    leave(engine);
    return next_ns;
}

/* Threads that are in no function of the host, and so leave at once. */
static bool are_free_threads_left(const impact__engine *engine)
{
    const unsigned held = engine->running + (engine->calling ? 1 : 0);
    return engine->threads > held;
}

void impact__crew_stop(impact__engine *engine, uint64_t deadline_ns)
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

void impact__crew_forget(impact__engine *engine)
{
    assert(impact__lock_is_held(&engine->lock));
    engine->threads = engine->idle = 0;
    engine->has_keeper = false;
    engine->keeper_wakes_ns = 0;
}
