/* The check that the process's own spans arrive. */
#include <impact/checks.h>

#include <impact/span.h>

#include "support/fake_clock.h"
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
    check_observed(probing_again(), "%", 33, 34); /* of nine, all of this minute */
    export_spans(provider, 21, IMPACT_EEXPORT);
    check_fails(probing_again(), "80.0 % of the last 30 spans were lost");
    probing_end();
    close_provider(provider);
}

/* Counters of whatever the test says; they begin at 0. */
typedef struct counters {
    uint64_t exported;
    uint64_t lost;
} counters;

static void read_counters(void *userdata, impact_trace_stats *stats)
{
    const counters *now = userdata;
    stats->exported += now->exported;
    stats->failed += now->lost;
}

TEST(the_counters_of_several_providers_are_read_by_who_knows_them)
{
    counters now = {.exported = 10, .lost = 5}; /* before the check was there */
    CHECK_EQUAL(impact_health_add_telemetry(
                    probing_registry(),
                    IMPACT_CHECK_TELEMETRY(.name = probing_name, .fail_percent = 1,
                                           .reader = {.read = read_counters, .userdata = &now},
                                           .timeout_ms = probing_patience_ms)),
                IMPACT_OK);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    now.lost = 7;
    check_fails(probing_again(), "100.0 % of the last 2 spans were lost");
    probing_end();
}

/* ---- the last minute, by a clock that the test moves ---- */

static impact_health *open_moved(counters *now)
{
    impact_health *health = NULL;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.workers = IMPACT_HEALTH_NO_THREADS)),
        IMPACT_OK);
    CHECK_EQUAL(impact_health_add_telemetry(
                    health, IMPACT_CHECK_TELEMETRY(.name = "spans", .warn_percent = 10,
                                                   .reader = {read_counters, now})),
                IMPACT_OK);
    return health;
}

/* Percent that were lost, and the same by its status. */
static double percent_lost(impact_health *health)
{
    impact_health_ticket *ticket = NULL;
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    CHECK_EQUAL(impact_health_begin(&ticket, health, impact_text_of("spans")), IMPACT_OK);
    (void)impact_health_pump(health);
    CHECK_EQUAL(impact_health_finish(ticket, &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK_EQUAL(result.status,
                result.observed_value >= 10 ? IMPACT_HEALTH_WARN : IMPACT_HEALTH_PASS);
    const double percent = result.observed_value;
    impact_health_report_close(report);
    return percent;
}

TEST(a_loss_is_told_for_a_minute_however_often_somebody_asks)
{
    counters now = {.exported = 100, .lost = 50};
    impact_health *health = open_moved(&now);
    CHECK(percent_lost(health) == 0);
    now = (counters){.exported = 150, .lost = 100};
    for (int second = 0; second < 60; second++) { /* it is told from the first second on */
        CHECK(percent_lost(health) == 50);
        fake_clock_advance_ms(1000);
    }
    fake_clock_advance_ms(5000);
    CHECK(percent_lost(health) == 0);
    CHECK_EQUAL(impact_health_close(health, probing_patience_ms), 0);
}

TEST(what_was_lost_before_the_last_minute_is_forgotten_bit_by_bit)
{
    counters now = {.lost = 0};
    impact_health *health = open_moved(&now);
    for (int i = 0; i < 40; i++) { /* five seconds each: the first half loses */
        now.exported += 5;
        now.lost += i < 20 ? 5 : 0;
        fake_clock_advance_ms(5000);
        (void)percent_lost(health);
    }
    CHECK(percent_lost(health) == 0);
    now.lost += 10; /* of sixty that arrived within a minute */
    CHECK(percent_lost(health) > 14 && percent_lost(health) < 15);
    CHECK_EQUAL(impact_health_close(health, probing_patience_ms), 0);
}

TEST(who_asks_seldom_hears_of_all_since_the_last_time)
{
    counters now = {.lost = 0};
    impact_health *health = open_moved(&now);
    CHECK(percent_lost(health) == 0);
    now = (counters){.exported = 10, .lost = 10};
    fake_clock_advance_ms(3600000);
    CHECK(percent_lost(health) == 50);
    fake_clock_advance_ms(60000);
    CHECK(percent_lost(health) == 0);
    CHECK_EQUAL(impact_health_close(health, probing_patience_ms), 0);
}

TEST(counters_that_went_back_begin_at_zero)
{
    counters now = {.exported = 1000, .lost = 1000};
    impact_health *health = open_moved(&now);
    fake_clock_advance_ms(1000);
    now = (counters){.exported = 30, .lost = 10}; /* of another provider */
    CHECK(percent_lost(health) == 25);
    fake_clock_advance_ms(66000);
    CHECK(percent_lost(health) == 25); /* the first look a minute later still has them */
    fake_clock_advance_ms(61000);
    CHECK(percent_lost(health) == 0);
    CHECK_EQUAL(impact_health_close(health, probing_patience_ms), 0);
}

TEST(without_a_provider_nothing_is_lost)
{
    add(NULL);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_PASS);
    probing_end();
}
