/* The answers: the table of behaviour, row by row, and what hostile requests get. */
#include <impact/health.h>

#include <stdlib.h>

#include "exchange.h"
#include "support/faults.h"

static impact_health *open_health(const char *secret, bool ignores_unknown_checks)
{
    impact_health *health = NULL;
    CHECK_EQUAL(
        impact_health_open(&health,
                           IMPACT_HEALTH_OPTIONS(.secret = secret, .budget_ms = patience_ms,
                                                 .ignores_unknown_checks = ignores_unknown_checks)),
        IMPACT_OK);
    add(health, "true", impact_check_true, NULL);
    add(health, "false", impact_check_false, "");
    add(health, "foo", impact_check_true, "");
    return health;
}

#define AVAILABLE "{\"available_checks\":[\"true\",\"false\",\"foo\"],"

/* ---- the table ---- */

TEST(ping_is_answered_with_pong)
{
    impact_health *health = open_health(NULL, false);
    exchange e = ask(health, "GET", "/health/ping", "");
    CHECK_STRING(header_of(&e, "Content-Type"), "text/plain");
    check_answer(e, 200, "pong");
    close_health(health);
}

TEST(the_defaults_are_run_unless_checks_are_named)
{
    impact_health *health = open_health(NULL, false);
    const char *defaults = AVAILABLE "\"checks\":{\"true\":true},\"health\":\"running\"}\n";
    exchange e = ask(health, "GET", "/health/", NULL);
    CHECK_STRING(header_of(&e, "Content-Type"), "application/json");
    check_answer(e, 200, defaults);
    check_answer(ask(health, "GET", "/health/", "checks=_defaults"), 200, defaults);
    check_answer(ask(health, "GET", "/health/", "other=1&checksum=2"), 200, defaults);
    close_health(health);
}

TEST(the_named_checks_are_run_in_the_order_asked_for)
{
    impact_health *health = open_health(NULL, false);
    const char *both =
        AVAILABLE "\"checks\":{\"foo\":true,\"true\":true},\"health\":\"running\"}\n";
    check_answer(ask(health, "GET", "/health/", "checks=foo,_defaults"), 200, both);
    check_answer(ask(health, "GET", "/health/", "checks=%20foo%20,+true,foo"), 200, both);
    check_answer(ask(health, "GET", "/health/", "checks=foo%2Ctrue"), 200, both);
    check_answer(ask(health, "GET", "/health/", "checks=foo,true&checks=false"), 200, both);
    close_health(health);
}

TEST(no_checks_are_run_when_the_list_is_empty)
{
    impact_health *health = open_health(NULL, false);
    const char *none = AVAILABLE "\"checks\":{},\"health\":\"running\"}\n";
    check_answer(ask(health, "GET", "/health/", "checks="), 200, none);
    check_answer(ask(health, "GET", "/health/", "checks"), 200, none);
    check_answer(ask(health, "GET", "/health/", "checks=+,%20,"), 200, none);
    close_health(health);
}

TEST(a_failed_check_degrades_the_answer)
{
    impact_health *health = open_health(NULL, false);
    check_answer(ask(health, "GET", "/health/", "checks=true,false"), 503,
                 AVAILABLE "\"checks\":{\"true\":true,\"false\":false},\"health\":\"degraded\"}\n");
    close_health(health);
}

TEST(a_hung_check_counts_as_false)
{
    gate g;
    gate_open(&g);
    impact_health *health = open_health(NULL, false);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hung", .run = gate_run, .userdata = &g,
                                                   .timeout_ms = 20)) == IMPACT_OK);
    exchange e = ask(health, "GET", "/health/", "");
    CHECK(check_contains(e.body,
                         "\"checks\":{\"true\":true,\"hung\":false},\"health\":\"degraded\"}"));
    check_answer(e, 503, NULL);
    gate_release(&g);
    close_health(health);
    gate_close(&g);
}

