/* A report as JSON: the keys and words that clients of the original know. */
#include "health/render/report_json.h"

#include "base/json.h"

static void separate(impact__buffer *buffer, bool is_first)
{
    if (!is_first)
        impact__buffer_append_char(buffer, ',');
}

static void render_available(impact__buffer *buffer, const impact_health_report *report)
{
    impact__buffer_append_char(buffer, '[');
    for (size_t i = 0; i < report->available_count; i++) {
        separate(buffer, i == 0);
        impact__json_string(buffer, impact__kept_text(&report->available[i]));
    }
    impact__buffer_append_char(buffer, ']');
}

static void render_checks(impact__buffer *buffer, const impact_health_report *report)
{
    impact__buffer_append_char(buffer, '{');
    for (size_t i = 0; i < report->count; i++) {
        const impact__report_row *row = &report->rows[i];
        separate(buffer, i == 0);
        impact__json_string(buffer, impact__kept_text(&row->name));
        impact__buffer_append_string(buffer,
                                     impact__outcome_holds(&row->outcome) ? ":true" : ":false");
    }
    impact__buffer_append_char(buffer, '}');
}

static void render_unknown(impact__buffer *buffer, const impact__selector *selector)
{
    bool is_first = true;
    impact__buffer_append_string(buffer, "\"unknown_checks\":[");
    for (size_t i = 0; i < selector->count; i++) {
        if (!selector->names[i].is_unknown)
            continue;
        separate(buffer, is_first);
        impact__json_string(buffer, selector->names[i].name);
        is_first = false;
    }
    impact__buffer_append_char(buffer, ']');
}

void impact__render_json(impact__buffer *buffer, const impact_health_report *report,
                         const impact__selector *selector)
{
    impact__buffer_append_string(buffer, "{\"available_checks\":");
    render_available(buffer, report);
    impact__buffer_append_string(buffer, ",\"checks\":");
    render_checks(buffer, report);
    impact__buffer_append_string(buffer, impact_health_report_is_healthy(report)
                                             ? ",\"health\":\"running\""
                                             : ",\"health\":\"degraded\"");
    if (selector->unknown_count) {
        impact__buffer_append_char(buffer, ',');
        render_unknown(buffer, selector);
    }
    impact__buffer_append_string(buffer, "}\n");
}

void impact__render_json_unknown(impact__buffer *buffer, const impact__selector *selector)
{
    impact__buffer_append_string(buffer, "{\"error\":\"unknown checks\",");
    render_unknown(buffer, selector);
    impact__buffer_append_string(buffer, "}\n");
}
