/* A verdict: what is told of a check, for every combination of what can be known. */
#include "health/verdict.h"

#include "support/check.h"

enum { age_limit = 100, run_limit = 10 };

/* ---- the table ---- */

typedef struct known {
    impact__limits limits;
    impact__record record;
    impact__verdict_facts facts;
} known;

/* A required check whose last result passed, a moment ago. */
static void know(known *k)
{
    *k = (known){
        .limits = {.max_age_ns = age_limit,
                   .failure_threshold = 1,
                   .success_threshold = 1,
                   .failure_status = IMPACT_HEALTH_FAIL},
        .record = {.has_result = true, .is_up = true, .outcome = {IMPACT_HEALTH_PASS, "", 3}},
        .facts = {.limit_ns = run_limit},
    };
    k->facts.limits = &k->limits;
    k->facts.record = &k->record;
}

static void fail_last(known *k, impact_health_status status, const char *reason)
{
    k->record.outcome = (impact__outcome){status, reason, 3};
    k->record.failures++;
    k->record.is_up = false;
}

static void begin_run(known *k, impact__flight flight, uint64_t running_ns)
{
    k->facts.flight = flight;
    k->facts.running_ns = running_ns;
}

static void check_verdict(const known *k, impact_health_status status, const char *reason,
                          uint64_t duration_ns, int line)
{
    const impact__verdict is = impact__verdict_of(&k->facts);
    if (is.outcome.status != status || strcmp(is.outcome.reason, reason) != 0 ||
        is.outcome.duration_ns != duration_ns)
        check_failed(__FILE__, line, "%d %s %d, not %d %s %d", (int)is.outcome.status,
                     is.outcome.reason, (int)is.outcome.duration_ns, (int)status, reason,
                     (int)duration_ns);
}

