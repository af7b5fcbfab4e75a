/* Slots: the memory that live spans are recorded into, kept by a thread for its next spans. */
#ifndef IMPACT_TRACE_SLOT_H
#define IMPACT_TRACE_SLOT_H

#include <stdint.h>

#include <impact/span.h>

enum { impact__slot_limit = 64 }; /* that a thread keeps */

/* The empty slots of one thread. */
typedef struct impact__slots {
    impact_span *first; /* chained by impact_span.next */
    uint32_t count;
} impact__slots;

/* An empty slot, from the thread's or from the process's allocator; NULL without memory. */
impact_span *impact__slot_take(impact__slots *slots);

/* Hand a slot to the calling thread. */
void impact__slot_give(impact__slots *slots, impact_span *span);

/* Accepts NULL. */
void impact__slot_free(impact_span *span);

/* Free all. */
void impact__slots_clear(impact__slots *slots);

#endif
