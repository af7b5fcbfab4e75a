/* The door to libraries that mind forks and exits: nobody of ours is in them when either comes.
 *
 * DESIGN: a library's own handler of exit(3) frees what its users stand on: OpenSSL's does, and a
 * worker in a TLS write crashed. And a lock of the library that a thread holds during a fork is
 * locked in the child for good. A thread cannot be stopped from outside, but it can be kept out: it
 * counts itself in before each call that might touch such a library, and out before it waits. So
 * nobody has to be woken, whatever the peers do: the calls under way take a millisecond, or the
 * grace time at worst.
 *
 *     enter:  inside + 1, then read the state          leave:  inside - 1, then read the state
 *     shut:   write the state, then read inside
 *
 * in sequentially consistent order: either who shuts sees the thread inside, or the thread sees it
 * shut. No lock is taken before that, so exit() in a signal handler finds none held.
 *
 * A library's destructors for a thread run after all that the thread does itself. So a thread of
 * ours that ends stays inside, and a destructor of ours leaves, in the last round but one: in the
 * last, sanitizers take the thread's state down.
 */
#include "process/door.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/once.h"
#include "base/thread.h"
#include "process/fork.h"

/* For what takes a millisecond, on a machine that may be very busy. */
enum {
    exit_grace_ms = 5000,
    fork_grace_ms = 1000,
};

typedef enum state { IS_OPEN, IS_HELD, IS_SHUT } state; /* held: over a fork */

static atomic_int the_state;
static atomic_uint inside; /* threads that entered and did not leave */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for `changed`; held over a fork */
static pthread_cond_t changed;                           /* somebody left, or may enter */

static void wait_for_the_fork(void)
{
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    while (atomic_load(&the_state) == IS_HELD)
        impact__condition_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

bool impact_door_enter(void)
{
    for (;;) {
        (void)atomic_fetch_add(&inside, 1); /* as drawn above; likewise below */
        const int is = atomic_load(&the_state);
        if (is == IS_OPEN)
            return true;
        impact_door_leave();
        if (is == IS_SHUT)
            return false;
        wait_for_the_fork();
    }
}

void impact_door_leave(void)
{
    assert(atomic_load(&inside) > 0);
    (void)atomic_fetch_sub(&inside, 1);
    if (atomic_load(&the_state) == IS_OPEN)
        return;
    (void)pthread_mutex_lock(&lock);
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static void wait_until_all_have_left(uint32_t grace_ms)
{
    assert(impact__lock_is_held(&lock));
    assert(atomic_load(&the_state) != IS_OPEN);
    const uint64_t deadline_ns = impact__deadline_after_ms(grace_ms);
    while (atomic_load(&inside) && impact__condition_wait_until(&changed, &lock, deadline_ns))
        continue;
}

void impact__door_shut(void)
{
    (void)pthread_mutex_lock(&lock);
    atomic_store(&the_state, IS_SHUT);
    wait_until_all_have_left(exit_grace_ms);
    (void)pthread_mutex_unlock(&lock);
}

/* ---- threads that end ---- */

enum { rounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };

static pthread_key_t late;
static bool is_late_there;

/* `round` counts from 1, as a pointer that is not NULL. */
static void leave_late(void *round)
{
    const uintptr_t next = (uintptr_t)round + 1;
    if (next > rounds || pthread_setspecific(late, (const void *)next))
        impact_door_leave();
}

static void open_late(void)
{
    is_late_there = !pthread_key_create(&late, leave_late);
}

void *impact__door_end_thread(void)
{
    static impact__once once;
    impact__once_do(&once, open_late);
    while (!impact_door_enter())
        (void)pause(); /* until the process is gone: who returns runs destructors */
    if (!is_late_there || pthread_setspecific(late, (const void *)1))
        impact_door_leave();
    return NULL;
}

/* ---- forks ---- */

static void before_fork(void *unused)
{
    (void)unused; /* there is one door only; likewise below */
    (void)pthread_mutex_lock(&lock);
    if (atomic_load(&the_state) == IS_SHUT)
        return;
    atomic_store(&the_state, IS_HELD);
    wait_until_all_have_left(fork_grace_ms);
}

static void after_fork_in_parent(void *unused)
{
    assert(impact__lock_is_held(&lock));
    (void)unused;
    if (atomic_load(&the_state) == IS_HELD)
        atomic_store(&the_state, IS_OPEN);
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Those inside, and those who wait, are the parent's threads. */
static void after_fork_in_child(void *unused)
{
    atomic_store(&inside, 0);
    (void)impact__condition_open(&changed); /* as new; it failed not before */
    after_fork_in_parent(unused);
}

static impact_status opened;

static void open_door(void)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork_in_parent, .in_child = after_fork_in_child};
    opened = impact__condition_open(&changed);
    if (!opened)
        opened = impact__fork_add(&member);
}

impact_status impact__door_open(void)
{
    static impact__once once;
    impact__once_do(&once, open_door);
    return opened;
}
