/* Cells: spans that are open, in a journal. */
#include "pipeline/open_cells.h"

#include <assert.h>
#include <string.h>

#include <impact/span_view.h>

#include "base/bytes.h"
#include "signal/encode.h"

#define OPEN_BIT  (UINT64_C(1) << 63)
#define HALF_BIT  (UINT64_C(1) << 62)
#define SIZE_MASK ((UINT32_C(1) << 30) - 1)

static unsigned half_of(uint64_t state)
{
    return (state & HALF_BIT) != 0;
}

/* ---- one's own ---- */

/* Whole fields from the front. */
static size_t size_that_fits(impact_text span)
{
    impact_text rest = span;
    impact__field field;
    size_t size = 0;
    if (span.size <= impact__open_span_most)
        return span.size;
    while (impact__read_field(&field, &rest) && span.size - rest.size <= impact__open_span_most)
        size = span.size - rest.size;
    return size;
}

void impact__open_cell_write(impact__open_cell *cell, const impact__open_span *span)
{
    const uint64_t before = atomic_load_explicit(&cell->state, memory_order_relaxed);
    const unsigned half = !half_of(before);
    const size_t size = size_that_fits(span->span);
    memcpy(cell->halves[half], span->span.data, size);
    atomic_store_explicit(&cell->touched_unix_ns, span->now_unix_ns, memory_order_relaxed);
    /* Release: whoever finds the file with this finds the half. */
    atomic_store_explicit(&cell->state,
                          OPEN_BIT | (half ? HALF_BIT : 0) | (uint64_t)size << 32 | span->scope,
                          memory_order_release);
}

void impact__open_cell_clear(impact__open_cell *cell, uint64_t now_unix_ns)
{
    atomic_store_explicit(&cell->touched_unix_ns, now_unix_ns, memory_order_relaxed);
    /* Release: the next span writes behind it. */
    atomic_store_explicit(&cell->state, 0, memory_order_release);
}

/* ---- somebody else's ---- */

static uint64_t last_touched(const impact__open_cell *cells, uint32_t count)
{
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t touched =
            atomic_load_explicit(&cells[i].touched_unix_ns, memory_order_relaxed);
        if (touched > last)
            last = touched;
    }
    return last;
}

impact__open_walk impact__open_walk_of(void *memory, uint32_t count, uint32_t begin)
{
    impact__open_cell *cells = memory;
    return (impact__open_walk){
        .cells = cells,
        .count = count,
        .next = begin,
        .end_unix_ns = begin < count ? last_touched(cells, count) : 0,
    };
}

static bool is_message(impact_text bytes)
{
    impact__field field;
    while (impact__read_field(&field, &bytes))
        ;
    return bytes.size == 0;
}

/* Its parts, too, for a backend refuses all that comes with one which is none. */
static bool is_span(impact_span_view *view, impact_text span)
{
    impact_text rest = span;
    impact__field field;
    while (impact__read_field(&field, &rest))
        if (field.wire_type == IMPACT__WIRE_LENGTH && field.number >= IMPACT__SPAN_ATTRIBUTES &&
            !is_message(field.bytes))
            return false;
    return impact_span_view_parse(view, span) && view->start_unix_ns &&
           !impact__is_zero(&view->context.trace_id, sizeof view->context.trace_id) &&
           !impact__is_zero(&view->context.span_id, sizeof view->context.span_id);
}

/* In the place of the end that it was written with. False: it has none. */
static bool set_end(uint8_t *bytes, size_t size, uint64_t end_unix_ns)
{
    assert(bytes);
    impact_text rest = impact_text_from((const char *)bytes, size);
    impact__field field;
    while (impact__read_field(&field, &rest))
        if (field.number == IMPACT__SPAN_END && field.wire_type == IMPACT__WIRE_FIXED64) {
            (void)impact__write_fixed64(bytes + size - rest.size - sizeof end_unix_ns, end_unix_ns);
            return true;
        }
    return false;
}

/* The size behind it. */
static size_t add_mark(uint8_t *bytes, size_t size)
{
    const impact_attribute mark = impact_bool(IMPACT__UNFINISHED_KEY, true);
    impact__key_value kv;
    if (!impact__key_value_of(&kv, &mark, IMPACT__ANY_LENGTH))
        return size;
    assert(impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, &kv) <= impact__open_mark_room);
    return (size_t)(impact__write_key_value(bytes + size, IMPACT__SPAN_ATTRIBUTES, &kv) - bytes);
}

static bool read_cell(impact__open_cell *cell, uint64_t state, uint64_t end_unix_ns,
                      impact_text *span)
{
    impact_span_view view;
    uint8_t *bytes = cell->halves[half_of(state)];
    const size_t size = (size_t)(state >> 32 & SIZE_MASK);
    if (!(state & OPEN_BIT) || size > impact__open_span_most ||
        !is_span(&view, impact_text_from((const char *)bytes, size)))
        return false;
    const uint64_t start = view.start_unix_ns;
    if (!set_end(bytes, size, start > end_unix_ns ? start : end_unix_ns))
        return false;
    *span = impact_text_from((const char *)bytes, add_mark(bytes, size));
    return true;
}

bool impact__open_walk_next(impact__open_walk *walk, impact_text *span, uint32_t *scope)
{
    while (walk->next < walk->count) {
        impact__open_cell *cell = &walk->cells[walk->next++];
        const uint64_t state = atomic_load_explicit(&cell->state, memory_order_relaxed);
        *scope = (uint32_t)state;
        if (read_cell(cell, state, walk->end_unix_ns, span)) {
            walk->unsettled++;
            return true;
        }
    }
    return false;
}

uint32_t impact__open_walk_settle(impact__open_walk *walk)
{
    const uint32_t count = walk->unsettled;
    walk->unsettled = 0;
    return count;
}
