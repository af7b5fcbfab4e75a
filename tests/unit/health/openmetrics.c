/* OpenMetrics: always 200, from what is known, without a run. */
#include <stdatomic.h>

#include "exchange.h"

static impact_health_status count_and_fail(impact_health_run *run, void *userdata)
{
    atomic_fetch_add((atomic_uint *)userdata, 1);
    impact_health_explain(run, "a word that no metric has");
    impact_health_observe(run, 0.25, "a\"b\\c\nd");
    return IMPACT_HEALTH_FAIL;
}

static impact_health *open_health(atomic_uint *runs)
{
    impact_health *health = NULL;
    atomic_init(runs, 0);
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms,
                                                                  .shows_explanations = true)),
                IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "d\"b\\", .run = count_and_fail,
                                               .userdata = runs, .timeout_ms = patience_ms)),
        IMPACT_OK);
    return health;
}

static exchange scrape(impact_health *health, const char *query)
{
    return ask_with(health, "/health/", query, "accept",
                    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;"
                    "q=0.3,*/*;q=0.2");
}

TEST(a_scrape_is_answered_with_200_and_runs_nothing)
{
    atomic_uint runs;
    impact_health *health = open_health(&runs);
    exchange e = scrape(health, "");
    CHECK(check_contains(e.body, "\nhealth_up 0\n"));
    CHECK(check_contains(e.body, "{check=\"d\\\"b\\\\\",health_check_status=\"unknown\"} 1"));
    CHECK(!check_contains(e.body, "health_check_duration_seconds{"));
    CHECK_STRING(header_of(&e, "Content-Type"),
                 "application/openmetrics-text; version=1.0.0; charset=utf-8");
    check_answer(e, 200, NULL);
    CHECK_EQUAL(atomic_load(&runs), 0);
    close_health(health);
}

TEST(a_scrape_tells_what_the_last_probe_left)
{
    atomic_uint runs;
    impact_health *health = open_health(&runs);
    CHECK_EQUAL(status_of(ask(health, "GET", "/health/", "")), 503);
    exchange e = scrape(health, "");
    CHECK(check_contains(e.body, ",health_check_status=\"fail\"} 1"));
    CHECK(check_contains(e.body, "health_check_consecutive_failures{check=\"d\\\"b\\\\\"} 1.0\n"));
    CHECK(check_contains(e.body, "health_check_stuck_seconds{check=\"d\\\"b\\\\\"} 0.0\n"));
    CHECK(check_contains(e.body, "health_check_observed_value{check=\"d\\\"b\\\\\","
                                 "unit=\"a\\\"b\\\\c\\nd\"} 0.25\n"));
    CHECK(!check_contains(e.body, "a word"));
    CHECK_STRING(e.body + strlen(e.body) - 6, "# EOF\n");
    check_answer(e, 200, NULL);
    CHECK_EQUAL(atomic_load(&runs), 1);
    close_health(health);
}

TEST(a_check_that_hangs_is_told_with_the_time_that_it_does)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    CHECK_EQUAL(status_of(ask(health, "GET", "/health/", "")), 503);
    exchange e = scrape(health, "");
    CHECK(check_contains(e.body, "health_check_stuck_seconds{check=\"hung\"} 0.0"));
    CHECK(check_contains(e.body, "{check=\"hung\",health_check_status=\"fail\"} 1"));
    check_answer(e, 200, NULL);
    gate_release(&g);
    close_health(health);
    gate_close(&g);
}

TEST(a_scrape_needs_the_secret_and_known_names)
{
    atomic_uint runs;
    impact_health *health = open_health(&runs);
    CHECK_EQUAL(status_of(scrape(health, "checks=nope")), 404);
    REQUIRE(impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "s")) == IMPACT_OK);
    CHECK_EQUAL(status_of(scrape(health, "")), 401);
    CHECK_EQUAL(status_of(scrape(health, "auth=s")), 200);
    close_health(health);
}
