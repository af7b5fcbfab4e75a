/* How many spans of this process were started and are alive, whatever their provider: by what the
 * sampler made of them, and by whose children they are.
 *
 * DESIGN: spans that are recorded are counted as they start and end anyway (grace.h), and nearly
 * all of them are exported and have no parent, or one here. So only what differs from that is
 * counted beside, each thread for itself: a span without a parent costs nothing.
 */
#ifndef IMPACT_TRACE_CENSUS_H
#define IMPACT_TRACE_CENSUS_H

#include <stdint.h>

#include "trace/grace.h"
#include "trace/identity.h"

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

/* What is counted beside. The first six have an origin added to them. */
typedef enum impact__census_kind {
    IMPACT__CENSUS_DROPPED = 0,
    IMPACT__CENSUS_RECORDED_ONLY = 3,
    IMPACT__CENSUS_RECORDED_ONLY_ENDED = 6,
    IMPACT__CENSUS_LOCAL_CHILD,     /* recorded; exported or not */
    IMPACT__CENSUS_REMOTE_CHILD,    /* likewise */
    IMPACT__CENSUS_HELD,            /* it counted as started and ended once more */
    IMPACT__CENSUS_INHERITED_ENDED, /* the parent process started it */
} impact__census_kind;

typedef struct impact__census {
    uint64_t started[impact__fates][impact__origins];
    uint64_t live[impact__fates];
} impact__census;

static inline impact__origin impact__origin_of(const impact__identity *parent)
{
    if (!parent)
        return IMPACT__ORIGIN_NONE;
    return parent->is_remote ? IMPACT__ORIGIN_REMOTE : IMPACT__ORIGIN_LOCAL;
}

static inline void impact__census_count(unsigned kind)
{
    impact__grace_thread *own = impact__grace_thread_get();
    if (__builtin_expect(own != NULL, 1)) /* only it writes there */
        atomic_store_explicit(&own->census[kind],
                              atomic_load_explicit(&own->census[kind], memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add(&impact__grace_strangers.census[kind], 1);
}

/* Those of this process. What is alive is never less than nothing. */
impact__census impact__census_take(void);

#endif
