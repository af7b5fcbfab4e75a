/* The list of traces, the help, and the last line, drawn. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "export/tree/duration_text.h"
#include "tui_state.h"

enum { number_size = 24, line_size = 256, time_size = 16, wide = 70 };

/* ---- columns ---- */

/* Where each begins, and how wide it is. */
typedef struct columns {
    view_cells time;
    view_cells service;
    view_cells name;
    view_cells duration;
    view_cells spans;
    view_cells errors;
} columns;

/* Side by side, with a blank between them. What is narrow has no time. */
static columns columns_of(unsigned width, unsigned row, unsigned style)
{
    const unsigned time_width = width < wide ? 0 : 13;
    const unsigned numbers = 10 + 7 + 8;
    const unsigned rest = width > numbers + time_width ? width - numbers - time_width : 2;
    const unsigned service_width = rest / 3 < 24 ? rest / 3 : 24;
    columns c = {.time = {row, 0, time_width, style}};
    c.service = (view_cells){row, time_width, service_width, style};
    c.name = (view_cells){row, time_width + service_width, rest - service_width, style};
    c.duration = (view_cells){row, time_width + rest, 10, style};
    c.spans = (view_cells){row, c.duration.column + 10, 7, style};
    c.errors = (view_cells){row, c.spans.column + 7, 8, style};
    return c;
}

static void put_count(view_canvas *to, view_cells cells, size_t count)
{
    char text[number_size];
    (void)snprintf(text, sizeof text, "%zu", count); /* it fits */
    view_canvas_put_right(to, cells, impact_text_of(text));
}

/* Text with a blank behind it, so that columns never touch. */
static void put_left(view_canvas *to, view_cells cells, impact_text text)
{
    view_cells last = cells;
    cells.width -= cells.width > 0;
    last.column += cells.width;
    last.width -= cells.width;
    view_canvas_put(to, cells, text);
    view_canvas_put_string(to, last, "");
}

/* ---- rows ---- */

/* When it began, by the clock on the wall. */
static void format_time(char text[time_size], uint64_t unix_ns)
{
    const time_t seconds = (time_t)(unix_ns / IMPACT__NS_PER_SEC);
    const unsigned ms = (unsigned)(unix_ns % IMPACT__NS_PER_SEC / IMPACT__NS_PER_MS);
    struct tm local = {.tm_sec = 0};
    (void)localtime_r(&seconds, &local); /* of a year that it does not know it is midnight */
    const size_t size = strftime(text, time_size, "%H:%M:%S", &local);
    (void)snprintf(text + size, time_size - size, ".%03u", ms % 1000); /* it fits */
}

static void draw_trace(view_canvas *to, const view_trace *trace, unsigned row, unsigned style)
{
    const columns c = columns_of(to->width, row, style);
    impact_span_view root = {.name = {NULL, 0}};
    char time[time_size];
    char duration[impact__duration_size];
    view_cells errors = c.errors;
    format_time(time, trace->start_ns);
    impact__duration_text(duration, trace->end_ns - trace->start_ns);
    (void)impact_span_view_parse(&root, trace->root->bytes); /* it was read before */
    put_left(to, c.time, impact_text_of(time));
    put_left(to, c.service, trace->root->resource->service);
    put_left(to, c.name, root.name);
    view_canvas_put_right(to, c.duration, impact_text_of(duration));
    put_count(to, c.spans, trace->span_count);
    errors.style |= trace->error_count ? view_red | view_bold : 0;
    if (trace->error_count)
        put_count(to, errors, trace->error_count);
    else
        view_canvas_put_string(to, errors, "");
}

static void draw_names(view_canvas *to, unsigned row)
{
    const columns c = columns_of(to->width, row, view_dim);
    put_left(to, c.time, impact_text_of("started"));
    put_left(to, c.service, impact_text_of("service"));
    put_left(to, c.name, impact_text_of("name"));
    view_canvas_put_right(to, c.duration, impact_text_of("duration"));
    view_canvas_put_right(to, c.spans, impact_text_of("spans"));
    view_canvas_put_right(to, c.errors, impact_text_of("errors"));
}

/* ---- around them ---- */

static void draw_title(view_canvas *to, const view_tui_state *state)
{
    char line[line_size];
    (void)snprintf(line, sizeof line, "impact view  %zu traces, %zu spans%s%.*s%s",
                   view_trace_rows_count(&state->rows), state->store->span_count,
                   state->searched_size ? "  /" : "", (int)state->searched_size, state->searched,
                   state->wants_errors ? "  with errors" : ""); /* else it is cut */
    view_canvas_put_string(to, (view_cells){0, 0, to->width, view_bold}, line);
}

