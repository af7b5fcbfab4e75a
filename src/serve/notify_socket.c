/* The socket of a service manager.
 *
 * It is opened for each message, as sd_notify(3) does it: what is said is little, and a descriptor
 * that is kept may be another one's by the time it is used, in a host that closes them all. */
#include "serve/notify_socket.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const char *impact__notify_socket_read(impact__notify_socket *to, impact_text address)
{
    struct sockaddr_un read = {.sun_family = AF_UNIX};
    if (impact__text_begins_with(address, "vsock"))
        return "vsock is not spoken: it leads out of a virtual machine";
    if (address.size < 2 || (address.data[0] != '/' && address.data[0] != '@') ||
        memchr(address.data, 0, address.size))
        return "it is neither a path nor an abstract name";
    if (address.size >= sizeof read.sun_path) /* unix(7): with room for the NUL behind a path */
        return "it is too long";
    memcpy(read.sun_path, address.data, address.size);
    if (address.data[0] == '@')
        read.sun_path[0] = 0;
    to->address = read;
    to->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address.size);
    return NULL;
}

bool impact__notify_socket_send(const impact__notify_socket *to, impact_text message)
{
    const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sender < 0)
        return false;
    const ssize_t sent = sendto(sender, message.data, message.size, MSG_NOSIGNAL,
                                (const struct sockaddr *)&to->address, to->size);
    (void)close(sender); /* what was sent is the receiver's */
    return sent == (ssize_t)message.size;
}
