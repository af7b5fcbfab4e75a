/* What the terminal shows, as a value: keys change it, and drawing it is a function of it.
 *
 *     keys -> state -> canvas -> terminal
 *
 * Nothing here knows a terminal.
 */
#ifndef IMPACT_CLI_VIEW_TUI_TUI_STATE_H
#define IMPACT_CLI_VIEW_TUI_TUI_STATE_H

#include "canvas.h"
#include "sheet.h"
#include "span_pane.h"
#include "trace_rows.h"
#include "trace_tree.h"

enum { view_typed_limit = 500, view_address_limit = 64 };

/* Keys that are no characters. */
enum {
    view_key_up = 0x110000, /* behind Unicode */
    view_key_down,
    view_key_left,
    view_key_right,
    view_key_page_up,
    view_key_page_down,
    view_key_home,
    view_key_end,
    view_key_enter,
    view_key_escape,
    view_key_tab,
    view_key_backspace,
};

/* A place in a list of which a part is seen. */
typedef struct view_cursor {
    size_t at;
    size_t top; /* the first that is seen */
} view_cursor;

typedef enum view_screen {
    view_screen_list,
    view_screen_trace,
    view_screen_sheet,
} view_screen;

/* What somebody types on the last line. */
typedef struct view_prompt {
    bool is_open;
    char text[view_typed_limit];
    size_t size;
} view_prompt;

typedef struct view_tui_state {
    view_store *store;
    char address[view_address_limit]; /* where the page is */
    unsigned height;
    unsigned width;
    view_screen screen;
    bool shows_help;
    bool is_over;

    view_trace_rows rows;
    view_cursor list;
    uint64_t number; /* of the trace that the cursor stays on; 0: on the newest, whichever it is */
    view_prompt prompt;
    char searched[view_typed_limit]; /* what was typed last */
    size_t searched_size;
    bool wants_errors;   /* only traces that have one */
    const char *problem; /* NULL: none */

    view_trace_tree tree;
    view_cursor spans;
    size_t node;        /* that the cursor stays on */
    view_search sought; /* the words that were looked for among spans; none: any span has them */
    view_span_pane pane;
    size_t pane_top;
    bool is_in_pane; /* the keys move there */
    bool is_pane_true;

    view_sheet sheet;
    size_t sheet_top; /* the first line that is seen */
} view_tui_state;

void view_tui_state_open(view_tui_state *state, view_store *store);
void view_tui_state_close(view_tui_state *state);

void view_tui_resize(view_tui_state *state, unsigned height, unsigned width);

/* Take what has come into the store. False: nothing that is seen has changed. */
bool view_tui_update(view_tui_state *state);

/* A character (its code point), or one of the keys above. */
void view_tui_key(view_tui_state *state, uint32_t key);

void view_tui_draw(view_canvas *to, const view_tui_state *state);

/* ---- among these files ---- */

/* How many rows there are for traces, for spans, for what a span says, and for a sheet. */
unsigned view_tui_list_height(const view_tui_state *state);
unsigned view_tui_tree_height(const view_tui_state *state);
unsigned view_tui_pane_height(const view_tui_state *state);
unsigned view_tui_sheet_height(const view_tui_state *state);

/* In its list of `count`, and in what is seen of that. */
void view_cursor_move_to(view_cursor *cursor, size_t at, size_t count, unsigned height);

void view_draw_list(view_canvas *to, const view_tui_state *state);
void view_draw_trace(view_canvas *to, const view_tui_state *state);
void view_draw_sheet(view_canvas *to, const view_tui_state *state);
void view_draw_help(view_canvas *to, const view_tui_state *state);
void view_draw_last_line(view_canvas *to, const view_tui_state *state, const char *keys);

#endif
