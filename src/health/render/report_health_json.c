/* A report as application/health+json: draft-inadarei-api-health-check-06. The draft has an array a
 * check, for several components of one name; ours have one. What the draft has no key for has one
 * of our own beside its keys (section 4.9). */
#include "health/render/report_health_json.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"

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

static void render_check(impact__buffer *buffer, const impact__report_row *row)
{
    const impact__knowledge *known = &row->known;
    impact__buffer_printf(buffer, "[{\"status\":\"%s\"",
                          impact__status_word(impact__row_status(row)));
    if (*known->outcome.reason)
        impact__buffer_printf(buffer, ",\"reason\":\"%s\"", known->outcome.reason);
    render_milliseconds(buffer, "durationMs", known->outcome.duration_ns);
    if (known->age_ns)
        render_milliseconds(buffer, "ageMs", known->age_ns);
    if (known->is_pending)
        impact__buffer_append_string(buffer, ",\"pending\":true");
    impact__buffer_append_string(buffer, "}]");
}

static void render_checks(impact__buffer *buffer, const impact_health_report *report)
{
    impact__buffer_append_string(buffer, ",\"checks\":{");
    for (size_t i = 0; i < report->count; i++) {
        separate(buffer, i == 0);
        impact__json_html_string(buffer, impact__kept_text(&report->rows[i].name));
        impact__buffer_append_char(buffer, ':');
        render_check(buffer, &report->rows[i]);
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

static void render_notes(impact__buffer *buffer, const impact_health_report *report)
{
    bool is_first = true;
    render_notes_of(buffer, &report->empty, "", " has no checks", &is_first);
    render_notes_of(buffer, &report->unknown, "unknown: ", "", &is_first);
    if (!is_first)
        impact__buffer_append_char(buffer, ']');
}

void impact__render_health_json(impact__buffer *buffer, const impact_health_report *report,
                                const impact__presentation *presentation)
{
    (void)presentation;
    impact__buffer_printf(buffer, "{\"status\":\"%s\"",
                          impact__status_word(impact__report_status(report)));
    render_notes(buffer, report);
    render_checks(buffer, report);
    impact__buffer_append_string(buffer, "}\n");
}
