/* One provided check at a time, in a registry of its own: what it says, and why. */
#ifndef IMPACT_TESTS_PROBING_H
#define IMPACT_TESTS_PROBING_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <impact/diagnostics.h>
#include <impact/health.h>

#include "support/check.h"

enum {
    probing_timeout_ms = 300,         /* of a check that is to run out of time */
    probing_patience_ms = 20000,      /* of one that is not */
    probing_overtime_ns = 2000000000, /* by which a busy machine may be late */
};

typedef struct probed {
    impact_health_status status;
    const char *reason;
    uint64_t duration_ns;
    char why[512]; /* what was said of a check that does not hold */
    bool is_observed;
    double observed;
    char unit[32];
} probed;

static impact_health *probing;
static char probing_name[32] = "check 0"; /* each has a name of its own: what is said is limited */
static unsigned probing_count;
static pthread_mutex_t probing_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static char probing_heard[512];

static inline void probing_hear(impact_severity severity, const char *message, uint64_t suppressed,
                                void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    (void)pthread_mutex_lock(&probing_lock);
    (void)snprintf(probing_heard, sizeof probing_heard, "%s", message);
    (void)pthread_mutex_unlock(&probing_lock);
}

/* What was heard since the last time. */
static inline void probing_take_heard(char why[512])
{
    (void)pthread_mutex_lock(&probing_lock);
    (void)snprintf(why, sizeof probing_heard, "%s", probing_heard);
    probing_heard[0] = 0;
    (void)pthread_mutex_unlock(&probing_lock);
}

/* The registry of the next check; it is to be added under probing_name. */
static inline impact_health *probing_registry(void)
{
    impact_diagnostics_set_callback(probing_hear, NULL);
    CHECK_EQUAL(
        impact_health_open(&probing, IMPACT_HEALTH_OPTIONS(.budget_ms = 3 * probing_patience_ms)),
        IMPACT_OK);
    return probing;
}

static inline probed probing_again(void)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result, .status = IMPACT_HEALTH_UNKNOWN};
    probed last = {.reason = ""};
    probing_take_heard(last.why); /* of before: a run may end late */
    CHECK_EQUAL(impact_health_probe(probing, impact_text_of(probing_name), &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    probing_take_heard(last.why);
    last.status = result.status;
    last.reason = result.reason;
    last.duration_ns = result.duration_ns;
    last.is_observed = result.is_observed;
    last.observed = result.observed_value;
    (void)snprintf(last.unit, sizeof last.unit, "%.*s", (int)result.observed_unit.size,
                   result.observed_unit.size ? result.observed_unit.data : "");
    impact_health_report_close(report);
    return last;
}

static inline void probing_end(void)
{
    CHECK_EQUAL(impact_health_close(probing, probing_patience_ms), 0);
    (void)snprintf(probing_name, sizeof probing_name, "check %u", ++probing_count);
}

/* Of the check that was added. */
static inline probed probing_ask(impact_status added)
{
    CHECK_EQUAL(added, IMPACT_OK);
    const probed result = probing_again();
    probing_end();
    return result;
}

/* Of a check of a server that does not keep it waiting: on a busy machine the first tries may run
 * out of time all the same. */
static inline probed probing_in_time(probed (*ask)(const char *address), const char *address)
{
    probed result = ask(address);
    for (int i = 0; i < 100 && strcmp(result.reason, "timeout") == 0; i++)
        result = ask(address);
    return result;
}

/* It failed, and its reason has these words. */
static inline void check_fails(probed result, const char *words)
{
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result.reason, "error");
    if (!strstr(result.why, words))
        check_failed(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", words, result.why);
}

static inline void check_observed(probed result, const char *unit, double least, double most)
{
    CHECK(result.is_observed);
    CHECK_STRING(result.unit, unit);
    CHECK(result.observed >= least && result.observed <= most);
}

/* It ran out of probing_timeout_ms, and came back: as that was over, or, where a library has its
 * own clock, a little before. */
static inline void check_times_out(probed result)
{
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(strcmp(result.reason, "timeout") == 0 || strcmp(result.reason, "error") == 0);
    CHECK(result.duration_ns >= (uint64_t)probing_timeout_ms * 900000);
    CHECK(result.duration_ns < (uint64_t)probing_timeout_ms * 1000000 + probing_overtime_ns);
}

#endif
