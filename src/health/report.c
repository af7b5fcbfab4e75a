/* A report, and how it is read. */
#include "health/report.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"

impact_health_report *impact__report_open(const impact_allocator *allocator, size_t checks,
                                          size_t unknown)
{
    const size_t names = checks + unknown;
    impact_health_report *report =
        impact__alloc(allocator, sizeof *report + checks * sizeof(impact__report_row) +
                                     names * sizeof(impact__kept_name));
    if (!report)
        return NULL;
    report->allocator = allocator;
    report->rows = (impact__report_row *)(report + 1);
    report->available.names = (impact__kept_name *)(report->rows + checks);
    report->unknown.names = report->available.names + checks;
    return report;
}

static void keep_name(impact__kept_name *kept, impact_text name)
{
    assert(name.size <= IMPACT__NAME_MOST);
    kept->size = name.size;
    memcpy(kept->data, name.data, name.size);
    kept->data[name.size] = 0;
}

void impact__report_add(impact_health_report *report, const impact__check *check)
{
    keep_name(&report->rows[report->count++].name, impact__check_name(check));
}

void impact__name_list_add(impact__name_list *list, impact_text name)
{
    keep_name(&list->names[list->count++], name);
}

bool impact_health_report_is_healthy(const impact_health_report *report)
{
    if (!report)
        return false;
    for (size_t i = 0; i < report->count; i++)
        if (!impact__outcome_holds(&report->rows[i].known.outcome))
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
    const impact_health_result known = {
        .name = impact__kept_text(&row->name),
        .status = row->known.outcome.status,
        .reason = row->known.outcome.reason,
        .duration_ns = row->known.outcome.duration_ns,
        .age_ns = row->known.age_ns,
        .is_pending = row->known.is_pending,
    };
    return impact__struct_write(result, &known, sizeof known);
}

void impact_health_report_close(impact_health_report *report)
{
    if (report)
        impact__free(report->allocator, report);
}
