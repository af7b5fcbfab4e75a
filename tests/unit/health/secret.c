/* The secret: where it may stand, and what is told without it. */
#include "exchange.h"

static impact_health *open_health(const char *secret, const char *second)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.secret = secret, .second_secret = second,
                                                   .budget_ms = patience_ms, .has_probes = true)),
                IMPACT_OK);
    add(health, "true", impact_check_true, "_defaults,_ready");
    add(health, "false", impact_check_false, "_startup");
    return health;
}

static int status_with(impact_health *health, const char *query, const char *header,
                       const char *value)
{
    exchange e = ask_with(health, "/health/", query, header, value);
    if (e.response.status == 401) {
        CHECK_STRING(e.body, "{\"error\":\"the secret is missing or wrong\"}\n");
        CHECK_STRING(header_of(&e, "WWW-Authenticate"), "Bearer");
    }
    CHECK_STRING(header_of(&e, "Cache-Control"), "no-cache, no-store");
    return status_of(e);
}

static int status_of_query(impact_health *health, const char *query)
{
    return status_with(health, query, NULL, NULL);
}

static int status_of_bearer(impact_health *health, const char *authorization)
{
    return status_with(health, NULL, "authorization", authorization);
}

static int status_of_header(impact_health *health, const char *value)
{
    return status_with(health, NULL, "x-health-secret", value);
}

TEST(the_secret_is_taken_from_the_query)
{
    impact_health *health = open_health("s3 cr&t", NULL);
    CHECK_EQUAL(status_of_query(health, "auth=s3%20cr%26t"), 200);
    CHECK_EQUAL(status_of_query(health, "checks=true&auth=s3+cr%26t"), 200);
    CHECK_EQUAL(status_of_query(health, NULL), 401);
    CHECK_EQUAL(status_of_query(health, "auth="), 401);
    CHECK_EQUAL(status_of_query(health, "auth"), 401);
    CHECK_EQUAL(status_of_query(health, "auth=s3%20cr%26"), 401);
    CHECK_EQUAL(status_of_query(health, "auth=s3%20cr%26tt"), 401);
    CHECK_EQUAL(status_of_query(health, "auth=s3%20cr%26t%00"), 401);
    CHECK_EQUAL(status_of_query(health, "auth=%zz"), 401);
    CHECK_EQUAL(status_of_query(health, "auth=no&auth=s3%20cr%26t"), 401);
    close_health(health);
}

TEST(the_secret_is_taken_from_the_authorization_header)
{
    impact_health *health = open_health("secret", NULL);
    CHECK_EQUAL(status_of_bearer(health, "Bearer secret"), 200);
    CHECK_EQUAL(status_of_bearer(health, "bearer  secret "), 200);
    CHECK_EQUAL(status_with(health, "auth=wrong", "authorization", "Bearer secret"), 200);
    CHECK_EQUAL(status_with(health, "auth=secret", "authorization", "Bearer wrong"), 200);
    CHECK_EQUAL(status_of_bearer(health, "Basic secret"), 401);
    CHECK_EQUAL(status_of_bearer(health, "Bearer"), 401);
    CHECK_EQUAL(status_of_bearer(health, "Bearersecret"), 401);
    CHECK_EQUAL(status_of_bearer(health, "Bearer secretsecret"), 401);
    CHECK_EQUAL(status_of_bearer(health, "secret"), 401);
    CHECK_EQUAL(status_of_bearer(health, ""), 401);
    close_health(health);
}

TEST(the_secret_is_taken_from_a_header_of_its_own)
{
    impact_health *health = open_health("s3 cr&t", NULL);
    CHECK_EQUAL(status_of_header(health, "s3 cr&t"), 200);
    CHECK_EQUAL(status_of_header(health, " s3 cr&t\t"), 200);
    CHECK_EQUAL(status_with(health, "auth=wrong", "x-health-secret", "s3 cr&t"), 200);
    CHECK_EQUAL(status_of_header(health, "s3 cr&"), 401);
    CHECK_EQUAL(status_of_header(health, "S3 CR&T"), 401);
    CHECK_EQUAL(status_of_header(health, "s3%20cr%26t"), 401);
    CHECK_EQUAL(status_of_header(health, "Bearer s3 cr&t"), 401);
    CHECK_EQUAL(status_of_header(health, ""), 401);
    close_health(health);
}

