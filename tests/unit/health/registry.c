/* A registry: what may be registered, and when it is given back. */
#include "health/registry.h"

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

static impact_status open_with_prefix(const char *prefix)
{
    impact_health *health = NULL;
    const impact_status status =
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.prefix = prefix));
    CHECK((status == IMPACT_OK) == (health != NULL));
    CHECK_EQUAL(impact_health_close(health, 0), 0);
    return status;
}

TEST(a_prefix_is_a_path_without_a_slash_at_its_end)
{
    CHECK_EQUAL(open_with_prefix(NULL), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix("/health"), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix("/a-b/c.d"), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix(""), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("health"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/health/"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("//evil.example"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/a\r\nb"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/a?b"), IMPACT_EINVAL);
}

TEST(a_prefix_has_at_most_256_bytes)
{
    char prefix[258] = "";
    memset(prefix, 'a', 257);
    prefix[0] = '/';
    CHECK_EQUAL(open_with_prefix(prefix), IMPACT_EINVAL);
    prefix[256] = 0;
    CHECK_EQUAL(open_with_prefix(prefix), IMPACT_OK);
}

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
    CHECK_EQUAL(impact_health_close(NULL, 0), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(options_of_a_smaller_size_leave_the_rest_unset)
{
    impact_health *health = NULL;
    const impact_health_options options = {.size = offsetof(impact_health_options, prefix),
                                           .prefix = "not a prefix"};
    REQUIRE(impact_health_open(&health, &options) == IMPACT_OK);
    CHECK_STRING(health->prefix, "/health");
    CHECK_EQUAL(health->workers, 4);
    CHECK_EQUAL(health->budget_ms, 900);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_check_needs_a_name_and_a_function)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a")), IMPACT_EINVAL);
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
        CHECK_EQUAL(impact_health_close(health, 0), 0);
    }
}
