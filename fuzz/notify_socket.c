/* NOTIFY_SOCKET: what is taken is the address of a Unix socket, whole. */
#include "serve/notify_socket.h"

#include <string.h>

#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__notify_socket to = {.size = 0};
    const impact_text address = impact_text_from((const char *)data, size);
    if (impact__notify_socket_read(&to, address)) {
        must(!to.size);
        return 0;
    }
    const char first = data[0] == '@' ? '\0' : '/';
    must(to.size <= sizeof to.address && to.address.sun_family == AF_UNIX);
    must(to.address.sun_path[0] == first);
    must(memcmp(to.address.sun_path + 1, data + 1, size - 1) == 0);
    must(to.address.sun_path[size] == '\0');
    return 0;
}
