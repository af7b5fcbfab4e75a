/* The end of the process: who is called, who is kept out, and what a fork leaves of it. */
#include "process/exit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/door.h"
#include "process/fork.h"
#include "support/check.h"

/* Run `prepare` and exit(0) in a child; its exit status, or minus the signal that ended it. */
static int end_of(void (*prepare)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        prepare();
        exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- members ---- */

static char calls[16];

static void note(void *name)
{
    (void)strncat(calls, name, sizeof calls - strlen(calls) - 1);
}

static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c";
static impact__exit_member a = {note, name_a, NULL, NULL};
static impact__exit_member b = {note, name_b, NULL, NULL};
static impact__exit_member c = {note, name_c, NULL, NULL};

static const char *should_have_called;

static void judge_calls(void)
{
    if (strcmp(calls, should_have_called) != 0)
        _exit(9);
}

/* Registered first, it runs last. */
static void judge_at_exit(const char *should)
{
    should_have_called = should;
    CHECK(atexit(judge_calls) == 0);
}

static void add_three(void)
{
    judge_at_exit("cba");
    CHECK(!impact__exit_add(&a) && !impact__exit_add(&b) && !impact__exit_add(&c));
}

static void add_three_and_remove(void)
{
    judge_at_exit("c");
    CHECK(!impact__exit_add(&a) && !impact__exit_add(&b) && !impact__exit_add(&c));
    impact__exit_remove(&a);
    impact__exit_remove(&b);
    impact__exit_remove(&b);
}

TEST(the_last_added_is_called_first)
{
    CHECK_EQUAL(end_of(add_three), 0);
}

TEST(who_is_removed_is_not_called)
{
    CHECK_EQUAL(end_of(add_three_and_remove), 0);
}

static void add_one_in_the_parent_of_a_fork(void)
{
    should_have_called = "a";
    CHECK(!atexit(judge_calls) && !impact__exit_add(&a));
    const pid_t child = fork();
    if (child == 0)
        exit(0);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

TEST(a_forked_child_ends_as_its_parent_does)
{
    CHECK_EQUAL(end_of(add_one_in_the_parent_of_a_fork), 0);
}

static void add_one_in_the_parent_of_a_raw_fork(void)
{
    CHECK(!atexit(judge_calls) && !impact__exit_add(&a));
    const pid_t child = (pid_t)syscall(SYS_fork);
    should_have_called = child == 0 ? "" : "a";
    if (child == 0)
        exit(0);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

TEST(a_child_that_was_made_past_fork_calls_nobody)
{
    CHECK_EQUAL(end_of(add_one_in_the_parent_of_a_raw_fork), 0);
}

/* ---- a member that is removed while it is called ---- */

/* They end with the process. */
static void start(void *(*run)(void *))
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, NULL) == 0 && pthread_detach(thread) == 0);
}

static pthread_barrier_t barrier;
static atomic_bool has_returned;

static void *remove_what_is_called(void *unused)
{
    (void)unused;
    (void)pthread_barrier_wait(&barrier);
    impact__exit_remove(&a);
    if (!atomic_load(&has_returned))
        _exit(9);
    (void)pthread_barrier_wait(&barrier);
    return NULL;
}

static void return_late(void *unused)
{
    (void)unused;
    (void)pthread_barrier_wait(&barrier);
    impact__exit_remove(&a); /* by itself: does not wait */
    for (int i = 0; i < 1000; i++)
        (void)sched_yield();
    atomic_store(&has_returned, true);
}

static void wait_for_the_remover(void)
{
    (void)pthread_barrier_wait(&barrier);
}

static void remove_from_another_thread(void)
{
    a.at_exit = return_late;
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0 && atexit(wait_for_the_remover) == 0);
    CHECK(!impact__exit_add(&a));
    start(remove_what_is_called);
}

TEST(to_remove_a_member_waits_until_its_call_has_returned)
{
    CHECK_EQUAL(end_of(remove_from_another_thread), 0);
}

