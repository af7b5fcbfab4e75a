/* The time of spans: never back, inside one another, as the kernel's clock, whatever happens. For
 * longer with IMPACT_SOAK_SECONDS. */
#include "trace/span_clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/thread.h"
#include "support/check.h"
#include "support/fake_clock.h"
#include "support/tracing.h"
#include "trace/live_span.h"

enum { close_ns = 1000, thread_count = 4 };

static uint64_t soak_ns(uint64_t short_ns)
{
    const char *seconds = getenv("IMPACT_SOAK_SECONDS");
    return seconds ? strtoull(seconds, NULL, 10) * IMPACT__NS_PER_SEC : short_ns;
}

/* Between two readings of the kernel's, or as close to them as is promised. */
static bool is_right(impact__span_clock *clock)
{
    const uint64_t before = impact__clock_monotonic_ns();
    const uint64_t now = impact__span_clock_read(clock);
    const uint64_t after = impact__clock_monotonic_ns();
    return now + close_ns >= before && now <= after + close_ns;
}

static atomic_uint wrong_count;
static atomic_uint line_count; /* readings that came from a line */

static void *read_for_long(void *argument)
{
    impact__span_clock clock = {.scale = 0};
    const uint64_t end = impact__clock_monotonic_ns() + *(const uint64_t *)argument;
    uint64_t last = 0;
    while (last < end) {
        const uint64_t now = impact__span_clock_read(&clock);
        const bool is_wrong = now < last || !is_right(&clock);
        atomic_fetch_add_explicit(&wrong_count, is_wrong, memory_order_relaxed);
        atomic_fetch_add_explicit(&line_count, clock.line_ticks != 0, memory_order_relaxed);
        last = now;
    }
    return NULL;
}

TEST(under_load_time_goes_forward_and_is_that_of_the_kernel)
{
    pthread_t threads[thread_count];
    uint64_t ns = soak_ns(300 * IMPACT__NS_PER_MS);
    const bool is_trusted = impact__ticks_look();
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, read_for_long, &ns) == 0);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(atomic_load(&wrong_count), 0);
    CHECK(is_trusted || atomic_load(&line_count) == 0);
}

/* A program that was never stopped between two readings has to have had a line. */
TEST(where_the_ticks_are_trusted_they_are_read)
{
    if (!impact__ticks_look())
        return;
    impact__span_clock clock = {.scale = 0};
    const uint64_t end = impact__clock_monotonic_ns() + 60 * IMPACT__NS_PER_SEC;
    while (!clock.line_ticks && impact__clock_monotonic_ns() < end)
        (void)impact__span_clock_read(&clock);
    CHECK(clock.line_ticks != 0);
}

