/* A check: what is known of it while its next run is under way. */
#include "health/check.h"

#include "gate.h"
#include "health/ticket.h"
#include "support/check.h"

/* ---- fresh results ---- */

TEST(a_check_that_needs_longer_than_the_budget_is_told_by_its_last_result)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "slow", &g, 2 * patience_ms);
    gate_release(&g);
    CHECK_EQUAL(probe_one(health, "slow").status, IMPACT_HEALTH_PASS);
    health->budget_ms = 1;
    for (int i = 0; i < 3; i++) { /* a run is under way, and does not end in time */
        const impact_health_result slow = probe_one(health, "slow");
        CHECK_EQUAL(slow.status, IMPACT_HEALTH_PASS);
        CHECK(slow.is_pending);
        CHECK(slow.age_ns > 0);
    }
    gate_await_run(&g);
    gate_await_run(&g);
    CHECK_EQUAL(atomic_load(&g.runs), 2);
    gate_release(&g);
    AWAIT(running_of(health) == 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_result_is_told_to_the_end_of_its_age_and_a_run_is_stuck_from_its_deadline_on)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = NULL;
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "slow", .run = gate_run, .userdata = &g,
                                               .timeout_ms = 2 * patience_ms, .max_age_ms = 1000)),
        IMPACT_OK);
    gate_release(&g);
    CHECK_EQUAL(probe_one(health, "slow").status, IMPACT_HEALTH_PASS);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("slow")) == IMPACT_OK);
    gate_await_run(&g);
    gate_await_run(&g);
    impact__health_lock(health);
    const impact__check *check = impact__health_find(health, impact_text_of("slow"));
    const impact__wait *wait = &ticket->waits[0].wait;
    const uint64_t end_ns = check->record.ended_ns + 1000 * IMPACT__NS_PER_MS;
    CHECK_EQUAL(impact__wait_look(wait, end_ns).outcome.status, IMPACT_HEALTH_PASS);
    CHECK_STRING(impact__wait_look(wait, end_ns + 1).outcome.reason, "stale");
    CHECK(!impact__wait_look(wait, check->job.deadline_ns - 1).is_stuck);
    CHECK(impact__wait_look(wait, check->job.deadline_ns).is_stuck);
    impact__health_unlock(health);
    gate_release(&g);
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_result_that_is_too_old_fails_as_stale)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "slow", .run = gate_run, .userdata = &g,
                                               .timeout_ms = 2 * patience_ms, .max_age_ms = 1)),
        IMPACT_OK);
    gate_release(&g);
    CHECK_EQUAL(probe_one(health, "slow").status, IMPACT_HEALTH_PASS);
    health->budget_ms = 5;
    const impact_health_result slow = probe_one(health, "slow");
    CHECK_EQUAL(slow.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(slow.reason, "stale");
    CHECK(slow.is_pending);
    CHECK(slow.age_ns >= IMPACT__NS_PER_MS);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_pass_is_not_told_once_the_next_run_is_past_its_deadline)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, 1000);
    gate_release(&g);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    const impact_health_result hung = probe_one(health, "a");
    CHECK_EQUAL(hung.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(hung.reason, "timeout");
    CHECK(!hung.is_pending);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

/* ---- a result that is told without a run ---- */

typedef struct switched {
    atomic_uint runs;
    _Atomic impact_health_status status;
} switched;

static impact_health_status run_switched(impact_health_run *run, void *userdata)
{
    (void)run;
    switched *s = userdata;
    atomic_fetch_add(&s->runs, 1);
    return atomic_load(&s->status);
}

TEST(a_result_within_its_time_to_live_is_told_without_a_run)
{
    switched s = {0};
    impact_health *health = gate_health(1, patience_ms);
    impact_check check = {.size = sizeof check,
                          .name = "a",
                          .run = run_switched,
                          .userdata = &s,
                          .ttl_ms = patience_ms,
                          .ttl_fail_ms = 1};
    REQUIRE(impact_health_add(health, &check) == IMPACT_OK);
    for (int i = 0; i < 5; i++) {
        const impact_health_result result = probe_one(health, "a");
        CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
        CHECK(!result.is_pending);
    }
    CHECK_EQUAL(atomic_load(&s.runs), 1);
    check.ttl_ms = 0; /* it is asked for anew */
    check.ttl_fail_ms = patience_ms;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    atomic_store(&s.status, IMPACT_HEALTH_FAIL);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(atomic_load(&s.runs), 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_result_is_told_to_the_end_of_its_time_to_live)
{
    switched s = {0};
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run_switched, .userdata = &s,
                                                   .ttl_ms = 1, .timeout_ms = patience_ms)) ==
            IMPACT_OK);
    AWAIT(probe_one(health, "a").status == IMPACT_HEALTH_PASS && atomic_load(&s.runs) >= 3);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- severity and thresholds ---- */