static void *fork_and_remove_what_is_called(void *unused)
{
    (void)unused;
    (void)pthread_barrier_wait(&barrier);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(20);
        impact__exit_remove(&a);
        _exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    if (status != 0)
        _exit(9);
    (void)pthread_barrier_wait(&barrier);
    return NULL;
}

static void return_when_the_child_has_ended(void *unused)
{
    (void)unused;
    wait_for_the_remover();
    wait_for_the_remover();
}

static void fork_while_a_member_is_called(void)
{
    a.at_exit = return_when_the_child_has_ended;
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0 && !impact__exit_add(&a));
    start(fork_and_remove_what_is_called);
}

TEST(a_child_does_not_wait_for_a_call_that_its_parent_makes)
{
    CHECK_EQUAL(end_of(fork_while_a_member_is_called), 0);
}

/* ---- the door ---- */

static atomic_bool is_inside;
static atomic_bool is_taken_down; /* what a library's own handler does */

static void take_down(void)
{
    if (atomic_load(&is_inside))
        _exit(9);
    atomic_store(&is_taken_down, true);
}

static void *go_in_and_out(void *unused)
{
    (void)unused;
    (void)pthread_barrier_wait(&barrier);
    while (impact_door_enter()) {
        atomic_store(&is_inside, true);
        if (atomic_load(&is_taken_down))
            _exit(9);
        (void)sched_yield();
        atomic_store(&is_inside, false);
        impact_door_leave();
    }
    return NULL;
}

static void end_beside_a_busy_thread(void)
{
    CHECK(atexit(take_down) == 0 && !impact_door_watch());
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    start(go_in_and_out);
    (void)pthread_barrier_wait(&barrier);
}

TEST(a_library_is_taken_down_when_nobody_is_in_it_a_hundred_times)
{
    for (int i = 0; i < 100; i++)
        CHECK_EQUAL(end_of(end_beside_a_busy_thread), 0);
}

static void *go_in_and_stay(void *unused)
{
    (void)unused;
    CHECK(impact_door_enter());
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier); /* where it is to stay, nobody comes */
    return NULL;
}

static void end_beside_a_thread_that_stays(void)
{
    CHECK(!impact_door_watch() && pthread_barrier_init(&barrier, NULL, 2) == 0);
    start(go_in_and_stay);
    (void)pthread_barrier_wait(&barrier);
}

TEST(the_end_waits_five_seconds_at_most)
{
    const uint64_t began = impact__clock_monotonic_ns();
    CHECK_EQUAL(end_of(end_beside_a_thread_that_stays), 0);
    const uint64_t took = impact__clock_monotonic_ns() - began;
    CHECK(took >= 5 * IMPACT__NS_PER_SEC && took < 15 * IMPACT__NS_PER_SEC);
}

static void fork_beside_a_thread_that_stays(void)
{
    end_beside_a_thread_that_stays();
    const pid_t child = fork();
    if (child == 0)
        exit(0);
    const uint64_t began = impact__clock_monotonic_ns();
    int status = -1;
    (void)waitpid(child, &status, 0);
    if (status != 0 || impact__clock_monotonic_ns() - began >= 4 * IMPACT__NS_PER_SEC)
        _exit(9);
}

TEST(a_forked_child_does_not_wait_for_its_parents_threads)
{
    CHECK_EQUAL(end_of(fork_beside_a_thread_that_stays), 0);
}

/* ---- the door and threads that end ---- */

static pthread_key_t key_of_a_library;

/* What a library does with a thread's state when the thread ends. */
static void free_state_of_thread(void *unused)
{
    (void)unused;
    atomic_store(&is_inside, true);
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 1000 && !atomic_load(&is_taken_down); i++)
        (void)sched_yield();
    if (atomic_load(&is_taken_down))
        _exit(9);
    atomic_store(&is_inside, false);
}

static void *use_the_library_and_end(void *unused)
{
    (void)unused;
    CHECK(pthread_setspecific(key_of_a_library, &barrier) == 0);
    return impact__door_end_thread();
}

