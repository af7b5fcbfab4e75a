/* All that a span says, in lines: its times, attributes, events, links and its resource. */
#ifndef IMPACT_CLI_VIEW_TUI_SPAN_PANE_H
#define IMPACT_CLI_VIEW_TUI_SPAN_PANE_H

#include <impact/span_view.h>

#include "base/buffer.h"

enum { view_pane_line_limit = 2000 };

typedef struct view_pane_line {
    size_t start; /* in the pane's text */
    size_t size;
    unsigned indent;
    unsigned style;
} view_pane_line;

typedef struct view_span_pane {
    unsigned width;
    impact__buffer text;
    impact__buffer lines;
    size_t line_count;
} view_span_pane;

#define VIEW_SPAN_PANE(door)                                                                       \
    ((view_span_pane){.text = IMPACT__BUFFER(door), .lines = IMPACT__BUFFER(door)})

void view_span_pane_close(view_span_pane *pane);

/* Fill it with the lines of a span, of which none is wider than `width`; what the trace's first
 * span starts at is where times count from. The last line says when there would be more. */
void view_span_pane_fill(view_span_pane *pane, const impact_span_view *span, impact_text service,
                         uint64_t from_unix_ns, unsigned width);

view_pane_line view_span_pane_line(const view_span_pane *pane, size_t number, impact_text *text);

#endif
