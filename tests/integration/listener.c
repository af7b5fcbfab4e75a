/* A port of this machine that listens, and heads of requests that come to it. */
#include "listener.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int listener_open(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        return -1;
    *port = ntohs(address.sin_port);
    return listener;
}

void listener_interrupt(int listener)
{
    (void)shutdown(listener, SHUT_RDWR);
}

bool listener_read_head(int connection, char *head, size_t size)
{
    for (size_t used = 0; used < size - 1;) {
        const ssize_t got = recv(connection, head + used, size - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        head[used] = 0;
        if (strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}
