/* When a provider that was the default may be freed. */
#include "trace/grace.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

#include "base/barrier.h"
#include "process/fork.h"

enum {
    patience = 1000
}; /* looks at a thread that is in a section; it leaves within a microsecond */

_Thread_local impact__grace_thread impact__grace_own IMPACT__THREAD_LOCAL_MODEL;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static impact__grace_thread *first;
static uint32_t gone_started[impact__hold_count + 1]; /* of threads that are gone */
static uint32_t gone_ended[impact__hold_count + 1];
static _Atomic uint32_t
    strangers; /* threads that could not be listed: since then nothing is freed */

static pthread_key_t key; /* its only use: to be told when a thread ends */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

/* Under the lock. */
static void add_to_gone(const impact__grace_thread *thread)
{
    for (unsigned i = 0; i <= impact__hold_count; i++) {
        gone_started[i] += atomic_load_explicit(&thread->started[i], memory_order_acquire);
        gone_ended[i] += atomic_load_explicit(&thread->ended[i], memory_order_acquire);
    }
}

static void empty(impact__grace_thread *thread)
{
    for (unsigned i = 0; i <= impact__hold_count; i++) {
        atomic_store_explicit(&thread->started[i], 0, memory_order_relaxed);
        atomic_store_explicit(&thread->ended[i], 0, memory_order_relaxed);
    }
}

/* ---- forks ---- */

static void before_fork(void *owner)
{
    (void)owner; /* there is one list only; likewise below */
    (void)pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void *owner)
{
    (void)owner;
    (void)pthread_mutex_unlock(&lock);
}

/* The other threads are not here, but their spans may be, and end here. */
static void after_fork_in_child(void *owner)
{
    (void)owner;
    impact__grace_thread *own = impact__grace_own.is_listed ? &impact__grace_own : NULL;
    for (const impact__grace_thread *thread = first; thread; thread = thread->next)
        if (thread != own)
            add_to_gone(thread);
    first = own;
    if (own)
        own->next = own->previous = NULL;
    (void)pthread_mutex_unlock(&lock);
}

/* ---- the list ---- */

static void unlist(void *memory)
{
    impact__grace_thread *thread = memory;
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    add_to_gone(thread);
    if (thread->previous)
        thread->previous->next = thread->next;
    else
        first = thread->next;
    if (thread->next)
        thread->next->previous = thread->previous;
    (void)pthread_mutex_unlock(&lock);
    empty(thread);
    thread->is_listed = false; /* a destructor that comes later may list it again */
}

static void make_key(void)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork_in_parent, .in_child = after_fork_in_child};
    has_key = pthread_key_create(&key, unlist) == 0;
    (void)impact__fork_add(&member); /* without it a child may wait for the lock at worst */
}

void impact__grace_watch(void)
{
    (void)pthread_once(&key_once, make_key); /* cannot fail */
}

impact__grace_thread *impact__grace_list(void)
{
    impact__grace_thread *own = &impact__grace_own;
    impact__grace_watch();
    if (!has_key || pthread_setspecific(key, own)) {
        atomic_store(&strangers, 1);
        return NULL;
    }
    (void)pthread_mutex_lock(&lock);
    own->previous = NULL;
    own->next = first;
    if (first)
        first->previous = own;
    first = own;
    (void)pthread_mutex_unlock(&lock);
    own->is_listed = true;
    return own;
}

void impact__grace_count_stranger(unsigned hold, bool is_start)
{
    (void)pthread_mutex_lock(&lock);
    if (is_start)
        gone_started[hold]++;
    else
        gone_ended[hold]++;
    (void)pthread_mutex_unlock(&lock);
}

/* ---- looking at all threads ---- */

/* It is outside, or in another section than it was. */
static bool has_left(const impact__grace_thread *thread)
{
    const uint32_t section = atomic_load_explicit(&thread->section, memory_order_acquire);
    for (int i = 0; section & 1; i++) {
        if (atomic_load_explicit(&thread->section, memory_order_acquire) != section)
            return true;
        if (i == patience)
            return false;
        (void)sched_yield();
    }
    return true;
}

bool impact__grace_has_passed(void)
{
    const bool is_inside =
        atomic_load_explicit(&impact__grace_own.section, memory_order_relaxed) & 1;
    if (is_inside || !impact__barrier_open() || !impact__barrier_on_all() ||
        atomic_load(&strangers))
        return false;
    bool have_left = true;
    (void)pthread_mutex_lock(&lock);
    for (const impact__grace_thread *thread = first; thread && have_left; thread = thread->next)
        have_left = has_left(thread);
    (void)pthread_mutex_unlock(&lock);
    return have_left;
}

/* The ended first: one that starts and ends in between, as while a processor is shown an ending, must not
 * be seen to have ended only. */
static uint32_t alive_on(const impact__grace_thread *thread, unsigned hold)
{
    const uint32_t ended = atomic_load_explicit(&thread->ended[hold], memory_order_acquire);
    return atomic_load_explicit(&thread->started[hold], memory_order_acquire) - ended;
}

bool impact__grace_is_free(unsigned hold)
{
    (void)pthread_mutex_lock(&lock);
    uint32_t alive = gone_started[hold] - gone_ended[hold];
    for (const impact__grace_thread *thread = first; thread; thread = thread->next)
        alive += alive_on(thread, hold);
    (void)pthread_mutex_unlock(&lock);
    return alive == 0;
}
