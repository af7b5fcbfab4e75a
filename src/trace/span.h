/* A live span: what is fixed, and what was recorded so far as encoded bytes.
 *
 * DESIGN: a slot belongs to a thread and serves one span after another. Its bytes are a piece of
 * memory that is kept:
 *
 *     | room for the head | name | attributes, events, links, status as they came |
 *     0          head_room                                                     size
 *
 * Everything after the room is already in the wire format. Ending the span writes the head (ids,
 * times, counts), whose size is known only then, backwards from head_room: the finished span is one
 * piece, and needs no copy. A value that is replaced is spliced in place.
 */
#ifndef IMPACT_TRACE_SPAN_H
#define IMPACT_TRACE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/span.h>
#include <impact/trace.h>

#include "trace/identity.h"

enum {
    /* Tag and length of the record, then of the head: ids 18 + 10 + 10, flags 6, kind 2, times 9 + 9,
     * three counts of at most 6 each. */
    impact__span_head_room = 6 + 82,
    impact__span_first_capacity = 640,
    impact__span_kept_capacity = 8 * 1024, /* more is given back when the slot is used again */
    impact__span_size_limit = 256 * 1024,  /* what would make a span larger is dropped */
};

/* Where an attribute lies in the bytes, and a print of its key that tells most others apart. */
typedef struct impact__attribute_place {
    uint32_t print;
    uint32_t offset;
} impact__attribute_place;

struct impact_span {
    impact__identity identity;
    impact_span_id parent_span_id;
    bool has_parent;
    bool is_parent_remote;
    bool is_recording;
    uint8_t kind;
    uint8_t status;
    unsigned generation;              /* of the process it was started in: see process/fork.h */
    impact_tracer_provider *provider; /* borrowed */
    const impact_tracer *tracer;      /* borrowed; NULL: the default tracer */
    uint64_t start_unix_ns;
    uint64_t anchor_ns; /* wall time = monotonic time + anchor */

    uint8_t *bytes; /* owned */
    uint32_t capacity;
    uint32_t size;
    uint32_t name_size;     /* of the name's field, which begins at the head's room */
    uint32_t status_offset; /* of the status field; 0: none yet */
    uint32_t record_offset; /* once finished: where its tag and length begin */

    impact__attribute_place *places; /* owned */
    uint32_t place_capacity;
    uint32_t attribute_count;
    uint32_t event_count;
    uint32_t link_count;
    uint32_t dropped_attribute_count;
    uint32_t dropped_event_count;
    uint32_t dropped_link_count;

    impact_span *next; /* in a thread's chain of empty slots: see slot.h */
};

/* What outlives the span, to be closed; of NULL nothing. */
static inline impact__identity impact__span_identity_of(const impact_span *span)
{
    return span ? impact__identity_copy(&span->identity) : (impact__identity){.trace_state = NULL};
}

/* ---- recorder.c: what is recorded into a span ---- */

void impact__span_record_name(impact_span *span, impact_text name);
void impact__span_record_trace_state(impact_span *span);

/* Write the head. Afterwards the record is bytes[record_offset .. size). */
void impact__span_finish(impact_span *span, uint64_t end_unix_ns);

#endif
