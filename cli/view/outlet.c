/* Bytes on their way to somebody who may not read them. */
#include "outlet.h"

#include <poll.h>

#include "base/clock.h"
#include "base/nonblocking.h"

enum { finish_ms = 1000 };

void view_outlet_open(view_outlet *outlet, int descriptor, const impact_allocator *allocator)
{
    *outlet = (view_outlet){.descriptor = descriptor, .bytes = IMPACT__BUFFER(allocator)};
}

static void drop(view_outlet *outlet)
{
    impact__buffer_clear(&outlet->bytes);
    outlet->sent = 0;
}

void view_outlet_close(view_outlet *outlet)
{
    view_outlet_finish(outlet);
    outlet->is_over = true;
    impact__buffer_close(&outlet->bytes);
}

/* Nobody forks here. */
static ssize_t write_now(const view_outlet *outlet)
{
    const char *data = outlet->bytes.data + outlet->sent;
    const size_t size = outlet->bytes.size - outlet->sent;
    ssize_t written = 0;
    return impact__write_to_terminal(&written, outlet->descriptor, data, size)
               ? written
               : impact__write_without_waiting(outlet->descriptor, data, size);
}

/* Without memory what is there is not whole: it is left out. */
void view_outlet_send(view_outlet *outlet)
{
    while (outlet->sent < outlet->bytes.size && !outlet->bytes.has_failed && !outlet->is_over) {
        const ssize_t written = write_now(outlet);
        if (written == 0)
            return;
        outlet->is_over = written < 0;
        outlet->sent += written > 0 ? (size_t)written : 0;
    }
    drop(outlet);
}

static bool gets_room(const view_outlet *outlet, uint32_t timeout_ms)
{
    struct pollfd room = {.fd = outlet->descriptor, .events = POLLOUT};
    return poll(&room, 1, (int)timeout_ms) > 0;
}

void view_outlet_finish(view_outlet *outlet)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(finish_ms);
    view_outlet_send(outlet);
    while (outlet->sent < outlet->bytes.size) {
        const uint32_t left_ms = impact__remaining_ms(deadline_ns);
        if (!left_ms || !gets_room(outlet, left_ms))
            drop(outlet);
        view_outlet_send(outlet);
    }
}

int view_outlet_awaited(const view_outlet *outlet)
{
    return outlet->sent < outlet->bytes.size ? outlet->descriptor : -1;
}
