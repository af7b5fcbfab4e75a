/* What keys do: those of less and vi, and arrows. */
#include "tui_state.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { control = 0x1F }; /* Ctrl with a letter is the letter's last five bits */

/* ---- moving ---- */

/* A key as a movement in a list; false: it is none. */
static bool move(size_t *at, uint32_t key, size_t last, size_t page)
{
    const size_t back = impact__smaller(*at, page);
    switch (key) {
    case 'k':
    case view_key_up:
        *at -= *at > 0;
        return true;
    case 'j':
    case view_key_down:
        *at += *at < last;
        return true;
    case 'b':
    case 'b' & control:
    case view_key_page_up:
        *at -= back;
        return true;
    case ' ':
    case 'f' & control:
    case view_key_page_down:
        *at += page;
        return true;
    case 'u' & control:
        *at -= impact__smaller(*at, page / 2);
        return true;
    case 'd' & control:
        *at += page / 2;
        return true;
    case 'g':
    case view_key_home:
        *at = 0;
        return true;
    case 'G':
    case view_key_end:
        *at = last;
        return true;
    default:
        return false;
    }
}

static size_t last_of(size_t count)
{
    return count ? count - 1 : 0;
}

/* ---- searching ---- */

enum { query_limit = sizeof "errors=1&q=" + 3 * view_typed_limit };

static const char too_much[] = "this is too much to search for";

/* As a query of the page's interface, where every byte may be percent-encoded. */
static impact_text write_query(char query[query_limit], bool wants_errors, const char *text,
                               size_t size)
{
    int at = snprintf(query, query_limit, "%sq=", wants_errors ? "errors=1&" : "");
    for (size_t i = 0; i < size; i++)
        at += snprintf(query + at, query_limit - (size_t)at, "%%%02x", (unsigned char)text[i]);
    return impact_text_from(query, (size_t)at);
}

static void search(view_tui_state *state, const char *text, size_t size)
{
    char query[query_limit];
    state->problem = NULL;
    if (!view_trace_rows_search(&state->rows,
                                write_query(query, state->wants_errors, text, size))) {
        state->problem = too_much;
        return;
    }
    memmove(state->searched, text, size);
    state->searched_size = size;
    state->number = 0;
    (void)view_tui_update(state); /* it is drawn anyway */
}

/* In UTF-8 (RFC 3629 3). */
static size_t encode(char bytes[4], uint32_t c)
{
    static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = 4;
    if (c < 0x10000)
        size = c < 0x800 ? 2 : 3;
    if (c < 0x80)
        size = 1;
    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(first[size] | c);
    return size;
}

static void type(view_prompt *prompt, uint32_t character)
{
    char bytes[4];
    const size_t size = encode(bytes, character);
    if (size > sizeof prompt->text - prompt->size)
        return;
    memcpy(prompt->text + prompt->size, bytes, size);
    prompt->size += size;
}

/* A character, whatever its bytes. */
static void erase(view_prompt *prompt)
{
    while (prompt->size && ((uint8_t)prompt->text[--prompt->size] & 0xC0) == 0x80)
        ;
}

static void seek(view_tui_state *state);

static void prompt_key(view_tui_state *state, uint32_t key)
{
    view_prompt *prompt = &state->prompt;
    if (key == view_key_escape || (key == view_key_backspace && !prompt->size))
        prompt->is_open = false;
    else if (key == view_key_backspace)
        erase(prompt);
    else if (key == ('u' & control))
        prompt->size = 0;
    else if (key >= ' ' && key < view_key_up)
        type(prompt, key);
    if (key != view_key_enter)
        return;
    prompt->is_open = false;
    if (state->screen == view_screen_trace)
        seek(state);
    else
        search(state, prompt->text, prompt->size);
}

static void open_prompt(view_tui_state *state)
{
    state->problem = NULL;
    state->prompt.is_open = true;
    state->prompt.size = 0;
}

