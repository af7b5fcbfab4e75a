/* What all that is kept says together. */
#include "sheet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/text.h"
#include "export/tree/columns.h"
#include "export/tree/duration_text.h"
#include "service_map.h"

enum {
    bar_width = 40,
    name_width = 44,
    number_width = 12, /* of a column */
    range_limit = 60,  /* 0, 1, 2, 5, 10 ... ns: as many as 64 bits have */
    number_size = 24,
};

void view_sheet_close(view_sheet *sheet)
{
    impact__buffer_close(&sheet->text);
    sheet->line_count = 0;
}

impact_text view_sheet_line(const view_sheet *sheet, size_t number)
{
    impact_text rest = impact__buffer_text(&sheet->text);
    impact_text line = impact_text_from(NULL, 0);
    for (size_t i = 0; i <= number; i++)
        if (!impact__text_split(&line, &rest, '\n'))
            return impact_text_from(NULL, 0);
    return line;
}

static void begin(view_sheet *sheet, const char *title)
{
    sheet->title = title;
    sheet->line_count = 0;
    impact__buffer_clear(&sheet->text);
}

static void end_line(view_sheet *sheet)
{
    impact__buffer_append_char(&sheet->text, '\n');
    sheet->line_count += !sheet->text.has_failed;
}

static void append_duration(view_sheet *sheet, uint64_t ns)
{
    char text[impact__duration_size];
    impact__duration_text(text, ns);
    impact__columns_append_right(&sheet->text, impact_text_of(text), number_width);
}

/* ---- durations ---- */

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* 1, 2, 5, 10 ...; 0 where 64 bits end. */
static uint64_t next_bound(uint64_t bound)
{
    uint64_t first = bound;
    while (first >= 10)
        first /= 10;
    if (bound > UINT64_MAX / 10)
        return 0;
    return first == 2 ? bound / 2 * 5 : bound * 2;
}

static void append_bar(view_sheet *sheet, uint64_t from_ns, size_t count, size_t most)
{
    const size_t cells = count ? impact__smaller(1 + bar_width * count / most, bar_width) : 0;
    append_duration(sheet, from_ns);
    impact__buffer_append_string(&sheet->text, "  ");
    for (size_t i = 0; i < cells; i++)
        impact__buffer_append_string(&sheet->text, "█");
    impact__buffer_printf(&sheet->text, "%s%zu", cells ? " " : "", count);
    end_line(sheet);
}

/* Ranges from the shortest's to the longest's, each of what is shorter than the next one begins. */
static void append_bars(view_sheet *sheet, const uint64_t *sorted, size_t count)
{
    uint64_t bounds[range_limit];
    size_t counts[range_limit] = {0};
    size_t range = 0;
    size_t most = 1;
    bounds[0] = 0;
    for (uint64_t bound = 1; bound && bound <= sorted[0]; bound = next_bound(bound))
        bounds[0] = bound;
    for (size_t i = 0; i < count; i++) {
        uint64_t next = bounds[range] ? next_bound(bounds[range]) : 1;
        for (; next && sorted[i] >= next && range + 1 < range_limit; next = next_bound(next))
            bounds[++range] = next;
        if (++counts[range] > most)
            most = counts[range];
    }
    for (size_t i = 0; i <= range; i++)
        append_bar(sheet, bounds[i], counts[i], most);
}

static void append_quantiles(view_sheet *sheet, const uint64_t *sorted, size_t count)
{
    static const struct {
        const char *name;
        size_t percent;
    } parts[] = {{"median", 50}, {"p95", 95}, {"p99", 99}, {"longest", 100}};
    end_line(sheet);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t at = impact__smaller(count * parts[i].percent / 100, count - 1);
        append_duration(sheet, sorted[at]);
        impact__buffer_printf(&sheet->text, "  %s", parts[i].name);
        end_line(sheet);
    }
}

void view_sheet_durations(view_sheet *sheet, const view_trace_rows *rows)
{
    const impact_allocator *allocator = sheet->text.allocator;
    const size_t count = view_trace_rows_count(rows);
    begin(sheet, "durations of the traces in the list");
    uint64_t *sorted = count ? impact__alloc(allocator, count * sizeof *sorted) : NULL;
    if (!sorted)
        return;
    for (size_t i = 0; i < count; i++) {
        const view_trace *trace = view_trace_rows_at(rows, i).trace;
        sorted[i] = trace->end_ns - trace->start_ns;
    }
    qsort(sorted, count, sizeof *sorted, compare);
    append_bars(sheet, sorted, count);
    append_quantiles(sheet, sorted, count);
    impact__free(allocator, sorted);
}

/* ---- services ---- */

static void append_count(view_sheet *sheet, uint64_t count)
{
    char text[number_size];
    (void)snprintf(text, sizeof text, "%" PRIu64, count); /* it fits */
    impact__columns_append_right(&sheet->text, impact_text_of(text), number_width);
}

static void append_call(view_sheet *sheet, const view_map *map, const view_map_edge *edge)
{
    impact__buffer_append_string(&sheet->text, "  → ");
    impact__columns_append(&sheet->text, map->nodes[edge->to].name, name_width - 4);
    append_count(sheet, edge->count);
    append_count(sheet, edge->error_count);
    append_duration(sheet, edge->total_ns / edge->count);
    end_line(sheet);
}

static void append_service(view_sheet *sheet, const view_map *map, size_t number)
{
    const view_map_node *node = &map->nodes[number];
    impact__columns_append(&sheet->text, node->name, name_width);
    append_count(sheet, node->span_count);
    append_count(sheet, node->error_count);
    end_line(sheet);
    for (size_t i = 0; i < map->edge_count; i++)
        if (map->edges[i].from == number)
            append_call(sheet, map, &map->edges[i]);
}

void view_sheet_services(view_sheet *sheet, view_store *store)
{
    const view_map *map = view_map_of(store);
    begin(sheet, "services: their spans, calls, errors, and how long a call takes");
    for (size_t i = 0; i < map->node_count; i++)
        if (map->nodes[i].is_service)
            append_service(sheet, map, i);
}