void view_draw_last_line(view_canvas *to, const view_tui_state *state, const char *keys)
{
    const view_cells cells = {to->height - 1, 0, to->width, view_reverse};
    const view_cells typed = {to->height - 1, 0, to->width, 0};
    char line[1 + view_typed_limit + sizeof "█"];
    (void)snprintf(line, sizeof line, "/%.*s█", (int)state->prompt.size, state->prompt.text);
    if (state->prompt.is_open)
        view_canvas_put_string(to, typed, line);
    else
        view_canvas_put_string(to, cells, state->problem ? state->problem : keys);
}

/* What somebody sees first. */
static void draw_empty(view_canvas *to, const view_tui_state *state)
{
    const bool is_searched = state->searched_size || state->wants_errors;
    const view_cells cells = {3, 2, to->width, 0};
    view_cells below = cells;
    below.row += 2;
    if (is_searched) {
        view_canvas_put_string(to, cells, "no trace has all that; Esc shows all");
        return;
    }
    view_canvas_put_string(to, cells, "no traces yet: send them by OTLP to");
    view_canvas_put_string(to, below, state->address);
}

void view_draw_list(view_canvas *to, const view_tui_state *state)
{
    const size_t count = view_trace_rows_count(&state->rows);
    const unsigned height = view_tui_list_height(state);
    draw_title(to, state);
    draw_names(to, 1);
    for (unsigned i = 0; i < height && state->list.top + i < count; i++) {
        const size_t place = state->list.top + i;
        draw_trace(to, view_trace_rows_at(&state->rows, place).trace, 2 + i,
                   place == state->list.at ? view_reverse : 0);
    }
    if (!count)
        draw_empty(to, state);
    view_draw_last_line(to, state,
                        "? help  / search  e errors  d durations  m map  Enter open  q quit");
}

void view_draw_sheet(view_canvas *to, const view_tui_state *state)
{
    const unsigned height = view_tui_sheet_height(state);
    view_canvas_put_string(to, (view_cells){0, 0, to->width, view_bold}, state->sheet.title);
    for (unsigned i = 0; i < height && state->sheet_top + i < state->sheet.line_count; i++)
        view_canvas_put(to, (view_cells){2 + i, 0, to->width, 0},
                        view_sheet_line(&state->sheet, state->sheet_top + i));
    if (!state->sheet.line_count)
        view_canvas_put_string(to, (view_cells){2, 2, to->width, 0}, "nothing yet");
    view_draw_last_line(to, state, "? help  j k move  d durations  m map  q list");
}

void view_draw_help(view_canvas *to, const view_tui_state *state)
{
    static const char *const lines[] = {
        "  j k, arrows          down, up",
        "  Space b, Page keys   a page down, up",
        "  g G, Home End        to the first, the last",
        "  Enter l              open a trace; in it, what the span says",
        "  Tab                  between spans and what the span says",
        "  h l, left right      fold and unfold; to the parent",
        "  e                    traces with errors; in a trace, the next error",
        "  /                    search traces, in a trace its spans:",
        "                       timeout, http.method=GET, k=\"two words\"",
        "  n N                  in a trace: the next span that was searched, the one before",
        "  d m                  how long they took; services and their calls",
        "  Esc                  all traces again; back",
        "  q                    back, and out;  Q out",
        "",
        "The first line of the list follows what comes in.",
    };
    view_canvas_put_string(to, (view_cells){0, 0, to->width, view_bold}, "impact view: keys");
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        view_canvas_put_string(to, (view_cells){2 + i, 0, to->width, 0}, lines[i]);
    const unsigned below = 3 + sizeof lines / sizeof *lines;
    view_canvas_put_string(to, (view_cells){below, 0, to->width, 0}, state->address);
    view_canvas_put_string(to, (view_cells){to->height - 1, 0, to->width, view_reverse},
                           "any key goes back");
}

void view_tui_draw(view_canvas *to, const view_tui_state *state)
{
    view_canvas_begin(to, state->height, state->width);
    if (state->shows_help)
        view_draw_help(to, state);
    else if (state->screen == view_screen_list)
        view_draw_list(to, state);
    else if (state->screen == view_screen_sheet)
        view_draw_sheet(to, state);
    else
        view_draw_trace(to, state);
}
