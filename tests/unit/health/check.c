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
