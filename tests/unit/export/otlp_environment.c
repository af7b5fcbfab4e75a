/* The OTEL_EXPORTER_OTLP_* variables: which wins, what is refused, and that refusals are told. */
#include "export/otlp/otlp_environment.h"

#include <stdlib.h>

#include <impact/diagnostics.h>

#include "support/abi.h"
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
    CHECK_EQUAL(otlp__settings_open(&settings, NULL, NULL), IMPACT_OK);
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
    CHECK_STRING(settings.endpoint.url, should);
    otlp__settings_close(&settings);
}

TEST(nothing_set_means_the_specification_s_defaults)
{
    otlp__settings settings = read_settings();
    CHECK_STRING(settings.endpoint.url, "http://localhost:4318/v1/traces");
    CHECK_EQUAL(settings.timeout_ms, 10000);
    CHECK_EQUAL(settings.headers.count, 0);
    CHECK(!settings.certificate && !settings.client_certificate && !settings.client_key);
    CHECK_EQUAL(settings.request_limit, 64 * 1024 * 1024);
    CHECK_EQUAL(settings.response_limit, 4 * 1024 * 1024);
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(a_base_endpoint_gets_the_path_of_the_signal)
{
    set("ENDPOINT", "http://a:1");
    check_url("http://a:1/v1/traces");
    set("ENDPOINT", "HTTPS://a:1/");
    check_url("HTTPS://a:1/v1/traces");
    set("ENDPOINT", "http://a/b/");
    check_url("http://a/b/v1/traces");
    set("ENDPOINT", "http://a/b//");
    check_url("http://a/b//v1/traces");
    set("ENDPOINT", "http://a?key=1");
    check_url("http://a/v1/traces?key=1");
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

static void check_no_url(void)
{
    otlp__settings settings = {.timeout_ms = 42};
    const int before = reports;
    impact_diagnostics_set_callback(count_report, NULL);
    CHECK_EQUAL(otlp__settings_open(&settings, NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(settings.timeout_ms, 42);
    CHECK(reports == before + 1 || reports == 2); /* one a variable and minute */
}

TEST(after_a_bad_endpoint_nothing_is_sent_elsewhere)
{
    static const char *const bad[] = {"ftp://b:2",     "http://",   "http://a b", "localhost:4318",
                                      "https:///path", "http://?a", "http://#a",  "http:/a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set("ENDPOINT", bad[i]);
        set("TRACES_ENDPOINT", "");
        check_no_url();
        set("ENDPOINT", "http://other:4318");
        set("TRACES_ENDPOINT", bad[i]);
        check_no_url();
    }
    CHECK_EQUAL(reports, 2);
    CHECK(check_contains(last_report, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=... is not used"));
}

/* A password may stand in it. */
TEST(a_bad_endpoint_is_not_repeated)
{
    set("ENDPOINT", "http;//user:hunter2@host");
    check_no_url();
    CHECK(!check_contains(last_report, "hunter2"));
}

/* As when each is the content of a file. */
TEST(a_line_end_is_no_part_of_a_value)
{
    set("ENDPOINT", "http://c:4318\n");
    set("HEADERS", "a=1\r\n");
    set("TIMEOUT", "700\n");
    set("CERTIFICATE", "/ca.pem\n");
    set("PROTOCOL", "http/protobuf\n");
    set("TRACES_ENDPOINT", " \r\n");
    otlp__settings settings = read_settings();
    CHECK_STRING(settings.endpoint.url, "http://c:4318/v1/traces");
    REQUIRE(settings.headers.count == 1);
    CHECK_STRING(settings.headers.lines[0], "a: 1");
    CHECK_EQUAL(settings.timeout_ms, 700);
    CHECK_STRING(settings.certificate, "/ca.pem");
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(headers_are_percent_decoded)
{
    set("HEADERS", " api-key = abc%20d ,, x=%C3%A9,Authorization=Basic a=b=");
    otlp__settings settings = read_settings();
    REQUIRE(settings.headers.count == 3);
    CHECK_STRING(settings.headers.lines[0], "api-key: abc d");
    CHECK_STRING(settings.headers.lines[1], "x: \xC3\xA9");
    CHECK_STRING(settings.headers.lines[2], "Authorization: Basic a=b=");
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

/* libcurl's way to say it. */
TEST(a_header_may_be_empty)
{
    set("HEADERS", "x-empty=,y= ,z=%20");
    otlp__settings settings = read_settings();
    REQUIRE(settings.headers.count == 3);
    CHECK_STRING(settings.headers.lines[0], "x-empty;");
    CHECK_STRING(settings.headers.lines[1], "y;");
    CHECK_STRING(settings.headers.lines[2], "z;");
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(headers_that_the_transport_owns_are_refused_by_name)
{
    set("HEADERS", "content-length=5,Content-Type=text/plain,HOST=other,Transfer-Encoding=chunked,"
                   "connection=close,hosts=mine");
    otlp__settings settings = read_settings();
    REQUIRE(settings.headers.count == 1);
    CHECK_STRING(settings.headers.lines[0], "hosts: mine");
    CHECK_EQUAL(reports, 5);
    CHECK_STRING(last_report, "OTEL_EXPORTER_OTLP_HEADERS: the header connection is the "
                              "transport's to set, and is left out");
    otlp__settings_close(&settings);
}

TEST(headers_for_traces_win)
{
    set("HEADERS", "a=1");
    set("TRACES_HEADERS", "b=2");
    otlp__settings settings = read_settings();
    REQUIRE(settings.headers.count == 1);
    CHECK_STRING(settings.headers.lines[0], "b: 2");
    otlp__settings_close(&settings);
}

TEST(a_header_cannot_begin_another_one)
{
    set("HEADERS", "a=1%0d%0aevil: 2,b c=1,=1,d,e=%zz,f=%00,good=1");
    otlp__settings settings = read_settings();
    REQUIRE(settings.headers.count == 1);
    CHECK_STRING(settings.headers.lines[0], "good: 1");
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
    CHECK_EQUAL(settings.headers.count, OTLP__HEADER_LIMIT);
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
}

TEST(a_timeout_that_is_none_falls_back_to_the_general_one)
{
    set("TRACES_TIMEOUT", "abc");
    set("TIMEOUT", "700");
    otlp__settings settings = read_settings();
    CHECK_EQUAL(settings.timeout_ms, 700);
    CHECK_EQUAL(reports, 1);
    otlp__settings_close(&settings);
    set("TIMEOUT", "10s");
    settings = read_settings();
    CHECK_EQUAL(settings.timeout_ms, 10000);
    CHECK_EQUAL(reports, 2);
    otlp__settings_close(&settings);
}

TEST(a_client_certificate_and_its_key_are_read)
{
    set("CLIENT_CERTIFICATE", "/general.pem");
    set("TRACES_CLIENT_CERTIFICATE", "/own.pem\n");
    set("CLIENT_KEY", "/key.pem");
    otlp__settings settings = read_settings();
    CHECK_STRING(settings.client_certificate, "/own.pem");
    CHECK_STRING(settings.client_key, "/key.pem");
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
    set("CLIENT_CERTIFICATE", "");
    set("TRACES_CLIENT_CERTIFICATE", "");
    settings = read_settings();
    CHECK_EQUAL(reports, 1);
    CHECK(check_contains(last_report, "OTEL_EXPORTER_OTLP_CLIENT_KEY=... is not used"));
    otlp__settings_close(&settings);
}

static void check_protocol(otlp__protocol protocol, bool has_gzip, const char *url)
{
    otlp__settings settings = read_settings();
    CHECK_EQUAL(settings.protocol, protocol);
    CHECK_EQUAL(settings.has_gzip, has_gzip);
    CHECK_STRING(settings.endpoint.url, url);
    otlp__settings_close(&settings);
}

#define METHOD "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

TEST(protocol_and_compression_are_words_in_any_case)
{
    set("PROTOCOL", "http/json");
    check_protocol(OTLP__HTTP_JSON, false, "http://localhost:4318/v1/traces");
    set("PROTOCOL", "GRPC");
    set("COMPRESSION", "GZIP");
    check_protocol(OTLP__GRPC, true, "http://localhost:4317" METHOD);
    set("TRACES_PROTOCOL", "http/protobuf");
    set("TRACES_COMPRESSION", "none");
    check_protocol(OTLP__HTTP_PROTOBUF, false, "http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 0);
}

TEST(a_word_that_is_none_falls_back_and_is_told)
{
    set("PROTOCOL", "grpc");
    set("TRACES_PROTOCOL", "http/xml");
    set("COMPRESSION", "zstd");
    check_protocol(OTLP__GRPC, false, "http://localhost:4317" METHOD);
    CHECK_EQUAL(reports, 2);
}

TEST(insecure_is_for_grpc_without_a_scheme)
{
    set("PROTOCOL", "grpc");
    set("ENDPOINT", "c:4317");
    check_protocol(OTLP__GRPC, false, "https://c:4317" METHOD);
    set("INSECURE", "TRUE");
    check_protocol(OTLP__GRPC, false, "http://c:4317" METHOD);
    set("TRACES_INSECURE", "false");
    check_protocol(OTLP__GRPC, false, "https://c:4317" METHOD);
    set("TRACES_ENDPOINT", "http://d:1/in");
    check_protocol(OTLP__GRPC, false, "http://d:1" METHOD);
    CHECK_EQUAL(reports, 0);
}

TEST(over_http_insecure_is_said_to_be_of_no_use)
{
    set("INSECURE", "false");
    check_protocol(OTLP__HTTP_PROTOBUF, false, "http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 0);
    set("INSECURE", "true");
    check_protocol(OTLP__HTTP_PROTOBUF, false, "http://localhost:4318/v1/traces");
    CHECK_EQUAL(reports, 1);
    CHECK(check_contains(last_report, "OTEL_EXPORTER_OTLP_INSECURE=true is not used"));
}

/* ---- in code ---- */

TEST(what_the_code_says_wins_over_the_environment)
{
    const impact_http_header headers[] = {{"a", "x=%20,y"}, {"empty", ""}};
    set("TRACES_ENDPOINT", "ftp://bad");
    set("TRACES_PROTOCOL", "grpc");
    set("TRACES_HEADERS", "b=2");
    set("TRACES_TIMEOUT", "1");
    set("CERTIFICATE", "/1");
    set("CLIENT_CERTIFICATE", "/2");
    set("CLIENT_KEY", "/3");
    otlp__settings settings = {.allocator = NULL};
    impact_diagnostics_set_callback(count_report, NULL);
    REQUIRE(
        otlp__settings_open(
            &settings,
            IMPACT_OTLP_OPTIONS(.endpoint = "https://c/in", .headers = headers, .header_count = 2,
                                .timeout_ms = 5, .certificate = "/ca", .client_certificate = "/own",
                                .client_key = "/key", .request_limit = 1000, .response_limit = 2000,
                                .protocol = "http/json", .compression = "gzip"),
            NULL) == IMPACT_OK);
    CHECK(settings.protocol == OTLP__HTTP_JSON && settings.has_gzip);
    CHECK_STRING(settings.endpoint.url, "https://c/in");
    REQUIRE(settings.headers.count == 2);
    CHECK_STRING(settings.headers.lines[0], "a: x=%20,y"); /* as it is: code needs no encoding */
    CHECK_STRING(settings.headers.lines[1], "empty;");
    CHECK_EQUAL(settings.timeout_ms, 5);
    CHECK_STRING(settings.certificate, "/ca");
    CHECK_STRING(settings.client_certificate, "/own");
    CHECK_STRING(settings.client_key, "/key");
    CHECK_EQUAL(settings.request_limit, 1000);
    CHECK_EQUAL(settings.response_limit, 2000);
    CHECK_EQUAL(reports, 0);
    otlp__settings_close(&settings);
}

TEST(a_timeout_of_zero_is_none_in_code_too)
{
    otlp__settings settings = {.allocator = NULL};
    set("TIMEOUT", "5");
    REQUIRE(otlp__settings_open(&settings, IMPACT_OTLP_OPTIONS(.timeout_ms = IMPACT_ZERO), NULL) ==
            IMPACT_OK);
    CHECK_EQUAL(settings.timeout_ms, 0);
    otlp__settings_close(&settings);
}

static impact_status open_with(impact_otlp_options options)
{
    otlp__settings settings = {.timeout_ms = 42};
    options.size = sizeof options;
    const impact_status status = otlp__settings_open(&settings, &options, NULL);
    if (status)
        CHECK_EQUAL(settings.timeout_ms, 42);
    else
        otlp__settings_close(&settings);
    return status;
}

static impact_status open_with_header(const char *name, const char *value)
{
    const impact_http_header header = {name, value};
    return open_with((impact_otlp_options){.headers = &header, .header_count = 1});
}

TEST(what_code_says_that_is_not_valid_is_refused)
{
    impact_http_header many[OTLP__HEADER_LIMIT + 1];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = (impact_http_header){"a", "1"};
    CHECK_EQUAL(open_with((impact_otlp_options){.endpoint = "ftp://a"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.endpoint = ""}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.client_key = "/key"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.request_limit = SIZE_MAX}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.response_limit = SIZE_MAX}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.protocol = "http/xml"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.compression = "GZIP"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.product = ""}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.product = "a/1\r\nevil: 2"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.product = "caf\xC3\xA9/1"}), IMPACT_EINVAL);
    CHECK_EQUAL(open_with((impact_otlp_options){.product = "shop/1.2"}), IMPACT_OK);
    CHECK_EQUAL(open_with_header("a b", "1"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_header("", "1"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_header(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_header("a", "1\r\nevil: 2"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_header("Content-Length", "5"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_header("a", NULL), IMPACT_OK);
    CHECK_EQUAL(
        open_with((impact_otlp_options){.headers = many, .header_count = OTLP__HEADER_LIMIT}),
        IMPACT_OK);
    CHECK_EQUAL(
        open_with((impact_otlp_options){.headers = many, .header_count = OTLP__HEADER_LIMIT + 1}),
        IMPACT_ELIMIT);
}

static impact_status open_given(const void *given)
{
    otlp__settings settings = {.allocator = NULL};
    const impact_status status = otlp__settings_open(&settings, given, NULL);
    if (!status)
        otlp__settings_close(&settings);
    return status;
}

TEST(options_may_be_of_another_version)
{
    const impact_otlp_options whole = {.size = sizeof whole, .response_limit = 5};
    const abi_case cases[] = {{.name = "impact_otlp_options",
                               .whole = &whole,
                               .size = sizeof whole,
                               .least = sizeof whole.size,
                               .call = open_given}};
    ABI_CHECK(cases);
}

TEST(settings_survive_any_failed_allocation)
{
    set("HEADERS", "a=1,b=2");
    set("CERTIFICATE", "/ca.pem");
    set("CLIENT_CERTIFICATE", "/own.pem");
    set("CLIENT_KEY", "/key.pem");
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        otlp__settings settings = {.timeout_ms = 42};
        const impact_status status =
            otlp__settings_open(&settings, IMPACT_OTLP_OPTIONS(.product = "a/1"), &f.allocator);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        if (status)
            CHECK_EQUAL(settings.timeout_ms, 42);
        else
            otlp__settings_close(&settings);
    }
}
