/* Formats: which one is chosen, and what each says. */
#include "exchange.h"

static impact_health_status warn(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    return IMPACT_HEALTH_WARN;
}

static impact_health *open_health(void)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true)),
                IMPACT_OK);
    add(health, "db", impact_check_true, "_defaults,_ready");
    add(health, "cache", warn, "_ready");
    add(health, "bad", impact_check_false, "");
    return health;
}

static bool has_type(impact_health *health, const char *path, const char *query, const char *accept,
                     const char *type)
{
    exchange e = ask_with(health, path, query, accept ? "accept" : NULL, accept);
    const char *had = header_of(&e, "Content-Type");
    const bool has = had && strcmp(had, type) == 0;
    impact_http_response_clear(&e.response);
    return has;
}

static const char json[] = "application/json";
static const char text[] = "text/plain; charset=utf-8";
static const char health_json[] = "application/health+json";

TEST(the_format_is_chosen_by_the_query_before_the_header)
{
    impact_health *health = open_health();
    CHECK(has_type(health, "/health/", "", NULL, json));
    CHECK(has_type(health, "/health/", "", "*/*", json));
    CHECK(has_type(health, "/health/", "", "text/plain", text));
    CHECK(has_type(health, "/health/", "", "application/health+json, */*;q=0.1", health_json));
    CHECK(has_type(health, "/health/", "format=text", "application/json", text));
    CHECK(has_type(health, "/health/", "format=health-json", NULL, health_json));
    CHECK(has_type(health, "/health/", "format=health+json", NULL, health_json));
    CHECK(has_type(health, "/health/", "format=health%2Bjson", NULL, health_json));
    CHECK(has_type(health, "/health/", "format=%74%65%78%74", NULL, text));
    CHECK(has_type(health, "/readyz", "", "*/*", text));
    CHECK(has_type(health, "/readyz", "", "application/json", json));
    CHECK(has_type(health, "/readyz", "format=json", NULL, json));
    close_health(health);
}

TEST(a_format_that_there_is_not_is_not_acceptable)
{
    static const char *const names[] = {"format=xml",     "format=",       "format",  "format=JSON",
                                        "format=json%00", "format=te%xxt", "format=%"};
    impact_health *health = open_health();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_error(ask(health, "GET", "/health/", names[i]), 406);
    check_error(ask_with(health, "/readyz", "", "accept", "application/xml"), 406);
    check_error(ask_with(health, "/health/db", "", "accept", "*/*;q=0"), 406);
    check_answer(ask_with(health, "/health/ping", "", "accept", "application/xml"), 200, "pong");
    close_health(health);
}

TEST(a_text_is_one_word_unless_something_is_wrong)
{
    impact_health *health = open_health();
    check_answer(ask(health, "GET", "/health/", "format=text"), 200, "ok\n");
    check_answer(ask(health, "GET", "/readyz", ""), 200, "ok\n");
    check_answer(
        ask(health, "GET", "/readyz", "checks=bad"), 503,
        "[+]db ok\n[!]cache warned\n[-]bad failed: error: reason withheld\nreadyz check failed\n");
    check_answer(ask(health, "GET", "/health/bad", "format=text"), 503,
                 "[-]bad failed: error: reason withheld\nhealth check failed\n");
    close_health(health);
}

TEST(a_verbose_text_has_a_line_a_check)
{
    static const char *const verbose[] = {"verbose", "verbose=", "verbose=1", "verbose=true"};
    static const char *const terse[] = {"verbose=0", "verbose=false", "verbos", ""};
    impact_health *health = open_health();
    for (size_t i = 0; i < sizeof verbose / sizeof *verbose; i++)
        check_answer(ask(health, "GET", "/readyz", verbose[i]), 200,
                     "[+]db ok\n[!]cache warned\nreadyz check passed\n");
    for (size_t i = 0; i < sizeof terse / sizeof *terse; i++)
        check_answer(ask(health, "GET", "/readyz", terse[i]), 200, "ok\n");
    close_health(health);
}

TEST(a_text_names_what_was_ignored)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms,
                                                              .ignores_unknown_checks = true)) ==
            IMPACT_OK);
    check_answer(ask(health, "GET", "/health/", "format=text&checks=nope"), 200,
                 "[?]nope is unknown\nhealth check passed\n");
    close_health(health);
}

TEST(health_json_says_pass_warn_or_fail)
{
    impact_health *health = open_health();
    exchange e = ask(health, "GET", "/health/", "format=health-json");
    CHECK(strncmp(e.body, "{\"status\":\"pass\",\"checks\":{\"db\":[{\"status\":\"pass\",", 50) ==
          0);
    check_answer(e, 200, NULL);
    e = ask(health, "GET", "/readyz", "format=health-json");
    CHECK(strncmp(e.body, "{\"status\":\"warn\",", 17) == 0);
    CHECK(check_contains(e.body, "\"cache\":[{\"status\":\"warn\","));
    check_answer(e, 200, NULL);
    e = ask(health, "GET", "/readyz", "format=health-json&checks=bad");
    CHECK(strncmp(e.body, "{\"status\":\"fail\",", 17) == 0);
    CHECK(check_contains(e.body, "\"bad\":[{\"status\":\"fail\",\"time\":\"2"));
    CHECK(check_contains(e.body, "\",\"reason\":\"error\",\"durationMs\":"));
    CHECK(!check_contains(e.body, "never holds"));
    check_answer(e, 503, NULL);
    close_health(health);
}

TEST(an_error_is_json_whatever_the_format)
{
    impact_health *health = open_health();
    check_error(ask(health, "GET", "/health/", "format=text&checks=nope"), 404);
    check_error(ask(health, "GET", "/health/nope", "format=text"), 404);
    check_error(ask(health, "GET", "/readyz", "checks=%zz"), 400);
    close_health(health);
}
