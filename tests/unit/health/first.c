/* Before the first result, and near the end of a time limit: by a clock that the test moves. */
#include <impact/health.h>

#include <impact/diagnostics.h>

#include "exchange.h"
#include "support/fake_clock.h"

static impact_health *open_pumped(void)
{
    impact_health *health = NULL;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.workers = IMPACT_HEALTH_NO_THREADS,
                                                          .has_probes = true)),
        IMPACT_OK);
    return health;
}

/* ---- before the first result ---- */

TEST(a_state_that_nobody_has_said_yet_passes_where_that_was_wanted_until_it_is_late)
{
    impact_health *health = open_pumped();
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .groups = "_ready",
                                                   .holds_at_first = true, .max_age_ms = 1000)) ==
            IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(probe_one(health, "a").raw_status, IMPACT_HEALTH_UNKNOWN);
    CHECK_STRING(probe_one(health, "a").reason, "pending");
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "")), 200);
    fake_clock_advance_ms(1001);
    CHECK_STRING(probe_one(health, "a").reason, "stale");
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "")), 503);
    CHECK_EQUAL(impact_health_push(health, "a", IMPACT_HEALTH_FAIL, NULL), IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_FAIL); /* a result counts at once */
    close_health(health);
}

TEST(a_state_that_nobody_has_said_yet_fails_otherwise)
{
    impact_health *health = open_pumped();
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .groups = "_ready")) == IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_UNKNOWN);
    CHECK_EQUAL(status_of(ask(health, "GET", "/readyz", "")), 503);
    close_health(health);
}

static impact_health_status leave_to_others(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    return IMPACT_HEALTH_PENDING;
}

TEST(a_first_run_that_takes_its_time_passes_where_that_was_wanted_until_its_deadline)
{
    impact_health_report *report = NULL;
    impact_health_ticket *ticket = NULL;
    impact_health *health = open_pumped();
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = leave_to_others,
                                                   .holds_at_first = true, .timeout_ms = 5000)) ==
            IMPACT_OK);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    (void)impact_health_pump(health);
    CHECK(!impact_health_is_done(ticket)); /* it is asked for all the same */
    fake_clock_advance_ms(901);
    REQUIRE(impact_health_finish(ticket, &report) == IMPACT_OK);
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    fake_clock_advance_ms(5000);
    (void)impact_health_pump(health);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    (void)impact_health_pump(health);
    fake_clock_advance_ms(901);
    REQUIRE(impact_health_finish(ticket, &report) == IMPACT_OK);
    CHECK(!impact_health_report_is_healthy(report)); /* it has timed out once */
    impact_health_report_close(report);
    close_health(health);
}

/* ---- near the end of the limit ---- */

typedef struct heard {
    unsigned count;
    char message[256];
} heard;

static void hear(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    heard *h = userdata;
    (void)suppressed;
    CHECK_EQUAL(severity, IMPACT_SEVERITY_WARNING);
    (void)snprintf(h->message, sizeof h->message, "%s", message);
    h->count++;
}

static impact_health_status take_time(impact_health_run *run, void *userdata)
{
    (void)run;
    fake_clock_advance_ms(*(unsigned *)userdata);
    return IMPACT_HEALTH_WARN;
}

TEST(a_check_that_takes_most_of_its_time_is_logged_before_it_fails)
{
    heard h = {0};
    unsigned ms = 0;
    impact_health *health = open_pumped();
    impact_diagnostics_set_callback(hear, &h);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = take_time, .userdata = &ms,
                                                   .timeout_ms = 500)) == IMPACT_OK);
    for (ms = 0; ms < 400; ms += 19)
        CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_WARN);
    CHECK_EQUAL(h.count, 0);
    ms = 400;
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_WARN);
    CHECK_EQUAL(h.count, 1);
    CHECK_STRING(h.message, "check a took 400 of the 500 ms that it may take");
    ms = 500;
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(h.count, 2); /* and that is said in its own words */
    CHECK_STRING(h.message, "check a took 500 ms; its limit is 500 ms");
    close_health(health);
}