static void toggle_errors(view_tui_state *state)
{
    state->wants_errors = !state->wants_errors;
    search(state, state->searched, state->searched_size);
}

/* ---- the list ---- */

static void open_trace(view_tui_state *state)
{
    if (state->list.at >= view_trace_rows_count(&state->rows))
        return;
    const view_trace_row row = view_trace_rows_at(&state->rows, state->list.at);
    state->number = row.number;
    state->problem = NULL;
    if (!view_trace_tree_open(&state->tree, row.trace)) {
        state->problem = "no memory";
        return;
    }
    state->screen = view_screen_trace;
    state->spans = (view_cursor){.at = 0};
    state->node = view_trace_tree_row(&state->tree, 0).node;
    state->pane_top = 0;
    state->is_in_pane = false;
    state->is_pane_true = false;
    view_tui_resize(state, state->height, state->width);
}

static void move_in_list(view_tui_state *state, uint32_t key)
{
    const size_t count = view_trace_rows_count(&state->rows);
    const unsigned height = view_tui_list_height(state);
    size_t at = state->list.at;
    if (!move(&at, key, last_of(count), height))
        return;
    view_cursor_move_to(&state->list, at, count, height);
    at = state->list.at;
    state->number = at ? view_trace_rows_at(&state->rows, at).number : 0;
}

/* ---- sheets ---- */

static void open_sheet(view_tui_state *state, uint32_t key)
{
    if (key == 'm')
        view_sheet_services(&state->sheet, state->store);
    else
        view_sheet_durations(&state->sheet, &state->rows);
    state->screen = view_screen_sheet;
    state->sheet_top = 0;
}

static void sheet_key(view_tui_state *state, uint32_t key)
{
    const size_t last = last_of(state->sheet.line_count);
    if (key == 'm' || key == 'd')
        open_sheet(state, key);
    else if (move(&state->sheet_top, key, last, view_tui_sheet_height(state)))
        view_tui_resize(state, state->height, state->width);
    else if (key == 'q' || key == view_key_escape)
        state->screen = view_screen_list;
}

/* ---- keys of the list ---- */

static void list_key(view_tui_state *state, uint32_t key)
{
    switch (key) {
    case 'q':
        state->is_over = true;
        break;
    case '/':
        open_prompt(state);
        break;
    case 'e':
        toggle_errors(state);
        break;
    case 'd':
    case 'm':
        open_sheet(state, key);
        break;
    case view_key_escape:
        state->wants_errors = false;
        search(state, "", 0);
        break;
    case 'l':
    case view_key_right:
    case view_key_enter:
        open_trace(state);
        break;
    default:
        move_in_list(state, key);
    }
}

/* ---- a trace ---- */

static void go_to_row(view_tui_state *state, size_t row)
{
    const size_t last = last_of(view_trace_tree_row_count(&state->tree));
    state->node = view_trace_tree_row(&state->tree, impact__smaller(row, last)).node;
    state->is_pane_true = false;
    state->pane_top = 0;
    view_tui_resize(state, state->height, state->width);
}

static void fold(view_tui_state *state, bool is_folded)
{
    view_trace_tree_fold(&state->tree, state->node, is_folded);
    view_tui_resize(state, state->height, state->width);
}

/* Fold what is open; of what is not, go to the parent. */
static void go_left(view_tui_state *state)
{
    const impact__forest_node *node = view_trace_tree_node(&state->tree, state->node);
    if (node->first_child && !view_trace_tree_is_folded(&state->tree, state->node))
        fold(state, true);
    else if (node->parent)
        go_to_row(state, view_trace_tree_find(&state->tree,
                                              (size_t)(node->parent - state->tree.forest.nodes)));
}

static void go_right(view_tui_state *state)
{
    if (view_trace_tree_is_folded(&state->tree, state->node))
        fold(state, false);
    else
        state->is_in_pane = view_tui_pane_height(state) > 0;
}

