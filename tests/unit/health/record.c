/* A check's record: what a result that comes makes of it. */
#include "health/record.h"

#include "support/check.h"

enum { limit = 100 };

static const impact__remarks silence;
static const impact__limits thresholds = {.failure_threshold = 1, .success_threshold = 1};

/* A result at this moment; the wall clock is a thousand ahead. */
static void add(impact__record *record, impact_health_status status, uint64_t duration_ns,
                uint64_t now_ns)
{
    const impact__outcome outcome = {status, "", duration_ns};
    const impact__arrival arrival = {.limits = &thresholds,
                                     .outcome = &outcome,
                                     .remarks = &silence,
                                     .limit_ns = limit,
                                     .now_ns = now_ns,
                                     .now_unix_ns = now_ns + 1000};
    impact__record_add(record, &arrival);
}

TEST(failures_in_a_row_are_counted_and_dated_until_a_result_holds)
{
    impact__record record = {0};
    add(&record, IMPACT_HEALTH_PASS, 1, 10);
    CHECK(record.has_result);
    CHECK_EQUAL(record.failures, 0);
    CHECK_EQUAL(record.failing_since_unix_ns, 0);
    add(&record, IMPACT_HEALTH_FAIL, 1, 20);
    add(&record, IMPACT_HEALTH_UNKNOWN, 1, 30);
    CHECK_EQUAL(record.failures, 2);
    CHECK_EQUAL(record.failing_since_unix_ns, 1020);
    CHECK_EQUAL(record.ended_ns, 30);
    CHECK_EQUAL(record.ended_unix_ns, 1030);
    add(&record, IMPACT_HEALTH_WARN, 1, 40);
    CHECK_EQUAL(record.failures, 0);
    CHECK_EQUAL(record.failing_since_unix_ns, 0);
    CHECK_EQUAL(record.history.count, 4);
}

TEST(a_run_is_one_failure_for_each_limit_that_it_outlived_dated_from_the_first)
{
    impact__record record = {0};
    add(&record, IMPACT_HEALTH_FAIL, limit, 200);
    CHECK_EQUAL(record.failures, 1);
    CHECK_EQUAL(record.failing_since_unix_ns, 1200);
    record = (impact__record){0};
    add(&record, IMPACT_HEALTH_FAIL, 3 * limit + limit / 2, 500);
    CHECK_EQUAL(record.failures, 3);
    CHECK_EQUAL(record.failing_since_unix_ns, 1500 - 2 * limit - limit / 2);
    add(&record, IMPACT_HEALTH_FAIL, 2 * limit, 900);
    CHECK_EQUAL(record.failures, 5);
    CHECK_EQUAL(record.failing_since_unix_ns, 1500 - 2 * limit - limit / 2);
}

TEST(a_result_without_a_limit_is_one_failure)
{
    const impact__outcome outcome = {IMPACT_HEALTH_FAIL, "error", 7 * limit};
    const impact__arrival arrival = {
        .limits = &thresholds, .outcome = &outcome, .remarks = &silence, .now_unix_ns = 9};
    impact__record record = {0};
    impact__record_add(&record, &arrival);
    CHECK_EQUAL(record.failures, 1);
    CHECK_EQUAL(record.failing_since_unix_ns, 9);
}

TEST(a_wall_clock_near_its_beginning_does_not_wrap)
{
    const impact__outcome outcome = {IMPACT_HEALTH_FAIL, "timeout", 5 * limit};
    const impact__arrival arrival = {.limits = &thresholds,
                                     .outcome = &outcome,
                                     .remarks = &silence,
                                     .limit_ns = limit,
                                     .now_unix_ns = limit};
    impact__record record = {0};
    impact__record_add(&record, &arrival);
    CHECK_EQUAL(record.failing_since_unix_ns, 0);
}
