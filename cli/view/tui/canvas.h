/* A screen of text before it is on a terminal: pieces, each with its place and its style. */
#ifndef IMPACT_CLI_VIEW_TUI_CANVAS_H
#define IMPACT_CLI_VIEW_TUI_CANVAS_H

#include "base/buffer.h"

/* Styles, added up. */
enum {
    view_bold = 1,
    view_dim = 2,
    view_reverse = 4,
    view_red = 8, /* colours: where the terminal has them; likewise below */
    view_cyan = 16,
};

/* Columns of one row. */
typedef struct view_cells {
    unsigned row;
    unsigned column;
    unsigned width;
    unsigned style;
} view_cells;

typedef struct view_piece {
    view_cells cells;
    size_t start; /* in the canvas's text, which has exactly `width` columns from there */
    size_t size;
} view_piece;

typedef struct view_canvas {
    unsigned height;
    unsigned width;
    bool is_ascii; /* the terminal has nothing else */
    impact__buffer text;
    impact__buffer pieces;
} view_canvas;

#define VIEW_CANVAS(door)                                                                          \
    ((view_canvas){.text = IMPACT__BUFFER(door), .pieces = IMPACT__BUFFER(door)})

void view_canvas_close(view_canvas *canvas);

/* Empty, of a size. */
void view_canvas_begin(view_canvas *canvas, unsigned height, unsigned width);

/* Text from anywhere: cut to the cells, filled with blanks, and harmless to a terminal (see
 * columns.h). What lies outside of the canvas is left out. */
void view_canvas_put(view_canvas *canvas, view_cells cells, impact_text text);
void view_canvas_put_right(view_canvas *canvas, view_cells cells, impact_text text);
void view_canvas_put_string(view_canvas *canvas, view_cells cells, const char *text);

/* A bar. */
void view_canvas_fill(view_canvas *canvas, view_cells cells, const char *character);

size_t view_canvas_piece_count(const view_canvas *canvas);
view_piece view_canvas_piece(const view_canvas *canvas, size_t number, impact_text *text);

/* Memory was short: it is not whole. */
bool view_canvas_has_failed(const view_canvas *canvas);

#endif
