/* Slots: the memory that live spans are recorded into, and the names by which programs know them.
 *
 * DESIGN: a slot serves one span after another and is never freed, so that whoever has the name of
 * a span that is over may look, and finds that the slot's life is another one. A name, an
 * `impact_span *`, points nowhere; it is a number, and the slot's life is the same with another
 * last bit:
 *
 *     name | generation | number of the slot (20 bits) | recording |
 *     life | generation | number of the slot (20 bits) | shared    |    see access.h
 *
 * Each end of a span begins the slot's next generation. On 64 bits there are 2^43 of them; a slot
 * that has had them all is left alone. So a name is never another span's, however often slots are
 * used again. (On 32 bits there are 2,048, and they begin again.) No generation is 0: no name is,
 * and the life of a slot that was never taken is of no name.
 *
 * Empty slots lie with threads, some with each, for its next spans; the others in a pool, without
 * bytes.
 */
#ifndef IMPACT_TRACE_SLOT_H
#define IMPACT_TRACE_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/span.h>

#include "trace/pool.h"
#include "trace/live_span.h"

enum {
    impact__slot_limit = 64,      /* empty ones that a thread keeps */
    impact__slot_fetch_count = 4, /* that it takes from the pool at once */
    impact__slot_number_bits = 20,
    impact__slot_size = 256, /* of a span and what fills its lines: a shift finds it */
};

_Static_assert(sizeof(impact__span) <= impact__slot_size, "a slot has room for a span");

_Static_assert(1 << impact__slot_number_bits == impact__pool_limit, "a name has room for a number");

/* The empty slots of one thread: a stack. What is taken stays where it lay, so that a span that
 * ends in its turn finds itself there, and nothing is written. */
typedef struct impact__slots {
    uint32_t count;
    impact__span *empty[1 + impact__slot_limit]; /* from 1 on; 0 is NULL: there is none */
} impact__slots;

extern impact__pool impact__slot_pool;

/* Before all else, once for each thread. */
void impact__slots_open(void);

/* ---- names and lives ---- */

#define IMPACT__NAME_RECORDING  ((uintptr_t)1)
#define IMPACT__LIFE_SHARED     ((uintptr_t)1) /* whoever works at the span takes the lock */
#define IMPACT__LIFE_GENERATION ((uintptr_t)1 << (impact__slot_number_bits + 1)) /* one of them */

/* The slot of a name, whoever's span it has now; NULL: it is no name. */
static inline impact__span *impact__slot_of(uintptr_t name)
{
    return impact__pool_at(&impact__slot_pool,
                           (uint32_t)(name >> 1) & (uint32_t)(impact__pool_limit - 1),
                           impact__slot_size);
}

static inline uintptr_t impact__span_life(const impact__span *span)
{
    /* Pairs with the stores in access.h. */
    return atomic_load_explicit(&span->life, memory_order_acquire);
}

static inline bool impact__life_is(uintptr_t life, uintptr_t name)
{
    return life && (life ^ name) <= 1;
}

/* Its last one that no other name has: on 32 bits there is none. */
static inline bool impact__life_is_last(uintptr_t life)
{
    return sizeof life >= sizeof(uint64_t) && life >= (uintptr_t)0 - IMPACT__LIFE_GENERATION;
}

static inline uintptr_t impact__life_after(uintptr_t life)
{
    const uintptr_t next =
        (life | IMPACT__LIFE_SHARED) + (IMPACT__LIFE_GENERATION - IMPACT__LIFE_SHARED);
    if (sizeof life >= sizeof(uint64_t)) /* the last one has none after it: see above */
        return next;
    return next >= IMPACT__LIFE_GENERATION ? next : next + IMPACT__LIFE_GENERATION;
}

/* ---- taking and giving ---- */

impact__span *impact__slot_take_slowly(impact__slots *slots);
void impact__slot_give_slowly(impact__slots *slots, impact__span *span);
void impact__slot_give_to_pool(impact__span *span);

/* An empty slot with room for a span's head; NULL without memory, or with 2^20 live spans. */
static inline impact__span *impact__slot_take(impact__slots *slots, unsigned fork_generation)
{
    impact__span *span = slots->empty[slots->count];
    if (__builtin_expect(!span || !span->bytes ||
                             atomic_load_explicit(&span->process, memory_order_relaxed) !=
                                 fork_generation,
                         0))
        return impact__slot_take_slowly(slots);
    slots->count--;
    return span;
}

/* Hand a slot, whose span has ended, to the calling thread. */
static inline void impact__slot_give(impact__slots *slots, impact__span *span)
{
    if (__builtin_expect(slots->count >= impact__slot_limit ||
                             span->capacity > impact__span_kept_capacity ||
                             impact__life_is_last(impact__span_life(span)),
                         0)) {
        impact__slot_give_slowly(slots, span);
        return;
    }
    impact__span **place = &slots->empty[++slots->count];
    if (*place != span) /* the next span need not wait for this one's end to have been written */
        *place = span;
}

/* Give all to the pool. */
void impact__slots_clear(impact__slots *slots);

#endif
