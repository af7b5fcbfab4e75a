/* A report, and how it is read. */
#include "health/report.h"

#include "base/alloc.h"

impact_health_report *impact__report_open(const impact_allocator *allocator, size_t capacity)
{
    impact_health_report *report = impact__alloc(
        allocator, sizeof *report + capacity * (sizeof *report->rows + sizeof *report->available));
    if (!report)
        return NULL;
    report->allocator = allocator;
    report->capacity = capacity;
    report->rows = (impact__report_row *)(report + 1);
    report->available = (impact__kept_name *)(report->rows + capacity);
    return report;
}

static impact__kept_name keep_name(const impact__check *check)
{
    impact__kept_name kept = {.size = check->name_size};
    memcpy(kept.data, check->name, sizeof kept.data);
    return kept;
}

void impact__report_add(impact_health_report *report, impact__check *check)
{
    check->users++;
    report->rows[report->count++] = (impact__report_row){
        .check = check,
        .name = keep_name(check),
    };
}

void impact__report_add_available(impact_health_report *report, const impact_health *health)
{
    for (const impact__check *check = health->checks; check; check = check->next)
        if (!check->is_removed)
            report->available[report->available_count++] = keep_name(check);
}

bool impact_health_report_is_healthy(const impact_health_report *report)
{
    if (!report)
        return false;
    for (size_t i = 0; i < report->count; i++)
        if (!impact__outcome_holds(&report->rows[i].outcome))
            return false;
    return true;
}

size_t impact_health_report_count(const impact_health_report *report)
{
    return report ? report->count : 0;
}

bool impact_health_report_get(const impact_health_report *report, size_t index,
                              impact_health_result *result)
{
    if (!report || !result || index >= report->count)
        return false;
    const impact__report_row *row = &report->rows[index];
    *result = (impact_health_result){
        .name = impact__kept_text(&row->name),
        .status = row->outcome.status,
        .reason = row->outcome.reason,
        .duration_ns = row->outcome.duration_ns,
    };
    return true;
}

void impact_health_report_close(impact_health_report *report)
{
    if (report)
        impact__free(report->allocator, report);
}
