/* The end of the process: members do their last work, then the door is shut.
 *
 * DESIGN: handlers of exit(3) run in reverse order, so ours is registered whenever a library was
 * started that has one of its own. The first of ours that runs does all.
 *
 * A forked child inherits the handler, and ends as its parent does. One that was made past fork()
 * (_Fork, clone) may have inherited locks that nobody holds: there the handler does nothing.
 */
#include "process/exit.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/once.h"
#include "base/thread.h"
#include "process/door.h"
#include "process/fork.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below; held over a fork */
static pthread_cond_t changed;                           /* a member was called */
static impact__exit_member *last;
static impact__exit_member *called; /* right now, on `caller` */
static pthread_t caller;
static pid_t owner; /* the process as fork() knows it */

/* ---- members ---- */

/* Under the lock; likewise below. */
static void unlink_member(impact__exit_member *member)
{
    assert(impact__lock_is_held(&lock));
    if (member->next)
        member->next->previous = member->previous;
    else
        last = member->previous;
    if (member->previous)
        member->previous->next = member->next;
    member->next = member->previous = NULL;
}

static bool is_listed(const impact__exit_member *member)
{
    assert(impact__lock_is_held(&lock));
    return member == last || member->next;
}

/* Lets go of the lock meanwhile. */
static void call_last(void)
{
    assert(impact__lock_is_held(&lock));
    assert(last && !called);
    called = last;
    unlink_member(called);
    (void)pthread_mutex_unlock(&lock); /* cannot fail for a normal lock; likewise below */
    called->at_exit(called->owner);    /* only this thread changes `called` */
    (void)pthread_mutex_lock(&lock);
    called = NULL;
    (void)pthread_cond_broadcast(&changed);
}

static void end(void)
{
    if (owner != getpid())
        return;
    const int held = impact__cancel_hold();
    (void)pthread_mutex_lock(&lock);
    caller = pthread_self();
    while (last)
        call_last();
    (void)pthread_mutex_unlock(&lock);
    impact__door_shut();
    impact__cancel_release(held);
}

/* ---- forks ---- */

static void before_fork(void *unused)
{
    (void)unused; /* there is one end only; likewise below */
    (void)pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void *unused)
{
    assert(impact__lock_is_held(&lock));
    (void)unused;
    (void)pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void *unused)
{
    owner = getpid();
    called = NULL;
    (void)impact__condition_open(&changed); /* as new: nobody waits here; it failed not before */
    after_fork_in_parent(unused);
}

/* ---- registering ---- */

static impact_status opened;

static void open_end(void)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork_in_parent, .in_child = after_fork_in_child};
    owner = getpid();
    opened = impact__condition_open(&changed);
    if (!opened)
        opened = impact__door_open();
    if (!opened)
        opened = impact__fork_add(&member);
}

impact_status impact_door_watch(void)
{
    static impact__once once;
    impact__once_do(&once, open_end);
    if (opened)
        return opened;
    return atexit(end) ? IMPACT_ENOMEM : IMPACT_OK;
}

static impact_status first_watch;

static void watch(void)
{
    first_watch = impact_door_watch();
}

impact_status impact__exit_add(impact__exit_member *member)
{
    static impact__once once;
    impact__once_do(&once, watch);
    if (first_watch)
        return first_watch;
    (void)pthread_mutex_lock(&lock);
    member->previous = last;
    member->next = NULL;
    if (last)
        last->next = member;
    last = member;
    (void)pthread_mutex_unlock(&lock);
    return IMPACT_OK;
}

void impact__exit_remove(impact__exit_member *member)
{
    (void)pthread_mutex_lock(&lock);
    if (is_listed(member))
        unlink_member(member);
    while (called == member && !pthread_equal(caller, pthread_self()))
        impact__condition_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}
