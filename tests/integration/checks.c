/* The checks of an HTTP API and of an SQLite file, run by the engine against the real thing. */
#include <stdlib.h>
#include <unistd.h>

#include <impact/curl.h>
#include <impact/sqlite.h>

#include "echo.h"
#include "spans.h"
#include "support/check.h"
#include "support/registration.h"

enum { timeout_ms = 300 };

static impact_health *open_health(void)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = 10000)), IMPACT_OK);
    return health;
}

/* The one result of a probe of the check "it". */
static impact_health_result probe(impact_health *health)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result, .status = IMPACT_HEALTH_UNKNOWN};
    CHECK_EQUAL(impact_health_probe(health, impact_text_of("it"), &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    result.name = impact_text_of("it"); /* the report's is borrowed */
    impact_health_report_close(report);
    return result;
}

/* ---- HTTP ---- */

static impact_health_result probe_http(const echo *server, const char *path, const char *method,
                                       long status)
{
    char url[128];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server->port, path);
    impact_health *health = open_health();
    CHECK_EQUAL(impact_health_add_http(health, IMPACT_CHECK_HTTP(.name = "it", .url = url,
                                                                 .method = method, .status = status,
                                                                 .timeout_ms = timeout_ms)),
                IMPACT_OK);
    const impact_health_result result = probe(health);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    return result;
}

static void leave_proxies_out(void)
{
    (void)setenv("no_proxy", "*", 1);
}

TEST(an_api_passes_with_the_status_that_is_expected)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    CHECK_EQUAL(probe_http(&server, "/", NULL, 0).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_http(&server, "/", "HEAD", 200).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_http(&server, "/", "POST", 200).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_http(&server, "/status/404", "GET", 404).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_http(&server, "/status/500", NULL, 0).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(probe_http(&server, "/", "GET", 204).status, IMPACT_HEALTH_FAIL);
    echo_close(&server);
}

TEST(an_api_check_follows_no_redirect)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    CHECK_EQUAL(probe_http(&server, "/redirect", NULL, 200).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(probe_http(&server, "/redirect", NULL, 302).status, IMPACT_HEALTH_PASS);
    echo_close(&server);
}

TEST(a_large_body_is_cut_and_the_status_counts)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    CHECK_EQUAL(probe_http(&server, "/large", NULL, 200).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_http(&server, "/large", NULL, 204).status, IMPACT_HEALTH_FAIL);
    echo_close(&server);
}

TEST(an_api_that_hangs_fails_in_time)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    const impact_health_result result = probe_http(&server, "/hang", NULL, 200);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(result.duration_ns < UINT64_C(5000000000));
    echo_close(&server);
}

TEST(an_api_that_is_not_there_fails)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    echo_close(&server);
    CHECK_EQUAL(probe_http(&server, "/", NULL, 200).status, IMPACT_HEALTH_FAIL);
}