TEST(during_a_rotation_two_secrets_are_good)
{
    impact_health *health = open_health("new", "old");
    CHECK_EQUAL(status_of_header(health, "new"), 200);
    CHECK_EQUAL(status_of_header(health, "old"), 200);
    CHECK_EQUAL(status_of_bearer(health, "Bearer old"), 200);
    CHECK_EQUAL(status_of_query(health, "auth=old"), 200);
    CHECK_EQUAL(status_of_header(health, "newold"), 401);
    CHECK_EQUAL(status_of_header(health, "other"), 401);
    REQUIRE(impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "newer",
                                                            .second_secret = "new")) == IMPACT_OK);
    CHECK_EQUAL(status_of_header(health, "newer"), 200);
    CHECK_EQUAL(status_of_header(health, "new"), 200);
    CHECK_EQUAL(status_of_header(health, "old"), 401);
    REQUIRE(impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "newer")) == IMPACT_OK);
    CHECK_EQUAL(status_of_header(health, "newer"), 200);
    CHECK_EQUAL(status_of_header(health, "new"), 401);
    close_health(health);
}

TEST(a_second_secret_alone_is_asked_for_too)
{
    impact_health *health = open_health("", "only");
    CHECK_EQUAL(status_of_query(health, NULL), 401);
    CHECK_EQUAL(status_of_header(health, ""), 401);
    CHECK_EQUAL(status_of_header(health, "only"), 200);
    close_health(health);
}

TEST(empty_secrets_are_none)
{
    impact_health *health = open_health("", "");
    CHECK_EQUAL(status_of_query(health, NULL), 200);
    close_health(health);
}

TEST(no_secret_is_asked_for_where_nothing_is_told)
{
    impact_health *health = open_health("secret", NULL);
    check_answer(ask(health, "GET", "/health/ping", NULL), 200, "pong");
    check_error(ask(health, "POST", "/health/", NULL), 405);
    check_error(ask(health, "GET", "/health", NULL), 401);
    check_error(ask(health, "OPTIONS", "/health/", NULL), 401);
    close_health(health);
}

TEST(a_stranger_does_not_learn_which_checks_there_are)
{
    static const char *const names[] = {"true", "false", "nope", "%zz", "_ready", "_none"};
    impact_health *health = open_health("secret", NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "/health/%s", names[i]);
        check_error(ask(health, "GET", text, NULL), 401);
        (void)snprintf(text, sizeof text, "checks=%s", names[i]);
        check_error(ask(health, "GET", "/health/", text), 401);
        check_error(ask(health, "GET", "/readyz", text), 401);
        (void)snprintf(text, sizeof text, "exclude=%s", names[i]);
        check_error(ask(health, "GET", "/readyz", text), 401);
    }
    close_health(health);
}

TEST(a_probe_without_the_secret_gets_a_verdict_in_one_word)
{
    impact_health *health = open_health("secret", NULL);
    check_answer(ask(health, "GET", "/livez", NULL), 200, "ok\n");
    check_answer(ask(health, "GET", "/readyz", "verbose"), 200, "ok\n");
    check_answer(ask(health, "GET", "/startupz", "verbose&format=json"), 503, "failed\n");
    check_answer(ask_with(health, "/startupz", "auth=wrong", "accept", "application/json"), 503,
                 "failed\n");
    check_answer(ask_with(health, "/startupz", NULL, "x-health-secret", "secret"), 503,
                 "[-]false failed: error: this check never holds\nstartupz check failed\n");
    close_health(health);
}
