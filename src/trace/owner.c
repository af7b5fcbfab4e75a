/* Owners of spans. */
#include "trace/owner.h"

#include <stddef.h>

#include "base/barrier.h"
#include "base/once.h"

/* On lines of their own: what lies beside them is read with each span. */
static _Alignas(64) impact__owner first[impact__pool_chunk_count];
static impact__pool owners = IMPACT__POOL(first);
static impact__once once;

atomic_bool impact__owners_are_biased;

static void open_pool(void)
{
    /* The barrier first: to open it takes the kernel a while, and a fork meanwhile does all this
     * again in the child. */
    atomic_store_explicit(&impact__owners_are_biased, impact__barrier_open(), memory_order_relaxed);
    impact__pool_open(&owners);
}

impact__owner *impact__owner_take(void)
{
    impact__once_do(&once, open_pool);
    return impact__pool_take(&owners);
}

void impact__owner_give(impact__owner *owner)
{
    /* One that was cancelled within a call stands there still. Pairs with the load in access.c. */
    atomic_store_explicit(&owner->inside, 0, memory_order_release);
    owner->pooled.next = NULL;
    impact__pool_give(&owners, &owner->pooled);
}
