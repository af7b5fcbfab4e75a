/* SIGTERM where the interpreter does not come to handle it.
 *
 * DESIGN: Python runs a handler between two of its instructions. A signal that comes just before
 * the main thread begins to wait in C is handled only when that wait ends, and one that comes while
 * C code works, when that is done. So our handler stands before Python's, calls it, and wakes a
 * thread. That one gives the interpreter time, and again and again it sends the main thread the
 * signal, which ends a wait that looks for signals, as those of Python's locks do. Where the
 * handler in Python has not begun even so, the thread exports what waits, without the interpreter,
 * and has the signal end the process.
 *
 * A process has one SIGTERM, so what is here is the process's; Python sets handlers in its main
 * interpreter only. Who sets another one takes ours away with Python's. */
#include "core.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <impact/process.h>

#define NUDGE_MS   50   /* between two signals to the main thread */
#define GRACE_MS   2000 /* for the handler in Python to begin; containers give ten seconds */
#define EXPORT_MS  5000 /* TIMEOUT_MS in process_end.py */
#define STACK_SIZE (256 * 1024)

static struct sigaction python_action; /* written before the handler is set */
static sem_t woken;
static pthread_t main_thread; /* as Python knows it; another one in a forked child */
static atomic_int signalled;  /* the process that the last signal came into */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* guards is_in_python; held over a fork */
static pthread_cond_t taken = PTHREAD_COND_INITIALIZER;  /* is_in_python has become true */
static bool is_in_python;                                /* who is ending the process */

/* ---- the export ---- */

static struct timespec time_after(uint32_t ms)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* it knows this clock; likewise below */
    time.tv_sec += ms / 1000;
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static uint32_t ms_until(const struct timespec *end)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t left = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
    return left > 0 ? (uint32_t)left : 0;
}

static void shut_down(const provider_object *provider, void *end)
{
    (void)impact_tracer_provider_shutdown(provider->provider, ms_until(end)); /* nobody is told */
}

/* They share the time. Who lets go of a provider waits, as the process ends. */
static void providers_shut_down(void)
{
    struct timespec end = time_after(EXPORT_MS);
    providers_visit(shut_down, &end);
}

/* ---- the handler ---- */

static void handle(int number, siginfo_t *info, void *context)
{
    atomic_store(&signalled, (int)getpid());
    if (python_action.sa_flags & SA_SIGINFO)
        python_action.sa_sigaction(number, info, context);
    else
        python_action.sa_handler(number);
    (void)sem_post(&woken); /* the greatest number is enough */
}

static bool is_ours(void)
{
    struct sigaction now;
    return sigaction(SIGTERM, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
           now.sa_sigaction == handle;
}

static bool handler_set(void)
{
    if (is_ours())
        return true;
    if (sigaction(SIGTERM, NULL, &python_action))
        return false;
    struct sigaction ours = python_action;
    ours.sa_flags |= SA_SIGINFO;
    ours.sa_sigaction = handle;
    return sigaction(SIGTERM, &ours, NULL) == 0;
}

/* ---- the thread ---- */

static bool is_taken_by(const struct timespec *end)
{
    (void)pthread_mutex_lock(&turn);
    while (!is_in_python && pthread_cond_timedwait(&taken, &turn, end) == 0)
        continue;
    const bool is_taken = is_in_python;
    (void)pthread_mutex_unlock(&turn);
    return is_taken;
}

/* False: the interpreter has not come to it. */
static bool is_left_to_python(void)
{
    for (int waited_ms = 0; waited_ms < GRACE_MS; waited_ms += NUDGE_MS) {
        const struct timespec end = time_after(NUDGE_MS);
        if (is_taken_by(&end) || !is_ours())
            return true;
        (void)pthread_kill(main_thread, SIGTERM); /* it may have ended */
    }
    return false;
}

static void die(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)signal(SIGTERM, SIG_DFL);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    (void)kill(getpid(), SIGTERM);
}

static void *watch(void *unused)
{
    (void)unused; /* all of it is the process's */
    for (;;) {
        while (sem_wait(&woken))
            continue;
        if (is_left_to_python())
            continue;
        providers_shut_down();
        const struct timespec now = time_after(0);
        if (!is_taken_by(&now) && is_ours())
            die();
    }
    return NULL;
}

static bool thread_start(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes))
        return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    const bool is_started = pthread_create(&thread, &attributes, watch, NULL) == 0;
    (void)pthread_attr_destroy(&attributes);
    return is_started;
}

/* ---- what Python asks for ---- */

static void fork_begin(void *unused)
{
    (void)unused;                    /* there is one turn; likewise below */
    (void)pthread_mutex_lock(&turn); /* cannot fail for a normal lock; likewise below */
}

static void fork_end(void *unused)
{
    (void)unused;
    (void)pthread_mutex_unlock(&turn);
}

static bool is_safe_over_forks(void)
{
    static impact_fork_member *member; /* to the end of the process */
    return member || impact_fork_add(
                         &member, IMPACT_FORK_HANDLERS(.before = fork_begin, .in_parent = fork_end,
                                                       .in_child = fork_end)) == IMPACT_OK;
}

/* As new, in a forked child too: nobody waits there. */
static bool condition_open(void)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes))
        return false;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool is_open = pthread_cond_init(&taken, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return is_open;
}

static void turn_set(bool is_pythons)
{
    (void)pthread_mutex_lock(&turn);
    is_in_python = is_pythons;
    (void)pthread_cond_signal(&taken);
    (void)pthread_mutex_unlock(&turn);
}

/* A forked child may have been sent the signal before it came here, and Python forgets it there. */
static bool watch_begin(void)
{
    const unsigned waiting = atomic_load(&signalled) == (int)getpid();
    if (!is_safe_over_forks() || !condition_open() || sem_init(&woken, 0, waiting))
        return false;
    main_thread = pthread_self();
    turn_set(false);
    return handler_set() && thread_start();
}

PyObject *sigterm_is_default(PyObject *module, PyObject *unused)
{
    (void)module; /* a function of the process; likewise below */
    (void)unused;
    struct sigaction now;
    return PyBool_FromLong(sigaction(SIGTERM, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
                           now.sa_handler == SIG_DFL);
}

/* Signals stay away from the thread, and from here until it is there. */
PyObject *sigterm_watch(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool is_watched = watch_begin();
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return PyBool_FromLong(is_watched);
}

PyObject *sigterm_leave_to_python(PyObject *module, PyObject *is_left)
{
    (void)module;
    turn_set(PyObject_IsTrue(is_left) == 1);
    PyErr_Clear();
    Py_RETURN_NONE;
}
