/* The check that the process's own spans arrive. */
#include <impact/checks.h>

#include <impact/span.h>

#include "support/fake_exporter.h"
#include "support/probing.h"
#include "support/tracing.h"

static fake_exporter fake;

static impact_tracer_provider *open_provider(void)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    impact_tracer_provider *provider = NULL;
    CHECK_EQUAL(impact_tracer_provider_open(
                    &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                                    .schedule_delay_ms = 3600000)),
                IMPACT_OK);
    return provider;
}

static void close_provider(impact_tracer_provider *provider)
{
    (void)stats_of(provider); /* checks the equation */
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    impact_tracer_provider_close(provider);
}

static void add(impact_tracer_provider *provider)
{
    CHECK_EQUAL(
        impact_health_add_telemetry(
            probing_registry(),
            IMPACT_CHECK_TELEMETRY(.name = probing_name, .provider = provider, .warn_percent = 10,
                                   .fail_percent = 60, .timeout_ms = probing_patience_ms)),
        IMPACT_OK);
}

/* The exporter's answer is `answer`. */
static void export_spans(impact_tracer_provider *provider, int count, impact_status answer)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    fake.answer = answer;
    for (int i = 0; i < count; i++)
        impact_span_end(impact_span_start(tracer, "a", NULL));
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), answer);
}

TEST(spans_that_arrive_hold_and_those_that_are_lost_do_not)
{
    impact_tracer_provider *provider = open_provider();
    REQUIRE(provider);
    export_spans(provider, 5, IMPACT_EEXPORT); /* before the check was there */
    add(provider);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    export_spans(provider, 3, IMPACT_OK);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    export_spans(provider, 3, IMPACT_OK);
    export_spans(provider, 3, IMPACT_EEXPORT);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_WARN);
    export_spans(provider, 3, IMPACT_EEXPORT);
    check_fails(probing_again(), "100.0 % of the last 3 spans were lost");
    check_observed(probing_again(), "%", 0, 0); /* nothing more was lost */
    probing_end();
    close_provider(provider);
}

static void read_two(void *userdata, impact_trace_stats *stats)
{
    const int *lost = userdata;
    stats->exported += 10;
    stats->failed += (uint64_t)*lost;
}

TEST(the_counters_of_several_providers_are_read_by_who_knows_them)
{
    int lost = 5; /* before the check was there */
    CHECK_EQUAL(impact_health_add_telemetry(
                    probing_registry(),
                    IMPACT_CHECK_TELEMETRY(.name = probing_name, .fail_percent = 1,
                                           .reader = {.read = read_two, .userdata = &lost},
                                           .timeout_ms = probing_patience_ms)),
                IMPACT_OK);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    lost = 7;
    check_fails(probing_again(), "100.0 % of the last 2 spans were lost");
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    probing_end();
}

TEST(without_a_provider_nothing_is_lost)
{
    add(NULL);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    probing_end();
}
