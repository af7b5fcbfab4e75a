/* Pushed states, and checks that are switched off. */
#include <impact/health.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

static impact_health *open_with(uint32_t max_age_ms)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "told", .max_age_ms = max_age_ms)),
                IMPACT_OK);
    return health;
}

static impact_health_report *probe(impact_health *health, impact_health_result *result)
{
    impact_health_report *report = NULL;
    *result = (impact_health_result){.size = sizeof *result};
    CHECK(probe_in_time(health, "_defaults", &report));
    CHECK(impact_health_report_get(report, 0, result));
    return report;
}

TEST(a_pushed_state_is_told_until_the_next)
{
    impact_health_result result;
    impact_health *health = open_with(0);
    CHECK_STRING(probe_one(health, "told").reason, "pending");
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_FAIL, "no disk"), IMPACT_OK);
    impact_health_report *report = probe(health, &result);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result.reason, "error");
    CHECK_EQUAL(result.explanation.size, strlen("no disk"));
    CHECK_EQUAL(result.failures, 1);
    CHECK(!result.is_pending);
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    report = probe(health, &result);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(result.explanation.size, 0);
    CHECK_EQUAL(result.past_count, 2);
    impact_health_report_close(report);
    CHECK_EQUAL(threads_of(health), 0); /* nothing is run, and no clock is looked at */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_push_is_refused_where_it_makes_no_sense)
{
    impact_health *health = open_with(0);
    add_true(health, "runs");
    CHECK_EQUAL(impact_health_push(health, "runs", IMPACT_HEALTH_PASS, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_push(health, "none", IMPACT_HEALTH_PASS, NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_push(health, "told", (impact_health_status)4, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_push(health, NULL, IMPACT_HEALTH_PASS, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_push(NULL, "told", IMPACT_HEALTH_PASS, NULL), IMPACT_EINVAL);
    CHECK_STRING(probe_one(health, "told").reason, "pending");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(thresholds_are_for_pushed_states_too)
{
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "told", .failure_threshold = 2,
                                                   .failure_status = IMPACT_HEALTH_WARN)) ==
            IMPACT_OK);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_FAIL, NULL), IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "told").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_FAIL, NULL), IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "told").status, IMPACT_HEALTH_WARN);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_pushed_state_is_stale_after_its_age_and_without_one_from_the_registration_on)
{
    impact_health *health = open_with(1);
    AWAIT(strcmp(probe_one(health, "told").reason, "stale") == 0);
    CHECK_EQUAL(probe_one(health, "told").status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_PASS, "fine"), IMPACT_OK);
    AWAIT(strcmp(probe_one(health, "told").reason, "stale") == 0);
    impact_health_result result;
    impact_health_report *report = probe(health, &result);
    CHECK_EQUAL(result.explanation.size, 0);
    CHECK_EQUAL(result.failures, 0); /* no result failed: there was none */
    CHECK(result.failing_since_unix_ns >= result.ended_unix_ns);
    CHECK(result.failing_since_unix_ns > 0);
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_child_knows_nothing_of_what_was_pushed_in_its_parent)
{
    impact_health *health = open_with(0);
    CHECK_EQUAL(impact_health_push(health, "told", IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    const pid_t child = fork();
    if (child == 0)
        _exit(strcmp(probe_one(health, "told").reason, "pending") == 0 ? 0 : 1);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_check_without_a_function_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator)))
            continue;
        const impact_status status =
            impact_health_add(health, IMPACT_CHECK(.name = "told", .max_age_ms = 5));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK_EQUAL(impact_health_close(health, 0), 0);
    }
}

/* ---- switched off ---- */

static impact_health_status count_runs(impact_health_run *run, void *userdata)
{
    (void)run;
    atomic_fetch_add((atomic_uint *)userdata, 1);
    return IMPACT_HEALTH_FAIL;
}

TEST(a_check_that_is_switched_off_is_not_run_and_does_not_fail)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = count_runs,
                                                   .userdata = &runs, .timeout_ms = patience_ms)) ==
            IMPACT_OK);
    CHECK_EQUAL(impact_health_enable(health, "a", false), IMPACT_OK);
    const impact_health_result result = probe_one(health, "a");
    CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
    CHECK_STRING(result.reason, "disabled");
    CHECK_EQUAL(result.raw_status, IMPACT_HEALTH_UNKNOWN);
    CHECK(!result.is_pending);
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK_EQUAL(impact_health_enable(health, "a", true), IMPACT_OK);
    CHECK_EQUAL(impact_health_enable(health, "a", true), IMPACT_OK); /* does nothing */
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK_EQUAL(impact_health_enable(health, "none", true), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_enable(health, NULL, true), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_enable(NULL, "a", true), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_periodic_check_rests_while_it_is_switched_off)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    impact_check check = {.size = sizeof check,
                          .name = "a",
                          .run = count_runs,
                          .userdata = &runs,
                          .period_ms = 3600000,
                          .initial_delay_ms = 3600000};
    REQUIRE(impact_health_add(health, &check) == IMPACT_OK);
    CHECK_EQUAL(impact_health_enable(health, "a", false), IMPACT_OK);
    check.initial_delay_ms = 0;
    check.period_ms = 1;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    CHECK(!health->checks->period.due.is_set);
    CHECK_EQUAL(impact_health_enable(health, "a", true), IMPACT_OK);
    AWAIT(atomic_load(&runs) > 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(who_waits_for_a_check_that_is_switched_off_waits_no_more)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = NULL;
    be_patient(health);
    add_gate(health, "held", &g, patience_ms);
    add_true(health, "queued");
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("held")) == IMPACT_OK);
    gate_await_run(&g); /* the only worker is busy */
    impact_health_ticket *second = NULL;
    REQUIRE(impact_health_begin(&second, health, impact_text_of("queued")) == IMPACT_OK);
    CHECK(!impact_health_is_done(second));
    CHECK_EQUAL(impact_health_enable(health, "queued", false), IMPACT_OK);
    CHECK(impact_health_is_done(second));
    impact_health_abandon(second);
    gate_release(&g);
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}
