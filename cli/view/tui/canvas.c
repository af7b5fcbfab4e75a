/* A screen of text before it is on a terminal. */
#include "canvas.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "export/tree/columns.h"

void view_canvas_close(view_canvas *canvas)
{
    impact__buffer_close(&canvas->text);
    impact__buffer_close(&canvas->pieces);
}

void view_canvas_begin(view_canvas *canvas, unsigned height, unsigned width)
{
    canvas->height = height;
    canvas->width = width;
    impact__buffer_clear(&canvas->text);
    impact__buffer_clear(&canvas->pieces);
}

/* ---- terminals that have ASCII only ---- */

/* What is drawn here, and what stands for it. */
static char stand_in(impact_text character)
{
    static const struct {
        const char *character;
        char stand_in;
    } known[] = {{"…", '~'}, {"█", '#'}, {"─", '-'}, {"▸", '>'}, {"▾", 'v'},
                 {"✗", '!'}, {"⇡", '^'}, {"µ", 'u'}, {"·", '.'}, {"→", '>'}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (impact__text_equal_string(character, known[i].character))
            return known[i].stand_in;
    return '?';
}

/* In place: no character of ASCII takes more bytes than the columns of another take. */
static void make_ascii(impact__buffer *text, size_t start)
{
    size_t end = start;
    assert(text->data);
    for (size_t at = start; at < text->size;) {
        const impact_text rest = impact_text_from(text->data + at, text->size - at);
        const size_t size = impact__utf8_sequence(rest);
        assert(size);
        const impact_text character = impact_text_from(rest.data, size);
        const char stands = size == 1 ? *rest.data : stand_in(character);
        for (size_t i = impact__columns_of(character); i; i--)
            text->data[end++] = stands;
        at += size;
    }
    text->size = end;
}

/* ---- pieces ---- */

static bool clip(const view_canvas *canvas, view_cells *cells)
{
    if (cells->row >= canvas->height || cells->column >= canvas->width)
        return false;
    if (cells->width > canvas->width - cells->column)
        cells->width = canvas->width - cells->column;
    return cells->width > 0;
}

/* What was appended from `start` on. */
static void add_piece(view_canvas *canvas, view_cells cells, size_t start)
{
    if (canvas->text.has_failed)
        return;
    if (canvas->is_ascii)
        make_ascii(&canvas->text, start);
    const view_piece piece = {.cells = cells, .start = start, .size = canvas->text.size - start};
    impact__buffer_append(&canvas->pieces, &piece, sizeof piece);
}

void view_canvas_put(view_canvas *canvas, view_cells cells, impact_text text)
{
    const size_t start = canvas->text.size;
    if (!clip(canvas, &cells))
        return;
    impact__columns_append(&canvas->text, text, cells.width);
    add_piece(canvas, cells, start);
}

void view_canvas_put_right(view_canvas *canvas, view_cells cells, impact_text text)
{
    const size_t start = canvas->text.size;
    if (!clip(canvas, &cells))
        return;
    impact__columns_append_right(&canvas->text, text, cells.width);
    add_piece(canvas, cells, start);
}

void view_canvas_put_string(view_canvas *canvas, view_cells cells, const char *text)
{
    view_canvas_put(canvas, cells, impact_text_of(text));
}

void view_canvas_fill(view_canvas *canvas, view_cells cells, const char *character)
{
    const size_t start = canvas->text.size;
    if (!clip(canvas, &cells))
        return;
    for (unsigned i = 0; i < cells.width; i++)
        impact__buffer_append_string(&canvas->text, character);
    add_piece(canvas, cells, start);
}

/* ---- reading ---- */

size_t view_canvas_piece_count(const view_canvas *canvas)
{
    return canvas->pieces.size / sizeof(view_piece);
}

view_piece view_canvas_piece(const view_canvas *canvas, size_t number, impact_text *text)
{
    view_piece piece;
    memcpy(&piece, canvas->pieces.data + number * sizeof piece, sizeof piece);
    *text = impact_text_from(canvas->text.data + piece.start, piece.size);
    return piece;
}

bool view_canvas_has_failed(const view_canvas *canvas)
{
    return canvas->text.has_failed || canvas->pieces.has_failed;
}
