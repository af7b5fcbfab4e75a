/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it.
 *
 * DESIGN: O_NONBLOCK belongs to the open file that a descriptor shows, which parents and children
 * share: to set it would surprise them. A pipe or a terminal is opened a second time instead, by
 * its name in /proc, and closed at once: held, it would keep a reader from seeing its end. Where
 * that is refused (it is another user's) we look whether there is room before each piece that finds
 * some: between the two somebody else may take it, so that is the second best. A write to a file
 * waits for no reader, and goes whole, so that the lines of several writers do.
 */
#include "base/nonblocking.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sigpipe.h"

static bool has_room(int descriptor)
{
    struct pollfd writable = {.fd = descriptor, .events = POLLOUT};
    return poll(&writable, 1, 0) > 0; /* or an error, which the write tells */
}

static int open_again(int descriptor)
{
    char name[32];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor); /* it fits */
    return open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static ssize_t write_pieces(int descriptor, const char *data, size_t size, size_t piece)
{
    size_t done = 0;
    while (done < size && has_room(descriptor)) {
        const size_t next = impact__smaller(size - done, piece);
        const ssize_t written = write(descriptor, data + done, next);
        if (written < 0)
            return done ? (ssize_t)done : written;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

/* To a pipe, a terminal or another device. */
static ssize_t write_again(int descriptor, bool is_pipe, const char *data, size_t size)
{
    const int again = open_again(descriptor);
    if (again < 0)
        return write_pieces(descriptor, data, size, is_pipe ? PIPE_BUF : 1);
    const ssize_t written = write(again, data, size);
    const int error = errno;
    (void)close(again); /* nothing is held back */
    errno = error;
    return written;
}

static ssize_t write_some(int descriptor, const char *data, size_t size)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return -1;
    if (S_ISSOCK(status.st_mode))
        return send(descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (S_ISREG(status.st_mode))
        return write(descriptor, data, size);
    return write_again(descriptor, S_ISFIFO(status.st_mode), data, size);
}

ssize_t impact__write_without_waiting(int descriptor, const char *data, size_t size)
{
    assert(data || size == 0);
    impact__sigpipe held;
    impact__sigpipe_hold(&held);
    const ssize_t written = write_some(descriptor, data, size);
    impact__sigpipe_release(&held);
    const bool comes_again =
        written < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK);
    return comes_again ? 0 : written;
}
