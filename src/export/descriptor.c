/* Writing to a descriptor that is somebody else's.
 *
 * DESIGN: what goes without waiting is written; for room we wait with poll. While waiting, the flag
 * of an interruption is looked at every few milliseconds: a pipe to be woken by would be shared
 * with forked children, and the wait is rare.
 */
#include "export/descriptor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nonblocking.h"

enum { look_up_ms = 10 };

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

impact_status impact__descriptor_write(impact__descriptor *descriptor, impact_text text,
                                       uint64_t deadline_ns)
{
    assert(text.data || text.size == 0);
    for (size_t done = 0; done < text.size;) {
        const impact_status status = wait_for_room(descriptor, deadline_ns);
        if (status)
            return status;
        const ssize_t written =
            impact__write_without_waiting(descriptor->number, text.data + done, text.size - done);
        if (written < 0)
            return IMPACT_ESYSTEM;
        if (written == 0 && !impact__remaining_ms(deadline_ns)) /* somebody else took the room */
            return IMPACT_ETIMEDOUT;
        done += (size_t)written;
    }
    return IMPACT_OK;
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
