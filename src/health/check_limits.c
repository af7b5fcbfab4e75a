/* The limits of a check, read and filled in. */
#include "health/check_limits.h"

#include "base/clock.h"

enum {
    default_timeout_ms = 2000,
    default_max_age_ms = 30000, /* three periods of a kubelet: periodSeconds is 10 */
    ttl_to_ttl_fail = 3,        /* a failure is looked at again sooner than what holds */
};

static uint64_t first_set(uint64_t value, uint64_t otherwise)
{
    return value ? value : otherwise;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A pushed state does not age unless that was said; a periodic result may miss one period; what is
 * asked for ages while the next run is under way. */
static uint64_t max_age_of(const impact_check *check, const impact__limits *limits)
{
    if (check->max_age_ms || !check->run)
        return check->max_age_ms * IMPACT__NS_PER_MS;
    if (limits->period_ns)
        return 2 * limits->period_ns + limits->timeout_ns;
    return larger(default_max_age_ms * IMPACT__NS_PER_MS,
                  larger(limits->ttl_ns, limits->ttl_fail_ns));
}

static bool is_consistent(const impact_check *check, const impact__limits *limits)
{
    const bool has_ttl = limits->ttl_ns || limits->ttl_fail_ns;
    const bool is_optional = limits->failure_status == IMPACT_HEALTH_WARN;
    if (!is_optional && limits->failure_status != IMPACT_HEALTH_FAIL)
        return false;
    if (has_ttl && larger(limits->ttl_ns, limits->ttl_fail_ns) > limits->max_age_ns)
        return false;
    if (limits->period_ns)
        return check->run && !has_ttl;
    return !limits->initial_delay_ns && (check->run || !has_ttl);
}

bool impact__limits_read(impact__limits *limits, const impact_check *check)
{
    impact__limits read = {
        .timeout_ns = first_set(check->timeout_ms, default_timeout_ms) * IMPACT__NS_PER_MS,
        .period_ns = check->period_ms * IMPACT__NS_PER_MS,
        .initial_delay_ns = check->initial_delay_ms * IMPACT__NS_PER_MS,
        .ttl_ns = check->ttl_ms * IMPACT__NS_PER_MS,
        .failure_threshold = first_set(check->failure_threshold, 1),
        .success_threshold = first_set(check->success_threshold, 1),
        .failure_status = check->failure_status ? check->failure_status : IMPACT_HEALTH_FAIL,
        .may_overlap = check->may_overlap,
        .holds_at_first = check->holds_at_first,
    };
    const uint64_t ttl_fail_ns = check->ttl_fail_ms * IMPACT__NS_PER_MS;
    read.ttl_fail_ns = first_set(ttl_fail_ns, read.ttl_ns / ttl_to_ttl_fail);
    read.max_age_ns = max_age_of(check, &read);
    if (!is_consistent(check, &read))
        return false;
    *limits = read;
    return true;
}
