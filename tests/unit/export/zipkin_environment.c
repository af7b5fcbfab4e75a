/* The OTEL_EXPORTER_ZIPKIN_* variables: what they say, and what is refused. */
#include "export/zipkin/zipkin_environment.h"

#include <stdlib.h>

#include <impact/diagnostics.h>

#include "support/check.h"
#include "support/faults.h"

static int reports;

static void count_report(impact_severity severity, const char *message, uint64_t suppressed,
                         void *userdata)
{
    (void)severity, (void)message, (void)suppressed, (void)userdata;
    reports++;
}

static void check_settings(const char *url, uint32_t timeout_ms)
{
    otlp__settings settings = {.allocator = NULL};
    impact_diagnostics_set_callback(count_report, NULL);
    REQUIRE(zipkin__settings_open(&settings, NULL) == IMPACT_OK);
    CHECK_STRING(settings.endpoint.url, url);
    CHECK_EQUAL(settings.timeout_ms, timeout_ms);
    CHECK(settings.protocol == OTLP__ZIPKIN && !settings.has_gzip && !settings.certificate);
    CHECK_EQUAL(settings.headers.count, 0);
    otlp__settings_close(&settings);
}

TEST(nothing_set_means_the_specification_s_defaults)
{
    check_settings("http://localhost:9411/api/v2/spans", 10000);
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere", 1);
    (void)setenv("OTEL_EXPORTER_OTLP_HEADERS", "token=secret", 1);
    check_settings("http://localhost:9411/api/v2/spans", 10000);
    CHECK_EQUAL(reports, 0);
}

TEST(endpoint_and_timeout_are_read_as_they_are)
{
    (void)setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", " https://a:1/b?key=1\n", 1);
    (void)setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "0", 1);
    check_settings("https://a:1/b?key=1", 0);
    CHECK_EQUAL(reports, 0);
}

TEST(a_timeout_that_is_none_leaves_the_default_and_is_told)
{
    (void)setenv("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "soon", 1);
    check_settings("http://localhost:9411/api/v2/spans", 10000);
    CHECK_EQUAL(reports, 1);
}

static void check_refused(const char *endpoint)
{
    otlp__settings settings = {.allocator = NULL, .timeout_ms = 7};
    reports = 0;
    impact_diagnostics_set_callback(NULL, NULL);
    impact_diagnostics_set_callback(count_report, NULL);
    (void)setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", endpoint, 1);
    CHECK_EQUAL(zipkin__settings_open(&settings, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(settings.timeout_ms, 7);
}

TEST(after_a_bad_endpoint_nothing_is_sent_elsewhere_and_it_is_told)
{
    check_refused("nonsense");
    CHECK_EQUAL(reports, 1);
    check_refused("unix:/run/zipkin.sock");
    check_refused("ftp://a");
}

TEST(settings_survive_any_failed_allocation)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        otlp__settings settings = {.timeout_ms = 42};
        const impact_status status = zipkin__settings_open(&settings, &f.allocator);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        if (status)
            CHECK_EQUAL(settings.timeout_ms, 42);
        else
            otlp__settings_close(&settings);
    }
}
