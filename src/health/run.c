/* One run of a check: its deadline, what it says, its outcome. */
#include "health/run.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/credentials.h"
#include "base/text.h"

enum { whole_explanation_size = 1024, slow_percent = 80 }; /* of a run's time limit */

struct impact_health_run {
    uint64_t deadline_ns;
    uint64_t token;
    impact__remarks *remarks; /* borrowed */
};

uint32_t impact_health_remaining_ms(const impact_health_run *run)
{
    return run ? impact__remaining_ms(run->deadline_ns) : 0;
}

uint64_t impact_health_token(const impact_health_run *run)
{
    return run ? run->token : 0;
}

/* It may have been cut inside a character. */
static void end_between_characters(char *text)
{
    text[impact__utf8_valid_prefix(impact_text_of(text))] = 0;
}

/* What is secret in it is hidden before it is cut: half a password is not known for one. */
void impact__remarks_explain(impact__remarks *remarks, const char *explanation)
{
    char whole[whole_explanation_size];
    const size_t given = explanation ? strnlen(explanation, sizeof whole - 1) : 0;
    if (given)
        memcpy(whole, explanation, given);
    const size_t hidden = impact__credentials_hide(whole, given);
    const size_t most = sizeof remarks->explanation - 1;
    const size_t kept = hidden < most ? hidden : most;
    memcpy(remarks->explanation, whole, kept);
    remarks->explanation[kept] = 0;
    end_between_characters(remarks->explanation);
}

void impact_health_explain(impact_health_run *run, const char *format, ...)
{
    if (!run || !format)
        return;
    va_list arguments;
    va_start(arguments, format);
    char whole[whole_explanation_size];
    const int size = vsnprintf(whole, sizeof whole, format, arguments);
    va_end(arguments);
    if (size < 0)
        whole[0] = 0; /* it cannot be written, and what is there may not be whole */
    impact__remarks_explain(run->remarks, whole);
}

void impact_health_observe(impact_health_run *run, double value, const char *unit)
{
    if (!run || !isfinite(value))
        return;
    impact__remarks *remarks = run->remarks;
    (void)snprintf(remarks->unit, sizeof remarks->unit, "%s", unit ? unit : ""); /* may cut */
    end_between_characters(remarks->unit);
    remarks->value = value;
    remarks->is_observed = true;
}

bool impact__is_status(impact_health_status status)
{
    return impact__status_holds(status) || status == IMPACT_HEALTH_FAIL ||
           status == IMPACT_HEALTH_UNKNOWN;
}

static void report_late(const impact__run_facts *facts, uint64_t duration_ns)
{
    const uint64_t limit_ns = facts->deadline_ns - facts->started_ns;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", facts->name,
                              "check %s took %llu ms; its limit is %llu ms", facts->name,
                              (unsigned long long)(duration_ns / IMPACT__NS_PER_MS),
                              (unsigned long long)(limit_ns / IMPACT__NS_PER_MS));
}

/* It still holds, and will fail when it takes a little longer. */
static void report_slow(const impact__run_facts *facts, uint64_t duration_ns)
{
    const uint64_t limit_ns = facts->deadline_ns - facts->started_ns;
    if (duration_ns < limit_ns / 100 * slow_percent)
        return;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "slow check", facts->name,
                              "check %s took %llu of the %llu ms that it may take", facts->name,
                              (unsigned long long)(duration_ns / IMPACT__NS_PER_MS),
                              (unsigned long long)(limit_ns / IMPACT__NS_PER_MS));
}

void impact__report_failure(const char *name, const char *explanation)
{
    impact__remarks shown;
    impact__remarks_explain(&shown, explanation);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", name, "check %s failed: %s", name,
                              shown.explanation[0] ? shown.explanation : "no reason was given");
}

/* A run reports its failure before it ends, so that a callback that hangs is a stuck check too. */
impact__outcome impact__run(const impact__run_facts *facts, impact__remarks *remarks)
{
    assert(facts->run && facts->deadline_ns >= facts->started_ns);
    *remarks = (impact__remarks){0};
    impact_health_run run = {
        .deadline_ns = facts->deadline_ns, .token = facts->token, .remarks = remarks};
    const impact_health_status status = facts->run(&run, facts->userdata);
    const uint64_t now = impact__clock_monotonic_ns();
    const uint64_t duration_ns = now - facts->started_ns;
    if (now >= facts->deadline_ns) {
        report_late(facts, duration_ns);
        return (impact__outcome){IMPACT_HEALTH_FAIL, "timeout", duration_ns};
    }
    if (impact__status_holds(status))
        report_slow(facts, duration_ns);
    if (impact__status_holds(status) || status == IMPACT_HEALTH_PENDING)
        return (impact__outcome){status, "", duration_ns};
    impact__report_failure(facts->name, remarks->explanation);
    return (impact__outcome){impact__is_status(status) ? status : IMPACT_HEALTH_FAIL, "error",
                             duration_ns};
}
