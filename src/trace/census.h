/* How many spans of this process were started and are alive, whatever their provider: by what the
 * sampler made of them, and by whose children they are.
 *
 * DESIGN: each thread counts in what only it writes (grace.h), so that a span costs two additions;
 * who asks adds up. A forked child begins at zero.
 */
#ifndef IMPACT_TRACE_CENSUS_H
#define IMPACT_TRACE_CENSUS_H

#include <stdint.h>

#include "trace/grace.h"

typedef enum impact__fate {
    IMPACT__FATE_DROPPED, /* a context, and nothing is recorded */
    IMPACT__FATE_RECORDED,
    IMPACT__FATE_SAMPLED, /* recorded, and exported */
    impact__fates
} impact__fate;

typedef enum impact__origin {
    IMPACT__ORIGIN_NONE, /* a root */
    IMPACT__ORIGIN_LOCAL,
    IMPACT__ORIGIN_REMOTE,
    impact__origins
} impact__origin;

typedef struct impact__census {
    uint64_t started[impact__fates][impact__origins];
    uint64_t ended[impact__fates]; /* of recorded ones */
} impact__census;

/* Of the calling thread: only it writes there. */
static inline void impact__census_add(_Atomic uint64_t *number)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static inline void impact__census_started(impact__fate fate, impact__origin origin)
{
    impact__grace_thread *own = impact__grace_thread_get();
    const unsigned kind = (unsigned)fate * impact__origins + (unsigned)origin;
    if (__builtin_expect(own != NULL, 1))
        impact__census_add(&own->census_started[kind]);
    else
        atomic_fetch_add(&impact__grace_strangers.census_started[kind], 1);
}

/* A recorded one; in the process that started it. */
static inline void impact__census_ended(impact__fate fate)
{
    impact__grace_thread *own = impact__grace_thread_get();
    if (__builtin_expect(own != NULL, 1))
        impact__census_add(&own->census_ended[fate]);
    else
        atomic_fetch_add(&impact__grace_strangers.census_ended[fate], 1);
}

/* Those of this process. Never more ended than started. */
impact__census impact__census_take(void);

#endif
