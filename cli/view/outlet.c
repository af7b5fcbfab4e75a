/* Bytes on their way to somebody who may not read them.
 *
 * DESIGN: that a write does not wait is a flag of the open file, which others share: the shell, the
 * other end of its pipeline. So a pipe or a terminal is opened anew, by its name in /proc, and the
 * flag is our own. Where that cannot be (a socket; a terminal that is another user's) poll is asked
 * before each write, and no more is written than a pipe takes at once.
 */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sigpipe.h"

enum { finish_ms = 1000, name_size = 32 };

/* -1: it cannot be. */
static int open_anew(int descriptor)
{
    char name[name_size];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor); /* it fits */
    return open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* A file that is opened anew would be written from its start. */
void view_outlet_open(view_outlet *outlet, int descriptor, const impact_allocator *allocator)
{
    struct stat facts;
    const bool is_file = !fstat(descriptor, &facts) && S_ISREG(facts.st_mode);
    const int anew = is_file ? -1 : open_anew(descriptor);
    *outlet = (view_outlet){.bytes = IMPACT__BUFFER(allocator)};
    outlet->may_block = anew < 0 && !is_file;
    outlet->descriptor = anew < 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 3) : anew;
    if (outlet->descriptor < 0) /* it is closed: nobody reads */
        outlet->descriptor = 0;
}

static void drop(view_outlet *outlet)
{
    impact__buffer_clear(&outlet->bytes);
    outlet->sent = 0;
}

static void hang_up(view_outlet *outlet)
{
    drop(outlet);
    if (outlet->descriptor)
        (void)close(outlet->descriptor); /* what was written is written */
    outlet->descriptor = 0;
}

void view_outlet_close(view_outlet *outlet)
{
    view_outlet_finish(outlet);
    hang_up(outlet);
    impact__buffer_close(&outlet->bytes);
}

static bool has_room(const view_outlet *outlet, int timeout_ms)
{
    struct pollfd room = {.fd = outlet->descriptor, .events = POLLOUT};
    return poll(&room, 1, timeout_ms) > 0;
}

/* errno is that of a write. */
static ssize_t write_some(const view_outlet *outlet)
{
    const size_t left = outlet->bytes.size - outlet->sent;
    const size_t most = outlet->may_block ? impact__smaller(left, PIPE_BUF) : left;
    impact__sigpipe held;
    errno = EAGAIN;
    if (outlet->may_block && !has_room(outlet, 0))
        return -1;
    impact__sigpipe_hold(&held);
    const ssize_t written = write(outlet->descriptor, outlet->bytes.data + outlet->sent, most);
    impact__sigpipe_release(&held);
    return written;
}

/* Without memory what is there is not whole: it is left out. */
void view_outlet_send(view_outlet *outlet)
{
    if (outlet->bytes.has_failed || !outlet->descriptor)
        drop(outlet);
    while (outlet->sent < outlet->bytes.size) {
        const ssize_t written = write_some(outlet);
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0 && errno != EINTR) {
            hang_up(outlet);
            return;
        }
        outlet->sent += written > 0 ? (size_t)written : 0;
    }
    drop(outlet);
}

void view_outlet_finish(view_outlet *outlet)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(finish_ms);
    view_outlet_send(outlet);
    while (outlet->sent < outlet->bytes.size) {
        const uint32_t left_ms = impact__remaining_ms(deadline_ns);
        if (!left_ms || !has_room(outlet, (int)left_ms))
            drop(outlet);
        view_outlet_send(outlet);
    }
}

int view_outlet_awaited(const view_outlet *outlet)
{
    return outlet->sent < outlet->bytes.size ? outlet->descriptor : -1;
}
