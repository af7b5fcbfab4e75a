/* Things that several owners share and nobody changes: the count of them, and how the last one
 * frees.
 *
 * Such a thing has an impact__shared as its first member, so that a pointer to it is a pointer to
 * that.
 */
#ifndef IMPACT_BASE_SHARED_H
#define IMPACT_BASE_SHARED_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct impact__shared {
    atomic_size_t owners;
    void (*free)(void *thing); /* NULL: it lives for ever, and is not counted */
} impact__shared;

/* A thing with one owner. */
static inline void impact__shared_open(void *thing, void (*free)(void *thing))
{
    impact__shared *shared = thing;
    atomic_init(&shared->owners, 1);
    shared->free = free;
}

/* One owner more. Accepts NULL; returns the thing. */
static inline void *impact__shared_retain(const void *thing)
{
    impact__shared *shared = (impact__shared *)(size_t)thing; /* only the count of it changes */
    if (shared && shared->free)
        atomic_fetch_add_explicit(&shared->owners, 1, memory_order_relaxed);
    return shared;
}

/* One owner less; the last one frees. Accepts NULL. */
static inline void impact__shared_release(const void *thing)
{
    impact__shared *shared = (impact__shared *)(size_t)thing;
    if (!shared || !shared->free)
        return;
    /* Releases what this owner did, for the last one, which acquires it from all. */
    if (atomic_fetch_sub_explicit(&shared->owners, 1, memory_order_acq_rel) == 1)
        shared->free(shared);
}

#endif
