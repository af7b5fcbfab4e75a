/* A report as JSON: the keys and words that clients of the original know. */
#include "health/render/report_json.h"

#include "base/clock.h"
#include "base/json.h"

static void separate(impact__buffer *buffer, bool is_first)
{
    if (!is_first)
        impact__buffer_append_char(buffer, ',');
}

static void render_names(impact__buffer *buffer, const char *key, const impact__name_list *list)
{
    impact__buffer_printf(buffer, "\"%s\":[", key);
    for (size_t i = 0; i < list->count; i++) {
        separate(buffer, i == 0);
        impact__json_html_string(buffer, impact__kept_text(&list->names[i]));
    }
    impact__buffer_append_char(buffer, ']');
}

static void render_more_names(impact__buffer *buffer, const char *key,
                              const impact__name_list *list)
{
    if (!list->count)
        return;
    impact__buffer_append_char(buffer, ',');
    render_names(buffer, key, list);
}

static void render_checks(impact__buffer *buffer, const impact_health_report *report)
{
    impact__buffer_append_char(buffer, '{');
    for (size_t i = 0; i < report->count; i++) {
        const impact__report_row *row = &report->rows[i];
        separate(buffer, i == 0);
        impact__json_html_string(buffer, impact__kept_text(&row->name));
        impact__buffer_append_string(buffer, impact__row_holds(row) ? ":true" : ":false");
    }
    impact__buffer_append_char(buffer, '}');
}

/* The checks whose run had not ended: what is told of them is their last result, that many
 * milliseconds old; null: there is none. */
static void render_pending(impact__buffer *buffer, const impact_health_report *report)
{
    bool is_first = true;
    for (size_t i = 0; i < report->count; i++) {
        const impact__report_row *row = &report->rows[i];
        if (!row->known.is_pending)
            continue;
        impact__buffer_append_string(buffer, is_first ? ",\"pending_checks\":{" : ",");
        impact__json_html_string(buffer, impact__kept_text(&row->name));
        if (row->known.age_ns)
            impact__buffer_printf(buffer, ":%llu",
                                  (unsigned long long)(row->known.age_ns / IMPACT__NS_PER_MS));
        else
            impact__buffer_append_string(buffer, ":null");
        is_first = false;
    }
    if (!is_first)
        impact__buffer_append_char(buffer, '}');
}

void impact__render_json(impact__buffer *buffer, const impact_health_report *report)
{
    impact__buffer_append_char(buffer, '{');
    render_names(buffer, "available_checks", &report->available);
    impact__buffer_append_string(buffer, ",\"checks\":");
    render_checks(buffer, report);
    impact__buffer_append_string(buffer, impact_health_report_is_healthy(report)
                                             ? ",\"health\":\"running\""
                                             : ",\"health\":\"degraded\"");
    render_pending(buffer, report);
    if (report->is_held_back)
        impact__buffer_printf(buffer, ",\"phase\":\"%s\"", impact__phase_word(report->phase));
    render_more_names(buffer, "empty_groups", &report->empty);
    render_more_names(buffer, "unknown_checks", &report->unknown);
    impact__buffer_append_string(buffer, "}\n");
}

void impact__render_json_unknown(impact__buffer *buffer, const impact__selector *selector)
{
    bool is_first = true;
    impact__buffer_append_string(buffer, "{\"error\":\"unknown checks\",\"unknown_checks\":[");
    for (size_t i = 0; i < selector->count; i++) {
        if (!selector->names[i].is_unknown)
            continue;
        separate(buffer, is_first);
        impact__json_html_string(buffer, selector->names[i].name);
        is_first = false;
    }
    impact__buffer_append_string(buffer, "]}\n");
}
