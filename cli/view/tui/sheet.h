/* What all that is kept says together, in lines, as it was when somebody asked. */
#ifndef IMPACT_CLI_VIEW_TUI_SHEET_H
#define IMPACT_CLI_VIEW_TUI_SHEET_H

#include "base/buffer.h"
#include "trace_rows.h"

/* Lines of text that is harmless to a terminal. Without memory it is empty, or not whole. */
typedef struct view_sheet {
    const char *title;
    impact__buffer text;
    size_t line_count;
} view_sheet;

#define VIEW_SHEET(door) ((view_sheet){.title = "", .text = IMPACT__BUFFER(door)})

void view_sheet_close(view_sheet *sheet);

/* How long the traces took that match the search: a bar for each range, and some quantiles. */
void view_sheet_durations(view_sheet *sheet, const view_trace_rows *rows);

/* Each service, and below it what it calls. */
void view_sheet_services(view_sheet *sheet, view_store *store);

/* Empty: there is no such line. */
impact_text view_sheet_line(const view_sheet *sheet, size_t number);

#endif