#define CHECK_VERDICT(k, status, reason, duration_ns)                                              \
    check_verdict((k), IMPACT_HEALTH_##status, (reason), (duration_ns), __LINE__)

TEST(the_last_result_is_told_as_it_came)
{
    known k;
    know(&k);
    CHECK_VERDICT(&k, PASS, "", 3);
    CHECK(impact__verdict_of(&k.facts).is_last);
    k.record.outcome.status = IMPACT_HEALTH_WARN;
    CHECK_VERDICT(&k, WARN, "", 3);
    fail_last(&k, IMPACT_HEALTH_FAIL, "error");
    CHECK_VERDICT(&k, FAIL, "error", 3);
    fail_last(&k, IMPACT_HEALTH_UNKNOWN, "error");
    CHECK_VERDICT(&k, UNKNOWN, "error", 3);
}

TEST(a_run_within_its_deadline_leaves_the_last_result_until_that_is_too_old)
{
    known k;
    know(&k);
    begin_run(&k, IMPACT__FLIGHT_PENDING, 7);
    k.facts.age_ns = age_limit;
    CHECK_VERDICT(&k, PASS, "", 3);
    k.facts.age_ns = age_limit + 1;
    CHECK_VERDICT(&k, FAIL, "stale", 7);
    CHECK(!impact__verdict_of(&k.facts).is_last);
}

TEST(a_run_past_its_deadline_is_a_timeout_however_fresh_the_last_result)
{
    known k;
    know(&k);
    begin_run(&k, IMPACT__FLIGHT_STUCK, run_limit);
    CHECK_VERDICT(&k, FAIL, "timeout", run_limit);
    k.facts.age_ns = 2 * age_limit;
    CHECK_VERDICT(&k, FAIL, "timeout", run_limit);
}

TEST(without_a_result_it_is_unknown)
{
    known k;
    know(&k);
    k.record = (impact__record){0};
    begin_run(&k, IMPACT__FLIGHT_PENDING, 7);
    CHECK_VERDICT(&k, UNKNOWN, "pending", 7);
    k.facts.age_ns = 2 * age_limit; /* nobody had asked before */
    CHECK_VERDICT(&k, UNKNOWN, "pending", 7);
}

TEST(what_comes_unasked_and_does_not_is_stale_with_a_run_under_way_or_none)
{
    for (int flight = IMPACT__FLIGHT_NONE; flight <= IMPACT__FLIGHT_PENDING; flight++) {
        known k;
        know(&k);
        k.facts.comes_unasked = true;
        begin_run(&k, (impact__flight)flight, 7);
        k.facts.age_ns = age_limit + 1;
        CHECK_VERDICT(&k, FAIL, "stale", 7);
        k.record = (impact__record){0}; /* also when nothing has ever come */
        CHECK_VERDICT(&k, FAIL, "stale", 7);
        k.facts.age_ns = age_limit;
        CHECK_VERDICT(&k, UNKNOWN, "pending", 7);
        k.limits.max_age_ns = 0;
        k.facts.age_ns = UINT64_MAX;
        CHECK_VERDICT(&k, UNKNOWN, "pending", 7);
    }
}

TEST(a_result_that_does_not_age_is_never_stale)
{
    known k;
    know(&k);
    k.facts.comes_unasked = true;
    k.limits.max_age_ns = 0;
    k.facts.age_ns = UINT64_MAX;
    CHECK_VERDICT(&k, PASS, "", 3);
}

TEST(a_check_that_is_switched_off_neither_fails_nor_tells_what_it_was)
{
    known k;
    know(&k);
    k.facts.is_disabled = true;
    fail_last(&k, IMPACT_HEALTH_FAIL, "error");
    begin_run(&k, IMPACT__FLIGHT_STUCK, run_limit);
    CHECK_VERDICT(&k, PASS, "disabled", 0);
    CHECK_EQUAL(impact__verdict_of(&k.facts).raw_status, IMPACT_HEALTH_UNKNOWN);
}

/* ---- thresholds ---- */

TEST(below_the_threshold_a_failure_is_forgiven_and_its_reason_told)
{
    known k;
    know(&k);
    k.limits.failure_threshold = 3;
    k.record.outcome = (impact__outcome){IMPACT_HEALTH_FAIL, "error", 3};
    k.record.failures = 2; /* and is_up: the record has decided */
    CHECK_VERDICT(&k, PASS, "error", 3);
    CHECK_EQUAL(impact__verdict_of(&k.facts).raw_status, IMPACT_HEALTH_FAIL);
}

TEST(a_run_that_hangs_is_forgiven_below_the_threshold_and_not_for_ever)
{
    known k;
    know(&k);
    k.limits.failure_threshold = 3;
    begin_run(&k, IMPACT__FLIGHT_STUCK, 3 * run_limit - 1);
    CHECK_VERDICT(&k, PASS, "timeout", 3 * run_limit - 1);
    begin_run(&k, IMPACT__FLIGHT_STUCK, 3 * run_limit);
    CHECK_VERDICT(&k, FAIL, "timeout", 3 * run_limit);
    k.record.failures = 2;
    begin_run(&k, IMPACT__FLIGHT_STUCK, run_limit);
    CHECK_VERDICT(&k, FAIL, "timeout", run_limit);
    k.limits.failure_threshold = UINT32_MAX;
    CHECK_VERDICT(&k, PASS, "timeout", run_limit);
    k.facts.age_ns = age_limit + 1; /* what is forgiven must have held not long ago */
    CHECK_VERDICT(&k, FAIL, "timeout", run_limit);
    know(&k);
    k.limits.failure_threshold = 3;
    k.record = (impact__record){0}; /* and must have held at all */
    begin_run(&k, IMPACT__FLIGHT_STUCK, run_limit);
    CHECK_VERDICT(&k, FAIL, "timeout", run_limit);
}

TEST(a_check_that_has_not_held_often_enough_is_recovering)
{
    known k;
    know(&k);
    k.record.is_up = false;
    CHECK_VERDICT(&k, FAIL, "recovering", 3);
    CHECK_EQUAL(impact__verdict_of(&k.facts).raw_status, IMPACT_HEALTH_PASS);
}

/* ---- every combination ---- */

enum { statuses = 4, flights = 3, cells = 2 * 2 * 2 * 2 * 2 * 2 * 2 * statuses * flights };

static unsigned take(unsigned *number, unsigned base)
{
    const unsigned digit = *number % base;
    *number /= base;
    return digit;
}

static void know_cell(known *k, unsigned cell)
{
    static const char *reasons[] = {"", "", "error", "error"};
    know(k);
    k->limits.failure_status = take(&cell, 2) ? IMPACT_HEALTH_WARN : IMPACT_HEALTH_FAIL;
    k->limits.failure_threshold = take(&cell, 2) ? 3 : 1;
    k->facts.is_disabled = take(&cell, 2);
    k->facts.comes_unasked = take(&cell, 2);
    k->facts.age_ns = take(&cell, 2) ? age_limit + 1 : age_limit;
    k->record.has_result = take(&cell, 2);
    k->record.is_up = take(&cell, 2) && k->record.has_result;
    const unsigned status = take(&cell, statuses);
    k->record.outcome = (impact__outcome){(impact_health_status)status, reasons[status], 3};
    k->record.failures = status >= IMPACT_HEALTH_FAIL;
    begin_run(k, (impact__flight)take(&cell, flights), run_limit);
}

static bool may_hold(const known *k)
{
    const impact__verdict_facts *facts = &k->facts;
    const bool is_old =
        facts->age_ns > age_limit && (facts->comes_unasked || facts->flight != IMPACT__FLIGHT_NONE);
    const bool forgives = k->limits.failure_threshold > k->record.failures + 1;
    return facts->is_disabled || (k->record.has_result && k->record.is_up && !is_old &&
                                  (facts->flight != IMPACT__FLIGHT_STUCK || forgives));
}

TEST(in_every_cell_it_holds_only_where_it_may_and_an_optional_check_never_fails)
{
    unsigned held = 0;
    for (unsigned cell = 0; cell < cells; cell++) {
        known k;
        know_cell(&k, cell);
        const impact__verdict is = impact__verdict_of(&k.facts);
        const bool is_optional = k.limits.failure_status == IMPACT_HEALTH_WARN;
        const bool is_green = impact__status_holds(is.outcome.status);
        if (is_optional ? !is_green : is_green != may_hold(&k))
            check_failed(__FILE__, __LINE__, "cell %u: %d", cell, (int)is.outcome.status);
        if (is_optional && !may_hold(&k) && is.outcome.status != IMPACT_HEALTH_WARN)
            check_failed(__FILE__, __LINE__, "cell %u: not a warning", cell);
        held += is_green;
    }
    CHECK(held > cells / 2 && held < cells); /* optional ones all, and some of the others */
}
