/* Two limits of a measured value. */
#include "checks/limits.h"

#include "support/check.h"
#include "support/faults.h"

TEST(a_value_is_judged_by_the_limits_that_are_set)
{
    const impact__limits both = {10, 20};
    CHECK_EQUAL(impact__limits_judge(both, 9.9), IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact__limits_judge(both, 10), IMPACT_HEALTH_WARN);
    CHECK_EQUAL(impact__limits_judge(both, 20), IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact__limits_judge(both, (double)NAN), IMPACT_HEALTH_FAIL);
    const impact__limits warn_only = {.warn = 10};
    CHECK_EQUAL(impact__limits_judge(warn_only, 1e9), IMPACT_HEALTH_WARN);
    const impact__limits fail_only = {.fail = 10};
    CHECK_EQUAL(impact__limits_judge(fail_only, 9), IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact__limits_judge(fail_only, 1e9), IMPACT_HEALTH_FAIL);
}

TEST(limits_that_are_none_are_not_set)
{
    const impact__limits rows[] = {
        {0, 0}, {-1, 1}, {1, -1}, {(double)NAN, 1}, {1, (double)INFINITY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(!impact__limits_are_set(rows[i]));
    CHECK(impact__limits_are_set((impact__limits){.warn = 1}));
    CHECK(impact__limits_are_set((impact__limits){.fail = 1}));
}

TEST(a_copy_needs_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__limits *copy = impact__limits_copy((impact__limits){1, 2});
        CHECK(copy ? copy->warn == 1 && copy->fail == 2 : f.injected);
        impact__free(NULL, copy);
    }
    impact_allocator_set_default(NULL);
}
