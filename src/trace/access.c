/* Working at a span: strangers, latecomers, and the end. */
#include "trace/access.h"

#include <sched.h>

#include "base/barrier.h"
#include "base/once.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "trace/open_span.h"

enum { spin_count = 100, pause_ns = 50 * 1000 };

static atomic_uint shared_count; /* spans of owners that a stranger came to */
atomic_uint impact__shared_bursts;
static _Atomic uint64_t late_count;

/* ---- latecomers ---- */

static void do_nothing(void *owner)
{
    (void)owner;
}

static void forget_late(void *owner)
{
    (void)owner;
    atomic_store_explicit(&late_count, 0, memory_order_relaxed);
}

static void watch_forks(void)
{
    static impact__fork_member member = {
        .prepare = do_nothing, .in_parent = do_nothing, .in_child = forget_late};
    (void)impact__fork_add(&member); /* without it a child counts on from its parent's number */
}

uint64_t impact__access_late_count(void)
{
    return atomic_load_explicit(&late_count, memory_order_relaxed);
}

static impact__span *come_late(void)
{
    static impact__once once;
    impact__once_do(&once, watch_forks);
    atomic_fetch_add_explicit(&late_count, 1, memory_order_relaxed);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "span", "late",
                              "a span was used after its end: nothing was done");
    return NULL;
}

/* ---- strangers ---- */

/* The owner leaves no word when it goes, and stays for some hundred nanoseconds as a rule: it is
 * looked for, and then given time, for it may be stopped and of a lower priority than this
 * thread. */
static void wait_until_outside(const impact__owner *owner, uintptr_t name)
{
    for (unsigned i = 0; atomic_load_explicit(&owner->inside, memory_order_acquire) == name; i++)
        if (i < spin_count)
            (void)sched_yield();
        else
            impact__thread_pause(pause_ns);
}

/* Make the span shared. Under its lock. */
static void share(impact__span *span, uintptr_t life, uintptr_t name)
{
    const impact__owner *owner = atomic_load_explicit(&span->owner, memory_order_acquire);
    /* The owner may end it meanwhile: then its life is another, and stays so. */
    if (!atomic_compare_exchange_strong(&span->life, &life, life | IMPACT__LIFE_SHARED))
        return;
    const bool had_barrier = impact__barrier_on_all();
    if (!had_barrier)
        atomic_store_explicit(&impact__owners_are_biased, false, memory_order_relaxed);
    wait_until_outside(owner, name);
    const unsigned count = atomic_fetch_add_explicit(&shared_count, 1, memory_order_relaxed) + 1;
    if (!had_barrier || count % impact__shared_burst == 0) /* all threads are to see it */
        atomic_fetch_add_explicit(&impact__shared_bursts, 1, memory_order_relaxed);
}

void impact__access_share_own(uintptr_t name)
{
    uintptr_t life = name & ~IMPACT__NAME_RECORDING;
    impact__span *span = impact__slot_of(name);
    /* If it fails a stranger was quicker, or ended it. */
    (void)atomic_compare_exchange_strong(&span->life, &life, life | IMPACT__LIFE_SHARED);
}

static bool is_of_this_process(const impact__span *span)
{
    return atomic_load_explicit(&span->process, memory_order_relaxed) == impact__fork_generation();
}

/* Without the lock: whether it is worth taking. */
static impact__span *look_for(uintptr_t name)
{
    impact__span *span = impact__slot_of(name);
    if (!span || !impact__life_is(impact__span_life(span), name))
        return come_late();
    return is_of_this_process(span) ? span : NULL;
}

static void lock(impact__access *access, impact__span *span)
{
    access->owner = NULL;
    access->cancel = impact__cancel_hold();
    (void)pthread_mutex_lock(&span->lock); /* cannot fail for a normal lock; likewise below */
}

void impact__access_end_slowly(impact__access *access, impact__span *span)
{
    if (span->is_kept)
        impact__open_span_keep(span);
    (void)pthread_mutex_unlock(&span->lock);
    impact__cancel_release(access->cancel);
}

impact__span *impact__access_begin_slowly(impact__access *access, uintptr_t name)
{
    impact__span *span = look_for(name);
    if (!span)
        return NULL;
    lock(access, span);
    uintptr_t life = impact__span_life(span);
    if (impact__life_is(life, name) && !(life & IMPACT__LIFE_SHARED)) {
        share(span, life, name);
        life = impact__span_life(span);
    }
    if (impact__life_is(life, name))
        return span;
    impact__access_end_slowly(access, span);
    return come_late();
}

/* ---- from name to end ---- */

bool impact__access_begins_shared_slowly(impact__thread_state *state, unsigned bursts)
{
    if (state->shared_bursts != bursts)
        state->unbiased_left = impact__unbiased_count;
    state->shared_bursts = bursts;
    if (atomic_load_explicit(&impact__owners_are_biased, memory_order_relaxed))
        state->unbiased_left--;
    return true; /* without a barrier all of them, for none is counted */
}

impact__shared_text *impact__access_finish_slowly(impact__access *access, impact__span *span)
{
    if (access->owner && !is_of_this_process(span)) {
        /* Its lock may be held for ever, and nobody else looks. */
        impact__shared_text *own = span->trace_state;
        span->trace_state = NULL;
        return own;
    }
    if (access->owner) /* one who reads the identity may be about to share the trace state */
        lock(access, span);
    impact__shared_text *state = span->trace_state;
    span->trace_state = NULL;
    impact__access_end_slowly(access, span);
    return state;
}

/* ---- the identity ---- */

/* Another owner of the trace state, unless the span is over. */
static bool share_trace_state(impact__identity *identity, impact__span *span, uintptr_t name)
{
    impact__access access;
    if (!is_of_this_process(span)) /* its lock may be held for ever */
        return true;
    lock(&access, span);
    const bool is_live = impact__life_is(impact__span_life(span), name);
    if (is_live)
        identity->trace_state = impact__shared_retain(span->trace_state);
    impact__access_end_slowly(&access, span);
    return is_live;
}

bool impact__access_identity(impact__identity *identity, const impact_span *span)
{
    const uintptr_t name = (uintptr_t)span;
    impact__span *slot = name ? impact__slot_of(name) : NULL;
    if (!slot || !impact__life_is(impact__span_life(slot), name))
        return false;
    uint64_t ids[3];
    /* Pairs with the stores in impact__span_set_ids: the life is read after them. */
    for (int i = 0; i < 3; i++)
        ids[i] = atomic_load_explicit(&slot->ids[i], memory_order_acquire);
    const unsigned flags = atomic_load_explicit(&slot->id_flags, memory_order_acquire);
    if (!impact__life_is(impact__span_life(slot), name))
        return false;
    *identity = (impact__identity){
        .trace_flags = (uint8_t)(flags & IMPACT__ID_TRACE_FLAGS),
        .is_remote = (flags & IMPACT__ID_IS_REMOTE) != 0,
    };
    memcpy(&identity->trace_id, ids, sizeof identity->trace_id);
    memcpy(&identity->span_id, &ids[2], sizeof identity->span_id);
    return !(flags & IMPACT__ID_HAS_TRACE_STATE) || share_trace_state(identity, slot, name);
}
