/* A report as application/health+json: draft-inadarei-api-health-check-06. The draft has an array a
 * check, for several components of one name; ours have one. What the draft has no key for has one
 * of our own beside its keys (section 4.9). */
#include "health/render/report_health_json.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utc.h"

static void separate(impact__buffer *buffer, bool is_first)
{
    if (!is_first)
        impact__buffer_append_char(buffer, ',');
}

static void render_milliseconds(impact__buffer *buffer, const char *key, uint64_t ns)
{
    impact__buffer_printf(buffer, ",\"%s\":", key);
    impact__json_double(buffer, (double)ns / (double)IMPACT__NS_PER_MS);
}

static void render_string(impact__buffer *buffer, const char *key, const char *value)
{
    if (!*value)
        return;
    impact__buffer_printf(buffer, ",\"%s\":", key);
    impact__json_html_string(buffer, impact_text_of(value));
}

static void render_moment(impact__buffer *buffer, const char *key, uint64_t unix_ns)
{
    char moment[IMPACT__UTC_SIZE];
    if (impact__utc_format(moment, unix_ns))
        render_string(buffer, key, moment);
}

static void render_observed(impact__buffer *buffer, const impact__remarks *remarks)
{
    if (!remarks->is_observed)
        return;
    impact__buffer_append_string(buffer, ",\"observedValue\":");
    impact__json_double(buffer, remarks->value);
    render_string(buffer, "observedUnit", remarks->unit);
}

/* What the draft has no key for. */
static void render_own_members(impact__buffer *buffer, const impact__report_row *row)
{
    const impact__knowledge *known = &row->known;
    render_string(buffer, "reason", known->outcome.reason);
    render_milliseconds(buffer, "durationMs", known->outcome.duration_ns);
    if (known->age_ns)
        render_milliseconds(buffer, "ageMs", known->age_ns);
    if (known->is_pending)
        impact__buffer_append_string(buffer, ",\"pending\":true");
    if (known->raw_status != known->outcome.status) /* before thresholds and severity */
        render_string(buffer, "observedStatus", impact__status_word(known->raw_status));
    if (!row->record.failures)
        return;
    impact__buffer_printf(buffer, ",\"consecutiveFailures\":%llu",
                          (unsigned long long)row->record.failures);
    render_moment(buffer, "failingSince", row->record.failing_since_unix_ns);
}

static void render_check(impact__buffer *buffer, const impact__report_row *row,
                         const impact__presentation *presentation)
{
    const impact_health_status status = impact__row_status(row);
    impact__buffer_printf(buffer, "[{\"status\":\"%s\"", impact__status_word(status));
    render_string(buffer, "componentType", row->component_type);
    render_observed(buffer, &row->record.remarks);
    render_moment(buffer, "time", row->record.ended_unix_ns);
    if (presentation->shows_texts && status != IMPACT_HEALTH_PASS) /* as the draft has it */
        render_string(buffer, "output", row->record.remarks.explanation);
    render_own_members(buffer, row);
    impact__buffer_append_string(buffer, "}]");
}

static void render_checks(impact__buffer *buffer, const impact_health_report *report,
                          const impact__presentation *presentation)
{
    impact__buffer_append_string(buffer, ",\"checks\":{");
    for (size_t i = 0; i < report->count; i++) {
        separate(buffer, i == 0);
        impact__json_html_string(buffer, impact__kept_text(&report->rows[i].name));
        impact__buffer_append_char(buffer, ':');
        render_check(buffer, &report->rows[i], presentation);
    }
    impact__buffer_append_char(buffer, '}');
}

/* A note for each name of a list, that says why it stands there. */
static void render_notes_of(impact__buffer *buffer, const impact__name_list *list,
                            const char *before, const char *behind, bool *is_first)
{
    for (size_t i = 0; i < list->count; i++) {
        impact__buffer_append_string(buffer, *is_first ? ",\"notes\":[" : ",");
        *is_first = false;
        char note[96];
        const impact__kept_name *name = &list->names[i];
        const int size = snprintf(note, sizeof note, "%s%s%s", before, name->data, behind);
        impact__json_html_string(buffer, impact_text_from(note, size > 0 ? (size_t)size : 0));
    }
}

static void render_text(impact__buffer *buffer, const char *key, const char *text)
{
    if (text)
        render_string(buffer, key, text);
}

static void render_service(impact__buffer *buffer, const impact__service_facts *facts)
{
    if (!facts)
        return;
    render_text(buffer, "version", facts->version);
    render_text(buffer, "releaseId", facts->release_id);
    render_text(buffer, "serviceId", facts->id);
    render_text(buffer, "description", facts->description);
}

static void render_notes(impact__buffer *buffer, const impact_health_report *report)
{
    bool is_first = !report->is_held_back;
    if (!is_first)
        impact__buffer_printf(buffer, ",\"notes\":[\"%s\"", impact__phase_word(report->phase));
    render_notes_of(buffer, &report->empty, "", " has no checks", &is_first);
    render_notes_of(buffer, &report->unknown, "unknown: ", "", &is_first);
    if (!is_first)
        impact__buffer_append_char(buffer, ']');
}

void impact__render_health_json(impact__buffer *buffer, const impact_health_report *report,
                                const impact__presentation *presentation)
{
    impact__buffer_printf(buffer, "{\"status\":\"%s\"",
                          impact__status_word(impact__report_status(report)));
    render_service(buffer, report->facts);
    render_notes(buffer, report);
    render_checks(buffer, report, presentation);
    impact__buffer_append_string(buffer, "}\n");
}
