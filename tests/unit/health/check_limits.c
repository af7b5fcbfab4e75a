/* The limits of a check: what is filled in, and what is refused. */
#include "health/check_limits.h"

#include <stdbool.h>

#include "support/check.h"

enum { ms = 1000000 };

static impact__limits read_limits(const impact_check *check)
{
    impact__limits limits = {0};
    CHECK(impact__limits_read(&limits, check));
    return limits;
}

TEST(what_is_not_said_is_filled_in)
{
    const impact__limits limits = read_limits(IMPACT_CHECK(.run = impact_check_true));
    CHECK_EQUAL(limits.timeout_ns, UINT64_C(2000) * ms);
    CHECK_EQUAL(limits.max_age_ns, UINT64_C(30000) * ms);
    CHECK_EQUAL(limits.period_ns, 0);
    CHECK_EQUAL(limits.ttl_ns, 0);
    CHECK_EQUAL(limits.ttl_fail_ns, 0);
    CHECK_EQUAL(limits.failure_threshold, 1);
    CHECK_EQUAL(limits.success_threshold, 1);
    CHECK_EQUAL(limits.failure_status, IMPACT_HEALTH_FAIL);
}

TEST(a_failure_is_kept_for_a_third_of_the_time)
{
    const impact__limits limits =
        read_limits(IMPACT_CHECK(.run = impact_check_true, .ttl_ms = 90000));
    CHECK_EQUAL(limits.ttl_fail_ns, UINT64_C(30000) * ms);
    CHECK_EQUAL(limits.max_age_ns, UINT64_C(90000) * ms);
    CHECK_EQUAL(read_limits(IMPACT_CHECK(.run = impact_check_true, .ttl_ms = 9, .ttl_fail_ms = 8))
                    .ttl_fail_ns,
                UINT64_C(8) * ms);
}

TEST(a_periodic_result_may_miss_one_period)
{
    const impact__limits limits =
        read_limits(IMPACT_CHECK(.run = impact_check_true, .period_ms = 10000, .timeout_ms = 500));
    CHECK_EQUAL(limits.max_age_ns, UINT64_C(20500) * ms);
}

TEST(a_pushed_state_ages_only_where_that_was_said)
{
    CHECK_EQUAL(read_limits(IMPACT_CHECK(.name = "a")).max_age_ns, 0);
    CHECK_EQUAL(read_limits(IMPACT_CHECK(.max_age_ms = 7)).max_age_ns, 7 * ms);
}

TEST(the_largest_numbers_fit)
{
    const impact__limits limits =
        read_limits(IMPACT_CHECK(.run = impact_check_true, .period_ms = UINT32_MAX,
                                 .timeout_ms = UINT32_MAX, .initial_delay_ms = UINT32_MAX));
    CHECK(limits.max_age_ns == UINT64_C(3) * UINT32_MAX * ms);
}

static bool is_refused(const impact_check *check)
{
    impact__limits limits = {.period_ns = 7};
    const bool is_read = impact__limits_read(&limits, check);
    CHECK(is_read || limits.period_ns == 7);
    return !is_read;
}

TEST(what_contradicts_itself_is_refused)
{
    CHECK(is_refused(IMPACT_CHECK(.run = impact_check_true, .period_ms = 1, .ttl_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.run = impact_check_true, .period_ms = 1, .ttl_fail_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.run = impact_check_true, .initial_delay_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.run = impact_check_true, .ttl_ms = 2, .max_age_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.run = impact_check_true, .ttl_fail_ms = 2, .max_age_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.period_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.ttl_ms = 1, .max_age_ms = 1)));
    CHECK(is_refused(IMPACT_CHECK(.initial_delay_ms = 1)));
    CHECK(is_refused(
        IMPACT_CHECK(.run = impact_check_true, .failure_status = IMPACT_HEALTH_UNKNOWN)));
    CHECK(is_refused(
        IMPACT_CHECK(.run = impact_check_true, .failure_status = (impact_health_status)9)));
    CHECK(
        !is_refused(IMPACT_CHECK(.run = impact_check_true, .failure_status = IMPACT_HEALTH_WARN)));
}
