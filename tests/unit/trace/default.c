/* The process's own provider: before init, init twice, shutdown, and what comes after. */
#include "trace/default.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/tracing.h"

static tracing t;
static impact_trace_stats stats = {.size = sizeof stats};

static bool open_default(void)
{
    return tracing_open(&t, NULL) && impact__trace_set_default(t.provider) == IMPACT_OK;
}

static void check_stats(uint64_t ended)
{
    impact_trace_get_stats(&stats);
    check_equation(&stats);
    CHECK_EQUAL(stats.ended, ended);
}

TEST(without_a_provider_there_are_no_spans_and_nothing_to_wait_for)
{
    CHECK(impact_span_start(NULL, "a", NULL) == NULL);
    CHECK(impact_span_start(impact_tracer_get("a", NULL), "a", NULL) == NULL);
    CHECK_EQUAL(impact_trace_flush(1000), IMPACT_OK);
    CHECK_EQUAL(impact_trace_shutdown(1000), IMPACT_OK);
    memset(&stats, 0xA5, sizeof stats);
    stats.size = sizeof stats;
    check_stats(0);
}

TEST(a_tracer_asked_for_before_init_serves_after_it)
{
    impact_tracer *early = impact_tracer_get("early", "1");
    REQUIRE(early && open_default());
    impact_span_end(impact_span_start(early, "a", NULL));
    impact_span_end(impact_span_start(NULL, "b", NULL));
    CHECK_EQUAL(tracing_count(&t), 2);
    check_stats(2);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    check_stats(2);
}

TEST(there_is_one_default_at_a_time)
{
    REQUIRE(open_default());
    tracing other;
    REQUIRE(tracing_open(&other, NULL));
    CHECK_EQUAL(impact__trace_set_default(other.provider), IMPACT_EEXIST);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(impact__trace_set_default(other.provider), IMPACT_OK);
    impact_span_end(impact_span_start(NULL, "b", NULL));
    CHECK_EQUAL(tracing_count(&other), 1);
    check_stats(1);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK); /* there is none */
}

TEST(a_span_that_outlives_the_shutdown_is_counted)
{
    REQUIRE(open_default());
    impact_span *late = impact_span_start(NULL, "late", NULL);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK(impact_span_start(NULL, "later", NULL) == NULL);
    impact_span_set(late, impact_int("a", 1));
    impact_span_end(late);
    check_stats(1);
    CHECK_EQUAL(stats.dropped_closed, 1);
}

static bool open_fake(fake_exporter *fake)
{
    impact_exporter *exporter = fake_exporter_open(fake);
    impact_tracer_provider *provider = NULL;
    return !impact_tracer_provider_open(
               &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)) &&
           !impact__trace_set_default(provider);
}

TEST(shutdown_closes_the_exporters)
{
    fake_exporter fake;
    REQUIRE(open_fake(&fake));
    impact_span_end(impact_span_start(NULL, "a", NULL));
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK(fake.is_closed);
    CHECK_EQUAL(fake.spans, 1);
    REQUIRE(open_fake(&fake)); /* and where nothing was ever exported */
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK(fake.is_closed);
    check_stats(0);
}

TEST(an_exporter_that_hangs_is_closed_when_it_returns)
{
    static fake_exporter fake;
    REQUIRE(open_fake(&fake));
    fake_set_hangs(&fake, true);
    impact_span_end(impact_span_start(NULL, "a", NULL));
    (void)impact_trace_flush(0);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
    CHECK_EQUAL(impact_trace_shutdown(10), IMPACT_ETIMEDOUT);
    CHECK(fake_is(&fake, &fake.is_interrupted));
    CHECK(!fake_is(&fake, &fake.is_closed));
    check_stats(1);
    CHECK_EQUAL(stats.in_flight, 1);
    fake_set_hangs(&fake, false);
    CHECK(fake_wait(&fake, &fake.is_closed, NULL, 0));
    check_stats(1);
    CHECK_EQUAL(stats.failed, 1);
}

TEST(the_latest_of_many_defaults_tells_its_counters)
{
    for (int i = 1; i <= 70; i++) {
        REQUIRE(open_default());
        for (int j = 0; j < i; j++)
            impact_span_end(impact_span_start(NULL, "a", NULL));
        CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
        check_stats((uint64_t)i);
        CHECK_EQUAL(stats.exported, i);
    }
}

/* ---- freed ---- */

static faults counting;

/* A provider whose memory is counted, as the default. */
static bool open_counted(fake_exporter *fake)
{
    impact_exporter *exporter = fake_exporter_open(fake);
    impact_tracer_provider *provider = NULL;
    const impact_trace_options *options =
        IMPACT_TRACE_OPTIONS(.allocator = &counting.allocator, .exporters = &exporter,
                             .exporter_count = 1);
    return !impact_tracer_provider_open(&provider, options) && !impact__trace_set_default(provider);
}

