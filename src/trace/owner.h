/* Owners of spans: what other threads may see of a thread.
 *
 * They are never freed: a span knows its owner by pointer, whose thread may be over. An owner that
 * is taken again by another thread owns the spans that the first one left behind, too.
 */
#ifndef IMPACT_TRACE_OWNER_H
#define IMPACT_TRACE_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace/pool.h"

typedef struct impact__owner {
    impact__pooled pooled; /* first */
    _Atomic uintptr_t
        inside; /* the span that its thread works at without a lock; 0: none. access.h */
    char apart[64 - sizeof(impact__pooled) -
               sizeof(uintptr_t)]; /* its thread writes there all the time */
} impact__owner;

/* There is a barrier on all threads: owners need no lock (access.h). Known once an owner was
 * taken. */
extern atomic_bool impact__owners_are_biased;

/* For the life of a thread. NULL: no memory. */
impact__owner *impact__owner_take(void);
void impact__owner_give(impact__owner *owner);

#endif
