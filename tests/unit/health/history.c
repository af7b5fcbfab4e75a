/* A check's history: the last 64 results, the newest first. */
#include "health/history.h"

#include "support/check.h"

TEST(a_history_begins_empty)
{
    const impact__history history = {0};
    CHECK_EQUAL(history.count, 0);
}

TEST(the_newest_result_stands_first)
{
    impact__history history = {0};
    impact__history_add(&history, IMPACT_HEALTH_PASS, 1000);
    impact__history_add(&history, IMPACT_HEALTH_FAIL, 2999);
    CHECK_EQUAL(history.count, 2);
    CHECK_EQUAL(impact__history_get(&history, 0).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact__history_get(&history, 0).duration_ns, 2000);
    CHECK_EQUAL(impact__history_get(&history, 1).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact__history_get(&history, 1).duration_ns, 1000);
}

TEST(a_history_keeps_the_last_64)
{
    impact__history history = {0};
    for (uint64_t i = 1; i <= 200; i++) {
        impact__history_add(&history, (impact_health_status)(i % 4), i * 1000);
        CHECK_EQUAL(history.count, i < 64 ? i : 64);
        for (size_t back = 0; back < history.count; back++) {
            CHECK_EQUAL(impact__history_get(&history, back).duration_ns, (i - back) * 1000);
            CHECK_EQUAL(impact__history_get(&history, back).status, (i - back) % 4);
        }
    }
}

TEST(a_duration_beyond_all_measure_is_the_longest)
{
    impact__history history = {0};
    impact__history_add(&history, IMPACT_HEALTH_FAIL, UINT64_MAX);
    CHECK(impact__history_get(&history, 0).duration_ns == UINT64_C(4294967295000));
}
