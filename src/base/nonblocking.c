/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it.
 *
 * DESIGN: O_NONBLOCK belongs to the open file that a descriptor shows, which parents and children
 * share: to set it would surprise them. What does without it depends on what is open:
 *
 *     a file        waits for no reader, and takes all at once
 *     a socket      is told so for this call
 *     a pipe        likewise; the kernels before 6.4 know that of files only
 *     a terminal    is opened a second time, by its name in /proc, for the time of the write: then
 *                   it takes a text whole, and nothing of the host's comes in between
 *
 * A second best serves the rest, and those whose best is refused: we look whether there is room,
 * and write no more than surely fits. For a terminal that is a run of plain characters, or one that
 * it may make others of: poll tells of any room, and a write waits until it has found room for
 * all. Between look and write somebody else may take the room.
 */
#include "base/nonblocking.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sigpipe.h"

enum {
    rwf_nowait = 8, /* linux/fs.h: RWF_NOWAIT */
    run_limit = 128 /* of plain characters; a terminal's least room is 256 */
};

static bool has_room(int descriptor)
{
    struct pollfd writable = {.fd = descriptor, .events = POLLOUT};
    return poll(&writable, 1, 0) > 0; /* or an error, which the write tells */
}

static ssize_t write_if_room(int descriptor, const char *data, size_t size)
{
    return has_room(descriptor) ? write(descriptor, data, size) : 0;
}

/* ---- a pipe ---- */

static ssize_t write_to_pipe(int descriptor, const char *data, size_t size)
{
    const struct iovec piece = {(char *)data, size};
    const long nowhere = -1; /* a pipe has no offset; twice, for its two halves */
    const long written =
        syscall(SYS_pwritev2, descriptor, &piece, 1L, nowhere, nowhere, (long)rwf_nowait);
    if (written < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM))
        return write_if_room(descriptor, data, size);
    return written;
}

/* ---- a terminal ---- */

static size_t run_of(const char *data, size_t size)
{
    size_t count = 0;
    while (count < size && count < run_limit && (unsigned char)data[count] >= ' ' &&
           data[count] != '\x7f')
        count++;
    return count ? count : 1;
}

static ssize_t write_runs(int descriptor, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size && has_room(descriptor)) {
        const ssize_t written = write(descriptor, data + done, run_of(data + done, size - done));
        if (written < 0)
            return done ? (ssize_t)done : written;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

/* By the system call: C libraries do not agree on the type of an ioctl's number. */
static bool device_of(unsigned *device, int terminal)
{
    return syscall(SYS_ioctl, terminal, (long)TIOCGDEV, device) == 0;
}

/* The master of a pseudo-terminal would be a new one, one that was hung up its successor's. */
static bool is_same_terminal(int one, int other)
{
    unsigned device = 0;
    unsigned other_device = 0;
    return device_of(&device, one) && device_of(&other_device, other) && device == other_device;
}

/* -1: it cannot be, or would be another, or the host may only read it. */
static int open_again(int descriptor)
{
    char name[32];
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return -1;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor); /* it fits */
    const int again = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (again < 0 || is_same_terminal(descriptor, again))
        return again;
    (void)close(again); /* nothing was written; likewise below */
    return -1;
}

/* What has to be tried again has written nothing. errno is that of the write. */
static ssize_t settled(ssize_t written)
{
    const bool comes_again =
        written < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK);
    return comes_again ? 0 : written;
}

bool impact__write_to_terminal(ssize_t *written, int descriptor, const char *data, size_t size)
{
    const int again = isatty(descriptor) ? open_again(descriptor) : -1;
    if (again < 0)
        return false;
    *written = settled(write(again, data, size));
    const int error = errno;
    (void)close(again);
    errno = error;
    return true;
}

/* ---- whatever it is ---- */

static ssize_t write_some(int descriptor, const char *data, size_t size)
{
    const size_t piece = impact__smaller(size, PIPE_BUF);
    struct stat status;
    if (fstat(descriptor, &status))
        return -1;
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))
        return write(descriptor, data, size);
    if (S_ISSOCK(status.st_mode))
        return send(descriptor, data, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (S_ISFIFO(status.st_mode))
        return write_to_pipe(descriptor, data, piece);
    return isatty(descriptor) ? write_runs(descriptor, data, piece)
                              : write_if_room(descriptor, data, piece);
}

ssize_t impact__write_without_waiting(int descriptor, const char *data, size_t size)
{
    assert(data || size == 0);
    impact__sigpipe held;
    impact__sigpipe_hold(&held);
    const ssize_t written = settled(write_some(descriptor, data, size));
    impact__sigpipe_release(&held);
    return written;
}
