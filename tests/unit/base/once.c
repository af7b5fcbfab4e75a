/* What is done once: among threads, in children, under a cancellation. */
#include "base/once.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { thread_count = 8, round_count = 50, patience_s = 60 };

static atomic_uint run_count;
static pthread_barrier_t gate;
static pthread_barrier_t inside; /* two waits: one that it is run, one that it may go on */

static void count(void)
{
    atomic_fetch_add(&run_count, 1);
}

TEST(it_is_done_by_the_first_call_and_by_no_other)
{
    impact__once once = {0};
    impact__once_do(&once, count);
    impact__once_do(&once, count);
    CHECK_EQUAL(run_count, 1);
}

/* ---- several threads ---- */

static impact__once shared;
static int made; /* not atomic: the once orders it */

static void make(void)
{
    count();
    made++;
}

static void *come(void *argument)
{
    (void)pthread_barrier_wait(&gate);
    impact__once_do(&shared, make);
    CHECK_EQUAL(made, 1);
    return argument;
}

TEST(of_threads_that_come_at_once_one_does_it_and_all_see_what_it_did)
{
    pthread_t threads[thread_count];
    (void)pthread_barrier_init(&gate, NULL, thread_count);
    for (unsigned round = 1; round <= round_count; round++) {
        shared = (impact__once){0};
        made = 0;
        for (int i = 0; i < thread_count; i++)
            REQUIRE(pthread_create(&threads[i], NULL, come, NULL) == 0);
        for (int i = 0; i < thread_count; i++)
            (void)pthread_join(threads[i], NULL);
        CHECK_EQUAL(run_count, round);
    }
}

/* ---- one that is inside ---- */

static bool stops = true;

static void stop_inside(void)
{
    count();
    if (!stops)
        return;
    (void)pthread_barrier_wait(&inside);
    (void)pthread_barrier_wait(&inside);
}

static void *be_inside(void *argument)
{
    impact__once_do(&shared, stop_inside);
    return argument;
}

static pthread_t start_one_inside(void)
{
    pthread_t thread;
    (void)pthread_barrier_init(&inside, NULL, 2);
    CHECK_EQUAL(pthread_create(&thread, NULL, be_inside, NULL), 0);
    (void)pthread_barrier_wait(&inside);
    return thread;
}

static void live_as_child(void)
{
    (void)alarm(patience_s);
    stops = false;
    impact__once_do(&shared, stop_inside);
    impact__once_do(&shared, stop_inside);
    _exit(atomic_load(&run_count) == 2 ? 0 : 1);
}

TEST(a_child_that_is_forked_meanwhile_does_it_itself_and_waits_for_nobody)
{
    int status = -1;
    check_skip_forks_of_threads();
    const pthread_t thread = start_one_inside();
    const pid_t child = fork();
    if (child == 0)
        live_as_child();
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    (void)pthread_barrier_wait(&inside);
    (void)pthread_join(thread, NULL);
    impact__once_do(&shared, stop_inside);
    CHECK_EQUAL(run_count, 1); /* the parent's is the one that was begun */
}

static atomic_bool has_come;

static void *come_meanwhile(void *argument)
{
    atomic_store(&has_come, true);
    impact__once_do(&shared, count);
    return argument;
}

TEST(who_comes_meanwhile_waits_until_it_is_done)
{
    pthread_t second;
    const pthread_t first = start_one_inside();
    REQUIRE(pthread_create(&second, NULL, come_meanwhile, NULL) == 0);
    while (!atomic_load(&has_come))
        (void)sched_yield();
    CHECK_EQUAL(pthread_tryjoin_np(second, NULL), EBUSY);
    (void)pthread_barrier_wait(&inside);
    (void)pthread_join(first, NULL);
    (void)pthread_join(second, NULL);
    CHECK_EQUAL(run_count, 1);
}

/* A pause is a point of cancellation, and so is what is done, perhaps. */
static void reach_a_point(void)
{
    stop_inside();
    pthread_testcancel();
    made++;
}

static void *be_cancelled(void *argument)
{
    impact__once_do(&shared, reach_a_point);
    pthread_testcancel();
    return argument;
}

TEST(a_thread_that_is_cancelled_within_it_ends_it_first)
{
    pthread_t thread;
    void *result = NULL;
    (void)pthread_barrier_init(&inside, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, be_cancelled, NULL) == 0);
    (void)pthread_barrier_wait(&inside);
    CHECK_EQUAL(pthread_cancel(thread), 0);
    (void)pthread_barrier_wait(&inside);
    (void)pthread_join(thread, &result);
    CHECK(result == PTHREAD_CANCELED);
    impact__once_do(&shared, reach_a_point);
    CHECK_EQUAL(made, 1);
    CHECK_EQUAL(run_count, 1);
}

static void fail(void)
{
    errno = EIO;
    count();
}

TEST(errno_is_as_it_was)
{
    impact__once once = {0};
    errno = ENOENT;
    impact__once_do(&once, fail);
    CHECK_EQUAL(errno, ENOENT);
}
