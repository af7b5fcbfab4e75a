/* A report as a page: the verdict, a row a check, and what the page is.
 *
 * DESIGN: the page is made anew for each request and holds all it needs; its script asks for it
 * again and puts the new one's <main> in the place of the old one's. Nothing is said by colour
 * alone: a state has a word and a shape, and a chart its label.
 */
#include "health/render/report_html.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "health/render/chart.h"
#include "health/render/html.h"
#include "health/render/page_parts.h"

/* In the order in which they are shown. */
static const struct {
    impact_health_status status;
    const char *headline;
    const char *count; /* behind a number of checks */
    const char *state; /* of one check */
    const char *color; /* of the icon in a browser's tab, and its shape */
    const char *shape;
} looks[] = {
    {IMPACT_HEALTH_FAIL, "Degraded", "failing", "Failing", "b91c2b", "M2 2h12v12h-12z"},
    {IMPACT_HEALTH_WARN, "Running, with a warning", "warning", "Warning", "8a5800",
     "M8 1l7 14h-14z"},
    {IMPACT_HEALTH_PASS, "Running", "OK", "OK", "16734a", "M8 1a7 7 0 1 1-.01 0z"},
};
enum { look_count = sizeof looks / sizeof *looks };

static size_t look_of(impact_health_status status)
{
    size_t i = 0;
    while (i < look_count - 1 && looks[i].status != status)
        i++;
    return i;
}

static void put(impact__buffer *buffer, const char *html)
{
    impact__buffer_append_string(buffer, html);
}

/* ---- the whole ---- */

static size_t count_of(const impact_health_report *report, impact_health_status status)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += impact__row_status(&report->rows[i]) == status;
    return count;
}

/* "2 failing, 1 warning, 4 OK" */
static void render_counts(impact__buffer *buffer, const impact_health_report *report)
{
    bool is_first = true;
    for (size_t i = 0; i < look_count; i++) {
        const size_t count = count_of(report, looks[i].status);
        if (!count)
            continue;
        impact__buffer_printf(buffer, "%s%zu %s", is_first ? "" : ", ", count, looks[i].count);
        is_first = false;
    }
    if (is_first)
        put(buffer, "no check was asked for");
}

static void render_head(impact__buffer *buffer, const impact_health_report *report,
                        const impact__presentation *presentation, size_t look)
{
    put(buffer, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n"
                "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n<title>");
    impact__buffer_printf(buffer, "%s: ", looks[look].headline);
    render_counts(buffer, report);
    impact__buffer_printf(buffer,
                          " \xC2\xB7 %s</title>\n<link id=\"icon\" rel=\"icon\" "
                          "href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
                          "viewBox='0 0 16 16'%%3E%%3Cpath fill='%%23%s' "
                          "d='%s'/%%3E%%3C/svg%%3E\">\n<style>",
                          presentation->subject, looks[look].color, looks[look].shape);
    put(buffer, impact__page_style);
    put(buffer, "</style>\n</head>\n<body>\n");
    put(buffer, impact__page_icons);
}

static void render_icon(impact__buffer *buffer, size_t look)
{
    impact__buffer_printf(buffer,
                          "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#is-%s\"/></svg>",
                          impact__status_word(looks[look].status));
}

static void render_names(impact__buffer *buffer, const char *words, const impact__name_list *list)
{
    if (!list->count)
        return;
    impact__buffer_printf(buffer, "<p class=\"note\">%s", words);
    for (size_t i = 0; i < list->count; i++) {
        put(buffer, i ? ", <bdi>" : " <bdi>");
        impact__html_text(buffer, impact__kept_text(&list->names[i]));
        put(buffer, "</bdi>");
    }
    put(buffer, "</p>\n");
}

static void render_verdict(impact__buffer *buffer, const impact_health_report *report,
                           const impact__presentation *presentation, size_t look)
{
    impact__buffer_printf(buffer,
                          "\n<main>\n<header class=\"%s\">\n<p class=\"subject\">%s</p>\n<h1>",
                          impact__status_word(looks[look].status), presentation->subject);
    render_icon(buffer, look);
    impact__buffer_printf(buffer, "%s</h1>\n<p class=\"sum\">", looks[look].headline);
    render_counts(buffer, report);
    put(buffer, "</p>\n");
    if (report->is_held_back)
        impact__buffer_printf(buffer, "<p class=\"note\">The service is %s.</p>\n",
                              impact__phase_word(report->phase));
    render_names(buffer, "Without any check:", &report->empty);
    render_names(buffer, "Asked for, and unknown:", &report->unknown);
    put(buffer, "</header>\n");
}

/* ---- a check ---- */

