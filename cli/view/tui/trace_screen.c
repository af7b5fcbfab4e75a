/* The waterfall of a trace, and what its selected span says, drawn.
 *
 *     shop: GET /buy  12.40 ms, 3 spans, 1 error
 *     ▾ GET /buy             shop           12.40 ms ████████████████████
 *       ▾ GET                shop           10.10 ms   ██████████████
 *     ✗     GET /orders/{id} orders          8.00 ms    ████████████
 *     ── GET /orders/{id} ──────────────────────────
 */
#include <stdio.h>

#include "base/text.h"
#include "export/tree/columns.h"
#include "export/tree/duration_text.h"
#include "tui_state.h"

enum { title_size = 512, step = 2, duration_width = 10 };

/* ---- the waterfall ---- */

/* Where each part of a span's line is. */
typedef struct parts {
    view_cells mark;
    view_cells name;
    view_cells service;
    view_cells duration;
    view_cells bar;
} parts;

/* Half of the line is the name's, a quarter the bar's, which a narrow screen has no room for. */
static parts parts_of(unsigned width, unsigned row, unsigned style)
{
    const unsigned service_width = width / 7 < 16 ? width / 7 : 16;
    const unsigned bar_width = width < 40 ? 0 : width * 3 / 10;
    const unsigned others = 2 + service_width + duration_width + 1 + bar_width;
    const unsigned name_width = width > others ? width - others : 1;
    parts p = {.mark = {row, 0, 2, style | view_red}};
    p.name = (view_cells){row, 2, name_width, style};
    p.service = (view_cells){row, 2 + name_width, service_width, style | view_dim};
    p.duration = (view_cells){row, p.service.column + service_width, duration_width, style};
    p.bar = (view_cells){row, p.duration.column + duration_width, bar_width + 1, style};
    return p;
}

static uint64_t length_of(uint64_t start, uint64_t end)
{
    return end > start ? end - start : 0;
}

/* In cells of the bar. A part may be larger than its whole: times come from outside. */
static unsigned scaled(uint64_t part, uint64_t whole, unsigned width)
{
    if (part >= whole)
        return whole ? width : 0;
    return (unsigned)((double)part / (double)whole * width + 0.5);
}

static void draw_bar(view_canvas *to, view_cells cells, const impact_span_view *span,
                     const impact__forest_trace *trace)
{
    const uint64_t whole = length_of(trace->start_unix_ns, trace->end_unix_ns);
    const unsigned width = cells.width - 1;
    unsigned from = scaled(span->start_unix_ns - trace->start_unix_ns, whole, width);
    unsigned size = scaled(length_of(span->start_unix_ns, span->end_unix_ns), whole, width);
    view_cells bar = cells;
    view_canvas_put_string(to, cells, "");
    if (!width)
        return;
    if (from > width - 1)
        from = width - 1;
    if (size > width - from)
        size = width - from;
    bar.column += 1 + from;
    bar.width = size ? size : 1;
    bar.style |= span->status == IMPACT_SPAN_STATUS_ERROR ? view_red : view_cyan;
    view_canvas_fill(to, bar, "█");
}

/* Deep ones stand no further to the right than the middle, so that their names keep some room. */
static void draw_name(view_canvas *to, view_cells cells, const view_tui_state *state,
                      const view_tree_row *row)
{
    const impact__forest_node *node = view_trace_tree_node(&state->tree, row->node);
    const size_t most = cells.width / 2;
    const unsigned indent = (unsigned)(row->depth * step < most ? row->depth * step : most);
    const char *fold = view_trace_tree_is_folded(&state->tree, row->node) ? "▸ " : "▾ ";
    impact__buffer line = IMPACT__BUFFER(to->text.allocator);
    impact__buffer_printf(&line, "%*s%s%s", (int)indent, "", node->first_child ? fold : "  ",
                          node->is_orphan ? "⇡ " : "");
    impact__buffer_append_text(&line, node->span.name);
    to->text.has_failed = to->text.has_failed || line.has_failed;
    view_canvas_put(to, cells, impact__buffer_text(&line));
    impact__buffer_close(&line);
}

