/* The process's own provider: before init, init twice, shutdown, and what comes after. */
#include "trace/default.h"

#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/tracing.h"

static tracing t;
static impact_trace_stats stats;

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

TEST(null_stats_are_not_written)
{
    impact_trace_get_stats(NULL);
    impact_tracer_provider_get_stats(NULL, NULL);
    REQUIRE(open_default());
    impact_trace_get_stats(NULL);
    CHECK_EQUAL(impact_trace_shutdown(0), IMPACT_OK);
}
