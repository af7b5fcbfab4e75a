/* Endpoints: what is made of each form, and what is none. */
#include "export/otlp/server.h"

#include <string.h>

#include "support/check.h"
#include "support/faults.h"

static char said[8192];

/* "url" or "url over path"; NULL: it is none. */
static const char *open(const char *text, otlp__endpoint_form form, bool is_insecure)
{
    otlp__endpoint endpoint = {NULL, NULL};
    const impact_status status =
        otlp__endpoint_open(&endpoint, NULL, impact_text_of(text), form, is_insecure);
    if (status) {
        CHECK_EQUAL(status, IMPACT_EINVAL);
        CHECK(!endpoint.url && !endpoint.unix_path);
        return NULL;
    }
    (void)snprintf(said, sizeof said, "%s%s%s", endpoint.url, endpoint.unix_path ? " over " : "",
                   endpoint.unix_path ? endpoint.unix_path : "");
    otlp__endpoint_close(&endpoint, NULL);
    return said;
}

#define METHOD "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

TEST(grpc_keeps_scheme_and_host_of_a_url)
{
    CHECK_STRING(open("http://a:1", OTLP__ENDPOINT_GRPC, false), "http://a:1" METHOD);
    CHECK_STRING(open("HTTPS://a/", OTLP__ENDPOINT_GRPC, true), "https://a" METHOD);
    CHECK_STRING(open("http://[::1]:4317/v1/traces?x=1#y", OTLP__ENDPOINT_GRPC, false),
                 "http://[::1]:4317" METHOD);
}

/* protocol/exporter: "insecure" is for endpoints without a scheme. */
TEST(grpc_takes_host_and_port_and_is_secure_unless_told_otherwise)
{
    CHECK_STRING(open("collector:4317", OTLP__ENDPOINT_GRPC, false),
                 "https://collector:4317" METHOD);
    CHECK_STRING(open("collector:4317", OTLP__ENDPOINT_GRPC, true), "http://collector:4317" METHOD);
    CHECK_STRING(open("localhost", OTLP__ENDPOINT_GRPC, true), "http://localhost" METHOD);
}

TEST(a_socket_of_this_machine_is_an_endpoint)
{
    CHECK_STRING(open("unix:/run/otel.sock", OTLP__ENDPOINT_WHOLE, false),
                 "http://localhost/v1/traces over /run/otel.sock");
    CHECK_STRING(open("unix:///run/a b.sock", OTLP__ENDPOINT_BASE, false),
                 "http://localhost/v1/traces over /run/a b.sock");
    CHECK_STRING(open("UNIX:/s", OTLP__ENDPOINT_GRPC, false), "http://localhost" METHOD " over /s");
}

TEST(what_is_none_is_refused)
{
    static const char *const bad[] = {
        "",           "ftp://a", "http://", "http:///a",     "http://?", "http:/a",  "http://a b",
        "http://a\n", "unix:",   "unix:a",  "unix://host/a", "unix:/",   "unix:/a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!open(bad[i], OTLP__ENDPOINT_WHOLE, false));
        CHECK(!open(bad[i], OTLP__ENDPOINT_BASE, false));
        CHECK(!open(bad[i], OTLP__ENDPOINT_GRPC, false));
    }
    CHECK(!open("a:1", OTLP__ENDPOINT_WHOLE, false));
    CHECK(!open("a:1/path", OTLP__ENDPOINT_GRPC, false));
}

TEST(lengths_have_limits)
{
    char path[160] = "unix:/";
    memset(path + 6, 'a', 106);
    CHECK(open(path, OTLP__ENDPOINT_WHOLE, false)); /* 107 bytes, and a NUL */
    path[112] = 'a';
    CHECK(!open(path, OTLP__ENDPOINT_WHOLE, false));
    static char url[4200] = "http://";
    memset(url + 7, 'a', 4096 - 7);
    CHECK(open(url, OTLP__ENDPOINT_BASE, false));
    url[4096] = 'a';
    CHECK(!open(url, OTLP__ENDPOINT_BASE, false));
    CHECK(!open(url + 7, OTLP__ENDPOINT_BASE, false));
    static char host[4200];
    memset(host, 'a', 4097);
    CHECK(!open(host, OTLP__ENDPOINT_GRPC, false));
}

/* ---- as metrics name it ---- */

typedef struct named {
    const char *text;
    const char *address;
    uint32_t port;
} named;

TEST(the_server_has_the_host_and_the_port_that_are_meant_and_nobodys_name)
{
    static const named rows[] = {
        {"http://collector", "collector", 80},
        {"https://collector/v1/traces", "collector", 443},
        {"HTTPS://Collector", "Collector", 443},
        {"http://collector:4318", "collector", 4318},
        {"http://[::1]:4318/a@b:7", "::1", 4318},
        {"http://me:secret@collector:4318", "collector", 4318},
        {"http://me:sec@ret@collector", "collector", 80},
        {"http://collector:4318?key=a@b:1", "collector", 4318},
        {"unix:/run/collector", "/run/collector", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        otlp__endpoint endpoint = {NULL, NULL};
        REQUIRE(!otlp__endpoint_open(&endpoint, NULL, impact_text_of(rows[i].text),
                                     OTLP__ENDPOINT_BASE, false));
        const otlp__server server = otlp__server_of(&endpoint);
        CHECK_STRING(server.address, rows[i].address);
        CHECK_EQUAL(server.port, rows[i].port);
        otlp__endpoint_close(&endpoint, NULL);
    }
}

TEST(a_server_whose_name_has_no_room_has_none)
{
    char url[400] = "http://";
    otlp__endpoint endpoint = {NULL, NULL};
    memset(url + 7, 'a', 256);
    REQUIRE(!otlp__endpoint_open(&endpoint, NULL, impact_text_of(url), OTLP__ENDPOINT_BASE, false));
    CHECK_STRING(otlp__server_of(&endpoint).address, "");
    otlp__endpoint_close(&endpoint, NULL);
}

TEST(each_allocation_may_fail)
{
    static const char *const texts[] = {"http://a", "unix:/a"};
    for (size_t i = 0; i < 2; i++) {
        faults f;
        FOR_EACH_ALLOCATION_FAILURE(&f) {
            otlp__endpoint endpoint = {NULL, NULL};
            const impact_status status = otlp__endpoint_open(
                &endpoint, &f.allocator, impact_text_of(texts[i]), OTLP__ENDPOINT_GRPC, false);
            CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
            CHECK(!status || !endpoint.url);
            otlp__endpoint_close(&endpoint, &f.allocator);
        }
    }
}