TEST(an_optional_check_warns_on_every_path)
{
    gate g;
    gate_open(&g);
    switched s = {.status = IMPACT_HEALTH_FAIL};
    impact_health *health = gate_health(1, patience_ms);
    impact_health_report *report = NULL;
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "says", .run = run_switched,
                                                   .userdata = &s, .timeout_ms = patience_ms,
                                                   .failure_status = IMPACT_HEALTH_WARN)) ==
            IMPACT_OK);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hangs", .run = gate_run, .userdata = &g,
                                                   .timeout_ms = 10,
                                                   .failure_status = IMPACT_HEALTH_WARN)) ==
            IMPACT_OK);
    const impact_health_result says = probe_one(health, "says");
    CHECK_EQUAL(says.status, IMPACT_HEALTH_WARN);
    CHECK_STRING(says.reason, "error");
    CHECK_EQUAL(says.raw_status, IMPACT_HEALTH_FAIL);
    const impact_health_result hangs = probe_one(health, "hangs");
    CHECK_EQUAL(hangs.status, IMPACT_HEALTH_WARN);
    CHECK_STRING(hangs.reason, "timeout");
    CHECK_EQUAL(hangs.raw_status, IMPACT_HEALTH_FAIL);
    REQUIRE(impact_health_probe(health, impact_text_of("says,hangs"), &report) == IMPACT_OK);
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_check_fails_at_its_threshold_and_holds_again_at_the_other)
{
    switched s = {0};
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run_switched, .userdata = &s,
                                                   .failure_threshold = 3, .success_threshold = 2,
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    static const struct {
        impact_health_status comes;
        impact_health_status told;
        const char *reason;
    } steps[] = {
        {IMPACT_HEALTH_PASS, IMPACT_HEALTH_PASS, ""},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_PASS, "error"},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_PASS, "error"},
        {IMPACT_HEALTH_WARN, IMPACT_HEALTH_WARN, ""},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_PASS, "error"},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_PASS, "error"},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_FAIL, "error"},
        {IMPACT_HEALTH_PASS, IMPACT_HEALTH_FAIL, "recovering"},
        {IMPACT_HEALTH_FAIL, IMPACT_HEALTH_FAIL, "error"},
        {IMPACT_HEALTH_PASS, IMPACT_HEALTH_FAIL, "recovering"},
        {IMPACT_HEALTH_PASS, IMPACT_HEALTH_PASS, ""},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        atomic_store(&s.status, steps[i].comes);
        const impact_health_result result = probe_one(health, "a");
        CHECK_EQUAL(result.raw_status, steps[i].comes);
        CHECK_EQUAL(result.status, steps[i].told);
        CHECK_STRING(result.reason, steps[i].reason);
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(the_first_result_of_all_decides_at_once)
{
    for (int status = IMPACT_HEALTH_PASS; status <= IMPACT_HEALTH_FAIL; status++) {
        switched s = {.status = (impact_health_status)status};
        impact_health *health = gate_health(1, patience_ms);
        REQUIRE(
            impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run_switched, .userdata = &s,
                                                   .failure_threshold = 9, .success_threshold = 9,
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
        CHECK_EQUAL(probe_one(health, "a").status, status);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    }
}
