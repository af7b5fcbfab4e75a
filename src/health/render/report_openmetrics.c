/* A report as OpenMetrics text: a family after the other, a sample a check. */
#include "health/render/report_openmetrics.h"

#include <math.h>

#include "base/clock.h"
#include "base/json.h"
#include "health/render/openmetrics.h"
#include "health/render/openmetrics_metrics.h"

/* ---- pieces ---- */

/* Up to its labels, which another may follow. */
static void begin_sample(impact__buffer *buffer, const char *family, const impact__report_row *row)
{
    impact__buffer_printf(buffer, "%s{check=\"", family);
    impact__openmetrics_label_value(buffer, impact__kept_text(&row->name));
    impact__buffer_append_char(buffer, '"');
}

/* Numbers are written as JSON writes them, in any locale. */
static void end_sample(impact__buffer *buffer, double value)
{
    impact__buffer_append_string(buffer, "} ");
    impact__json_double(buffer, value);
    impact__buffer_append_char(buffer, '\n');
}

static double seconds_of(uint64_t ns)
{
    return (double)ns / (double)IMPACT__NS_PER_SEC;
}

/* ---- families of one sample a check ---- */

typedef struct family {
    const char *name;
    const char *unit; /* the name ends with it; NULL: none */
    const char *help;
    bool (*get)(double *value, const impact__report_row *row); /* false: there is no sample */
} family;

static bool get_up(double *value, const impact__report_row *row)
{
    *value = impact__row_holds(row);
    return true;
}

static bool get_duration(double *value, const impact__report_row *row)
{
    *value = seconds_of(row->record.outcome.duration_ns);
    return row->record.has_result;
}

static bool get_age(double *value, const impact__report_row *row)
{
    *value = seconds_of(row->known.age_ns);
    return row->record.has_result && !row->known.is_stuck;
}

static bool get_stuck(double *value, const impact__report_row *row)
{
    *value = row->known.is_stuck ? seconds_of(row->known.outcome.duration_ns) : 0;
    return true;
}

static bool get_failures(double *value, const impact__report_row *row)
{
    *value = (double)row->record.failures;
    return true;
}

static bool get_failing_since(double *value, const impact__report_row *row)
{
    *value = seconds_of(row->record.failing_since_unix_ns);
    return row->record.failing_since_unix_ns != 0;
}

static const family families[] = {
    {"health_check_up", NULL, "Whether the check holds", get_up},
    {"health_check_duration_seconds", "seconds", "How long its last run took", get_duration},
    {"health_check_age_seconds", "seconds", "How old its last result is", get_age},
    {"health_check_stuck_seconds", "seconds",
     "How long a run that is past its time limit has run; 0 without one", get_stuck},
    {"health_check_consecutive_failures", NULL, "Failures in a row, the last result included",
     get_failures},
    {"health_check_failing_since_timestamp_seconds", "seconds",
     "When the first of these failures was known", get_failing_since},
};

static void render_family(impact__buffer *buffer, const impact_health_report *report,
                          const family *f)
{
    impact__openmetrics_heading(buffer, f->name, "gauge", f->unit, f->help);
    for (size_t i = 0; i < report->count; i++) {
        double value = 0;
        if (!f->get(&value, &report->rows[i]))
            continue;
        begin_sample(buffer, f->name, &report->rows[i]);
        end_sample(buffer, value);
    }
}

/* ---- the others ---- */

static void render_statuses(impact__buffer *buffer, const impact_health_report *report)
{
    static const char name[] = "health_check_status";
    impact__openmetrics_heading(buffer, name, "stateset", NULL, "What the check says");
    for (size_t i = 0; i < report->count; i++)
        for (unsigned status = 0; status <= IMPACT_HEALTH_UNKNOWN; status++) {
            begin_sample(buffer, name, &report->rows[i]);
            impact__buffer_printf(buffer, ",%s=\"%s\"", name,
                                  impact__status_word((impact_health_status)status));
            end_sample(buffer, report->rows[i].known.outcome.status == status);
        }
}

static void render_values(impact__buffer *buffer, const impact_health_report *report)
{
    static const char name[] = "health_check_observed_value";
    impact__openmetrics_heading(buffer, name, "gauge", NULL, "What the check has measured");
    for (size_t i = 0; i < report->count; i++) {
        const impact__remarks *remarks = &report->rows[i].record.remarks;
        if (!remarks->is_observed || !isfinite(remarks->value))
            continue;
        begin_sample(buffer, name, &report->rows[i]);
        impact__buffer_append_string(buffer, ",unit=\"");
        impact__openmetrics_label_value(buffer, impact_text_of(remarks->unit));
        impact__buffer_append_char(buffer, '"');
        end_sample(buffer, remarks->value);
    }
}

void impact__render_openmetrics(impact__buffer *buffer, const impact_health_report *report,
                                const impact__metric_sources *metrics)
{
    impact__openmetrics_heading(buffer, "health_up", "gauge", NULL,
                                "Whether all these checks hold");
    impact__buffer_printf(buffer, "health_up %d\n", impact_health_report_is_healthy(report));
    render_statuses(buffer, report);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        render_family(buffer, report, &families[i]);
    render_values(buffer, report);
    impact__openmetrics_render(buffer, metrics);
    impact__buffer_append_string(buffer, "# EOF\n");
}
