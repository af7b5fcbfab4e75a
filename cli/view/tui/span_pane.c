/* All that a span says, in lines. */
#include "span_pane.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "canvas.h"
#include "export/tree/columns.h"
#include "export/tree/duration_text.h"
#include "export/value_json.h"

enum {
    value_limit = 64 * 1024, /* bytes that are shown of one */
    least_width = 8,         /* of text beside its indent */
    step = 2,
};

void view_span_pane_close(view_span_pane *pane)
{
    impact__buffer_close(&pane->text);
    impact__buffer_close(&pane->lines);
}

view_pane_line view_span_pane_line(const view_span_pane *pane, size_t number, impact_text *text)
{
    view_pane_line line;
    memcpy(&line, pane->lines.data + number * sizeof line, sizeof line);
    *text = impact_text_from(pane->text.data + line.start, line.size);
    return line;
}

/* ---- lines ---- */

static void add_line(view_span_pane *pane, unsigned indent, unsigned style, impact_text text)
{
    if (pane->line_count == view_pane_line_limit)
        return;
    if (pane->line_count == view_pane_line_limit - 1)
        text = impact_text_of("… and more");
    const view_pane_line line = {
        .start = pane->text.size, .size = text.size, .indent = indent, .style = style};
    impact__buffer_append_text(&pane->text, text);
    impact__buffer_append(&pane->lines, &line, sizeof line);
    if (!pane->text.has_failed && !pane->lines.has_failed)
        pane->line_count++;
}

/* One paragraph, over as many lines as it takes. */
static void add_wrapped(view_span_pane *pane, unsigned indent, unsigned style, impact_text text)
{
    const unsigned room = pane->width > indent + least_width ? pane->width - indent : least_width;
    do {
        const size_t size = impact__columns_prefix(text, room);
        add_line(pane, indent, style, impact_text_from(text.data, size));
        text = impact_text_from(text.data + size, text.size - size);
    } while (text.size && pane->line_count < view_pane_line_limit);
}

/* The lines that the text itself has. */
static void add_text(view_span_pane *pane, unsigned indent, unsigned style, impact_text text)
{
    impact_text rest = impact_text_from(text.data, impact__smaller(text.size, value_limit));
    impact_text line;
    if (!text.size)
        add_line(pane, indent, style, text);
    while (text.size && impact__text_split(&line, &rest, '\n') &&
           pane->line_count < view_pane_line_limit)
        add_wrapped(pane, indent, style, line);
}

static void add_string(view_span_pane *pane, unsigned indent, unsigned style, const char *text)
{
    add_text(pane, indent, style, impact_text_of(text));
}

/* ---- attributes ---- */

static void append_value(impact__buffer *to, const impact_value_view *value)
{
    impact__outline outline = {.buffer = to, .is_one_line = true};
    if (value->type == IMPACT_VALUE_STRING)
        impact__buffer_append_text(to, value->string);
    else
        impact__value_json(&outline, value);
}

static void add_attribute(view_span_pane *pane, unsigned indent, impact_text key,
                          const impact_value_view *value)
{
    impact__buffer line = IMPACT__BUFFER(pane->text.allocator);
    impact__buffer_append_text(&line, key);
    impact__buffer_append_string(&line, " = ");
    append_value(&line, value);
    if (!line.has_failed)
        add_text(pane, indent, 0, impact__buffer_text(&line));
    impact__buffer_close(&line);
}

static void add_attributes(view_span_pane *pane, unsigned indent, impact_message_walk walk,
                           uint32_t dropped)
{
    impact_text key;
    impact_value_view value;
    char more[64];
    while (pane->line_count < view_pane_line_limit &&
           impact_attribute_view_next(&walk, &key, &value))
        add_attribute(pane, indent, key, &value);
    (void)snprintf(more, sizeof more, "(%" PRIu32 " more were dropped)", dropped); /* it fits */
    if (dropped)
        add_string(pane, indent, view_dim, more);
}

/* ---- events and links ---- */

