/* Groups, and what is left out of them: the paths that orchestrators ask. */
#include "exchange.h"

static impact_health *open_with(const impact_health_options *options)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, options), IMPACT_OK);
    return health;
}

static impact_health *open_health(void)
{
    impact_health *health =
        open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true));
    add(health, "loop", impact_check_true, "_live");
    add(health, "db", impact_check_false, "_ready,_defaults");
    add(health, "cache", impact_check_true, "_ready,_warm");
    add(health, "warm", impact_check_true, "_startup,_warm");
    return health;
}

static bool checks_are(impact_health *health, const char *path, const char *query,
                       const char *should)
{
    char wanted[256];
    char with_format[256];
    (void)snprintf(wanted, sizeof wanted, "\"checks\":{%s},", should);
    (void)snprintf(with_format, sizeof with_format, "format=json&%s", query);
    exchange e = ask(health, "GET", path, with_format);
    const bool are = check_contains(e.body, wanted);
    if (!are)
        printf("# %s\n", e.body);
    impact_http_response_clear(&e.response);
    return are;
}

TEST(each_probe_asks_for_its_group)
{
    impact_health *health = open_health();
    CHECK(checks_are(health, "/livez", "", "\"loop\":true"));
    CHECK(checks_are(health, "/readyz", "", "\"db\":false,\"cache\":true"));
    CHECK(checks_are(health, "/startupz", "", "\"warm\":true"));
    CHECK_EQUAL(status_of(ask(health, "GET", "/livez", "")), 200);
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "")), 503);
    CHECK_EQUAL(status_of(ask(health, "HEAD", "/startupz", "")), 200);
    CHECK_EQUAL(status_of(ask(health, "OPTIONS", "/readyz", "")), 503);
    close_health(health);
}

TEST(the_probes_paths_are_the_hosts_unless_it_gave_them)
{
    impact_health *health = open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms));
    CHECK(!ask(health, "GET", "/livez", "").is_answered);
    CHECK(!ask(health, "GET", "/readyz", "").is_answered);
    close_health(health);
}

TEST(a_check_and_a_group_have_paths_of_their_own)
{
    impact_health *health = open_health();
    CHECK(checks_are(health, "/health/cache", "", "\"cache\":true"));
    CHECK(checks_are(health, "/health/db", "", "\"db\":false"));
    CHECK(checks_are(health, "/health/_warm", "", "\"cache\":true,\"warm\":true"));
    CHECK(checks_are(health, "/health/_live", "", "\"loop\":true"));
    CHECK_EQUAL(status_of(ask(health, "GET", "/health/cache", "")), 200);
    CHECK_EQUAL(status_of(ask(health, "GET", "/health/db", "")), 503);
    close_health(health);
}

TEST(a_check_of_a_probe_has_a_path_below_it_and_no_other_check_has)
{
    static const char *const others[] = {"/livez/db",     "/readyz/loop", "/readyz/_ready",
                                         "/livez/_live",  "/livez/none",  "/livez//",
                                         "/startupz/db,", "/readyz/%zz",  "/readyz/,"};
    impact_health *health = open_health();
    check_answer(ask(health, "GET", "/livez/loop", ""), 200, "ok\n");
    CHECK(checks_are(health, "/readyz/cache", "", "\"cache\":true"));
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz/cache", "")), 200);
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz/db", "")), 503);
    CHECK_EQUAL(status_of(ask(health, "GET", "/startupz/warm", "")), 200);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check_error(ask(health, "GET", others[i], ""), 404);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz/cache", "")), 200); /* the check holds */
    close_health(health);
    health = open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true,
                                             .ignores_unknown_checks = true, .secret = "s"));
    add(health, "loop", impact_check_true, "_live");
    check_error(ask(health, "GET", "/readyz/loop", "auth=s"), 404);
    check_answer(ask(health, "GET", "/livez/loop", "auth=s"), 200, "ok\n");
    check_error(ask(health, "GET", "/livez/loop", ""), 401); /* which checks there are is secret */
    close_health(health);
}

TEST(every_check_is_in_the_group_of_all)
{
    impact_health *health = open_health();
    CHECK(checks_are(health, "/health/", "checks=_all",
                     "\"loop\":true,\"db\":false,\"cache\":true,\"warm\":true"));
    CHECK(checks_are(health, "/health/", "checks=_all&exclude=_ready",
                     "\"loop\":true,\"warm\":true"));
    close_health(health);
}

TEST(what_is_excluded_is_not_run_wherever_it_is_named)
{
    impact_health *health = open_health();
    CHECK(checks_are(health, "/readyz", "exclude=db", "\"cache\":true"));
    CHECK(checks_are(health, "/readyz", "exclude=db&exclude=cache", ""));
    CHECK(checks_are(health, "/readyz", "checks=loop&exclude=_warm", "\"db\":false,\"loop\":true"));
    CHECK(checks_are(health, "/health/", "checks=db,cache&exclude=_defaults", "\"cache\":true"));
    CHECK(checks_are(health, "/health/", "checks=db,cache,db&exclude=cache,cache", "\"db\":false"));
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "exclude=db")), 200);
    close_health(health);
}

