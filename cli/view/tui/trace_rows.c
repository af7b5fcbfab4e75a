/* The traces that match a search, newest first. */
#include "trace_rows.h"

#include <string.h>

void view_trace_rows_open(view_trace_rows *rows, const view_store *store)
{
    *rows = (view_trace_rows){.store = store, .rows = IMPACT__BUFFER(store->allocator)};
    (void)view_trace_rows_search(rows, impact_text_of("")); /* for nothing: it is understood */
}

void view_trace_rows_close(view_trace_rows *rows)
{
    impact__buffer_close(&rows->rows);
}

bool view_trace_rows_search(view_trace_rows *rows, impact_text query)
{
    static view_search tried; /* of the one thread: too large for its stack */
    if (!view_search_parse(&tried, query))
        return false;
    /* Again, for what it has found lies in itself. */
    (void)view_search_parse(&rows->search, query);
    impact__buffer_clear(&rows->rows);
    rows->seen = 0;
    return true;
}

size_t view_trace_rows_count(const view_trace_rows *rows)
{
    return rows->rows.size / sizeof(view_trace_row);
}

static view_trace_row *row_at(const view_trace_rows *rows, size_t number)
{
    return (view_trace_row *)(void *)rows->rows.data + number;
}

view_trace_row view_trace_rows_at(const view_trace_rows *rows, size_t place)
{
    return *row_at(rows, view_trace_rows_count(rows) - 1 - place);
}

size_t view_trace_rows_find(const view_trace_rows *rows, uint64_t number, size_t otherwise)
{
    const size_t count = view_trace_rows_count(rows);
    for (size_t i = count; i-- > 0;)
        if (row_at(rows, i)->number == number)
            return count - 1 - i;
    return otherwise;
}

/* ---- what has changed ---- */

static void drop_untrue(view_trace_rows *rows)
{
    const view_trace *first = rows->store->first;
    const uint64_t oldest = first ? first->version : UINT64_MAX;
    const size_t count = view_trace_rows_count(rows);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const view_trace_row row = *row_at(rows, i);
        if (row.version >= oldest && row.trace->version == row.version)
            *row_at(rows, kept++) = row;
    }
    rows->rows.size = kept * sizeof(view_trace_row);
}

static view_trace *first_after(const view_store *store, uint64_t version)
{
    view_trace *found = NULL;
    for (view_trace *t = store->last; t && t->version > version; t = t->earlier)
        found = t;
    return found;
}

static void add_new(view_trace_rows *rows)
{
    for (view_trace *t = first_after(rows->store, rows->seen); t; t = t->later) {
        const view_trace_row row = {.trace = t, .version = t->version, .number = t->number};
        if (view_search_matches(&rows->search, t))
            impact__buffer_append(&rows->rows, &row, sizeof row);
    }
}

bool view_trace_rows_update(view_trace_rows *rows)
{
    const view_store *store = rows->store;
    if (rows->seen == store->version && rows->evicted == store->evicted)
        return false;
    drop_untrue(rows);
    add_new(rows);
    rows->seen = store->version;
    rows->evicted = store->evicted;
    if (!rows->rows.has_failed)
        return true;
    impact__buffer_close(&rows->rows); /* what is there may have a hole: all of it is searched */
    rows->seen = 0;
    return true;
}
