/* A report: what it tells of each check beside its status. */
#include "health/report.h"

#include <math.h>
#include <stddef.h>
#include <time.h>

#include "gate.h"
#include "support/check.h"

static bool text_is(impact_text text, const char *should)
{
    return text.size == strlen(should) && memcmp(text.data, should, text.size) == 0;
}

/* ---- what a check says ---- */

static impact_health_status measure(impact_health_run *run, void *status)
{
    impact_health_observe(run, 1, "first");
    impact_health_observe(run, 97.5, "percent");
    impact_health_observe(run, NAN, "nothing");
    impact_health_observe(run, INFINITY, "nothing");
    impact_health_explain(run, "%s", "it is full");
    return *(impact_health_status *)status;
}

static impact_health_report *probe(impact_health *health, impact_health_result *result)
{
    impact_health_report *report = NULL;
    *result = (impact_health_result){.size = sizeof *result};
    CHECK(probe_in_time(health, "_defaults", &report));
    CHECK(impact_health_report_get(report, 0, result));
    return report;
}

TEST(a_result_has_what_the_check_said_and_observed)
{
    impact_health_status status = IMPACT_HEALTH_FAIL;
    impact_health_result result;
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "disk", .run = measure,
                                                   .userdata = &status, .component_type = "system",
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    const time_t before = time(NULL);
    impact_health_report *report = probe(health, &result);
    CHECK(text_is(result.explanation, "it is full"));
    CHECK(text_is(result.component_type, "system"));
    CHECK(text_is(result.observed_unit, "percent"));
    CHECK(result.is_observed);
    CHECK(result.observed_value > 97.4 && result.observed_value < 97.6);
    CHECK_EQUAL(result.raw_status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(result.failures, 1);
    CHECK(result.ended_unix_ns / IMPACT__NS_PER_SEC >= (uint64_t)before);
    CHECK_EQUAL(result.failing_since_unix_ns, result.ended_unix_ns);
    impact_health_report_close(report);
    status = IMPACT_HEALTH_PASS;
    report = probe(health, &result);
    CHECK_EQUAL(result.failures, 0);
    CHECK_EQUAL(result.failing_since_unix_ns, 0);
    CHECK_EQUAL(result.past_count, 2);
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

static impact_health_status say_nothing(impact_health_run *run, void *userdata)
{
    (void)userdata;
    impact_health_observe(run, 7, NULL);
    return IMPACT_HEALTH_PASS;
}

static impact_health_status say_much(impact_health_run *run, void *userdata)
{
    (void)userdata;
    impact_health_observe(run, 7, "thirty bytes, and then a sign \xC3\xB6");
    return IMPACT_HEALTH_PASS;
}

TEST(a_value_may_have_no_unit_and_a_long_unit_is_cut_between_characters)
{
    impact__remarks remarks;
    const impact__run_facts facts = {.name = "a", .run = say_nothing, .deadline_ns = UINT64_MAX};
    CHECK_EQUAL(impact__run(&facts, &remarks).status, IMPACT_HEALTH_PASS);
    CHECK(remarks.is_observed);
    CHECK_STRING(remarks.unit, "");
    CHECK_STRING(remarks.explanation, "");
    const impact__run_facts wordy = {.name = "a", .run = say_much, .deadline_ns = UINT64_MAX};
    CHECK_EQUAL(impact__run(&wordy, &remarks).status, IMPACT_HEALTH_PASS);
    CHECK_STRING(remarks.unit, "thirty bytes, and then a sign ");
    impact_health_observe(NULL, 1, "s");
}

/* ---- the history ---- */

TEST(a_report_knows_the_last_results_the_newest_first)
{
    impact_health_status status = IMPACT_HEALTH_PASS;
    impact_health_result result;
    impact_health *health = gate_health(1, patience_ms);
    impact_health_past past = {.size = sizeof past};
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = measure, .userdata = &status,
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    impact_health_report_close(probe(health, &result));
    status = IMPACT_HEALTH_WARN;
    impact_health_report *report = probe(health, &result);
    CHECK_EQUAL(result.past_count, 2);
    CHECK(impact_health_report_past(report, 0, 0, &past));
    CHECK_EQUAL(past.status, IMPACT_HEALTH_WARN);
    CHECK(impact_health_report_past(report, 0, 1, &past));
    CHECK_EQUAL(past.status, IMPACT_HEALTH_PASS);
    CHECK(!impact_health_report_past(report, 0, 2, &past));
    CHECK(!impact_health_report_past(report, 1, 0, &past));
    CHECK(!impact_health_report_past(NULL, 0, 0, &past));
    CHECK(!impact_health_report_past(report, 0, 0, NULL));
    past.size = offsetof(impact_health_past, status);
    CHECK(impact_health_report_past(report, 0, 0, &past));
    CHECK_EQUAL(past.status, IMPACT_HEALTH_PASS); /* untouched: there was no room */
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_stuck_run_is_the_newest_result_and_a_failure_for_each_limit_that_it_outlived)
{
    enum { limit_ms = 10 };
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    impact_health_result result;
    impact_health_past past = {.size = sizeof past};
    add_gate(health, "hung", &g, limit_ms);
    impact_health_report_close(probe(health, &result)); /* waits for the limit */
    AWAIT((impact_health_report_close(probe(health, &result)), result.failures >= 3));
    impact_health_report *report = probe(health, &result);
    CHECK_STRING(result.reason, "timeout");
    CHECK(text_is(result.explanation, ""));
    CHECK(result.duration_ns >= result.failures * limit_ms * IMPACT__NS_PER_MS);
    CHECK_EQUAL(result.past_count, 1);
    CHECK(impact_health_report_past(report, 0, 0, &past));
    CHECK_EQUAL(past.status, IMPACT_HEALTH_FAIL);
    CHECK(past.duration_ns >= 3 * limit_ms * IMPACT__NS_PER_MS);
    const uint64_t since = result.failing_since_unix_ns;
    const uint64_t failures = result.failures;
    impact_health_report_close(report);
    gate_release(&g);
    AWAIT(users_of(health, "hung") == 0);
    impact_health_report_close(probe(health, &result)); /* hangs anew: that is one more */
    CHECK_EQUAL(result.past_count, 2);
    CHECK(result.failures > failures);
    CHECK(result.failing_since_unix_ns < since + IMPACT__NS_PER_SEC);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_result_that_is_too_old_to_be_told_says_nothing)
{
    impact__check check = {.definition.limits.max_age_ns = 5};
    impact__report_row row;
    impact__engine engine = {0};
    (void)pthread_mutex_init(&engine.lock, NULL);
    impact__engine_lock(&engine);
    check.job.engine = &engine;
    check.record.has_result = true;
    (void)snprintf(check.record.remarks.explanation, 8, "old");
    const impact__wait wait = {.check = &check, .run = 1};
    impact__report_look(&row, &wait, 5);
    CHECK_STRING(row.record.remarks.explanation, "old");
    impact__report_look(&row, &wait, 6);
    CHECK_STRING(row.known.outcome.reason, "stale");
    CHECK_STRING(row.record.remarks.explanation, "");
    impact__engine_unlock(&engine);
}

/* ---- the component type ---- */

TEST(a_component_type_is_spelt_as_a_name_is)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_check check = {.size = sizeof check, .name = "a", .run = impact_check_true};
    check.component_type = "a,b";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_EINVAL);
    check.component_type = "";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_EINVAL);
    check.component_type = "datastore";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_OK);
    check.component_type = "_x";
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_EINVAL);
    CHECK_STRING(health->checks->definition.component_type, "datastore");
    check.component_type = "system";
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    CHECK_STRING(health->checks->definition.component_type, "system");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