static void draw_span(view_canvas *to, const view_tui_state *state, size_t number, unsigned row)
{
    const view_tree_row tree_row = view_trace_tree_row(&state->tree, number);
    const impact__forest_node *node = view_trace_tree_node(&state->tree, tree_row.node);
    const bool has_failed = node->span.status == IMPACT_SPAN_STATUS_ERROR;
    const unsigned style = number == state->spans.at ? view_reverse : 0;
    const parts p = parts_of(to->width, row, style);
    char duration[impact__duration_size];
    impact__duration_text(duration, length_of(node->span.start_unix_ns, node->span.end_unix_ns));
    view_canvas_put_string(to, p.mark, has_failed ? "✗" : "");
    draw_name(to, p.name, state, &tree_row);
    view_canvas_put(to, p.service, node->service);
    view_canvas_put_right(to, p.duration, impact_text_of(duration));
    draw_bar(to, p.bar, &node->span, view_trace_tree_facts(&state->tree));
}

static void draw_spans(view_canvas *to, const view_tui_state *state)
{
    const size_t count = view_trace_tree_row_count(&state->tree);
    const unsigned height = view_tui_tree_height(state);
    for (unsigned i = 0; i < height && state->spans.top + i < count; i++)
        draw_span(to, state, state->spans.top + i, 1 + i);
}

/* ---- around it ---- */

static size_t count_errors(const view_trace_tree *tree)
{
    size_t count = 0;
    for (size_t i = 0; i < tree->forest.node_count; i++)
        count += tree->forest.nodes[i].span.status == IMPACT_SPAN_STATUS_ERROR;
    return count;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* The first that has no parent, else the first of all: as the list has it. */
static const impact__forest_node *root_of(const impact__forest_trace *trace)
{
    const impact__forest_node *root = trace->first_root;
    while (root && root->is_orphan)
        root = root->next;
    return root ? root : trace->first_root;
}

static void draw_trace_title(view_canvas *to, const view_tui_state *state)
{
    const impact__forest_trace *trace = view_trace_tree_facts(&state->tree);
    const size_t errors = count_errors(&state->tree);
    char facts[title_size];
    char duration[impact__duration_size];
    char id[2 * sizeof(impact_trace_id)];
    impact__hex_format(id, state->tree.id.bytes, sizeof id / 2);
    impact__duration_text(duration, length_of(trace->start_unix_ns, trace->end_unix_ns));
    (void)snprintf(facts, sizeof facts, "%s, %zu span%s, %zu error%s%s  %.*s", duration,
                   trace->span_count, plural(trace->span_count), errors, plural(errors),
                   state->tree.is_gone ? ", no longer kept" : "", (int)sizeof id, id); /* it fits */
    const unsigned size = (unsigned)impact__columns_of(impact_text_of(facts));
    const unsigned left = to->width > size + 2 ? to->width - size - 2 : to->width / 3;
    view_canvas_put(to, (view_cells){0, 0, left, view_bold}, root_of(trace)->span.name);
    view_canvas_put_string(to, (view_cells){0, left, 2, 0}, "");
    view_canvas_put_string(to, (view_cells){0, left + 2, size, 0}, facts);
}

static void draw_pane(view_canvas *to, const view_tui_state *state)
{
    const unsigned first = 1 + view_tui_tree_height(state);
    const unsigned height = view_tui_pane_height(state);
    const impact__forest_node *node = view_trace_tree_node(&state->tree, state->node);
    const unsigned style = state->is_in_pane ? view_reverse : view_bold;
    view_canvas_put_string(to, (view_cells){first, 0, 3, style}, "──");
    view_canvas_put(to, (view_cells){first, 3, to->width, style}, node->span.name);
    for (unsigned i = 0; i < height && state->pane_top + i < state->pane.line_count; i++) {
        impact_text text;
        const view_pane_line line = view_span_pane_line(&state->pane, state->pane_top + i, &text);
        view_canvas_put(to, (view_cells){first + 1 + i, line.indent, to->width, line.style}, text);
    }
}

void view_draw_trace(view_canvas *to, const view_tui_state *state)
{
    draw_trace_title(to, state);
    draw_spans(to, state);
    if (view_tui_pane_height(state))
        draw_pane(to, state);
    view_draw_last_line(to, state,
                        state->is_in_pane ? "? help  j k move  Tab spans  q list"
                                          : "? help  / search  h l fold  Tab details  q list");
}