TEST(a_default_is_freed_when_it_is_shut_down_and_no_thread_can_use_it)
{
    fake_exporter fake;
    faults_open(&counting);
    for (int i = 1; i <= 1000; i++) {
        REQUIRE(open_counted(&fake));
        CHECK(atomic_load(&counting.live) > 0);
        for (int j = 0; j < 3; j++)
            impact_span_end(impact_span_start(NULL, "a", NULL));
        CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(atomic_load(&counting.live), 0);
        CHECK(fake.is_closed);
        check_stats(3);
        CHECK_EQUAL(stats.exported, 3);
    }
    impact_trace_stats of_exporter = {.size = sizeof of_exporter};
    CHECK_EQUAL(impact_trace_get_exporter_stats(0, &of_exporter), IMPACT_OK);
    CHECK_STRING(of_exporter.exporter, "fake");
    CHECK_EQUAL(of_exporter.exported, 3);
    CHECK_EQUAL(impact_trace_get_exporter_stats(1, &of_exporter), IMPACT_ENOENT);
    CHECK_EQUAL(impact_trace_get_exporter_stats(0, NULL), IMPACT_EINVAL);
}

TEST(a_span_that_is_alive_keeps_its_default_alive)
{
    fake_exporter fake;
    faults_open(&counting);
    for (int i = 0; i < 20; i++) {
        REQUIRE(open_counted(&fake));
        impact_span *late = impact_span_start(NULL, "late", NULL);
        CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
        CHECK(fake.is_closed);
        CHECK(atomic_load(&counting.live) > 0);
        impact_span_set(late, impact_int("a", 1));
        impact_span_end(late);
        check_stats(1);
        CHECK_EQUAL(stats.dropped_closed, 1);
        CHECK_EQUAL(atomic_load(&counting.live), 0); /* it was looked at again just now */
        check_stats(1);
    }
}

/* Its worker is not there: all of it is memory. */
static void live_as_child(impact_span *span)
{
    (void)alarm(20);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK(atomic_load(&counting.live) > 0);
    impact_span_end(span);
    check_stats(0);
    CHECK_EQUAL(atomic_load(&counting.live), 0);
    _exit(0);
}

TEST(in_a_child_a_default_is_freed_when_the_spans_from_before_the_fork_have_ended)
{
    fake_exporter fake;
    int status = -1;
    faults_open(&counting);
    REQUIRE(open_counted(&fake));
    impact_span *span = impact_span_start(NULL, "a", NULL);
    const pid_t child = fork();
    if (child == 0)
        live_as_child(span);
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    impact_span_end(span);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    check_stats(1);
}

static void *end_it(void *span)
{
    impact_span_end(span);
    return NULL;
}

TEST(a_span_that_ends_on_another_thread_lets_go_of_its_default)
{
    fake_exporter fake;
    pthread_t thread;
    faults_open(&counting);
    REQUIRE(open_counted(&fake));
    impact_span *span = impact_span_start(NULL, "a", NULL);
    REQUIRE(pthread_create(&thread, NULL, end_it, span) == 0);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&counting.live), 0);
    check_stats(1);
}

static atomic_bool is_over;

static void *start_without_pause(void *argument)
{
    while (!atomic_load(&is_over)) {
        impact_span *span = impact_span_start(NULL, "a", NULL);
        impact_span_set(span, impact_int("a", 1));
        impact_span_end(span);
        (void)impact_tracer_is_enabled(NULL);
    }
    return argument;
}

static void *ask_without_pause(void *argument)
{
    impact_trace_stats seen = {.size = sizeof seen};
    while (!atomic_load(&is_over)) {
        impact_trace_get_stats(&seen);
        check_equation(&seen);
        (void)impact_trace_flush(0);
    }
    return argument;
}

TEST(defaults_come_and_go_amid_threads_that_start_spans)
{
    enum { thread_count = 4 };
    static fake_exporter fakes[2];
    pthread_t threads[thread_count];
    faults_open(&counting);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, i ? start_without_pause : ask_without_pause,
                               NULL) == 0);
    for (int i = 0; i < 100; i++) {
        REQUIRE(open_counted(&fakes[0]));
        (void)sched_yield();
        CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
        CHECK(fakes[0].is_closed);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    impact_trace_get_stats(&stats); /* looks for what can be freed */
    CHECK_EQUAL(atomic_load(&counting.live), 0);
}

TEST(null_stats_are_not_written)
{
    impact_trace_get_stats(NULL);
    impact_tracer_provider_get_stats(NULL, NULL);
    REQUIRE(open_default());
    impact_trace_get_stats(NULL);
    CHECK_EQUAL(impact_trace_shutdown(0), IMPACT_OK);
}
