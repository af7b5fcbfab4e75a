/* Threads, and conditions on the monotonic clock. */
#include "base/thread.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static pthread_cond_t changed;
static bool is_done;
static sigset_t mask_of_thread;
static char name_of_thread[16];
static pthread_t identity;

static void *look_around(void *argument)
{
    (void)pthread_mutex_lock(&lock);
    impact__thread_set_name(argument);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask_of_thread);
    (void)pthread_getname_np(pthread_self(), name_of_thread, sizeof name_of_thread);
    identity = pthread_self();
    is_done = true;
    (void)pthread_cond_signal(&changed);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* Start it and wait for its end; false when that takes too long. */
static bool run_thread(const char *name)
{
    const uint64_t deadline = impact__deadline_after_ms(30000);
    if (impact__condition_open(&changed) ||
        impact__thread_start(look_around, (void *)(uintptr_t)name))
        return false;
    (void)pthread_mutex_lock(&lock);
    bool in_time = true;
    while (!is_done && in_time)
        in_time = impact__condition_wait_until(&changed, &lock, deadline);
    (void)pthread_mutex_unlock(&lock);
    return is_done;
}

TEST(a_thread_runs_with_its_name_and_not_on_the_callers)
{
    REQUIRE(run_thread("impact-test"));
    CHECK_STRING(name_of_thread, "impact-test");
    CHECK(!pthread_equal(identity, pthread_self()));
}

TEST(a_name_too_long_does_no_harm)
{
    CHECK(run_thread("a name of more than fifteen bytes"));
}

TEST(signals_are_blocked_in_it_but_those_of_its_own_faults_and_those_that_end_a_process)
{
    static const int open_ones[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL, SIGTRAP,
                                    SIGSYS,  SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    REQUIRE(run_thread("mask"));
    int open_count = 0;
    for (int signal = 1; signal < 32; signal++)
        if (signal != SIGKILL && signal != SIGSTOP)
            open_count += !sigismember(&mask_of_thread, signal);
    CHECK_EQUAL(open_count, sizeof open_ones / sizeof *open_ones);
    for (size_t i = 0; i < sizeof open_ones / sizeof *open_ones; i++)
        CHECK(!sigismember(&mask_of_thread, open_ones[i]));
    CHECK(sigismember(&mask_of_thread, SIGRTMIN) && sigismember(&mask_of_thread, SIGRTMAX));
}

TEST(a_signal_that_the_caller_waits_for_stays_blocked)
{
    sigset_t term;
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &term, NULL);
    REQUIRE(run_thread("mask"));
    CHECK(sigismember(&mask_of_thread, SIGTERM));
    CHECK(!sigismember(&mask_of_thread, SIGINT));
}

static void *wait_for_ever(void *unused)
{
    (void)pthread_mutex_lock(&lock);
    (void)pthread_mutex_lock(&lock); /* nobody lets go of it */
    return unused;
}

/* In a child: only a thread of ours is left to take the signal. */
static void leave_a_thread_alone(void)
{
    struct sigaction ends = {.sa_handler = SIG_DFL};
    sigset_t term;
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigaction(SIGTERM, &ends, NULL);
    if (impact__thread_start(wait_for_ever, NULL))
        _exit(9);
    (void)alarm(60);
    (void)pthread_sigmask(SIG_BLOCK, &term, NULL);
    (void)kill(getpid(), SIGTERM);
    pthread_exit(NULL);
}

TEST(a_process_of_which_only_such_a_thread_is_left_can_be_ended)
{
    const pid_t child = fork();
    if (child == 0)
        leave_a_thread_alone();
    int status = 0;
    (void)waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(the_callers_signals_are_as_they_were)
{
    sigset_t before;
    sigset_t after;
    (void)sigemptyset(&before);
    (void)sigaddset(&before, SIGUSR1);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    REQUIRE(run_thread("mask"));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int signal = 1; signal < 32; signal++)
        CHECK_EQUAL(sigismember(&after, signal), signal == SIGUSR1);
}

static atomic_int handled_by_main;
static pthread_t main_thread;

static void handle(int signal)
{
    (void)signal;
    atomic_store(&handled_by_main, pthread_equal(pthread_self(), main_thread) ? 1 : -1);
}

/* The thread that could take it, had it not been blocked, stands in a lock that we hold. */
TEST(a_signal_to_the_process_is_not_handled_on_it)
{
    struct sigaction action = {.sa_handler = handle};
    sigset_t none;
    sigset_t usr1;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usr1);
    (void)sigaddset(&usr1, SIGUSR1);
    main_thread = pthread_self();
    (void)sigaction(SIGUSR1, &action, NULL);
    REQUIRE(impact__condition_open(&changed) == IMPACT_OK);
    (void)pthread_mutex_lock(&lock);
    REQUIRE(impact__thread_start(look_around, (void *)(uintptr_t) "waits") == IMPACT_OK);
    (void)pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    (void)kill(getpid(), SIGUSR1);
    CHECK_EQUAL(atomic_load(&handled_by_main), 0);
    while (!atomic_load(&handled_by_main))
        (void)sigsuspend(&none);
    CHECK_EQUAL(atomic_load(&handled_by_main), 1);
    (void)pthread_mutex_unlock(&lock);
}

TEST(a_deadline_that_has_passed_does_not_wait)
{
    REQUIRE(impact__condition_open(&changed) == IMPACT_OK);
    (void)pthread_mutex_lock(&lock);
    CHECK(!impact__condition_wait_until(&changed, &lock, 0));
    CHECK(!impact__condition_wait_until(&changed, &lock, impact__clock_monotonic_ns()));
    (void)pthread_mutex_unlock(&lock);
}

/* Were it the wall clock's, it would lie 50 years back and return at once. */
TEST(a_condition_waits_by_the_monotonic_clock)
{
    REQUIRE(impact__condition_open(&changed) == IMPACT_OK);
    (void)pthread_mutex_lock(&lock);
    const uint64_t deadline = impact__deadline_after_ms(20);
    while (impact__condition_wait_until(&changed, &lock, deadline))
        continue;
    CHECK(impact__clock_monotonic_ns() >= deadline);
    (void)pthread_mutex_unlock(&lock);
}

TEST(a_wait_beyond_all_time_ends_with_the_signal)
{
    REQUIRE(impact__condition_open(&changed) == IMPACT_OK);
    (void)pthread_mutex_lock(&lock);
    REQUIRE(impact__thread_start(look_around, (void *)(uintptr_t) "signals") == IMPACT_OK);
    bool in_time = true;
    while (!is_done && in_time)
        in_time = impact__condition_wait_until(&changed, &lock, UINT64_MAX);
    CHECK(in_time);
    (void)pthread_mutex_unlock(&lock);
}
