/* When a provider that was the default may be freed. */
#include "trace/grace.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

#include "base/barrier.h"
#include "base/once.h"
#include "process/fork.h"

enum {
    patience = 1000
}; /* looks at a thread that is in a section; it leaves within a microsecond */

_Thread_local impact__grace_thread *impact__grace_own IMPACT__THREAD_LOCAL_MODEL;

static impact__grace_thread first[impact__pool_chunk_count];
static impact__pool threads = IMPACT__POOL(first);

/* Of threads that could not have theirs: since then nothing is freed. */
static atomic_bool has_strangers;
static _Atomic uint64_t started_by_strangers[impact__hold_count + 1];
static _Atomic uint64_t ended_by_strangers[impact__hold_count + 1];

impact__grace_thread impact__grace_strangers;

static pthread_key_t key; /* its only use: to be told when a thread ends */
static impact__once key_once;
static bool has_key;

static impact__grace_thread *thread_at(uint32_t number)
{
    return impact__pool_at(&threads, number, sizeof(impact__grace_thread));
}

static void give(impact__grace_thread *thread)
{
    thread->is_taken = false;
    thread->pooled.next = NULL;
    impact__pool_give(&threads, &thread->pooled);
}

/* Of a thread that will never leave it. */
static void leave_section(impact__grace_thread *thread)
{
    if (atomic_load_explicit(&thread->section, memory_order_relaxed) & 1)
        impact__grace_count(&thread->section);
}

/* ---- sums ---- */

static impact__grace_sums of_parents; /* written where there is one thread only */

static uint64_t value_of(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void add_thread(impact__grace_sums *to, const impact__grace_thread *thread)
{
    for (size_t i = 0; i <= impact__hold_count; i++) {
        to->ended += value_of(&thread->ended[i]);
        to->started += value_of(&thread->started[i]);
    }
    for (size_t i = 0; i < impact__census_kinds; i++)
        to->census[i] += value_of(&thread->census[i]);
}

static impact__grace_sums sum_up_all(void)
{
    impact__grace_sums sums = {.started = 0};
    const uint32_t count = impact__pool_count(&threads);
    for (uint32_t i = 0; i < count; i++)
        add_thread(&sums, thread_at(i));
    add_thread(&sums, &impact__grace_strangers);
    for (size_t i = 0; i <= impact__hold_count; i++) {
        sums.ended += value_of(&ended_by_strangers[i]);
        sums.started += value_of(&started_by_strangers[i]);
    }
    return sums;
}

/* ---- forks: the pool's own lock is held over them by its own member ---- */

static void do_nothing(void *owner)
{
    (void)owner; /* there is one pool only; likewise below */
}

/* The other threads are not here, but their spans may be, and end here. */
static void after_fork_in_child(void *owner)
{
    (void)owner;
    const uint32_t count = impact__pool_count(&threads);
    for (uint32_t i = 0; i < count; i++) {
        impact__grace_thread *thread = thread_at(i);
        if (thread == impact__grace_own || !thread->is_taken)
            continue;
        leave_section(thread);
        give(thread);
    }
    of_parents = sum_up_all();
}

/* ---- a thread's own ---- */

static void let_go(void *memory)
{
    impact__grace_own = NULL; /* a destructor that comes later may take another */
    leave_section(memory);    /* one that was cancelled within it */
    give(memory);
}

static void make_key(void)
{
    static impact__fork_member member = {
        .prepare = do_nothing, .in_parent = do_nothing, .in_child = after_fork_in_child};
    has_key = pthread_key_create(&key, let_go) == 0;
    impact__pool_open(&threads); /* first: in the child its lock is free when the other is called */
    (void)impact__fork_add(&member); /* without it a child never frees a default at worst */
}

void impact__grace_watch(void)
{
    impact__once_do(&key_once, make_key);
}

impact__grace_thread *impact__grace_take(void)
{
    impact__grace_watch();
    impact__grace_thread *own = has_key ? impact__pool_take(&threads) : NULL;
    if (!own || pthread_setspecific(key, own)) {
        if (own)
            give(own);
        atomic_store(&has_strangers, true);
        return NULL;
    }
    own->is_taken = true;
    impact__grace_own = own;
    return own;
}

void impact__grace_count_stranger(unsigned hold, bool is_start)
{
    atomic_fetch_add(is_start ? &started_by_strangers[hold] : &ended_by_strangers[hold], 1);
}

/* ---- looking at all threads ---- */

/* It is outside, or in another section than it was. */
static bool has_left(const impact__grace_thread *thread)
{
    const uint64_t section = atomic_load_explicit(&thread->section, memory_order_acquire);
    for (int i = 0; section & 1; i++) {
        if (atomic_load_explicit(&thread->section, memory_order_acquire) != section)
            return true;
        if (i == patience)
            return false;
        (void)sched_yield();
    }
    return true;
}

static bool have_all_left(void)
{
    const uint32_t count = impact__pool_count(&threads); /* who comes now loads what is there now */
    for (uint32_t i = 0; i < count; i++)
        if (!has_left(thread_at(i)))
            return false;
    return true;
}

bool impact__grace_has_passed(void)
{
    const impact__grace_thread *own = impact__grace_own;
    const bool is_inside = own && (atomic_load_explicit(&own->section, memory_order_relaxed) & 1);
    return !is_inside && impact__barrier_open() && impact__barrier_on_all() &&
           !atomic_load(&has_strangers) && have_all_left();
}

impact__grace_sums impact__grace_sum_up(void)
{
    impact__grace_sums sums = sum_up_all();
    sums.started -= of_parents.started;
    sums.ended -= of_parents.ended;
    for (size_t i = 0; i < impact__census_kinds; i++)
        sums.census[i] -= of_parents.census[i];
    return sums;
}

/* The ended first: one that starts and ends in between, as while a processor is shown an ending,
 * must not be seen to have ended only. */
static uint64_t alive_on(const impact__grace_thread *thread, unsigned hold)
{
    const uint64_t ended = atomic_load_explicit(&thread->ended[hold], memory_order_acquire);
    return atomic_load_explicit(&thread->started[hold], memory_order_acquire) - ended;
}

bool impact__grace_is_free(unsigned hold)
{
    uint64_t alive = 0 - atomic_load(&ended_by_strangers[hold]);
    alive += atomic_load(&started_by_strangers[hold]);
    const uint32_t count = impact__pool_count(&threads);
    for (uint32_t i = 0; i < count; i++)
        alive += alive_on(thread_at(i), hold);
    return alive == 0;
}
