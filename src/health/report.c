/* A report, and how it is read. */
#include "health/report.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
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

/* A stuck run is told as the failure that it is, though it has no end yet. */
static void add_stuck_run(impact__record *record, const impact__knowledge *known,
                          const impact__limits *limits, uint64_t now_ns)
{
    const impact__remarks silence = {0};
    impact__outcome outcome = known->outcome;
    outcome.status = known->raw_status;
    const impact__arrival arrival = {
        .limits = limits,
        .outcome = &outcome,
        .remarks = &silence,
        .limit_ns = known->limit_ns,
        .now_ns = now_ns,
        .now_unix_ns = impact__clock_unix_ns(),
    };
    impact__record_add(record, &arrival);
}

/* A pulse is told as the result that it is, its lag as what was observed. */
static void add_pulse(impact__report_row *row)
{
    impact__record *record = &row->record;
    const uint64_t lag_ns = row->known.age_ns;
    record->ended_unix_ns = impact__before_ns(impact__clock_unix_ns(), lag_ns);
    const uint64_t lag_ms = lag_ns / IMPACT__NS_PER_MS;
    record->remarks.value = (double)lag_ms;
    record->remarks.is_observed = true;
    (void)memcpy(record->remarks.unit, "ms", sizeof "ms");
}

/* When what is known began to be too old. */
static void date_staleness(impact__report_row *row, const impact__limits *limits)
{
    const bool is_stale = strcmp(row->known.outcome.reason, "stale") == 0;
    if (!is_stale || row->record.failures || !row->known.age_ns)
        return;
    const uint64_t late_ns = row->known.age_ns - limits->max_age_ns;
    row->record.failing_since_unix_ns = impact__before_ns(impact__clock_unix_ns(), late_ns);
}

void impact__report_look(impact__report_row *row, const impact__wait *wait, uint64_t now_ns)
{
    row->known = impact__wait_look(wait, now_ns);
    row->record = wait->check->record;
    memcpy(row->component_type, wait->check->definition.component_type, sizeof row->component_type);
    if (row->known.is_stuck)
        add_stuck_run(&row->record, &row->known, &wait->check->definition.limits, now_ns);
    else if (!row->known.is_last)
        row->record.remarks = (impact__remarks){0}; /* they are of another result */
    if (impact__pulse_felt_ns(wait->check->definition.pulse))
        add_pulse(row);
    date_staleness(row, &wait->check->definition.limits);
}

void impact__name_list_add(impact__name_list *list, impact_text name)
{
    keep_name(&list->names[list->count++], name);
}

bool impact_health_report_is_healthy(const impact_health_report *report)
{
    if (!report || report->empty.count || report->is_held_back)
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

const char *impact__phase_word(impact_health_phase phase)
{
    static const char *const words[] = {"starting", "serving", "draining"};
    assert(phase <= IMPACT_HEALTH_DRAINING);
    return words[phase];
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
    const impact__record *record = &row->record;
    const impact_health_result known = {
        .name = impact__kept_text(&row->name),
        .status = row->known.outcome.status,
        .reason = row->known.outcome.reason,
        .duration_ns = row->known.outcome.duration_ns,
        .age_ns = row->known.age_ns,
        .is_pending = row->known.is_pending,
        .explanation = impact_text_of(record->remarks.explanation),
        .component_type = impact_text_of(row->component_type),
        .observed_unit = impact_text_of(record->remarks.unit),
        .observed_value = record->remarks.value,
        .failures = record->failures,
        .failing_since_unix_ns = record->failing_since_unix_ns,
        .ended_unix_ns = record->ended_unix_ns,
        .past_count = record->history.count,
        .raw_status = row->known.raw_status,
        .is_observed = record->remarks.is_observed,
    };
    return impact__struct_write(result, &known, sizeof known);
}

bool impact_health_report_past(const impact_health_report *report, size_t index, size_t back,
                               impact_health_past *past)
{
    if (!report || !past || index >= report->count)
        return false;
    const impact__history *history = &report->rows[index].record.history;
    if (back >= history->count)
        return false;
    const impact_health_past known = impact__history_get(history, back);
    return impact__struct_write(past, &known, sizeof known);
}

void impact_health_report_close(impact_health_report *report)
{
    if (!report)
        return;
    impact__shared_release(report->facts);
    impact__free(report->allocator, report);
}
