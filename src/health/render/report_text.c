/* A report as plain text: what a person reads in a terminal, and grep in a script. */
#include "health/render/report_text.h"

#include "base/clock.h"

static void render_line(impact__buffer *buffer, const char *mark, const impact__kept_name *name,
                        const char *verdict)
{
    impact__buffer_append_string(buffer, mark);
    impact__buffer_append_text(buffer, impact__kept_text(name));
    impact__buffer_append_char(buffer, ' ');
    impact__buffer_append_string(buffer, verdict);
}

/* A newer result is on its way. */
static void render_age(impact__buffer *buffer, const impact__knowledge *known)
{
    if (known->is_pending && known->age_ns)
        impact__buffer_printf(buffer, ", %llu ms ago",
                              (unsigned long long)(known->age_ns / IMPACT__NS_PER_MS));
}

/* On one line, whatever a driver has written. */
static void render_one_line(impact__buffer *buffer, const char *text)
{
    for (; *text; text++) {
        const bool is_control = (unsigned char)*text < 0x20 || *text == 0x7F;
        impact__buffer_append_char(buffer, is_control ? ' ' : *text);
    }
}

static void render_explanation(impact__buffer *buffer, const impact__report_row *row,
                               const impact__presentation *presentation)
{
    const char *explanation = row->record.remarks.explanation;
    const bool holds = impact__row_status(row) == IMPACT_HEALTH_PASS;
    if (!*explanation || (holds && !presentation->shows_texts))
        return;
    impact__buffer_append_string(buffer, ": ");
    render_one_line(buffer, presentation->shows_texts ? explanation : "reason withheld");
}

static void render_row(impact__buffer *buffer, const impact__report_row *row,
                       const impact__presentation *presentation)
{
    static const char *const marks[] = {"[+]", "[!]", "[-]"};
    static const char *const verdicts[] = {"ok", "warned", "failed"};
    const impact_health_status status = impact__row_status(row);
    render_line(buffer, marks[status], &row->name, verdicts[status]);
    if (*row->known.outcome.reason) {
        impact__buffer_append_string(buffer, ": ");
        impact__buffer_append_string(buffer, row->known.outcome.reason);
    }
    render_explanation(buffer, row, presentation);
    render_age(buffer, &row->known);
    impact__buffer_append_char(buffer, '\n');
}

static void render_unknown(impact__buffer *buffer, const impact__name_list *unknown)
{
    for (size_t i = 0; i < unknown->count; i++) {
        render_line(buffer, "[?]", &unknown->names[i], "is unknown");
        impact__buffer_append_char(buffer, '\n');
    }
}

static void render_rows(impact__buffer *buffer, const impact_health_report *report,
                        const impact__presentation *presentation)
{
    for (size_t i = 0; i < report->count; i++)
        render_row(buffer, &report->rows[i], presentation);
    if (report->is_held_back)
        impact__buffer_printf(buffer, "[-]phase failed: %s\n", impact__phase_word(report->phase));
    for (size_t i = 0; i < report->empty.count; i++)
        render_line(buffer, "[-]", &report->empty.names[i], "failed: it has no checks\n");
    render_unknown(buffer, &report->unknown);
}

void impact__render_text(impact__buffer *buffer, const impact_health_report *report,
                         const impact__presentation *presentation)
{
    const bool is_well = impact_health_report_is_healthy(report);
    if (presentation->is_bare || (is_well && !presentation->is_verbose && !report->unknown.count)) {
        impact__buffer_append_string(buffer, is_well ? "ok\n" : "failed\n");
        return;
    }
    render_rows(buffer, report, presentation);
    impact__buffer_append_string(buffer, presentation->subject);
    impact__buffer_append_string(buffer, is_well ? " check passed\n" : " check failed\n");
}