TEST(a_process_that_was_stopped_has_the_right_time_at_once)
{
    (void)impact__ticks_look();
    impact__span_clock clock = {.scale = 0};
    const uint64_t end = impact__clock_monotonic_ns() + 5 * IMPACT__NS_PER_MS;
    while (impact__span_clock_read(&clock) < end) /* until it has a line */
        ;
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        (void)raise(SIGSTOP);
        _exit(is_right(&clock) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    impact__thread_pause(soak_ns(30 * IMPACT__NS_PER_MS));
    (void)kill(child, SIGCONT);
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_clock_that_the_kernel_sets_back_is_followed)
{
    impact__span_clock clock = {.scale = 0};
    fake_clock_set(100 * IMPACT__NS_PER_SEC);
    CHECK(impact__span_clock_read_system(&clock) == 100 * IMPACT__NS_PER_SEC);
    fake_clock_set(100 * IMPACT__NS_PER_SEC - 500);
    CHECK(impact__span_clock_read_system(&clock) == 100 * IMPACT__NS_PER_SEC); /* stands still */
    fake_clock_set(7 * IMPACT__NS_PER_SEC); /* another time namespace */
    CHECK(impact__span_clock_read_system(&clock) == 7 * IMPACT__NS_PER_SEC);
}

TEST(a_span_in_the_first_second_after_boot_is_not_of_1970)
{
    impact__span_clock clock = {.scale = 0};
    fake_clock_set(500 * IMPACT__NS_PER_MS); /* both clocks: as if wall time began at boot */
    CHECK(impact__span_clock_read(&clock) == 500 * IMPACT__NS_PER_MS);
    CHECK(clock.anchor_looked_ns == 500 * IMPACT__NS_PER_MS); /* taken, not left at zero */
    fake_clock_advance_ms(999);
    (void)impact__span_clock_read(&clock);
    CHECK(clock.anchor_looked_ns == 500 * IMPACT__NS_PER_MS);
    fake_clock_advance_ms(1);
    (void)impact__span_clock_read(&clock);
    CHECK(clock.anchor_looked_ns == 1500 * IMPACT__NS_PER_MS);
}

TEST(the_anchor_is_the_same_for_all_threads_until_the_wall_clock_is_set)
{
    impact__span_clock one = {.scale = 0};
    impact__span_clock other = {.scale = 0};
    (void)impact__span_clock_read(&one);
    for (int i = 0; i < 1000; i++) {
        other.anchor_looked_ns = 0; /* look again */
        other.line_ticks = 0;
        (void)impact__span_clock_read(&other);
        REQUIRE(other.anchor_ns == one.anchor_ns);
    }
    atomic_store(&fake_clock_wall_step_s, 3600);
    other.anchor_looked_ns = 0;
    other.line_ticks = 0;
    (void)impact__span_clock_read(&other);
    const uint64_t step = other.anchor_ns - one.anchor_ns;
    CHECK(step > 3600 * IMPACT__NS_PER_SEC - IMPACT__NS_PER_MS &&
          step < 3600 * IMPACT__NS_PER_SEC + IMPACT__NS_PER_MS);
}

static void set_wall_clock(int64_t step_s)
{
    atomic_store(&fake_clock_wall_step_s, step_s);
    impact__thread_state_get()->clock.anchor_looked_ns = 0; /* as if a second had passed */
    impact__thread_state_get()->clock.line_ticks = 0;
}

TEST(a_wall_clock_that_is_set_bends_no_duration_and_moves_the_next_span)
{
    const bool system[] = {false, true};
    for (int i = 0; i < 2; i++) {
        tracing t;
        impact_span_view view;
        set_wall_clock(0);
        REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.uses_system_clock = system[i])));
        impact_span *span = impact_span_start(t.tracer, "before", NULL);
        set_wall_clock(3600);
        impact_span *next = impact_span_start(t.tracer, "after", NULL);
        REQUIRE(tracing_end(&t, span, &view));
        const uint64_t before = view.start_unix_ns;
        CHECK(view.end_unix_ns - view.start_unix_ns < 60 * IMPACT__NS_PER_SEC);
        REQUIRE(tracing_end(&t, next, &view));
        CHECK(view.start_unix_ns - before >= 3599 * IMPACT__NS_PER_SEC);
        CHECK(view.end_unix_ns - view.start_unix_ns < 60 * IMPACT__NS_PER_SEC);
        tracing_close(&t);
    }
}

TEST(a_child_lies_within_its_parent)
{
    tracing t;
    impact_span_view parent;
    impact_span_view child;
    REQUIRE(tracing_open(&t, NULL));
    const uint64_t end = impact__clock_monotonic_ns() + soak_ns(100 * IMPACT__NS_PER_MS);
    while (impact__clock_monotonic_ns() < end) {
        impact_span *outer = impact_span_start(t.tracer, "outer", NULL);
        REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "inner", NULL), &child));
        REQUIRE(tracing_end(&t, outer, &parent));
        REQUIRE(child.start_unix_ns >= parent.start_unix_ns);
        REQUIRE(child.end_unix_ns <= parent.end_unix_ns);
        REQUIRE(child.end_unix_ns >= child.start_unix_ns);
    }
    tracing_close(&t);
}

TEST(a_program_may_have_the_kernels_clock_alone)
{
    tracing t;
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.uses_system_clock = true)));
    impact_span_end(impact_span_start(t.tracer, "a", NULL));
    CHECK(impact__thread_state_get()->clock.begin.ns == 0);
    CHECK(impact__thread_state_get()->clock.last_ns != 0);
    tracing_close(&t);
}
