/* The end of a span's bytes, which is their front: the head, written when its size is known. */
#include "trace/finish.h"

#include <assert.h>

#include "signal/encode.h"

static uint32_t span_flags(const impact__span *span)
{
    const unsigned flags = atomic_load_explicit(&span->id_flags, memory_order_relaxed);
    return (flags & IMPACT__ID_TRACE_FLAGS) | (uint32_t)IMPACT__FLAGS_HAS_IS_REMOTE |
           (span->is_parent_remote ? (uint32_t)IMPACT__FLAGS_IS_REMOTE : 0);
}

enum { fixed_head_size = 18 + 10 + 6 + 2 + 9 + 9, parent_size = 10 };

static size_t count_size(uint32_t count)
{
    return count ? 1 + impact__varint_size(count) : 0;
}

static uint8_t *write_count(uint8_t *to, uint32_t field, uint32_t count)
{
    if (!count)
        return to;
    *to++ = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_VARINT);
    return impact__write_varint(to, count);
}

/* Ids have known sizes: their fields are written without a call. */
static uint8_t *write_tag(uint8_t *to, uint32_t field, size_t size)
{
    *to++ = (uint8_t)IMPACT__TAG(field, IMPACT__WIRE_LENGTH);
    *to++ = (uint8_t)size;
    return to;
}

static uint8_t *write_id(uint8_t *to, const impact__span *span, int number)
{
    const uint64_t id = atomic_load_explicit(&span->ids[number], memory_order_relaxed);
    memcpy(to, &id, sizeof id);
    return to + sizeof id;
}

static uint8_t *write_parent(uint8_t *to, const impact_span_id *id)
{
    to = write_tag(to, IMPACT__SPAN_PARENT_SPAN_ID, sizeof *id);
    memcpy(to, id, sizeof *id);
    return to + sizeof *id;
}

static uint8_t *write_head(uint8_t *to, const impact__span *span, uint64_t end_unix_ns)
{
    to = write_tag(to, IMPACT__SPAN_TRACE_ID, sizeof(impact_trace_id));
    to = write_id(write_id(to, span, 0), span, 1);
    to = write_tag(to, IMPACT__SPAN_SPAN_ID, sizeof(impact_span_id));
    to = write_id(to, span, 2);
    if (span->has_parent)
        to = write_parent(to, &span->parent_span_id);
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__SPAN_FLAGS, IMPACT__WIRE_FIXED32));
    to = impact__write_fixed32(to, span_flags(span));
    *to++ = IMPACT__TAG(IMPACT__SPAN_KIND, IMPACT__WIRE_VARINT);
    *to++ = span->kind;
    *to++ = IMPACT__TAG(IMPACT__SPAN_START, IMPACT__WIRE_FIXED64);
    to = impact__write_fixed64(to, span->start_unix_ns);
    *to++ = IMPACT__TAG(IMPACT__SPAN_END, IMPACT__WIRE_FIXED64);
    return impact__write_fixed64(to, end_unix_ns);
}

static bool has_dropped(const impact__span *span)
{
    return span->dropped_attribute_count | span->dropped_event_count | span->dropped_link_count;
}

static size_t dropped_size(const impact__span *span)
{
    return count_size(span->dropped_attribute_count) + count_size(span->dropped_event_count) +
           count_size(span->dropped_link_count);
}

static void write_dropped(uint8_t *to, const impact__span *span)
{
    to = write_count(to, IMPACT__SPAN_DROPPED_ATTRIBUTES, span->dropped_attribute_count);
    to = write_count(to, IMPACT__SPAN_DROPPED_EVENTS, span->dropped_event_count);
    (void)write_count(to, IMPACT__SPAN_DROPPED_LINKS, span->dropped_link_count);
}

void impact__span_finish(impact__span *span, uint64_t end_unix_ns)
{
    const bool is_whole = !has_dropped(span);
    const size_t head_size = fixed_head_size + (span->has_parent ? (size_t)parent_size : 0) +
                             (is_whole ? 0 : dropped_size(span));
    const uint32_t span_offset = (uint32_t)(impact__span_head_room - head_size);
    assert(head_size < impact__span_head_room && impact__span_head_room <= span->size);
    uint8_t *to = write_head(span->bytes + span_offset, span, end_unix_ns);
    if (!is_whole)
        write_dropped(to, span);

    const uint32_t size = span->size - span_offset;
    span->record_offset = span_offset - 1 - (uint32_t)impact__varint_size(size);
    to = span->bytes + span->record_offset;
    *to++ = IMPACT__TAG(IMPACT__SCOPE_SPANS_SPANS, IMPACT__WIRE_LENGTH);
    (void)impact__write_varint(to, size);
}

impact_text impact__span_finished(const impact__span *span)
{
    impact_text record = impact_text_from((const char *)span->bytes + span->record_offset,
                                          span->size - span->record_offset);
    impact__field field = {0};
    (void)impact__read_field(&field, &record); /* our own bytes: well formed */
    return field.bytes;
}
