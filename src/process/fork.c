/* Forks: the one pthread_atfork set of the library. */
#include "process/fork.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/once.h"
#include "base/options.h"
#include "base/thread.h"

/* ---- the generation ---- */

/* The number of this process; of its parent in a child before it is renewed. */
static atomic_uint latest = 1;
static atomic_uint instead_of_the_page = 1;

atomic_uint *impact__fork_generation_at = &instead_of_the_page;

/* When the library is loaded, so that nobody looks while it moves. Without a page that can be wiped
 * (before Linux 4.14), only children of fork() are noticed. */
__attribute__((constructor)) static void open_page(void)
{
    const long size = sysconf(_SC_PAGESIZE);
    atomic_uint *page =
        mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, (size_t)size, MADV_WIPEONFORK)) {
        (void)munmap(page, (size_t)size); /* as it was given */
        return;
    }
    atomic_init(page, atomic_load_explicit(&latest, memory_order_relaxed));
    impact__fork_generation_at = page;
}

/* Relaxed: a number that a thread compares with one of its own. */
unsigned impact__fork_generation_renew(void)
{
    unsigned none = 0;
    const unsigned next = atomic_fetch_add_explicit(&latest, 1, memory_order_relaxed) + 1;
    return atomic_compare_exchange_strong_explicit(impact__fork_generation_at, &none, next,
                                                   memory_order_relaxed, memory_order_relaxed)
               ? next
               : none;
}

/* ---- the list ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list; held over a fork */
static impact__fork_member *first;
static impact__fork_member *last;

static impact__once watch_once;
static int watch_failure;
static bool is_watched; /* one of the handlers was called: a child need not register them again */

static void before_fork(void)
{
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    for (impact__fork_member *member = last; member; member = member->previous)
        member->prepare(member->owner);
}

static void after_fork_in_parent(void)
{
    for (impact__fork_member *member = first; member; member = member->next)
        member->in_parent(member->owner);
    (void)pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    atomic_store_explicit(impact__fork_generation_at, 0, memory_order_relaxed);
    (void)impact__fork_generation_renew();
    is_watched = true;
    for (impact__fork_member *member = first; member; member = member->next)
        member->in_child(member->owner);
    (void)pthread_mutex_unlock(&lock);
}

static void watch(void)
{
    if (!is_watched)
        watch_failure = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

impact_status impact__fork_watch(void)
{
    impact__once_do(&watch_once, watch);
    return watch_failure ? IMPACT_ENOMEM : IMPACT_OK;
}

/* Under the lock. */
static bool is_listed(const impact__fork_member *member)
{
    assert(impact__lock_is_held(&lock));
    return member == first || member->previous != NULL;
}

static void link_member(impact__fork_member *member)
{
    assert(!is_listed(member));
    member->previous = last;
    member->next = NULL;
    if (last)
        last->next = member;
    else
        first = member;
    last = member;
}

impact_status impact__fork_add(impact__fork_member *member)
{
    const impact_status status = impact__fork_watch();
    if (status)
        return status;
    (void)pthread_mutex_lock(&lock);
    if (!is_listed(member))
        link_member(member);
    (void)pthread_mutex_unlock(&lock);
    return IMPACT_OK;
}

static void unlink_member(impact__fork_member *member)
{
    assert(is_listed(member));
    if (member->previous)
        member->previous->next = member->next;
    else
        first = member->next;
    if (member->next)
        member->next->previous = member->previous;
    else
        last = member->previous;
    member->previous = NULL;
    member->next = NULL;
}

void impact__fork_remove(impact__fork_member *member)
{
    (void)pthread_mutex_lock(&lock);
    if (is_listed(member))
        unlink_member(member);
    (void)pthread_mutex_unlock(&lock);
}

/* ---- plugins ---- */

struct impact_fork_member {
    impact__fork_member member;
    impact_fork_handlers handlers;
};

static void call(void (*handler)(void *userdata), void *userdata)
{
    if (handler)
        handler(userdata);
}

static void call_before(void *owner)
{
    const impact_fork_member *member = owner;
    call(member->handlers.before, member->handlers.userdata);
}

static void call_in_parent(void *owner)
{
    const impact_fork_member *member = owner;
    call(member->handlers.in_parent, member->handlers.userdata);
}

static void call_in_child(void *owner)
{
    const impact_fork_member *member = owner;
    call(member->handlers.in_child, member->handlers.userdata);
}

impact_status impact_fork_add(impact_fork_member **member, const impact_fork_handlers *handlers)
{
    impact_fork_handlers known;
    if (!member || !handlers || !impact__struct_read(&known, sizeof known, handlers))
        return IMPACT_EINVAL;
    impact_fork_member *made = impact__alloc(NULL, sizeof *made);
    if (!made)
        return IMPACT_ENOMEM;
    made->handlers = known;
    made->member =
        (impact__fork_member){call_before, call_in_parent, call_in_child, made, NULL, NULL};
    const impact_status status = impact__fork_add(&made->member);
    if (status) {
        impact__free(NULL, made);
        return status;
    }
    *member = made;
    return IMPACT_OK;
}

void impact_fork_remove(impact_fork_member *member)
{
    if (!member)
        return;
    impact__fork_remove(&member->member);
    impact__free(NULL, member);
}