TEST(an_api_check_makes_no_span)
{
    leave_proxies_out();
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CHECK_EQUAL(probe_http(&server, "/", NULL, 200).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(spans_count(), 0);
    spans_close();
    echo_close(&server);
}

REGISTERING(http)

TEST(what_is_no_http_url_is_refused)
{
    static const char *const urls[] = {
        NULL,         "",        "ftp://a/",        "file:///etc/passwd",
        "127.0.0.1",  "http://", "http://a:99999/", "https//a",
        "http://a b/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        CHECK_REFUSES(add_http, IMPACT_CHECK_HTTP(.name = "it", .url = urls[i]));
    CHECK_REFUSES(add_http, IMPACT_CHECK_HTTP(.url = "http://a/"));
    impact_health *health = open_health();
    CHECK_EQUAL(
        impact_health_add_http(health, IMPACT_CHECK_HTTP(.name = "it", .url = "HTTPS://a/")),
        IMPACT_OK);
    CHECK_EQUAL(impact_health_add_http(health, IMPACT_CHECK_HTTP(.name = "it", .url = "http://a/")),
                IMPACT_EEXIST);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

/* ---- SQLite ---- */

typedef struct scratch {
    char path[64];
} scratch;

static scratch scratch_open(void)
{
    scratch s = {"/tmp/impact-checks-XXXXXX"};
    const int descriptor = mkstemp(s.path);
    CHECK(descriptor >= 0);
    (void)close(descriptor);
    return s;
}

static void run(const char *path, const char *sql)
{
    sqlite3 *connection = NULL;
    CHECK_EQUAL(sqlite3_open(path, &connection), SQLITE_OK);
    CHECK_EQUAL(sqlite3_exec(connection, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

static impact_health_result probe_sqlite(const char *path)
{
    impact_health *health = open_health();
    CHECK_EQUAL(impact_health_add_sqlite(health, IMPACT_CHECK_SQLITE(.name = "it", .path = path,
                                                                     .timeout_ms = timeout_ms)),
                IMPACT_OK);
    const impact_health_result result = probe(health);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    return result;
}

TEST(a_database_file_passes)
{
    const scratch file = scratch_open();
    CHECK_EQUAL(probe_sqlite(file.path).status, IMPACT_HEALTH_PASS);
    run(file.path, "CREATE TABLE a (b)");
    CHECK_EQUAL(probe_sqlite(file.path).status, IMPACT_HEALTH_PASS);
    (void)unlink(file.path);
}

TEST(a_file_that_is_not_there_fails_and_is_not_made)
{
    const scratch file = scratch_open();
    (void)unlink(file.path);
    CHECK_EQUAL(probe_sqlite(file.path).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(access(file.path, F_OK), -1);
}

TEST(a_file_that_is_no_database_fails)
{
    const scratch file = scratch_open();
    FILE *stream = fopen(file.path, "w");
    REQUIRE(stream);
    for (int i = 0; i < 2000; i++)
        (void)fputs("this is no database ", stream);
    (void)fclose(stream);
    CHECK_EQUAL(probe_sqlite(file.path).status, IMPACT_HEALTH_FAIL);
    (void)unlink(file.path);
}

TEST(a_locked_database_fails_in_time)
{
    const scratch file = scratch_open();
    run(file.path, "CREATE TABLE a (b)");
    sqlite3 *holder = NULL;
    CHECK_EQUAL(sqlite3_open(file.path, &holder), SQLITE_OK);
    CHECK_EQUAL(sqlite3_exec(holder, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    const impact_health_result result = probe_sqlite(file.path);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(result.duration_ns < UINT64_C(5000000000));
    CHECK_EQUAL(sqlite3_close(holder), SQLITE_OK);
    (void)unlink(file.path);
}

TEST(a_database_check_makes_no_span_where_all_connections_do)
{
    const scratch file = scratch_open();
    CHECK_EQUAL(impact_sqlite_trace_all(), IMPACT_OK);
    REQUIRE(spans_open());
    run(file.path, "CREATE TABLE a (b)");
    const size_t before = spans_count();
    CHECK(before > 0);
    CHECK_EQUAL(probe_sqlite(file.path).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(spans_count(), before);
    spans_close();
    (void)unlink(file.path);
}

REGISTERING(sqlite)

TEST(a_database_check_without_a_path_is_refused)
{
    CHECK_REFUSES(add_sqlite, IMPACT_CHECK_SQLITE(.name = "it"),
                  IMPACT_CHECK_SQLITE(.name = "it", .path = ""), IMPACT_CHECK_SQLITE(.path = "a"));
}

/* ---- both ---- */

TEST(a_plugin_adds_its_checks_by_their_names)
{
    const impact_check_http_options *http = IMPACT_CHECK_HTTP(.name = "it", .url = "http://a/");
    CHECK_EQUAL(registering_by_name("curl", "http", http), IMPACT_OK);
    CHECK_EQUAL(registering_by_name("curl", "http", NULL), IMPACT_EINVAL);
    CHECK_EQUAL(registering_by_name("curl", "tls",
                                    IMPACT_CHECK_TLS(.name = "it", .address = "a", .warn_days = 1)),
                IMPACT_OK);
    CHECK_EQUAL(registering_by_name("curl", "sqlite", http), IMPACT_ENOENT);
    CHECK_EQUAL(
        registering_by_name("sqlite", "sqlite", IMPACT_CHECK_SQLITE(.name = "it", .path = "a")),
        IMPACT_OK);
    CHECK_EQUAL(registering_by_name("sqlite", "http", http), IMPACT_ENOENT);
}

TEST(options_of_any_version_are_read)
{
    const abi_case cases[] = {
        REGISTERING_CASE(http, IMPACT_CHECK_HTTP, name, .url = "http://127.0.0.1/"),
        REGISTERING_CASE(sqlite, IMPACT_CHECK_SQLITE, name, .path = "/dev/null"),
    };
    ABI_CHECK(cases);
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    check_registers_without_memory(
        add_http, IMPACT_CHECK_HTTP(.name = "it", .url = "http://127.0.0.1/", .ca_file = "/a"));
    check_registers_without_memory(add_sqlite,
                                   IMPACT_CHECK_SQLITE(.name = "it", .path = "/dev/null"));
}
