/* Working at a span: from any thread, at any time, after its end too.
 *
 * DESIGN: nearly always a span is used by one thread, its owner, which started it. So a span's lock
 * is the owner's without being taken, until another thread, a stranger, wants to work at it too;
 * from then on the span is shared, and all take the lock, the owner too.
 *
 *     the owner                              a stranger
 *     inside = the span's name               (takes the lock)
 *     is its life this one, not shared?      its life is shared from now on
 *       yes: works                           barrier on all threads
 *     inside = 0                             waits until the owner is not inside, works
 *
 * Each side first writes and then reads what the other writes. The stranger pays for both with a
 * barrier on all threads (base/barrier.h), once in the life of a span: either it sees the owner
 * inside, or the owner sees that the span is shared. Candidates, measured in an empty loop: this
 * one adds 1 ns to a call of the owner, an atomic exchange on the way in 2, a mutex 6.
 *
 * `inside` is the thread's, not the span's, for a thread with an old name may be the owner of
 * record when it looks, and not when it writes.
 *
 * A program that hands its spans from thread to thread would pay for a barrier a span. After each
 * impact__shared_burst of them, every thread begins its next impact__unbiased_count spans shared.
 *
 * The life of a slot that is older than the name is another span's: the call comes late. It does
 * nothing, and is counted. In a forked child the lock of a span of another thread may be held for
 * ever: nothing is done with spans that the parent shared.
 *
 * What never changes while a span lives, its identity, is read without any of this: the words, then
 * the life, which says whether they were its own.
 */
#ifndef IMPACT_TRACE_ACCESS_H
#define IMPACT_TRACE_ACCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace/slot.h"
#include "trace/thread_state.h"

enum { impact__shared_burst = 64, impact__unbiased_count = 16384 };

typedef struct impact__access {
    impact__owner *owner; /* NULL: with the lock */
    int cancel;           /* with the lock: see base/thread.h */
} impact__access;

/* NULL: the call comes late, or the name is none. */
impact__span *impact__access_begin_slowly(impact__access *access, uintptr_t name);
void impact__access_end_slowly(impact__access *access, impact__span *span);

/* As the owner, or not at all: then ask the one below. `state` is the thread's, or NULL. */
static inline impact__span *impact__access_begin_own(impact__thread_state *state, uintptr_t name)
{
    impact__span *span = impact__slot_of(name);
    if (!state || !span || atomic_load_explicit(&span->owner, memory_order_relaxed) != state->owner)
        return NULL;
    /* Pairs with the load in access.c, over the barrier there. */
    atomic_store_explicit(&state->owner->inside, name, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    /* Its life is this name, and it is not shared. */
    if (__builtin_expect(impact__span_life(span) == (name & ~IMPACT__NAME_RECORDING), 1))
        return span;
    atomic_store_explicit(&state->owner->inside, 0, memory_order_release);
    return NULL;
}

static inline void impact__access_end_own(const impact__thread_state *state)
{
    atomic_store_explicit(&state->owner->inside, 0, memory_order_release);
}

/* Any span that is not over, recording or not. `name` is not 0. */
static inline impact__span *impact__access_begin_any(impact__access *access, uintptr_t name)
{
    impact__thread_state *state = impact__thread_state_peek();
    impact__span *span = impact__access_begin_own(state, name);
    if (__builtin_expect(!span, 0))
        return impact__access_begin_slowly(access, name);
    access->owner = state->owner;
    return span;
}

/* Begin to work at a span that is recording, by itself. NULL: there is nothing to do. */
static inline impact__span *impact__access_begin(impact__access *access, const impact_span *span)
{
    const uintptr_t name = (uintptr_t)span;
    return name & IMPACT__NAME_RECORDING ? impact__access_begin_any(access, name) : NULL;
}

static inline void impact__access_end(impact__access *access, impact__span *span)
{
    if (access->owner)
        atomic_store_explicit(&access->owner->inside, 0, memory_order_release);
    else
        impact__access_end_slowly(access, span);
}

/* The span is over: all others come late from here on. */
static inline void impact__access_end_life(impact__span *span, uintptr_t name)
{
    /* Of the name, which the life is but for its last bit: there is no need to wait for a load.
     * Pairs with the load in impact__span_life: who sees it leaves the slot alone. */
    atomic_store_explicit(&span->life, impact__life_after(name), memory_order_release);
}

impact__shared_text *impact__access_finish_slowly(impact__access *access, impact__span *span);

/* End the span's life and the access; the caller has what is in the slot, and gives it. Returns the
 * trace state, which is the caller's to release. */
static inline impact__shared_text *impact__access_finish(impact__access *access, impact__span *span,
                                                         uintptr_t name)
{
    impact__access_end_life(span, name);
    if (access->owner) /* first out: a stranger who has the lock may be waiting for that */
        impact__access_end(access, span);
    return access->owner && !span->trace_state ? NULL : impact__access_finish_slowly(access, span);
}

extern atomic_uint impact__shared_bursts; /* how often strangers came to so many spans */
bool impact__access_begins_shared_slowly(impact__thread_state *state, unsigned bursts);

static inline bool impact__access_begins_shared(impact__thread_state *state)
{
    const unsigned bursts = atomic_load_explicit(&impact__shared_bursts, memory_order_relaxed);
    return __builtin_expect(state->shared_bursts != bursts || state->unbiased_left, 0) &&
           impact__access_begins_shared_slowly(state, bursts);
}

/* A new span, whose identity is set and whose owner is to be `state`'s thread, has a name from here
 * on. */
static inline impact_span *impact__access_open(impact__thread_state *state, impact__span *span,
                                               bool is_recording)
{
    const uintptr_t life = atomic_load_explicit(&span->life, memory_order_relaxed);
    if (__builtin_expect(impact__access_begins_shared(state), 0))
        atomic_store_explicit(&span->life, life | IMPACT__LIFE_SHARED, memory_order_relaxed);
    /* Pairs with the load in share. */
    atomic_store_explicit(&span->owner, state->owner, memory_order_release);
    return (impact_span *)(life | (is_recording ? IMPACT__NAME_RECORDING : 0));
}

/* The caller has just opened it, and gives up its right: all take the lock from here on. */
void impact__access_share_own(uintptr_t name);

/* False: it is over, or there is none. Close the identity. */
bool impact__access_identity(impact__identity *identity, const impact_span *span);

static inline bool impact__access_is_live(const impact_span *span)
{
    const impact__span *slot = impact__slot_of((uintptr_t)span);
    return slot && impact__life_is(impact__span_life(slot), (uintptr_t)span);
}

/* Calls that came late, in this process. */
uint64_t impact__access_late_count(void);

#endif
