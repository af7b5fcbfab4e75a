/* The queue of finished spans: many threads put in, one takes out, nobody waits.
 *
 * DESIGN: a ring of cells between two counters that only grow, `head` (taken) and `tail` (put in).
 * A thread that puts in claims a number by moving the tail, fills the cell of that number and marks it
 * with the number.
 *
 *        head            tail
 *         |               |
 *    ...|empty|full|full|claimed|empty...      tail - head <= limit, always
 *
 * A small span is copied into the cell's room, so that the thread goes on with a slot that its cache
 * knows; the rooms lie behind one another and are written in their order. A large span's bytes change
 * hands: the cell keeps them and gives the empty ones of its last large span. Nothing is allocated
 * either way once the ring has gone round. `tail` is also the exact count of spans ever put in.
 *
 * The top bit of the tail closes the queue: a claim is a compare-and-swap of the tail, so none
 * succeeds after the bit is set.
 */
#ifndef IMPACT_TRACE_QUEUE_H
#define IMPACT_TRACE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/exporter.h>
#include <impact/status.h>

#include "base/buffer.h"
#include "trace/live_span.h"

typedef struct impact__queue_cell {
    _Atomic uint64_t mark;       /* number of the span that is here, from 1; 0: none yet */
    const impact_tracer *tracer; /* of the span; borrowed */
    uint8_t *large;              /* owned: the bytes of a large span, or empty ones, or NULL */
    uint32_t large_capacity;
    uint32_t large_offset; /* where the record begins in `large`; 0: it is in the cell's room */
    uint32_t size;         /* of the record */
} impact__queue_cell;

enum {
    impact__queue_limit_most = 1 << 20,
    impact__queue_room_size = 512, /* a span with a dozen short attributes */
    impact__cache_line_size = 64,
};

typedef struct impact__queue {
    impact__queue_cell *cells;
    uint8_t *rooms;
    uint64_t mask; /* cells - 1; their count is a power of two */
    uint64_t limit;
    const impact_allocator *allocator;
    char apart[impact__cache_line_size]; /* the tail is written by every thread: it gets a line of
                                            its own, away from what they only read */
    _Atomic uint64_t tail;
    char apart_too[impact__cache_line_size];
    _Atomic uint64_t head; /* written by the taker alone */
} impact__queue;

typedef enum impact__queue_answer {
    IMPACT__QUEUE_TAKEN,
    IMPACT__QUEUE_FULL,
    IMPACT__QUEUE_CLOSED
} impact__queue_answer;

/* Spans that were taken out: their records behind one another. */
typedef struct impact__queue_batch {
    impact__buffer bytes;
    struct impact__queue_item {
        const impact_tracer *tracer;
        size_t offset;
        size_t size;
    } * items; /* owned; room for the batch limit */
    size_t count;
} impact__queue_batch;

impact_status impact__queue_open(impact__queue *queue, uint32_t limit,
                                 const impact_allocator *allocator);
/* Accepts a queue that is all zero. */
void impact__queue_close(impact__queue *queue);

/* Put a finished span in. The slot stays the caller's; its bytes may be others than before. */
impact__queue_answer impact__queue_put(impact__queue *queue, impact__span *span);

/* Fetch the cell that a span which starts now will most likely be put into: the taker's core has it. */
static inline void impact__queue_prefetch(const impact__queue *queue)
{
    const uint64_t number = atomic_load_explicit(&queue->tail, memory_order_relaxed) & queue->mask;
    const uint8_t *room = queue->rooms + (size_t)number * impact__queue_room_size;
    __builtin_prefetch(&queue->cells[number], 1);
    for (int line = 0; line < 4; line++) /* as long as most records */
        __builtin_prefetch(room + line * impact__cache_line_size, 1);
}

/* Copy up to `limit` spans from the head on, oldest first, into an empty batch. They stay in the
 * queue. For one thread at a time, as all below. A span whose cell is claimed but not yet filled ends
 * the batch, and so does a lack of memory. */
void impact__queue_copy(impact__queue *queue, impact__queue_batch *batch, size_t limit);

/* Take `count` spans out that were copied. */
void impact__queue_advance(impact__queue *queue, size_t count);

/* Take out all there are, unread. Returns how many. */
size_t impact__queue_discard(impact__queue *queue);

/* No span is put in from now on. */
void impact__queue_shut(impact__queue *queue);

/* Forget everything, in a forked child that is alone. */
void impact__queue_reset(impact__queue *queue);

/* Spans ever put in, and spans ever taken. */
static inline uint64_t impact__queue_put_count(const impact__queue *queue)
{
    return atomic_load(&queue->tail) & ~(UINT64_C(1) << 63);
}

static inline bool impact__queue_is_shut(const impact__queue *queue)
{
    return atomic_load_explicit(&queue->tail, memory_order_relaxed) >> 63;
}

static inline uint64_t impact__queue_taken_count(const impact__queue *queue)
{
    return atomic_load_explicit(&queue->head, memory_order_relaxed);
}

#endif