static bool has_failed(const view_tui_state *state, const impact__forest_node *node)
{
    (void)state;
    return node->span.status == IMPACT_SPAN_STATUS_ERROR;
}

static bool is_sought(const view_tui_state *state, const impact__forest_node *node)
{
    return view_search_matches_span(&state->sought, &node->span, node->service);
}

/* The next span of which something holds, from the first again behind the last; or backwards. */
static bool go_to_next(view_tui_state *state, bool is_back,
                       bool (*holds)(const view_tui_state *state, const impact__forest_node *node))
{
    const size_t count = view_trace_tree_row_count(&state->tree);
    for (size_t i = 1; i <= count; i++) {
        const size_t row = (state->spans.at + (is_back ? count - i : i)) % count;
        const size_t node = view_trace_tree_row(&state->tree, row).node;
        if (!holds(state, view_trace_tree_node(&state->tree, node)))
            continue;
        go_to_row(state, row);
        return true;
    }
    return false;
}

static void go_to_error(view_tui_state *state)
{
    if (!go_to_next(state, false, has_failed))
        state->problem = "no span that is shown has an error";
}

static void go_to_sought(view_tui_state *state, bool is_back)
{
    if (!state->sought.word_count)
        state->problem = "/ searches first";
    else if (!go_to_next(state, is_back, is_sought))
        state->problem = "no span that is shown has all that";
}

/* What was typed; nothing: what was looked for last. */
static void seek(view_tui_state *state)
{
    const view_prompt *prompt = &state->prompt;
    char query[query_limit];
    if (prompt->size &&
        !view_search_parse(&state->sought, write_query(query, false, prompt->text, prompt->size))) {
        state->sought.word_count = 0;
        state->problem = too_much;
        return;
    }
    go_to_sought(state, false);
}

static void move_in_trace(view_tui_state *state, uint32_t key)
{
    const size_t last = last_of(view_trace_tree_row_count(&state->tree));
    const unsigned pane = view_tui_pane_height(state);
    size_t at = state->spans.at;
    if (state->is_in_pane) {
        if (move(&state->pane_top, key, last_of(state->pane.line_count), pane))
            view_tui_resize(state, state->height, state->width);
    } else if (move(&at, key, last, view_tui_tree_height(state))) {
        go_to_row(state, at);
    }
}

static void leave_trace(view_tui_state *state)
{
    state->screen = view_screen_list;
    view_trace_tree_close(&state->tree);
    view_tui_resize(state, state->height, state->width);
}

static void trace_key(view_tui_state *state, uint32_t key)
{
    const bool is_left = key == 'h' || key == view_key_left;
    state->problem = NULL;
    if (key == 'q' || (key == view_key_escape && !state->is_in_pane))
        leave_trace(state);
    else if (key == view_key_tab || key == view_key_enter)
        state->is_in_pane = !state->is_in_pane && view_tui_pane_height(state);
    else if (state->is_in_pane && (is_left || key == view_key_escape))
        state->is_in_pane = false;
    else if (is_left)
        go_left(state);
    else if (key == 'l' || key == view_key_right)
        go_right(state);
    else if (key == 'e')
        go_to_error(state);
    else if (key == '/')
        open_prompt(state);
    else if (key == 'n' || key == 'N')
        go_to_sought(state, key == 'N');
    else
        move_in_trace(state, key);
}

/* ---- any ---- */

void view_tui_key(view_tui_state *state, uint32_t key)
{
    if (state->prompt.is_open)
        prompt_key(state, key);
    else if (state->shows_help)
        state->shows_help = false;
    else if (key == 'Q')
        state->is_over = true;
    else if (key == '?')
        state->shows_help = true;
    else if (state->screen == view_screen_list)
        list_key(state, key);
    else if (state->screen == view_screen_sheet)
        sheet_key(state, key);
    else
        trace_key(state, key);
}