TEST(an_unknown_name_that_is_excluded_is_not_passed_over)
{
    impact_health *health = open_health();
    check_answer(ask(health, "GET", "/readyz", "exclude=dbb,_none"), 404,
                 "{\"error\":\"unknown checks\",\"unknown_checks\":[\"dbb\",\"_none\"]}\n");
    close_health(health);
    health =
        open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .ignores_unknown_checks = true));
    exchange e = ask(health, "GET", "/health/", "exclude=dbb");
    CHECK(check_contains(e.body, "\"unknown_checks\":[\"dbb\"]"));
    check_answer(e, 200, NULL);
    close_health(health);
}

TEST(without_checks_a_service_is_alive_and_neither_ready_nor_started)
{
    impact_health *health =
        open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true));
    check_answer(ask(health, "GET", "/livez", ""), 200, "ok\n");
    check_answer(ask(health, "GET", "/readyz", ""), 503,
                 "[-]_ready failed: it has no checks\nreadyz check failed\n");
    check_answer(ask(health, "GET", "/startupz", "format=json"), 503,
                 "{\"available_checks\":[],\"checks\":{},\"health\":\"degraded\","
                 "\"empty_groups\":[\"_startup\"]}\n");
    check_answer(ask(health, "GET", "/health/", "checks=_ready,_ready"), 503,
                 "{\"available_checks\":[],\"checks\":{},\"health\":\"degraded\","
                 "\"empty_groups\":[\"_ready\"]}\n");
    check_answer(ask(health, "GET", "/health/", ""), 200, NULL);
    check_answer(ask(health, "GET", "/health/", "checks=_live,_all"), 200, NULL);
    close_health(health);
}

TEST(a_service_without_checks_is_ready_where_that_was_said)
{
    impact_health *health =
        open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true,
                                        .empty_groups_hold = true));
    check_answer(ask(health, "GET", "/readyz", ""), 200, "ok\n");
    check_answer(ask(health, "GET", "/startupz", ""), 200, "ok\n");
    close_health(health);
}

TEST(a_group_whose_members_are_all_excluded_is_not_one_without_checks)
{
    impact_health *health = open_health();
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "exclude=_ready")), 200);
    close_health(health);
}

TEST(before_its_first_result_a_check_fails_readiness_and_not_liveness)
{
    gate g;
    gate_open(&g);
    impact_health *health = open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = 20, .has_probes = true));
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "slow", .run = gate_run, .userdata = &g,
                                                   .groups = "_live,_ready",
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "")), 503);
    CHECK_EQUAL(status_of(ask(health, "GET", "/health/slow", "")), 503);
    CHECK_EQUAL(status_of(ask(health, "GET", "/livez/slow", "")), 200);
    check_answer(ask(health, "GET", "/livez", "verbose"), 200,
                 "[!]slow warned: pending\nlivez check passed\n");
    gate_release(&g);
    close_health(health);
    gate_close(&g);
}

TEST(a_check_that_hangs_fails_liveness)
{
    gate g;
    gate_open(&g);
    impact_health *health =
        open_with(IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true));
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hung", .run = gate_run, .userdata = &g,
                                                   .groups = "_live", .timeout_ms = 20)) ==
            IMPACT_OK);
    check_answer(ask(health, "GET", "/livez", ""), 503,
                 "[-]hung failed: timeout\nlivez check failed\n");
    gate_release(&g);
    close_health(health);
    gate_close(&g);
}

TEST(what_drains_is_alive_and_not_ready_and_says_so_in_every_format)
{
    impact_health *health = open_health();
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK_EQUAL(status_of(ask(health, "GET", "/livez", "")), 200);
    CHECK_EQUAL(status_of(ask(health, "GET", "/startupz", "")), 200);
    check_answer(ask(health, "GET", "/readyz", "exclude=db"), 503,
                 "[+]cache ok\n[-]phase failed: draining\nreadyz check failed\n");
    static const char *const said[][2] = {
        {"json", "\"health\":\"degraded\",\"phase\":\"draining\"}"},
        {"health-json", "{\"status\":\"fail\",\"notes\":[\"draining\"],"},
        {"openmetrics", "\nhealth_up 0\n"},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        char query[64];
        (void)snprintf(query, sizeof query, "exclude=db&format=%s", said[i][0]);
        exchange e = ask(health, "GET", "/readyz", query);
        CHECK(check_contains(e.body, said[i][1]));
        impact_http_response_clear(&e.response);
    }
    close_health(health);
}
