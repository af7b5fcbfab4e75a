/* What Envoy reads in the headers of an answer. */
#include "exchange.h"

static const char fails[] = "x-envoy-immediate-health-check-fail";
static const char degraded[] = "x-envoy-degraded";
static const char cluster[] = "x-envoy-upstream-healthchecked-cluster";

static impact_health_status warn(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    return IMPACT_HEALTH_WARN;
}

static impact_health *open_health(const char *secret)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true,
                                                   .service_id = "orders", .secret = secret)),
                IMPACT_OK);
    add(health, "db", impact_check_true, "_defaults,_ready,_live");
    add(health, "cache", warn, "");
    add(health, "bad", impact_check_false, "");
    return health;
}

static void check_headers(impact_health *health, const char *method, const char *path,
                          const char *query, bool is_failing, bool is_degraded)
{
    exchange e = ask(health, method, path, query);
    CHECK_STRING(header_of(&e, fails), is_failing ? "true" : NULL);
    CHECK_STRING(header_of(&e, degraded), is_degraded ? "true" : NULL);
    CHECK_STRING(header_of(&e, cluster), "orders");
    check_answer(e, e.response.status, NULL);
}

TEST(a_service_that_drains_is_taken_out_at_once)
{
    static const char *const paths[] = {"/health/", "/readyz", "/livez", "/health/db"};
    impact_health *health = open_health(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        check_headers(health, "GET", paths[i], "", false, false);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        check_headers(health, "GET", paths[i], "", true, false);
    check_headers(health, "HEAD", "/readyz", "", true, false);
    CHECK_EQUAL(status_of(ask(health, "GET", "/livez", "")), 200); /* it is alive */
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_SERVING), IMPACT_OK);
    check_headers(health, "GET", "/readyz", "", false, false);
    close_health(health);
}

TEST(a_service_that_works_with_a_reservation_is_degraded)
{
    impact_health *health = open_health(NULL);
    check_headers(health, "GET", "/health/", "checks=db,cache", false, true);
    check_headers(health, "GET", "/health/cache", "", false, true);
    check_headers(health, "GET", "/health/", "checks=cache,bad", false, false); /* it fails */
    check_headers(health, "GET", "/health/", "checks=db", false, false);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    check_headers(health, "GET", "/health/cache", "", true, false);
    close_health(health);
}

TEST(an_answer_says_which_service_it_is_in_every_format)
{
    static const char *const formats[] = {"json", "health-json", "text", "openmetrics", "html"};
    char query[64];
    impact_health *health = open_health(NULL);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        (void)snprintf(query, sizeof query, "format=%s", formats[i]);
        check_headers(health, "GET", "/health/", query, true, false);
        check_headers(health, "OPTIONS", "/health/", query, true, false); /* with Allow: the most */
        check_headers(health, "HEAD", "/health/", query, true, false);
    }
    close_health(health);
}

TEST(a_stranger_learns_no_more_from_the_headers_than_from_the_word)
{
    impact_health *health = open_health("s3");
    check_headers(health, "GET", "/readyz", "", false, false);
    exchange e = ask(health, "GET", "/health/cache", "");
    CHECK_STRING(header_of(&e, degraded), NULL);
    CHECK_STRING(header_of(&e, cluster), NULL);
    check_error(e, 401);
    close_health(health);
}
