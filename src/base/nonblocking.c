/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it.
 *
 * DESIGN: O_NONBLOCK belongs to the open file that a descriptor shows, which parents and children
 * share: to set it would surprise them. A pipe or a terminal is opened a second time instead, by
 * its name in /proc. Where that is refused (the pipe is another user's) we look whether there is
 * room before we write: between the two somebody else may take it, so that is the second best. A
 * write to a file waits for no reader.
 */
#include "base/nonblocking.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int descriptor, const char *data, size_t size)
{
    return write(descriptor, data, size) == (ssize_t)size;
}

static bool has_room(int descriptor)
{
    struct pollfd writable = {.fd = descriptor, .events = POLLOUT};
    return poll(&writable, 1, 0) == 1 && (writable.revents & POLLOUT) != 0;
}

static int open_again(int descriptor)
{
    char name[32];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor); /* it fits */
    return open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool impact__write_without_waiting(int descriptor, const char *data, size_t size)
{
    assert(data || size == 0);
    struct stat status;
    if (fstat(descriptor, &status))
        return false;
    if (S_ISSOCK(status.st_mode))
        return send(descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
    if (S_ISREG(status.st_mode))
        return write_all(descriptor, data, size);
    const int again = open_again(descriptor);
    if (again < 0)
        return has_room(descriptor) && write_all(descriptor, data, size);
    const bool is_written = write_all(again, data, size);
    (void)close(again); /* nothing is held back */
    return is_written;
}
