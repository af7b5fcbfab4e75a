/* The queue of finished spans: many threads put in, one takes out, nobody waits.
 *
 * DESIGN: a ring of cells between two counters that only grow, `head` (taken) and `tail` (put in).
 * A thread that puts in claims a number by moving the tail, then fills the cell of that number and marks
 * it with the number. Ending a span swaps: the full slot goes into the cell, and the empty slot that
 * the taker left there comes out and serves a later span. So slots circulate and nothing is allocated
 * once every cell has been filled once. `tail` is also the exact count of spans ever put in.
 *
 *        head            tail
 *         |               |
 *    ...|empty|full|full|claimed|empty...      tail - head <= limit, always
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
#include <impact/status.h>

#include "trace/span.h"

typedef struct impact__queue_cell {
    _Atomic uint64_t mark; /* number of the span in the slot, from 1; 0: none yet */
    impact_span *slot;     /* owned; NULL until it was filled once */
} impact__queue_cell;

enum { impact__cache_line_size = 64 };

typedef struct impact__queue {
    impact__queue_cell *cells;
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

enum { impact__queue_limit_most = 1 << 20 };

impact_status impact__queue_open(impact__queue *queue, uint32_t limit,
                                 const impact_allocator *allocator);
/* Frees the slots too. Accepts a queue that is all zero. */
void impact__queue_close(impact__queue *queue);

/* Put a span in. Taken: `*span` is now an empty slot, or NULL; else it is as it was. */
impact__queue_answer impact__queue_put(impact__queue *queue, impact_span **span);

/* Take up to `limit` spans, oldest first; `spans` holds empty slots or NULL and gets full ones. For
 * one thread at a time. A span whose cell is claimed but not yet filled ends the batch. */
size_t impact__queue_take(impact__queue *queue, impact_span **spans, size_t limit);

/* No span is put in from now on. */
void impact__queue_shut(impact__queue *queue);

/* Forget everything, in a forked child that is alone. The slots stay. */
void impact__queue_reset(impact__queue *queue);

/* Spans ever put in, and spans ever taken. */
uint64_t impact__queue_put_count(const impact__queue *queue);
uint64_t impact__queue_taken_count(const impact__queue *queue);

#endif