TEST(an_unknown_check_is_not_found_and_named)
{
    impact_health *health = open_health(NULL, false);
    exchange e = ask(health, "GET", "/health/", "checks=true,nope,_none,nope");
    CHECK_STRING(header_of(&e, "Content-Type"), "application/json");
    check_answer(e, 404,
                 "{\"error\":\"unknown checks\",\"unknown_checks\":[\"nope\",\"_none\"]}\n");
    close_health(health);
}

TEST(an_unknown_check_is_listed_when_the_registry_ignores_them)
{
    impact_health *health = open_health(NULL, true);
    check_answer(ask(health, "GET", "/health/", "checks=true,nope"), 200,
                 AVAILABLE "\"checks\":{\"true\":true},\"health\":\"running\","
                           "\"unknown_checks\":[\"nope\"]}\n");
    check_answer(ask(health, "GET", "/health/", "checks=nope,false"), 503,
                 AVAILABLE "\"checks\":{\"false\":false},\"health\":\"degraded\","
                           "\"unknown_checks\":[\"nope\"]}\n");
    close_health(health);
}

/* ---- methods and paths ---- */

static void check_head(impact_health *health, const char *path, const char *query, int status)
{
    exchange e = ask(health, "HEAD", path, query);
    CHECK_EQUAL(e.response.body.size, 0);
    CHECK(header_of(&e, "Content-Type") != NULL);
    check_answer(e, status, "");
}

TEST(head_gets_the_headers_only)
{
    impact_health *health = open_health(NULL, false);
    check_head(health, "/health/ping", "", 200);
    check_head(health, "/health/", "", 200);
    check_head(health, "/health/", "checks=false", 503);
    check_head(health, "/health/", "checks=nope", 404);
    check_head(health, "/health/other", "", 404);
    close_health(health);
}

TEST(options_has_the_status_of_a_get_and_says_what_is_allowed)
{
    static const struct {
        const char *path;
        const char *query;
    } asked[] = {{"/health/ping", ""},        {"/health/", ""},    {"/health", "checks=false"},
                 {"/health/", "checks=nope"}, {"/health/foo", ""}, {"/health/false", ""},
                 {"/health/", "checks=%zz"}};
    impact_health *health = open_health(NULL, false);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const int status = status_of(ask(health, "GET", asked[i].path, asked[i].query));
        exchange e = ask(health, "OPTIONS", asked[i].path, asked[i].query);
        CHECK_STRING(header_of(&e, "Allow"), "GET, HEAD, OPTIONS");
        check_answer(e, status, NULL);
    }
    CHECK_EQUAL(status_of(ask(health, "OPTIONS", "/health/", "checks=false")), 503);
    close_health(health);
}

TEST(other_methods_are_refused_and_told_what_is_allowed)
{
    static const char *const paths[] = {"/health", "/health/", "/health/ping", "/health/foo"};
    static const char *const others[] = {"POST", "PUT", "DELETE", "TRACE", "get", ""};
    impact_health *health = open_health(NULL, false);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        for (size_t j = 0; j < sizeof others / sizeof *others; j++) {
            exchange e = ask(health, others[j], paths[i], "");
            CHECK_STRING(header_of(&e, "Allow"), "GET, HEAD, OPTIONS");
            check_error(e, 405);
        }
    close_health(health);
}

TEST(the_bare_prefix_answers_itself)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    impact_health *health = open_health(NULL, false);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        exchange e = ask(health, methods[i], "/health", "checks=true,false");
        CHECK(!header_of(&e, "Location"));
        check_answer(e, 503, NULL);
        check_answer(ask(health, methods[i], "/health", ""), 200, NULL);
    }
    check_answer(ask(health, "GET", "/health", ""), 200,
                 AVAILABLE "\"checks\":{\"true\":true},\"health\":\"running\"}\n");
    close_health(health);
}

TEST(paths_beside_the_prefix_are_left_to_others)
{
    static const char *const paths[] = {
        "",           "/",         "/healt",     "/healthy", "/healthy/ping",
        "/x/health/", "//health/", "/%68ealth/", "/HEALTH/"};
    impact_health *health = open_health(NULL, false);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        exchange e = ask(health, "GET", paths[i], "");
        CHECK(!e.is_answered);
        CHECK_EQUAL(e.response.status, 0); /* untouched */
    }
    CHECK(!ask(health, "GET", NULL, NULL).is_answered);
    close_health(health);
}

