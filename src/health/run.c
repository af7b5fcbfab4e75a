/* One run of a check: its deadline, its explanation, its outcome. */
#include "health/run.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/text.h"

enum { explanation_size = 256 };

struct impact_health_run {
    uint64_t deadline_ns;
    char explanation[explanation_size];
};

uint32_t impact_health_remaining_ms(const impact_health_run *run)
{
    return run ? impact__remaining_ms(run->deadline_ns) : 0;
}

void impact_health_explain(impact_health_run *run, const char *format, ...)
{
    if (!run || !format)
        return;
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(run->explanation, explanation_size, format, arguments);
    va_end(arguments);
    if (size < 0)
        run->explanation[0] = 0; /* it cannot be written, and what is there may not be whole */
    /* It may have been cut inside a character. */
    run->explanation[impact__utf8_valid_prefix(impact_text_of(run->explanation))] = 0;
}

static bool holds(impact_health_status status)
{
    return status == IMPACT_HEALTH_PASS || status == IMPACT_HEALTH_WARN;
}

static bool is_status(impact_health_status status)
{
    return holds(status) || status == IMPACT_HEALTH_FAIL || status == IMPACT_HEALTH_UNKNOWN;
}

static void report_late(const impact__run_facts *facts, uint64_t duration_ns)
{
    const uint64_t limit_ns = facts->deadline_ns - facts->started_ns;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", facts->name,
                              "check %s took %llu ms; its limit is %llu ms", facts->name,
                              (unsigned long long)(duration_ns / IMPACT__NS_PER_MS),
                              (unsigned long long)(limit_ns / IMPACT__NS_PER_MS));
}

static void report_failure(const impact__run_facts *facts, const impact_health_run *run)
{
    const char *explanation = run->explanation[0] ? run->explanation : "no reason was given";
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", facts->name, "check %s failed: %s",
                              facts->name, explanation);
}

/* A run reports its failure before it ends, so that a callback that hangs is a stuck check too. */
impact__outcome impact__run(const impact__run_facts *facts)
{
    assert(facts->run && facts->deadline_ns >= facts->started_ns);
    impact_health_run run = {.deadline_ns = facts->deadline_ns};
    const impact_health_status status = facts->run(&run, facts->userdata);
    const uint64_t now = impact__clock_monotonic_ns();
    const uint64_t duration_ns = now - facts->started_ns;
    if (now >= facts->deadline_ns) {
        report_late(facts, duration_ns);
        return (impact__outcome){IMPACT_HEALTH_FAIL, "timeout", duration_ns};
    }
    if (holds(status))
        return (impact__outcome){status, "", duration_ns};
    report_failure(facts, &run);
    return (impact__outcome){is_status(status) ? status : IMPACT_HEALTH_FAIL, "error", duration_ns};
}
