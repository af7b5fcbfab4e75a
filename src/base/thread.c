/* Locks, conditions and threads. */
#include "base/thread.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

bool impact__lock_is_held(pthread_mutex_t *lock)
{
    if (pthread_mutex_trylock(lock))
        return true;
    (void)pthread_mutex_unlock(lock); /* cannot fail: it was just taken */
    return false;
}

impact_status impact__condition_open(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes))
        return IMPACT_ESYSTEM;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* a clock that exists */
    const int failure = pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes); /* cannot fail for an initialised one */
    return failure ? IMPACT_ESYSTEM : IMPACT_OK;
}

int impact__cancel_hold(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
                                 &before); /* a valid state; likewise below */
    return before;
}

void impact__cancel_release(int held)
{
    (void)pthread_setcancelstate(held, &held);
}

void impact__condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    assert(impact__lock_is_held(lock));
    const int held = impact__cancel_hold();
    (void)pthread_cond_wait(condition, lock); /* cannot fail */
    impact__cancel_release(held);
}

bool impact__condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                  uint64_t deadline_ns)
{
    assert(impact__lock_is_held(lock));
    /* Deadlines beyond all time must not turn negative where time_t has 32 bits; 68 years will do.
     */
    const uint64_t seconds = deadline_ns / IMPACT__NS_PER_SEC;
    const struct timespec until = {
        .tv_sec = (time_t)(seconds < INT32_MAX ? seconds : INT32_MAX),
        .tv_nsec = (long)(deadline_ns % IMPACT__NS_PER_SEC),
    };
    const int held = impact__cancel_hold();
    const bool is_in_time = pthread_cond_timedwait(condition, lock, &until) == 0;
    impact__cancel_release(held);
    return is_in_time;
}

void impact__thread_pause(uint64_t ns)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t nothing;
    if (impact__condition_open(&nothing))
        return; /* it was too short */
    const uint64_t deadline_ns = impact__clock_monotonic_ns() + ns;
    (void)pthread_mutex_lock(&lock);
    while (impact__condition_wait_until(&nothing, &lock, deadline_ns))
        continue;
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_cond_destroy(&nothing);
    (void)pthread_mutex_destroy(&lock);
}

static int start_detached(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    const int failure = pthread_attr_init(&attributes);
    if (failure)
        return failure;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED); /* a valid value */
    const int result = pthread_create(thread, &attributes, run, argument);
    (void)pthread_attr_destroy(&attributes); /* cannot fail for an initialised one */
    return result;
}

/* Those that a thread brings upon itself: blocked, they would kill the process past the host's
 * handler, which a crash reporter or a managed runtime lives on. */
static const int own_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

/* Those that end a process: were they blocked, nobody could when only threads of ours are left. */
static const int ending_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

void impact__signals_block(sigset_t *before)
{
    sigset_t blocked;
    (void)pthread_sigmask(SIG_SETMASK, NULL, before); /* a valid operation; likewise below */
    (void)sigfillset(&blocked);                       /* cannot fail; nor can sigdelset for these */
    for (size_t i = 0; i < sizeof own_signals / sizeof *own_signals; i++)
        (void)sigdelset(&blocked, own_signals[i]);
    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++)
        if (!sigismember(before, ending_signals[i]))
            (void)sigdelset(&blocked, ending_signals[i]);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
}

void impact__signals_restore(const sigset_t *before)
{
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

impact_status impact__thread_start(void *(*run)(void *), void *argument)
{
    sigset_t before;
    pthread_t thread;
    impact__signals_block(&before);
    const int failure = start_detached(&thread, run, argument);
    impact__signals_restore(&before);
    return failure ? IMPACT_ESYSTEM : IMPACT_OK;
}

void impact__thread_set_name(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name); /* a convenience; a long name is refused */
}