static void end_while_a_thread_ends(void)
{
    CHECK(pthread_key_create(&key_of_a_library, free_state_of_thread) == 0);
    CHECK(atexit(take_down) == 0 && !impact_door_watch());
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    start(use_the_library_and_end);
    (void)pthread_barrier_wait(&barrier);
}

TEST(a_library_is_taken_down_when_the_state_of_threads_that_ended_is_freed)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(end_of(end_while_a_thread_ends), 0);
}

/* The key of the door is older than the library's then. */
static void end_while_a_second_thread_ends(void)
{
    pthread_t first;
    CHECK(pthread_create(&first, NULL, use_the_library_and_end, NULL) == 0);
    (void)pthread_join(first, NULL);
    end_while_a_thread_ends();
}

static void do_nothing(void *unused)
{
    (void)unused;
}

TEST(the_state_of_a_thread_is_freed_before_the_door_is_left_whichever_key_is_older)
{
    REQUIRE(pthread_key_create(&key_of_a_library, do_nothing) == 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(end_of(end_while_a_second_thread_ends), 0);
}

static void *end_when_all_is_taken_down(void *unused)
{
    CHECK(pthread_setspecific(key_of_a_library, &barrier) == 0);
    while (!atomic_load(&is_taken_down))
        (void)sched_yield();
    (void)unused;
    return impact__door_end_thread();
}

static void fail(void *unused)
{
    (void)unused;
    _exit(9);
}

static void let_others_run(void)
{
    for (int i = 0; i < 1000; i++)
        (void)sched_yield();
}

static void end_before_a_thread_does(void)
{
    CHECK(pthread_key_create(&key_of_a_library, fail) == 0);
    CHECK(atexit(let_others_run) == 0 && atexit(take_down) == 0 && !impact_door_watch());
    start(end_when_all_is_taken_down);
}

TEST(a_thread_that_ends_after_that_does_not_touch_the_library)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(end_of(end_before_a_thread_does), 0);
}

/* ---- the door and forks ---- */

static pthread_mutex_t lock_of_a_library = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_enough;

static void *lock_and_unlock(void *unused)
{
    (void)pthread_barrier_wait(&barrier);
    while (!atomic_load(&is_enough) && impact_door_enter()) {
        (void)pthread_mutex_lock(&lock_of_a_library);
        (void)sched_yield();
        (void)pthread_mutex_unlock(&lock_of_a_library);
        impact_door_leave();
    }
    return unused;
}

TEST(a_lock_that_is_taken_inside_is_free_in_a_hundred_children)
{
    pthread_t thread;
    REQUIRE(!impact_door_watch() && pthread_barrier_init(&barrier, NULL, 2) == 0);
    REQUIRE(pthread_create(&thread, NULL, lock_and_unlock, NULL) == 0);
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(impact_door_enter() && pthread_mutex_trylock(&lock_of_a_library) == 0 ? 0 : 9);
        int status = -1;
        (void)waitpid(child, &status, 0);
        CHECK_EQUAL(status, 0);
    }
    atomic_store(&is_enough, true);
    (void)pthread_join(thread, NULL);
}

TEST(a_fork_waits_a_second_at_most)
{
    REQUIRE(!impact_door_watch() && pthread_barrier_init(&barrier, NULL, 2) == 0);
    start(go_in_and_stay);
    (void)pthread_barrier_wait(&barrier);
    const uint64_t began = impact__clock_monotonic_ns();
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    const uint64_t took = impact__clock_monotonic_ns() - began;
    CHECK(took >= IMPACT__NS_PER_SEC && took < 5 * IMPACT__NS_PER_SEC);
    (void)waitpid(child, NULL, 0);
    (void)pthread_barrier_wait(&barrier);
}

TEST(a_door_that_is_shut_stays_so_over_a_fork)
{
    REQUIRE(!impact_door_watch());
    impact__door_shut();
    const pid_t child = fork();
    if (child == 0)
        _exit(impact_door_enter() ? 9 : 0);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK(!impact_door_enter());
}

TEST(without_a_watch_the_door_is_open)
{
    REQUIRE(impact_door_enter());
    impact_door_leave();
}
