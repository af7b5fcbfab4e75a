/* When a default may be freed: what threads tell of themselves, to their very end and over
 * forks. */
#include "trace/grace.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/barrier.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/faults.h"
#include "support/tracing.h"

enum { hold = 3, patience_s = 20 };

static atomic_bool is_over;
static pthread_barrier_t gate;

/* ---- the sum ---- */

/* As a thread does while processors are shown the ending of its span. */
static void *hold_for_short(void *argument)
{
    impact__grace_span_started(hold);
    (void)pthread_barrier_wait(&gate);
    while (!atomic_load(&is_over)) {
        impact__grace_span_started(hold);
        impact__grace_span_ended(hold);
    }
    impact__grace_span_ended(hold);
    return argument;
}

TEST(a_hold_with_a_span_alive_is_never_free_whatever_else_starts_and_ends)
{
    pthread_t thread;
    (void)pthread_barrier_init(&gate, NULL, 2);
    CHECK(impact__grace_is_free(hold));
    REQUIRE(pthread_create(&thread, NULL, hold_for_short, NULL) == 0);
    (void)pthread_barrier_wait(&gate);
    bool is_free = false;
    for (int i = 0; i < 2000000 && !is_free; i++)
        is_free = impact__grace_is_free(hold);
    CHECK(!is_free);
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
    CHECK(impact__grace_is_free(hold));
}

/* ---- the last of a thread ---- */

static pthread_key_t key;
static atomic_int rounds;

/* Comes again in each round that there is; spans are used in the last one only. */
static void use_spans_in_the_last_round(void *value)
{
    const intptr_t round = (intptr_t)value;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        (void)pthread_setspecific(key, (void *)(round + 1));
        return;
    }
    atomic_fetch_add(&rounds, 1);
    impact_span_end(impact_span_start(NULL, "last words", NULL));
}

static void *end_late(void *argument)
{
    CHECK(pthread_setspecific(key, (void *)(intptr_t)1) == 0);
    return argument;
}

static void *end_one(void *argument)
{
    impact_span_end(impact_span_start(NULL, "a", NULL));
    return argument;
}

static void run(void *(*what)(void *))
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, what, NULL) == 0);
    (void)pthread_join(thread, NULL);
}

static bool sanitizer_lives_as_long(void)
{
#if defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

static faults counting;

static bool open_default(void)
{
    static fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    return !impact_trace_init(IMPACT_TRACE_OPTIONS(.allocator = &counting.allocator,
                                                   .exporters = &exporter, .exporter_count = 1));
}

TEST(a_thread_that_uses_spans_when_its_last_destructors_run_leaves_nothing_that_is_looked_for)
{
    if (!sanitizer_lives_as_long())
        check_skip("the sanitizer does not know a thread any more by then");
    (void)alarm(patience_s); /* a list that goes in a circle has no end */
    faults_open(&counting);
    REQUIRE(open_default());
    run(end_one); /* first: destructors of a round are called in the order of their keys */
    REQUIRE(pthread_key_create(&key, use_spans_in_the_last_round) == 0);
    for (int i = 0; i < 5; i++) {
        run(end_late);
        run(end_one); /* on the stack of the one before it, most likely */
    }
    CHECK_EQUAL(atomic_load(&rounds), 5);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    impact_trace_stats stats = {.size = sizeof stats};
    impact_trace_get_stats(&stats);
    CHECK_EQUAL(stats.ended, 11);
    check_equation(&stats);
    CHECK_EQUAL(atomic_load(&counting.live), 0); /* it was freed */
}

/* As one that is cancelled in there. */
static void *end_in_a_section(void *argument)
{
    (void)impact__grace_enter();
    pthread_exit(argument);
}

TEST(a_thread_that_ends_within_a_section_is_not_waited_for_and_the_next_is_in_none)
{
    if (!impact__barrier_open())
        check_skip("the kernel has no barrier on all threads");
    run(end_in_a_section);
    CHECK(impact__grace_has_passed());
    impact__grace_thread *section = impact__grace_enter(); /* what it had is this thread's now */
    CHECK(section && !impact__grace_has_passed());
    impact__grace_leave(section);
    CHECK(impact__grace_has_passed());
}

/* ---- forks ---- */

static void *stay_in_a_section(void *argument)
{
    impact__grace_thread *section = impact__grace_enter();
    (void)pthread_barrier_wait(&gate);
    (void)pthread_barrier_wait(&gate);
    impact__grace_leave(section);
    return argument;
}

TEST(in_a_child_nobody_is_in_a_section_who_is_not_there_whoever_owns_the_providers)
{
    pthread_t thread;
    int status = -1;
    check_skip_forks_of_threads();
    if (!impact__barrier_open())
        check_skip("the kernel has no barrier on all threads");
    (void)pthread_barrier_init(&gate, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, stay_in_a_section, NULL) == 0);
    (void)pthread_barrier_wait(&gate);
    CHECK(!impact__grace_has_passed());
    const pid_t child = fork();
    if (child == 0)
        _exit(impact__grace_has_passed() ? 0 : 1);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    (void)pthread_barrier_wait(&gate);
    (void)pthread_join(thread, NULL);
    CHECK(impact__grace_has_passed());
}

static void *start_and_stay(void *argument)
{
    impact__grace_span_started(hold);
    return stay_in_a_section(argument);
}

TEST(a_span_that_a_thread_of_the_parent_began_is_alive_in_the_child_until_it_ends_there)
{
    pthread_t thread;
    int status = -1;
    check_skip_forks_of_threads();
    (void)pthread_barrier_init(&gate, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, start_and_stay, NULL) == 0);
    (void)pthread_barrier_wait(&gate);
    const pid_t child = fork();
    if (child == 0) {
        const bool was_alive = !impact__grace_is_free(hold);
        impact__grace_span_ended(hold);
        _exit(was_alive && impact__grace_is_free(hold) ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    (void)pthread_barrier_wait(&gate);
    (void)pthread_join(thread, NULL);
}
