/* Writing to a descriptor that is somebody else's.
 *
 * DESIGN: what goes without waiting is written; for room we wait with poll. While waiting, the flag
 * of an interruption is looked at every few milliseconds: a pipe to be woken by would be shared
 * with forked children, and the wait is rare. A terminal is opened a second time for the moment of
 * a write; a fork waits for its end, for a child that inherits that would keep the terminal's other
 * end waiting. Who forks within a write (a handler of the host's) gets the second best instead.
 */
#include "export/descriptor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nonblocking.h"
#include "process/fork.h"

enum { look_up_ms = 10, taken_pause_ms = 1 };

/* ---- forks ---- */

static pthread_mutex_t open_twice = PTHREAD_MUTEX_INITIALIZER; /* a terminal is */

static void before_fork(void *unused)
{
    (void)unused;
    (void)pthread_mutex_lock(&open_twice); /* cannot fail; likewise below */
}

static void after_fork(void *unused)
{
    (void)unused;
    (void)pthread_mutex_unlock(&open_twice);
}

void impact__descriptor_open(impact__descriptor *descriptor, int number)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork, .in_child = after_fork};
    descriptor->number = number;
    (void)impact__fork_add(&member); /* without it a child may inherit a terminal at worst */
}

/* ---- writing ---- */

static int wait_ms(uint64_t deadline_ns)
{
    const uint32_t remaining = impact__remaining_ms(deadline_ns);
    return remaining < look_up_ms ? (int)remaining : look_up_ms;
}

/* Relaxed: nothing else is published with it, and it is looked at again. */
bool impact__descriptor_is_interrupted(const impact__descriptor *descriptor)
{
    return atomic_load_explicit(&descriptor->is_interrupted, memory_order_relaxed);
}

/* IMPACT_OK: a write goes through, or tells what is wrong. */
static impact_status wait_for_room(impact__descriptor *descriptor, uint64_t deadline_ns)
{
    for (;;) {
        if (impact__descriptor_is_interrupted(descriptor))
            return IMPACT_ECLOSED;
        struct pollfd room = {.fd = descriptor->number, .events = POLLOUT};
        const int wait = wait_ms(deadline_ns);
        const int ready = poll(&room, 1, wait);
        if (ready > 0)
            return IMPACT_OK;
        if (ready < 0 && errno != EINTR)
            return IMPACT_ESYSTEM;
        if (ready == 0 && wait == 0)
            return IMPACT_ETIMEDOUT;
    }
}

static ssize_t write_now(int number, const char *data, size_t size)
{
    ssize_t written = 0;
    bool is_tried = false;
    if (isatty(number) && pthread_mutex_trylock(&open_twice) == 0) {
        is_tried = impact__write_to_terminal(&written, number, data, size);
        (void)pthread_mutex_unlock(&open_twice);
    }
    return is_tried ? written : impact__write_without_waiting(number, data, size);
}

/* `done` gets how much of it was written. */
static impact_status write_all(impact__descriptor *descriptor, impact_text text, size_t *done,
                               uint64_t deadline_ns)
{
    for (*done = 0; *done < text.size;) {
        const impact_status status = wait_for_room(descriptor, deadline_ns);
        if (status)
            return status;
        const ssize_t written = write_now(descriptor->number, text.data + *done, text.size - *done);
        if (written < 0)
            return IMPACT_ESYSTEM;
        if (written == 0 && !impact__remaining_ms(deadline_ns))
            return IMPACT_ETIMEDOUT;
        if (written == 0) /* somebody else took the room */
            (void)poll(NULL, 0, taken_pause_ms);
        *done += (size_t)written;
    }
    return IMPACT_OK;
}

impact_status impact__descriptor_write(impact__descriptor *descriptor, impact_text text,
                                       uint64_t deadline_ns)
{
    assert(text.data || text.size == 0);
    size_t done = 0;
    impact_status status = IMPACT_OK;
    if (descriptor->is_cut)
        status = write_all(descriptor, impact_text_of("\n"), &done, deadline_ns);
    if (status)
        return status;
    status = write_all(descriptor, text, &done, deadline_ns);
    descriptor->is_cut = status && done > 0;
    return status;
}

void impact__descriptor_interrupt(impact__descriptor *descriptor)
{
    atomic_store_explicit(&descriptor->is_interrupted, true, memory_order_relaxed);
}

bool impact__descriptor_may_colour(int number)
{
    const char *forbidden = getenv("NO_COLOR");
    return isatty(number) && (!forbidden || !*forbidden);
}