TEST(unknown_paths_below_the_prefix_are_not_found)
{
    static const char *const paths[] = {"/health/x",        "/health//",       "/health/ping/",
                                        "/health/../admin", "/health/ping%00", "/health/\xFF",
                                        "/health/%",        "/health/,",       "/health/%20",
                                        "/health/true,foo", "/health/_none",   "/health/%2C"};
    impact_health *health = open_health(NULL, false);
    impact_health *ignoring = open_health(NULL, true);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        for (int ignores = 0; ignores < 2; ignores++)
            check_error(ask(ignores ? ignoring : health, "GET", paths[i], ""), 404);
    check_error(
        ask_raw(health, "GET", impact_text_from("/health/ping\0", 13), impact_text_of(""), NULL),
        404);
    close_health(ignoring);
    close_health(health);
}

TEST(the_prefix_can_be_another)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.prefix = "/a/b")) == IMPACT_OK);
    check_answer(ask(health, "GET", "/a/b/ping", ""), 200, "pong");
    check_answer(ask(health, "GET", "/a/b", ""), 200, NULL);
    CHECK(!ask(health, "GET", "/health/ping", "").is_answered);
    close_health(health);
}

/* ---- hostile requests ---- */

static void check_refused(impact_health *health, const char *query, int status)
{
    exchange e = ask(health, "GET", "/health/", query);
    CHECK(!strpbrk(e.body, "<>") && !check_contains(e.body, "\xFF"));
    check_error(e, status);
}

TEST(what_is_no_name_is_refused_whether_unknown_names_are_or_not)
{
    for (int ignores = 0; ignores < 2; ignores++) {
        impact_health *health = open_health(NULL, ignores);
        check_refused(health, "checks=%00", 400);
        check_refused(health, "checks=true%00", 400);
        check_refused(health, "checks=%FF", 400);
        check_refused(health, "checks=\xFF", 400);
        check_refused(health, "checks=%C0%80", 400);
        check_refused(health, "checks=a%0D%0Ab", 400);
        check_refused(health, "checks=%", 400);
        check_refused(health, "checks=%4", 400);
        check_refused(health, "checks=%gg", 400);
        close_health(health);
    }
}

TEST(an_unknown_name_is_escaped)
{
    impact_health *health = open_health(NULL, false);
    check_answer(ask(health, "GET", "/health/", "checks=%3Cscript%3E\"\\%C3%B6"), 404,
                 "{\"error\":\"unknown checks\",\"unknown_checks\":"
                 "[\"\\u003cscript\\u003e\\\"\\\\\xC3\xB6\"]}\n");
    close_health(health);
}

TEST(names_and_lists_that_are_too_long_are_refused)
{
    impact_health *health = open_health(NULL, true);
    char query[10240 + 16] = "checks=";
    memset(query + 7, 'a', 10240);
    check_refused(health, query, 400);
    query[7 + 65] = 0;
    check_refused(health, query, 400);
    for (int i = 0; i < 1000; i++)
        memcpy(query + 7 + 2 * i, "a,", 2);
    query[7 + 2000] = 0;
    check_refused(health, query, 400);
    query[7 + 512] = 0;
    check_answer(ask(health, "GET", "/health/", query), 200, NULL);
    close_health(health);
}

TEST(a_query_of_the_limit_is_read_and_one_byte_more_is_refused)
{
    enum { query_limit = 4096 };
    impact_health *health = open_health(NULL, false);
    char *query = malloc(query_limit + 1);
    REQUIRE(query);
    memset(query, '+', query_limit + 1);
    memcpy(query, "checks=", 7);
    const impact_text path = impact_text_of("/health/");
    exchange e = ask_raw(health, "GET", path, impact_text_from(query, query_limit), NULL);
    CHECK_EQUAL(e.response.status, 200);
    impact_http_response_clear(&e.response);
    e = ask_raw(health, "GET", path, impact_text_from(query, query_limit + 1), NULL);
    CHECK_EQUAL(e.response.status, 400);
    impact_http_response_clear(&e.response);
    free(query);
    close_health(health);
}

