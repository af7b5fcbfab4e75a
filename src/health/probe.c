/* A probe: one caller's way from a selector to a report.
 *
 * DESIGN: all memory is taken before the lock, so the checks are counted first and the report is
 * made for that number; the rare case that more are registered in between begins again.
 */
#include "health/probe.h"

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/thread.h"
#include "health/engine.h"

/* A report with room for all checks, and the lock taken; or NULL and no lock. */
static impact_health_report *open_and_lock(impact_health *health)
{
    for (;;) {
        impact__health_lock(health);
        const size_t capacity = health->check_count;
        impact__health_unlock(health);
        impact_health_report *report = impact__report_open(health->allocator, capacity);
        if (!report)
            return NULL;
        impact__health_lock(health);
        if (health->check_count <= capacity)
            return report;
        impact__health_unlock(health);
        impact_health_report_close(report);
    }
}

static bool is_settled(const impact__report_row *row)
{
    return row->check->ended >= row->ticket || row->check->is_stuck;
}

static bool are_settled(const impact_health_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (!is_settled(&report->rows[i]))
            return false;
    return true;
}

static void wait_for_results(impact_health *health, const impact_health_report *report)
{
    const uint64_t deadline = impact__deadline_after_ms(health->budget_ms);
    for (;;) {
        impact__engine_tend(health);
        if (are_settled(report) || impact__clock_monotonic_ns() >= deadline)
            return;
        const uint64_t next = impact__engine_next_ns(health);
        (void)impact__condition_wait_until(&health->changed, &health->lock,
                                           next < deadline ? next : deadline); /* looked at above */
    }
}

static impact__outcome outcome_now(const impact__report_row *row, uint64_t now)
{
    const impact__check *check = row->check;
    if (check->ended >= row->ticket)
        return check->last;
    const bool runs = check->state == IMPACT__CHECK_RUNNING;
    const uint64_t duration = runs ? now - check->started_ns : 0;
    if (check->is_stuck)
        return (impact__outcome){IMPACT_HEALTH_FAIL, "timeout", duration};
    return (impact__outcome){IMPACT_HEALTH_UNKNOWN, "pending", duration};
}

static void conclude(impact_health_report *report)
{
    const uint64_t now = impact__clock_monotonic_ns();
    for (size_t i = 0; i < report->count; i++) {
        impact__report_row *row = &report->rows[i];
        row->outcome = outcome_now(row, now);
        row->is_unfinished = row->check->ended < row->ticket;
        row->check->users--;
        row->check = NULL;
    }
}

static void report_unfinished(const impact__report_row *row)
{
    const unsigned long long ms = row->outcome.duration_ns / IMPACT__NS_PER_MS;
    if (row->outcome.status == IMPACT_HEALTH_FAIL)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", row->name.data,
                                  "check %s is past its time limit: it has run for %llu ms",
                                  row->name.data, ms);
    else
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", row->name.data,
                                  "check %s had no result when its probe was answered",
                                  row->name.data);
}

impact_status impact__health_probe(impact_health *health, impact__selector *selector,
                                   impact_health_report **report)
{
    impact_health_report *opened = open_and_lock(health);
    if (!opened)
        return IMPACT_ENOMEM;
    impact__report_add_available(opened, health);
    const impact_status status = impact__selector_take(selector, health, opened);
    for (size_t i = 0; i < opened->count; i++)
        opened->rows[i].ticket = impact__engine_ask(health, opened->rows[i].check);
    wait_for_results(health, opened);
    conclude(opened);
    impact__health_sweep(health);
    impact__health_unlock(health);
    if (status) {
        impact_health_report_close(opened);
        return status;
    }
    for (size_t i = 0; i < opened->count; i++)
        if (opened->rows[i].is_unfinished) /* a run that ended has reported itself */
            report_unfinished(&opened->rows[i]);
    *report = opened;
    return IMPACT_OK;
}

impact_status impact_health_probe(impact_health *health, impact_text selector,
                                  impact_health_report **report)
{
    impact__selector names;
    if (!health || !report)
        return IMPACT_EINVAL;
    const impact_status status = impact__selector_parse(&names, selector);
    return status ? status : impact__health_probe(health, &names, report);
}
