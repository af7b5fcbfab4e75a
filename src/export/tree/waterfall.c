/* Trees of spans as text.
 *
 *     trace 4bf92f3577b34da6a3ce929d0e0e4736  3 spans  12.40 ms
 *       GET /buy                       server   shop           12.40 ms ███████████████
 *       └─ GET                         client   shop           10.10 ms   ████████████
 *     ✗    └─ GET /orders/{id}         server   orders          8.00 ms    █████████
 *     2 30 columns                     8        12            9         15
 */
#include "export/tree/waterfall.h"

#include <assert.h>

#include "base/text.h"
#include "export/tree/columns.h"
#include "export/tree/duration_text.h"

enum {
    name_width = 30,
    kind_width = 8,
    service_width = 12,
    duration_width = 9,
    bar_width = 15,
    /* Deeper spans stand no further to the right, so that their names keep some room. */
    depth_limit = 8,
};

#define BOLD         "1"
#define DIM          "2"
#define RED          "31"
#define CYAN         "36"
#define PREFIX_PIPE  "│  "
#define PREFIX_BLANK "   "
#define PREFIX_TEE   "├─ "
#define PREFIX_ELBOW "└─ "
#define MARK_ORPHAN  "⇡ "

typedef struct page {
    impact__buffer *buffer;
    bool in_colour;
    const impact__forest_trace *trace;
} page;

static void colour(const page *on, const char *code)
{
    if (on->in_colour)
        impact__buffer_printf(on->buffer, "\x1b[%sm", code);
}

static void plain(const page *on)
{
    colour(on, "0");
}

/* ---- the parts of a line ---- */

static uint64_t duration_of(const impact_span_view *span)
{
    return span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns - span->start_unix_ns : 0;
}

/* The lines that lead from the root to the span, then its name. */
static void append_name(const page *on, const impact__forest_node *node, size_t depth)
{
    const size_t shown = depth < depth_limit ? depth : depth_limit;
    const impact__forest_node *ancestors[depth_limit + 1] = {node};
    for (size_t i = 1; i < shown; i++)
        ancestors[i] = ancestors[i - 1]->parent;
    for (size_t i = shown; i-- > 0;) {
        const bool is_last = !ancestors[i]->next;
        const char *line = is_last ? PREFIX_BLANK : PREFIX_PIPE;
        if (i == 0)
            line = is_last ? PREFIX_ELBOW : PREFIX_TEE;
        impact__buffer_append_string(on->buffer, line);
    }
    size_t width = name_width - 3 * shown;
    if (node->is_orphan) {
        impact__buffer_append_string(on->buffer, MARK_ORPHAN);
        width -= 2;
    }
    impact__columns_append(on->buffer, node->span.name, width);
}

/* In cells of the bar. A part may be larger than its whole: times come from outside. */
static size_t scaled(uint64_t part, uint64_t whole)
{
    if (part >= whole)
        return whole ? bar_width : 0;
    return (size_t)((double)part / (double)whole * (double)bar_width + 0.5);
}

static void append_bar(const page *on, const impact_span_view *span)
{
    assert(on && span);
    const uint64_t whole = on->trace->end_unix_ns > on->trace->start_unix_ns
                               ? on->trace->end_unix_ns - on->trace->start_unix_ns
                               : 0;
    size_t from = scaled(span->start_unix_ns - on->trace->start_unix_ns, whole);
    size_t size = scaled(duration_of(span), whole);
    if (from > bar_width - 1)
        from = bar_width - 1;
    if (size < 1)
        size = 1;
    if (size > bar_width - from)
        size = bar_width - from;
    impact__buffer_printf(on->buffer, "%*s", (int)from, "");
    colour(on, span->status == IMPACT_SPAN_STATUS_ERROR ? RED : CYAN);
    for (size_t i = 0; i < size; i++)
        impact__buffer_append_string(on->buffer, "█");
    plain(on);
}

/* ---- lines ---- */

static void append_span(const page *on, const impact__forest_node *node, size_t depth)
{
    const bool has_failed = node->span.status == IMPACT_SPAN_STATUS_ERROR;
    char duration[impact__duration_size];
    impact__duration_text(duration, duration_of(&node->span));
    if (has_failed)
        colour(on, RED);
    impact__buffer_append_string(on->buffer, has_failed ? "✗ " : "  ");
    append_name(on, node, depth);
    if (has_failed)
        plain(on);
    impact__buffer_append_char(on->buffer, ' ');
    colour(on, DIM);
    impact__columns_append(on->buffer, impact_text_of(impact__kind_name(node->span.kind)),
                           kind_width);
    plain(on);
    impact__buffer_append_char(on->buffer, ' ');
    impact__columns_append(on->buffer, node->service, service_width);
    impact__buffer_append_char(on->buffer, ' ');
    impact__columns_append_right(on->buffer, impact_text_of(duration), duration_width);
    impact__buffer_append_char(on->buffer, ' ');
    append_bar(on, &node->span);
    impact__buffer_append_char(on->buffer, '\n');
}

static void append_head(const page *on)
{
    char id[2 * sizeof(impact_trace_id)];
    char duration[impact__duration_size];
    const impact__forest_trace *trace = on->trace;
    const impact_span_view *first = &trace->first_root->span;
    impact__hex_format(id, first->context.trace_id.bytes, sizeof first->context.trace_id.bytes);
    impact__duration_text(duration, trace->end_unix_ns > trace->start_unix_ns
                                        ? trace->end_unix_ns - trace->start_unix_ns
                                        : 0);
    colour(on, BOLD);
    impact__buffer_printf(on->buffer, "trace %.*s", (int)sizeof id, id);
    plain(on);
    impact__buffer_printf(on->buffer, "  %zu span%s  %s\n", trace->span_count,
                          trace->span_count == 1 ? "" : "s", duration);
}

static void append_trace(const page *on)
{
    bool has_orphans = false;
    size_t depth = 0;
    append_head(on);
    for (impact__forest_node *node = on->trace->first_root; node;
         node = impact__forest_next(node, &depth)) {
        append_span(on, node, depth);
        has_orphans = has_orphans || node->is_orphan;
    }
    if (has_orphans)
        impact__buffer_append_string(on->buffer,
                                     "  " MARK_ORPHAN "the parent of this span is elsewhere\n");
    impact__buffer_append_char(on->buffer, '\n');
}

void impact__waterfall_append(impact__buffer *buffer, const impact__forest *forest, bool in_colour)
{
    for (size_t i = 0; i < forest->trace_count; i++)
        append_trace(&(const page){buffer, in_colour, &forest->traces[i]});
}
