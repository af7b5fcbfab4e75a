/* What the terminal shows, as a value. */
#include "tui_state.h"

#include <string.h>

enum {
    list_frame = 3,   /* rows around the traces: two above, one below */
    sheet_frame = 3,  /* likewise around a sheet: title, a blank, last line */
    trace_frame = 3,  /* likewise around a trace: title, line, last line */
    least_height = 9, /* of a screen that has room for a pane */
};

void view_tui_state_open(view_tui_state *state, view_store *store)
{
    *state = (view_tui_state){.store = store, .height = 24, .width = 80};
    state->pane = VIEW_SPAN_PANE(store->allocator);
    state->sheet = VIEW_SHEET(store->allocator);
    view_trace_rows_open(&state->rows, store);
    view_trace_tree_init(&state->tree, store);
}

void view_tui_state_close(view_tui_state *state)
{
    view_trace_rows_close(&state->rows);
    view_trace_tree_close(&state->tree);
    view_span_pane_close(&state->pane);
    view_sheet_close(&state->sheet);
}

/* ---- rooms ---- */

static unsigned less(unsigned from, unsigned by)
{
    return from > by ? from - by : 0;
}

unsigned view_tui_list_height(const view_tui_state *state)
{
    return less(state->height, list_frame);
}

unsigned view_tui_pane_height(const view_tui_state *state)
{
    return state->height < least_height ? 0 : (state->height - trace_frame) * 2 / 5;
}

unsigned view_tui_tree_height(const view_tui_state *state)
{
    return less(state->height, trace_frame + view_tui_pane_height(state));
}

unsigned view_tui_sheet_height(const view_tui_state *state)
{
    return less(state->height, sheet_frame);
}

void view_cursor_move_to(view_cursor *cursor, size_t at, size_t count, unsigned height)
{
    const size_t last = count ? count - 1 : 0;
    const size_t seen = height ? height : 1;
    cursor->at = at < last ? at : last;
    if (cursor->top > cursor->at)
        cursor->top = cursor->at;
    if (cursor->at - cursor->top >= seen)
        cursor->top = cursor->at - seen + 1;
    if (cursor->top + seen > count) /* no empty rows while there is something above */
        cursor->top = count > seen ? count - seen : 0;
}

/* ---- what follows from the rest ---- */

static void place_list(view_tui_state *state)
{
    const size_t at =
        state->number ? view_trace_rows_find(&state->rows, state->number, state->list.at) : 0;
    view_cursor_move_to(&state->list, at, view_trace_rows_count(&state->rows),
                        view_tui_list_height(state));
}

static void fill_pane(view_tui_state *state)
{
    const impact__forest_node *node = view_trace_tree_node(&state->tree, state->node);
    view_span_pane_fill(&state->pane, &node->span, node->service,
                        view_trace_tree_facts(&state->tree)->start_unix_ns, state->width);
    state->is_pane_true = true;
}

static void place_spans(view_tui_state *state)
{
    if (!state->tree.is_open) {
        state->screen = view_screen_list;
        return;
    }
    view_cursor_move_to(&state->spans, view_trace_tree_find(&state->tree, state->node),
                        view_trace_tree_row_count(&state->tree), view_tui_tree_height(state));
    const size_t node = view_trace_tree_row(&state->tree, state->spans.at).node;
    if (node != state->node || !state->is_pane_true) {
        state->pane_top = node == state->node ? state->pane_top : 0;
        state->node = node;
        fill_pane(state);
    }
    const size_t lines = state->pane.line_count;
    const size_t seen = view_tui_pane_height(state);
    if (state->pane_top + seen > lines)
        state->pane_top = lines > seen ? lines - seen : 0;
}

static void place_sheet(view_tui_state *state)
{
    const size_t lines = state->sheet.line_count;
    const size_t seen = view_tui_sheet_height(state);
    if (state->sheet_top + seen > lines)
        state->sheet_top = lines > seen ? lines - seen : 0;
}

static void place(view_tui_state *state)
{
    place_list(state);
    if (state->screen == view_screen_trace)
        place_spans(state);
    place_sheet(state);
}

void view_tui_resize(view_tui_state *state, unsigned height, unsigned width)
{
    state->height = height;
    state->width = width;
    state->is_pane_true = false;
    place(state);
}

bool view_tui_update(view_tui_state *state)
{
    const bool has_rows = view_trace_rows_update(&state->rows);
    const bool has_spans =
        state->screen == view_screen_trace && view_trace_tree_update(&state->tree);
    if (has_spans)
        state->is_pane_true = false;
    if (has_rows || has_spans)
        place(state);
    return has_rows || has_spans;
}