/* When, counted from where the trace begins, and what. */
static void add_event(view_span_pane *pane, const impact_event_view *event, uint64_t from_unix_ns)
{
    impact__buffer line = IMPACT__BUFFER(pane->text.allocator);
    char when[impact__duration_size];
    const bool is_before = event->unix_ns < from_unix_ns;
    impact__duration_text(when, is_before ? from_unix_ns - event->unix_ns
                                          : event->unix_ns - from_unix_ns);
    impact__buffer_printf(&line, "%s%s ", is_before ? "-" : "+", when);
    impact__buffer_append_text(&line, event->name);
    if (!line.has_failed)
        add_text(pane, step, 0, impact__buffer_text(&line));
    impact__buffer_close(&line);
    add_attributes(pane, 2 * step, event->attributes, event->dropped_attribute_count);
}

static void add_events(view_span_pane *pane, const impact_span_view *span, uint64_t from_unix_ns)
{
    impact_message_walk walk = span->events;
    impact_event_view event;
    bool is_first = true;
    for (; pane->line_count < view_pane_line_limit && impact_event_view_next(&walk, &event);
         is_first = false) {
        if (is_first)
            add_string(pane, 0, view_bold, "Events");
        add_event(pane, &event, from_unix_ns);
    }
}

static void add_link(view_span_pane *pane, const impact_link_view *link)
{
    char text[2 * sizeof(impact_trace_id) + 1 + 2 * sizeof(impact_span_id)];
    impact__hex_format(text, link->context.trace_id.bytes, sizeof(impact_trace_id));
    text[2 * sizeof(impact_trace_id)] = ' ';
    impact__hex_format(text + 2 * sizeof(impact_trace_id) + 1, link->context.span_id.bytes,
                       sizeof(impact_span_id));
    add_text(pane, step, 0, impact_text_from(text, sizeof text));
    add_attributes(pane, 2 * step, link->attributes, link->dropped_attribute_count);
}

static void add_links(view_span_pane *pane, const impact_span_view *span)
{
    impact_message_walk walk = span->links;
    impact_link_view link;
    bool is_first = true;
    for (; pane->line_count < view_pane_line_limit && impact_link_view_next(&walk, &link);
         is_first = false) {
        if (is_first)
            add_string(pane, 0, view_bold, "Links");
        add_link(pane, &link);
    }
}

/* ---- a span ---- */

static void add_id(impact__buffer *to, const char *before, impact_span_id id)
{
    char digits[2 * sizeof id];
    impact__hex_format(digits, id.bytes, sizeof id);
    impact__buffer_append_string(to, before);
    impact__buffer_append(to, digits, sizeof digits);
}

static void add_facts(view_span_pane *pane, const impact_span_view *span, impact_text service,
                      uint64_t from_unix_ns)
{
    impact__buffer line = IMPACT__BUFFER(pane->text.allocator);
    char start[impact__duration_size];
    char length[impact__duration_size];
    impact__duration_text(start, span->start_unix_ns - from_unix_ns);
    impact__duration_text(length, span->end_unix_ns > span->start_unix_ns
                                      ? span->end_unix_ns - span->start_unix_ns
                                      : 0);
    impact__buffer_append_text(&line, service);
    impact__buffer_printf(&line, "  %s  +%s, for %s", impact__kind_name(span->kind), start, length);
    add_id(&line, "\nspan ", span->context.span_id);
    if (span->has_parent)
        add_id(&line, ", parent ", span->parent_span_id);
    if (!line.has_failed)
        add_text(pane, 0, view_dim, impact__buffer_text(&line));
    impact__buffer_close(&line);
}

static void add_status(view_span_pane *pane, const impact_span_view *span)
{
    if (span->status != IMPACT_SPAN_STATUS_ERROR)
        return;
    add_string(pane, 0, view_bold | view_red, "Error");
    if (span->status_description.size)
        add_text(pane, step, view_red, span->status_description);
}

void view_span_pane_fill(view_span_pane *pane, const impact_span_view *span, impact_text service,
                         uint64_t from_unix_ns, unsigned width)
{
    pane->width = width;
    pane->line_count = 0;
    impact__buffer_clear(&pane->text);
    impact__buffer_clear(&pane->lines);
    add_facts(pane, span, service, from_unix_ns);
    add_status(pane, span);
    add_string(pane, 0, view_bold, "Attributes");
    add_attributes(pane, step, span->attributes, span->dropped_attribute_count);
    add_events(pane, span, from_unix_ns);
    add_links(pane, span);
}
