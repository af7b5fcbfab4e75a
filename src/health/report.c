/* A report, and how it is read. */
#include "health/report.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"

impact_health_report *impact__report_open(const impact_allocator *allocator, size_t checks,
                                          size_t asked)
{
    const size_t names = checks + 2 * asked;
    impact_health_report *report =
        impact__alloc(allocator, sizeof *report + checks * sizeof(impact__report_row) +
                                     names * sizeof(impact__kept_name));
    if (!report)
        return NULL;
    report->allocator = allocator;
    report->rows = (impact__report_row *)(report + 1);
    report->available.names = (impact__kept_name *)(report->rows + checks);
    report->unknown.names = report->available.names + checks;
    report->empty.names = report->unknown.names + asked;
    return report;
}

static void keep_name(impact__kept_name *kept, impact_text name)
{
    assert(name.size <= IMPACT__NAME_MOST);
    kept->size = name.size;
    memcpy(kept->data, name.data, name.size);
    kept->data[name.size] = 0;
}

void impact__report_add(impact_health_report *report, const impact__check *check, bool is_for_live)
{
    impact__report_row *row = &report->rows[report->count++];
    row->is_for_live = is_for_live;
    keep_name(&row->name, impact__check_name(check));
}

void impact__name_list_add(impact__name_list *list, impact_text name)
{
    keep_name(&list->names[list->count++], name);
}

bool impact_health_report_is_healthy(const impact_health_report *report)
{
    if (!report || report->empty.count)
        return false;
    for (size_t i = 0; i < report->count; i++)
        if (!impact__row_holds(&report->rows[i]))
            return false;
    return true;
}

impact_health_status impact__row_status(const impact__report_row *row)
{
    const impact_health_status status = row->known.outcome.status;
    if (!impact__row_holds(row))
        return IMPACT_HEALTH_FAIL;
    return status == IMPACT_HEALTH_PASS ? status : IMPACT_HEALTH_WARN;
}

impact_health_status impact__report_status(const impact_health_report *report)
{
    impact_health_status worst = IMPACT_HEALTH_PASS;
    if (!impact_health_report_is_healthy(report))
        return IMPACT_HEALTH_FAIL;
    for (size_t i = 0; i < report->count; i++)
        if (impact__row_status(&report->rows[i]) == IMPACT_HEALTH_WARN)
            worst = IMPACT_HEALTH_WARN;
    return worst;
}

const char *impact__status_word(impact_health_status status)
{
    static const char *const words[] = {"pass", "warn", "fail", "unknown"};
    assert(status <= IMPACT_HEALTH_UNKNOWN);
    return words[status];
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