/* What a reason means; one that has no words here stands for itself. */
static const char *words_of(const char *reason)
{
    static const char *const words[][2] = {
        {"error", ""},
        {"timeout", "no answer within its time limit"},
        {"stale", "its last result is too old"},
        {"pending", "no result yet"},
        {"disabled", "switched off"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(reason, words[i][0]) == 0)
            return words[i][1];
    return reason;
}

static void render_value(impact__buffer *buffer, const impact__remarks *remarks)
{
    if (!remarks->is_observed || !isfinite(remarks->value))
        return;
    put(buffer, ", ");
    impact__json_double(buffer, remarks->value);
    put(buffer, " <bdi>");
    impact__html_text(buffer, impact_text_of(remarks->unit));
    put(buffer, "</bdi>");
}

static void render_lately(impact__buffer *buffer, const impact__history *history)
{
    const unsigned failures = impact__history_failures(history);
    if (failures)
        impact__buffer_printf(buffer, " %u of the last %u failed.", failures,
                              (unsigned)history->count);
}

static void render_state(impact__buffer *buffer, const impact__report_row *row, size_t look)
{
    const char *words = words_of(row->known.outcome.reason);
    impact__buffer_printf(buffer, "<p class=\"state\">%s", looks[look].state);
    if (*words)
        impact__buffer_printf(buffer, ": %s", words);
    render_value(buffer, &row->record.remarks);
    if (row->known.is_pending && row->known.age_ns) {
        put(buffer, ", ");
        impact__html_duration(buffer, row->known.age_ns);
        put(buffer, " ago");
    }
    put(buffer, ".");
    if (!row->record.failing_since_unix_ns)
        render_lately(buffer, &row->record.history);
    put(buffer, "</p>\n");
}

static void render_explanation(impact__buffer *buffer, const impact__report_row *row,
                               const impact__presentation *presentation)
{
    const char *explanation = row->record.remarks.explanation;
    const bool is_withheld = !presentation->shows_texts;
    if (!*explanation || (is_withheld && impact__row_status(row) == IMPACT_HEALTH_PASS))
        return;
    put(buffer, is_withheld ? "<p class=\"note\">" : "<p><bdi>");
    impact__html_text(buffer, impact_text_of(is_withheld ? "Reason withheld." : explanation));
    put(buffer, is_withheld ? "</p>\n" : "</bdi></p>\n");
}

/* Since when, how often in a row, and how often of late. */
static void render_failures(impact__buffer *buffer, const impact__record *record,
                            uint64_t now_unix_ns)
{
    const uint64_t since = record->failing_since_unix_ns;
    put(buffer, "<p class=\"since\">Since ");
    impact__html_time(buffer, since);
    put(buffer, " (");
    impact__html_span(buffer, now_unix_ns > since ? now_unix_ns - since : 0);
    put(buffer, ")");
    if (record->failures > 1)
        impact__buffer_printf(buffer, ", %llu in a row", (unsigned long long)record->failures);
    put(buffer, ".");
    render_lately(buffer, &record->history);
    put(buffer, "</p>\n");
}

static void render_check(impact__buffer *buffer, const impact__report_row *row,
                         const impact_health_report *report,
                         const impact__presentation *presentation)
{
    const size_t look = look_of(impact__row_status(row));
    impact__buffer_printf(buffer, "<li class=\"%s\">", impact__status_word(looks[look].status));
    render_icon(buffer, look);
    put(buffer, "\n<h2><bdi>");
    impact__html_text(buffer, impact__kept_text(&row->name));
    put(buffer, "</bdi></h2>\n<div class=\"said\">");
    render_state(buffer, row, look);
    render_explanation(buffer, row, presentation);
    if (row->record.failing_since_unix_ns)
        render_failures(buffer, &row->record, report->made_unix_ns);
    put(buffer, "</div>\n");
    impact__render_chart(buffer, &row->record.history);
    put(buffer, "\n<p class=\"time\">");
    if (row->record.has_result || row->known.is_stuck)
        impact__html_duration(buffer, row->known.outcome.duration_ns);
    put(buffer, "</p>\n</li>\n");
}

/* What is wrong comes first; else in the order asked for. */
static void render_checks(impact__buffer *buffer, const impact_health_report *report,
                          const impact__presentation *presentation)
{
    if (!report->count)
        return;
    put(buffer, "<ul role=\"list\">\n");
    for (size_t look = 0; look < look_count; look++)
        for (size_t i = 0; i < report->count; i++)
            if (impact__row_status(&report->rows[i]) == looks[look].status)
                render_check(buffer, &report->rows[i], report, presentation);
    put(buffer, "</ul>\n");
}

/* ---- what the page is ---- */

static void render_foot(impact__buffer *buffer, const impact_health_report *report)
{
    put(buffer, "<footer>\n<p>As of ");
    impact__html_time(buffer, report->made_unix_ns);
    put(buffer, ". ");
    if (report->count)
        put(buffer, "A bar is a result, the newest at the right, as high as it took long. A mark "
                    "below the line is a failure, a dot a warning.");
    put(buffer, "</p>\n");
    if (report->available.count > report->count)
        impact__buffer_printf(buffer,
                              "<p>%zu of %zu checks are shown; checks=_all shows all.</p>\n",
                              report->count, report->available.count);
    put(buffer, "</footer>\n</main>\n"
                "<p id=\"lost\" role=\"alert\" hidden>The service does not answer. What stands "
                "here is old.</p>\n"
                "<p><button id=\"pause\" type=\"button\" hidden>Pause updates</button></p>\n"
                "<p id=\"said\" class=\"unseen\" role=\"status\"></p>\n<script>");
    put(buffer, impact__page_script);
    put(buffer, "</script>\n</body>\n</html>\n");
}

void impact__render_html(impact__buffer *buffer, const impact_health_report *report,
                         const impact__presentation *presentation)
{
    const size_t look = look_of(impact__report_status(report));
    render_head(buffer, report, presentation, look);
    render_verdict(buffer, report, presentation, look);
    render_checks(buffer, report, presentation);
    render_foot(buffer, report);
}
