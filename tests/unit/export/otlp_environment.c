/* The OTEL_EXPORTER_OTLP_* variables: which wins, what is refused, and that refusals are told. */
#include "export/otlp/otlp_environment.h"

#include <stdlib.h>

#include <impact/diagnostics.h>

#include "support/check.h"
#include "support/faults.h"

static int reports;
static char last_report[512];

static void count_report(impact_severity severity, const char *message, uint64_t suppressed,
                         void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    reports++;
    (void)snprintf(last_report, sizeof last_report, "%s", message);
}

static otlp__settings read_settings(void)
{
    otlp__settings settings = {.allocator = NULL};
    impact_diagnostics_set_callback(count_report, NULL);
    CHECK_EQUAL(otlp__settings_open(&settings, NULL), IMPACT_OK);
    return settings;
}

static void set(const char *name, const char *value)
{
    char whole[128];
    (void)snprintf(whole, sizeof whole, "OTEL_EXPORTER_OTLP_%s", name);
    (void)setenv(whole, value, 1);
}

static void check_url(const char *should)
{
    otlp__settings settings = read_settings();
    CHECK_STRING(settings.url, should);
    otlp__settings_close(&settings);
}

TEST(nothing_set_means_the_specification_s_defaults)
{
    otlp__settings settings = read_settings();
    CHECK_STRING(settings.url, "http://localhost:4318/v1/traces");
    CHECK_EQUAL(settings.timeout_ms, 10000);
    CHECK_EQUAL(settings.header_count, 0);
    CHECK(!settings.certificate);
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(a_base_endpoint_gets_the_path_of_the_signal)
{
    set("ENDPOINT", "http://a:1");
    check_url("http://a:1/v1/traces");
    set("ENDPOINT", "HTTPS://a:1/");
    check_url("HTTPS://a:1/v1/traces");
    set("ENDPOINT", "http://a/b//");
    check_url("http://a/b//v1/traces");
    set("ENDPOINT", "http://a/b?key=1#part");
    check_url("http://a/b/v1/traces?key=1");
    set("ENDPOINT", "");
    check_url("http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 0);
}

TEST(an_endpoint_for_traces_wins_and_is_used_as_it_is)
{
    set("ENDPOINT", "http://a:1");
    set("TRACES_ENDPOINT", "http://b:2");
    check_url("http://b:2");
    set("TRACES_ENDPOINT", "http://b:2/in/");
    check_url("http://b:2/in/");
}

TEST(an_endpoint_that_is_no_http_url_is_reported_and_ignored)
{
    set("TRACES_ENDPOINT", "ftp://b:2");
    check_url("http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 1);
    CHECK(check_contains(last_report, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"));
    set("TRACES_ENDPOINT", "");
    set("ENDPOINT", "http://");
    check_url("http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 2);
    set("ENDPOINT", "http://a b");
    check_url("http://localhost:4318/v1/traces");
}

TEST(headers_are_percent_decoded)
{
    set("HEADERS", " api-key = abc%20d ,, x=%C3%A9,Authorization=Basic a=b=");
    otlp__settings settings = read_settings();
    REQUIRE(settings.header_count == 3);
    CHECK_STRING(settings.headers[0], "api-key: abc d");
    CHECK_STRING(settings.headers[1], "x: \xC3\xA9");
    CHECK_STRING(settings.headers[2], "Authorization: Basic a=b=");
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(headers_for_traces_win)
{
    set("HEADERS", "a=1");
    set("TRACES_HEADERS", "b=2");
    otlp__settings settings = read_settings();
    REQUIRE(settings.header_count == 1);
    CHECK_STRING(settings.headers[0], "b: 2");
    otlp__settings_close(&settings);
}

TEST(a_header_cannot_begin_another_one)
{
    set("HEADERS", "a=1%0d%0aevil: 2,b c=1,=1,d,e=%zz,f=%00,g=,good=1");
    otlp__settings settings = read_settings();
    REQUIRE(settings.header_count == 1);
    CHECK_STRING(settings.headers[0], "good: 1");
    CHECK_EQUAL(reports, 1); /* the others are suppressed: one cause, one minute */
    CHECK(!check_contains(last_report, "evil"));
    otlp__settings_close(&settings);
}

TEST(headers_beyond_the_limit_are_left_out)
{
    static char many[80 * 16];
    for (int i = 0; i < 80; i++)
        (void)snprintf(many + strlen(many), 16, "h%d=1,", i);
    set("HEADERS", many);
    otlp__settings settings = read_settings();
    CHECK_EQUAL(settings.header_count, OTLP__HEADER_LIMIT);
    CHECK_EQUAL(reports, 1);
    otlp__settings_close(&settings);
}

TEST(timeout_and_certificate_are_read)
{
    set("TIMEOUT", "250");
    set("CERTIFICATE", "/ca.pem");
    otlp__settings settings = read_settings();
    CHECK_EQUAL(settings.timeout_ms, 250);
    CHECK_STRING(settings.certificate, "/ca.pem");
    otlp__settings_close(&settings);
    set("TRACES_TIMEOUT", "0");
    set("TRACES_CERTIFICATE", "/other.pem");
    settings = read_settings();
    CHECK_EQUAL(settings.timeout_ms, 0);
    CHECK_STRING(settings.certificate, "/other.pem");
    otlp__settings_close(&settings);
    CHECK_EQUAL(reports, 0);
    set("TRACES_TIMEOUT", "10s");
    settings = read_settings();
    CHECK_EQUAL(settings.timeout_ms, 10000);
    CHECK_EQUAL(reports, 1);
    otlp__settings_close(&settings);
}

TEST(what_is_not_supported_is_told)
{
    set("PROTOCOL", "http/protobuf");
    set("COMPRESSION", "none");
    otlp__settings settings = read_settings();
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
    set("PROTOCOL", "grpc");
    set("TRACES_COMPRESSION", "gzip");
    settings = read_settings();
    CHECK_EQUAL(reports, 2);
    otlp__settings_close(&settings);
}

TEST(settings_survive_any_failed_allocation)
{
    set("HEADERS", "a=1,b=2");
    set("CERTIFICATE", "/ca.pem");
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        otlp__settings settings = {.timeout_ms = 42};
        const impact_status status = otlp__settings_open(&settings, &f.allocator);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        if (status)
            CHECK_EQUAL(settings.timeout_ms, 42);
        else
            otlp__settings_close(&settings);
    }
}
