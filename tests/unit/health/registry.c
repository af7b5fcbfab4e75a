/* A registry: what may be registered, and when it is given back. */
#include "health/registry.h"

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

TEST(setup_accepts_null)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(NULL, NULL), IMPACT_EINVAL);
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(NULL, IMPACT_CHECK(.name = "a", .run = impact_check_true)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add(health, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_remove(NULL, "a"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_remove(health, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_change(NULL, IMPACT_CHECK(.name = "a")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_change(health, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.groups = "")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_set(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_set(health, NULL), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(NULL, 0), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_check_needs_a_name)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.groups = "")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.run = impact_check_true)), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "_a", .run = impact_check_true)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add(
                    health, IMPACT_CHECK(.name = "a", .run = impact_check_true, .groups = "ready")),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_name_is_registered_once_until_it_is_removed)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    const impact_check *check = IMPACT_CHECK(.name = "a", .run = impact_check_true);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_EEXIST);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_registry_has_at_most_1024_checks)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    char name[16];
    for (int i = 0; i < 1024; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = impact_check_true)),
                    IMPACT_OK);
    }
    const impact_check *one_more = IMPACT_CHECK(.name = "d", .run = impact_check_true);
    CHECK_EQUAL(impact_health_add(health, one_more), IMPACT_ELIMIT);
    CHECK_EQUAL(impact_health_remove(health, "c7"), IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, one_more), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(userdata_is_freed_when_its_check_goes_and_not_when_it_was_refused)
{
    impact_health *health = NULL;
    gate g;
    gate_open(&g);
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    const impact_check *check =
        IMPACT_CHECK(.name = "a", .run = gate_run, .userdata = &g, .free_userdata = gate_free);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_EEXIST);
    CHECK_EQUAL(atomic_load(&g.freed), 0);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&g.freed), 1);
    CHECK_EQUAL(impact_health_add(health, check), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
    CHECK_EQUAL(atomic_load(&g.freed), 2);
    gate_close(&g);
}

/* ---- a check that is changed while it runs ---- */

static size_t count_of(impact_health *health, const char *selector)
{
    impact_health_report *report = NULL;
    CHECK_EQUAL(impact_health_probe(health, impact_text_of(selector), &report), IMPACT_OK);
    const size_t count = impact_health_report_count(report);
    impact_health_report_close(report);
    return count;
}

TEST(a_check_gets_other_groups_and_limits_and_keeps_its_run_and_its_userdata)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(2, 1);
    add_gate(health, "a", &g, patience_ms);
    CHECK_EQUAL(count_of(health, "_defaults"), 1);
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_change(
                    health, IMPACT_CHECK(.name = "a", .groups = "_ready", .timeout_ms = 7)),
                IMPACT_OK);
    CHECK_EQUAL(count_of(health, "_defaults"), 0);
    CHECK_EQUAL(count_of(health, "_ready"), 1);
    CHECK_EQUAL(atomic_load(&g.runs), 1); /* it shares the run that was under way */
    CHECK_EQUAL(health->checks->job.timeout_ns, 7 * IMPACT__NS_PER_MS);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&g.freed), 1);
    gate_close(&g);
}

TEST(a_check_that_is_changed_stands_last)
{
    impact_health *health = gate_health(1, patience_ms);
    add_true(health, "a");
    add_true(health, "b");
    add_true(health, "c");
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "a")), IMPACT_OK);
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "a")), IMPACT_OK);
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "c")), IMPACT_OK);
    CHECK_STRING(health->checks->definition.name, "b");
    CHECK_STRING(health->checks->next->definition.name, "a");
    CHECK_STRING(health->checks->next->next->definition.name, "c");
    CHECK(!health->checks->next->next->next);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_change_that_is_refused_changes_nothing)
{
    impact_health *health = gate_health(1, patience_ms);
    add_true(health, "a");
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "b")), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "a", .groups = "none")),
                IMPACT_EINVAL);
    CHECK_EQUAL(count_of(health, "_defaults"), 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- other versions ---- */

typedef struct larger_check {
    impact_check known;
    uint64_t added;
} larger_check;

static impact_status add_larger(impact_health *health, uint64_t added)
{
    larger_check check = {{.size = sizeof check, .name = "a", .run = impact_check_true}, added};
    return impact_health_add(health, &check.known);
}

TEST(a_check_of_another_version_is_taken_when_nothing_unknown_is_set)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_check smaller = {.size = offsetof(impact_check, groups),
                            .name = "b",
                            .run = impact_check_true,
                            .groups = "not a group"};
    CHECK_EQUAL(impact_health_add(health, &smaller), IMPACT_OK);
    CHECK_EQUAL(add_larger(health, 1), IMPACT_EINVAL);
    CHECK_EQUAL(add_larger(health, 0), IMPACT_OK);
    smaller.size = 0;
    CHECK_EQUAL(impact_health_add(health, &smaller), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(setup_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        const impact_status opened = impact_health_open(
            &health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator, .secret = "s"));
        CHECK((opened == IMPACT_OK) == (health != NULL));
        const impact_status added =
            health ? impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true))
                   : IMPACT_ENOMEM;
        CHECK_EQUAL(added, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        const bool is_changed =
            added || (!impact_health_change(health, IMPACT_CHECK(.name = "a", .groups = "_b")) &&
                      !impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "t")));
        CHECK(is_changed || atomic_load(&f.injected));
        CHECK_EQUAL(impact_health_close(health, 0), 0);
    }
}
