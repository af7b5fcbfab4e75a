/* Writing to a descriptor that is somebody else's.
 *
 * DESIGN: its flags are left alone, since other processes share them. So before each write that
 * could block we ask poll, and write no more than a pipe takes at once. Files never block and get
 * all in one write, so that several writers' objects stay whole. While waiting, the flag of an
 * interruption is looked at every few milliseconds: a pipe to be woken by would be shared with
 * forked children, and the wait is rare.
 */
#include "export/descriptor.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sigpipe.h"

enum { look_up_ms = 10 };

static bool may_block(int number)
{
    struct stat facts;
    return fstat(number, &facts) != 0 || !S_ISREG(facts.st_mode);
}

static int wait_ms(uint64_t deadline_ns)
{
    const uint32_t remaining = impact__remaining_ms(deadline_ns);
    return remaining < look_up_ms ? (int)remaining : look_up_ms;
}

/* IMPACT_OK: a write goes through, or tells what is wrong. */
static impact_status wait_for_room(impact__descriptor *descriptor, uint64_t deadline_ns)
{
    for (;;) {
        /* Relaxed: nothing else is published with it, and it is looked at again. */
        if (atomic_load_explicit(&descriptor->is_interrupted, memory_order_relaxed))
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

/* One write; `written` gets its size, 0 when it must be tried again. */
static impact_status write_some(int number, impact_text text, size_t *written)
{
    assert(text.size > 0);
    impact__sigpipe held;
    impact__sigpipe_hold(&held);
    const ssize_t size = write(number, text.data, text.size);
    impact__sigpipe_release(&held);
    const bool comes_again = errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
    if (size < 0 && !comes_again)
        return IMPACT_ESYSTEM;
    *written = size > 0 ? (size_t)size : 0;
    return IMPACT_OK;
}

impact_status impact__descriptor_write(impact__descriptor *descriptor, impact_text text,
                                       uint64_t deadline_ns)
{
    assert(text.data || text.size == 0);
    const size_t most = may_block(descriptor->number) ? PIPE_BUF : SSIZE_MAX;
    for (size_t done = 0; done < text.size;) {
        const size_t rest = text.size - done;
        const impact_text piece = {text.data + done, rest < most ? rest : most};
        size_t written = 0;
        impact_status status = wait_for_room(descriptor, deadline_ns);
        if (status == IMPACT_OK)
            status = write_some(descriptor->number, piece, &written);
        if (status)
            return status;
        done += written;
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
