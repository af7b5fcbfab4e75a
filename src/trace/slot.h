/* Slots: the memory that live spans are recorded into, and the names by which programs know them.
 *
 * DESIGN: a slot serves one span after another and is never freed, so that whoever has the name of a span
 * that is over may look, and finds that the slot's life is another one. A name, an `impact_span *`, points
 * nowhere; it is a number:
 *
 *     | generation | number of the slot (20 bits) | recording |
 *
 * Each end of a span begins the slot's next generation. On 64 bits there are 2^43 of them; a slot that has
 * had them all is left alone. So a name is never another span's, however often slots are used again. (On
 * 32 bits there are 2,048, and they begin again.)
 *
 * Empty slots lie with threads, some with each, for its next spans; the others in a pool, without bytes.
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
};

_Static_assert(1 << impact__slot_number_bits == impact__pool_limit, "a name has room for a number");

/* The empty slots of one thread. */
typedef struct impact__slots {
    impact__span *first; /* chained by pooled.next */
    uint32_t count;
} impact__slots;

extern impact__pool impact__slot_pool;

/* Before all else, once for each thread. */
void impact__slots_open(void);

/* An empty slot with room for a span's head; NULL without memory, or with 2^20 live spans. */
impact__span *impact__slot_take(impact__slots *slots);

/* Hand a slot, whose span has ended, to the calling thread; or, for want of it, to the pool. */
void impact__slot_give(impact__slots *slots, impact__span *span);
void impact__slot_give_to_pool(impact__span *span);

/* Give all to the pool. */
void impact__slots_clear(impact__slots *slots);

/* ---- names ---- */

#define IMPACT__NAME_RECORDING       ((uintptr_t)1)
#define IMPACT__NAME_GENERATION_BIT  (impact__slot_number_bits + 1)
#define IMPACT__NAME_GENERATION_LAST (UINTPTR_MAX >> IMPACT__NAME_GENERATION_BIT)

static inline uintptr_t impact__name_generation(uintptr_t name)
{
    return name >> IMPACT__NAME_GENERATION_BIT;
}

/* The slot of a name, whoever's span it has now; NULL: it is no name. */
static inline impact__span *impact__slot_of(uintptr_t name)
{
    return impact__pool_at(&impact__slot_pool,
                           (uint32_t)(name >> 1) & (uint32_t)(impact__pool_limit - 1),
                           sizeof(impact__span));
}

#endif