TEST(answering_accepts_null)
{
    impact_health *health = open_health(NULL, false);
    const impact_http_request request = {.size = sizeof request, .path = impact_text_of("/health")};
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    CHECK(!impact_health_answer(NULL, &request, &response));
    CHECK(!impact_health_answer(health, NULL, &response));
    CHECK(!impact_health_answer(health, &request, NULL));
    impact_http_response_clear(NULL);
    close_health(health);
}

/* ---- other versions ---- */

typedef struct larger_request {
    impact_http_request known;
    uint64_t added;
} larger_request;

typedef struct larger_response {
    impact_http_response known;
    uint64_t added;
} larger_response;

TEST(a_request_of_another_version_is_read_when_nothing_unknown_is_set)
{
    impact_health *health = open_health(NULL, false);
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    larger_request request = {{.size = sizeof request,
                               .method = impact_text_of("GET"),
                               .path = impact_text_of("/health/ping")},
                              1};
    CHECK(!impact_health_answer(health, &request.known, &response));
    request.added = 0;
    CHECK(impact_health_answer(health, &request.known, &response));
    CHECK_EQUAL(response.status, 200);
    request.known.size = offsetof(impact_http_request, query);
    CHECK(impact_health_answer(health, &request.known, &response));
    request.known.size = 0;
    CHECK(!impact_health_answer(health, &request.known, &response));
    close_health(health);
}

TEST(a_response_of_another_version_gets_what_it_has_room_for)
{
    impact_health *health = open_health(NULL, false);
    const impact_http_request request = {.size = sizeof request,
                                         .method = impact_text_of("GET"),
                                         .path = impact_text_of("/health/ping")};
    larger_response larger = {{.size = sizeof larger}, 7};
    CHECK(impact_health_answer(health, &request, &larger.known));
    CHECK_EQUAL(larger.known.size, sizeof larger);
    CHECK_EQUAL(larger.known.status, 200);
    CHECK_EQUAL(larger.added, 0);
    impact_http_response smaller = {.size = offsetof(impact_http_response, headers),
                                    .header_count = 7};
    CHECK(impact_health_answer(health, &request, &smaller));
    CHECK_EQUAL(smaller.status, 200);
    CHECK_EQUAL(smaller.header_count, 7);
    smaller.size = 0;
    CHECK(!impact_health_answer(health, &request, &smaller));
    close_health(health);
}

/* ---- memory ---- */

static void check_answers_without_memory(impact_health *health, const faults *f, const char *path,
                                         const char *query, int status)
{
    exchange e = ask(health, "GET", path, query);
    if (atomic_load(&f->injected)) {
        check_answer(e, e.response.status, NULL);
        CHECK(e.response.status == status || e.response.status == 503);
        return;
    }
    check_answer(e, status, NULL);
}

TEST(an_answer_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .budget_ms = patience_ms)) ==
            IMPACT_OK) {
            (void)!impact_health_add(health, IMPACT_CHECK(.name = "true", .run = impact_check_true,
                                                          .timeout_ms = patience_ms));
            check_answers_without_memory(health, &f, "/health/", NULL, 200);
            check_answers_without_memory(health, &f, "/health/", "checks=nope", 404);
            check_answers_without_memory(health, &f, "/health", "format=text", 200);
        }
        close_health(health);
    }
}

TEST(an_answer_without_memory_is_503_in_json)
{
    faults f;
    faults_open(&f);
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator)) ==
            IMPACT_OK);
    f.fails_for_good = true;
    atomic_store(&f.fail_at, 1);
    check_answer(ask(health, "GET", "/health/", NULL), 503, "{\"error\":\"no memory\"}\n");
    check_answer(ask(health, "GET", "/health", NULL), 503, "{\"error\":\"no memory\"}\n");
    check_answer(ask(health, "GET", "/health/ping", NULL), 200, "pong");
    close_health(health);
    faults_close(&f);
}
