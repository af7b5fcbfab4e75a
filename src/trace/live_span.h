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
#ifndef IMPACT_TRACE_LIVE_SPAN_H
#define IMPACT_TRACE_LIVE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/span.h>
#include <impact/trace.h>

#include "trace/identity.h"
#include "trace/ids.h"
#include "trace/owner.h"

enum {
    /* Tag and length of the record, then of the head: ids 18 + 10 + 10, flags 6, kind 2, times 9 +
     * 9, three counts of at most 6 each. */
    impact__span_head_room = 6 + 82,
    impact__span_first_capacity = 640,
    impact__span_kept_capacity = 8 * 1024, /* more is given back when the slot is used again */
    impact__span_size_limit = 1 << 20,     /* by default: what would make a span larger is cut */
};

/* Of a span's bytes, what is kept for its status, and for exceptions: see room.h. */
static inline uint32_t impact__span_status_room(uint32_t span_bytes)
{
    return span_bytes / 32;
}

static inline uint32_t impact__span_exception_room(uint32_t span_bytes)
{
    return span_bytes / 8;
}

/* Where an attribute lies in the bytes, and a print of its key that tells most others apart. */
typedef struct impact__attribute_place {
    uint32_t print;
    uint32_t offset;
} impact__attribute_place;

typedef struct impact__span {
    impact__pooled pooled; /* first: see slot.h */

    /* Who may look: any thread, at any time. See access.h. */
    _Atomic uintptr_t life;           /* see slot.h */
    _Atomic(impact__owner *) owner;   /* set last of all when a span starts */
    atomic_uint process;              /* that it was started in: see process/fork.h */
    _Atomic uint64_t ids[3];          /* trace id and span id, as they lie in memory */
    atomic_uint id_flags;             /* see IMPACT__ID_ below */
    pthread_mutex_t lock;             /* of a shared span: guards all below; else its owner's */
    impact__shared_text *trace_state; /* owned; NULL: empty. Cleared under the lock */

    impact_span_id parent_span_id;
    bool has_parent;
    bool is_parent_remote;
    uint8_t kind;
    uint8_t status;
    bool is_kept;                     /* while it is open: see open_span.h */
    impact_tracer_provider *provider; /* borrowed */
    const impact_tracer *tracer;      /* borrowed; NULL: the default tracer */
    uint64_t start_unix_ns;
    uint64_t anchor_ns; /* wall time = monotonic time + anchor */

    uint8_t *bytes; /* owned */
    uint32_t capacity;
    uint32_t size;
    uint32_t name_size;     /* of the name's field, which begins at the head's room */
    uint32_t status_offset; /* of the status field; 0: none yet */
    uint32_t short_end;     /* up to where short attributes have room: see room.h */
    uint32_t record_offset; /* once finished: where its tag and length begin */

    impact__attribute_place *places; /* owned */
    uint32_t place_capacity;
    uint32_t short_count; /* up to how many short attributes have a place: see room.h */
    uint32_t attribute_count;
    uint32_t event_count;
    uint32_t link_count;
    uint32_t dropped_attribute_count;
    uint32_t dropped_event_count;
    uint32_t dropped_link_count;
    uint32_t cut_count; /* what did not fit as it was */
} impact__span;

/* ---- its identity ---- */

#define IMPACT__ID_TRACE_FLAGS     0xFFu
#define IMPACT__ID_IS_REMOTE       0x100u
#define IMPACT__ID_HAS_TRACE_STATE 0x200u

/* Before its owner is set. `trace_state` is taken. The words are released, so that who has an old
 * name and reads one of them reads the new life after it. */
static inline void impact__span_set_ids(impact__span *span, const impact__ids *ids, uint32_t flags,
                                        impact__shared_text *trace_state)
{
    span->trace_state = trace_state;
    atomic_store_explicit(&span->ids[0], ids->trace_begin, memory_order_release);
    atomic_store_explicit(&span->ids[1], ids->trace_end, memory_order_release);
    atomic_store_explicit(&span->ids[2], ids->span, memory_order_release);
    atomic_store_explicit(&span->id_flags, flags | (trace_state ? IMPACT__ID_HAS_TRACE_STATE : 0),
                          memory_order_release);
}

/* `identity` is taken. */
static inline void impact__span_set_identity(impact__span *span, const impact__identity *identity)
{
    impact__ids ids;
    impact__ids_set_trace_id(&ids, &identity->trace_id);
    memcpy(&ids.span, &identity->span_id, sizeof ids.span);
    impact__span_set_ids(span, &ids,
                         identity->trace_flags | (identity->is_remote ? IMPACT__ID_IS_REMOTE : 0),
                         identity->trace_state);
}

#endif
