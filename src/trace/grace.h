/* When a provider that was the default may be freed: what threads do without a lock is over.
 *
 * DESIGN: a thread that starts a span loads the default provider and uses it; a lock or a count
 * that all threads share would cost more than the span. So each thread has what only it writes, and
 * who wants to free looks at all of them:
 *
 *     section   odd while the thread is between loading the default and having its span
 *     started   recording spans that it started, by the provider's hold
 *     ended     recording spans that it ended, likewise; perhaps others' spans
 *
 * A provider is unset first. Then every thread that could have loaded it is seen outside its
 * section, or in a later one; from then on no span of it starts. It is free when as many spans of
 * it ended as started, over all threads, those that are gone among them: `ended` only grows, so a
 * sum that is equal is true.
 *
 * What a thread has lies in a pool (pool.h) and is never freed: another thread takes it over, and
 * counts on from there. For a thread may start and end spans when its last destructors run, and
 * then nobody is told of its end.
 *
 * The thread's side has no fence: it stores, and a compiler barrier keeps its load behind. The
 * other side makes up for it with membarrier(2), which is a fence on every thread that runs. Where
 * the kernel has none, nothing is freed.
 *
 * A hold is a small number that a provider has from when it is the default until it is freed.
 * Providers of one's own share the last, which nobody sums up.
 */
#ifndef IMPACT_TRACE_GRACE_H
#define IMPACT_TRACE_GRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "trace/pool.h"

enum {
    impact__census_kinds = 11,
    impact__hold_count = 16, /* defaults that are kept alive by spans of theirs, at the same time */
    IMPACT__NO_HOLD = impact__hold_count,
};

typedef struct impact__grace_thread {
    impact__pooled pooled; /* first */
    _Atomic uint64_t section;
    bool is_taken; /* a thread has it, or had it to its very end */
    _Atomic uint64_t started[impact__hold_count + 1];
    _Atomic uint64_t ended[impact__hold_count + 1];
    _Atomic uint64_t census[impact__census_kinds]; /* see census.h */
    char apart[64];                                /* only its own thread writes it, all the time */
} impact__grace_thread;

/* NULL: the calling thread has none. */
extern _Thread_local impact__grace_thread *impact__grace_own IMPACT__THREAD_LOCAL_MODEL;

/* Take one for the calling thread; without memory, NULL, and it counts among strangers. */
impact__grace_thread *impact__grace_take(void);

static inline impact__grace_thread *impact__grace_thread_get(void)
{
    impact__grace_thread *own = impact__grace_own;
    return __builtin_expect(own != NULL, 1) ? own : impact__grace_take();
}

/* Only its own thread writes it. */
static inline void impact__grace_count(_Atomic uint64_t *number)
{
    /* Release pairs with the loads in grace.c: what was done with the provider came before. */
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1,
                          memory_order_release);
}

/* Load the default in between. Sections of one thread may lie in one another: only the outermost
 * counts. Returns what leave takes; NULL: there is nothing to leave. */
static inline impact__grace_thread *impact__grace_enter(void)
{
    impact__grace_thread *own = impact__grace_thread_get();
    if (!own || (atomic_load_explicit(&own->section, memory_order_relaxed) & 1))
        return NULL;
    impact__grace_count(&own->section);
    atomic_signal_fence(memory_order_seq_cst); /* see DESIGN: membarrier is the other half */
    return own;
}

static inline void impact__grace_leave(impact__grace_thread *own)
{
    if (own)
        impact__grace_count(&own->section);
}

/* A recording span of a provider with that hold starts, or has ended. */
void impact__grace_count_stranger(unsigned hold, bool is_start);

static inline void impact__grace_span_started(unsigned hold)
{
    impact__grace_thread *own = impact__grace_thread_get();
    if (own)
        impact__grace_count(&own->started[hold]);
    else
        impact__grace_count_stranger(hold, true);
}

/* The provider is not to be touched afterwards. */
static inline void impact__grace_span_ended(unsigned hold)
{
    impact__grace_thread *own = impact__grace_thread_get();
    if (own)
        impact__grace_count(&own->ended[hold]);
    else
        impact__grace_count_stranger(hold, false);
}

/* All threads that were in a section have left it. False: one is in it for too long, or the kernel
 * cannot help. */
bool impact__grace_has_passed(void);

/* No span of that hold is alive. After has_passed. */
bool impact__grace_is_free(unsigned hold);

/* What a thread counts that could not have its own: of the census alone, and at once. */
extern impact__grace_thread impact__grace_strangers;

/* Of all threads, those that are gone and strangers among them. In a forked child, what began and
 * ended there. */
typedef struct impact__grace_sums {
    uint64_t started;
    uint64_t ended;
    uint64_t census[impact__census_kinds];
} impact__grace_sums;

impact__grace_sums impact__grace_sum_up(void);

/* Be whole over a fork; in the child nobody but the calling thread is in a section. Before the fork
 * member of who calls the above with a lock held. */
void impact__grace_watch(void);

#endif
