/* The host's event loop: what it waits for. */
#include "pipeline/caller.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/fork.h"

bool impact__caller_is_ours(const impact__caller *caller)
{
    /* Acquire, with the store in open_pair: who sees the number sees the descriptors. */
    return atomic_load_explicit(&caller->generation, memory_order_acquire) ==
           impact__fork_generation();
}

static void close_pair(int descriptor, int bell)
{
    if (descriptor >= 0)
        (void)close(descriptor); /* nothing is written to them that matters; likewise below */
    if (bell >= 0)
        (void)close(bell);
}

static bool add(int to, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(to, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* What was the parent's is left as it is: a child that closed all that it does not know may have
 * others under these numbers. */
static impact_status open_pair(impact__caller *caller)
{
    const int descriptor = epoll_create1(EPOLL_CLOEXEC);
    const int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0 || bell < 0 || !add(descriptor, bell)) {
        close_pair(descriptor, bell);
        return IMPACT_ESYSTEM;
    }
    caller->descriptor = descriptor;
    caller->bell = bell;
    atomic_store_explicit(&caller->generation, impact__fork_generation(), memory_order_release);
    return IMPACT_OK;
}

impact_status impact__caller_open(impact__caller *caller)
{
    impact_status status = impact__fork_watch();
    if (status == IMPACT_OK)
        status = open_pair(caller);
    if (status == IMPACT_OK)
        atomic_store(&caller->is_there, true);
    return status;
}

void impact__caller_close(impact__caller *caller)
{
    if (atomic_exchange(&caller->is_there, false) && impact__caller_is_ours(caller))
        close_pair(caller->descriptor, caller->bell);
}

bool impact__caller_renew(impact__caller *caller)
{
    return impact__caller_is_ours(caller) || open_pair(caller) == IMPACT_OK;
}

void impact__caller_ring(impact__caller *caller)
{
    const uint64_t once = 1;
    if (impact__caller_is_ours(caller))
        (void)!write(caller->bell, &once, sizeof once); /* fails when it rings as loud as it can */
}

void impact__caller_hush(const impact__caller *caller)
{
    uint64_t count;
    if (impact__caller_is_ours(caller))
        (void)!read(caller->bell, &count, sizeof count); /* nobody may have rung */
}

bool impact__caller_add(const impact__caller *caller, int descriptor)
{
    assert(descriptor >= 0);
    return impact__caller_is_ours(caller) && add(caller->descriptor, descriptor);
}

void impact__caller_remove(const impact__caller *caller, int descriptor)
{
    if (impact__caller_is_ours(caller))
        (void)epoll_ctl(caller->descriptor, EPOLL_CTL_DEL, descriptor, NULL); /* it may be closed */
}

void impact__caller_wait(const impact__caller *caller, uint64_t until_ns)
{
    const uint32_t left_ms = impact__remaining_ms(until_ns);
    struct pollfd readable = {.fd = impact__caller_is_ours(caller) ? caller->descriptor : -1,
                              .events = POLLIN};
    (void)poll(&readable, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX); /* the loop looks again */
}
