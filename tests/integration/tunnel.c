/* A proxy that knows CONNECT alone. */
#include "tunnel.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"
#include "support/check.h"
#include "wire.h"

static bool pass(int from, int to)
{
    char bytes[4096];
    const ssize_t size = recv(from, bytes, sizeof bytes, 0);
    return size > 0 && send(to, bytes, (size_t)size, MSG_NOSIGNAL) == size;
}

static void pass_both_ways(int client, int server)
{
    struct pollfd ends[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    while (poll(ends, 2, -1) > 0)
        if ((ends[0].revents && !pass(client, server)) ||
            (ends[1].revents && !pass(server, client)))
            return;
}

static void serve(int client)
{
    static const char accepted[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    char head[4096];
    unsigned short port = 0;
    if (!listener_read_head(client, head, sizeof head) ||
        sscanf(head, "CONNECT %*[^:]:%hu ", &port) != 1)
        return;
    const int server = wire_connect(port);
    if (server < 0)
        return;
    (void)send(client, accepted, sizeof accepted - 1, MSG_NOSIGNAL);
    pass_both_ways(client, server);
    (void)close(server);
}

static void *accept_all(void *argument)
{
    const tunnel *proxy = argument;
    for (int client; (client = accept(proxy->listener, NULL, NULL)) >= 0;) {
        serve(client);
        (void)close(client);
    }
    return NULL;
}

void tunnel_open(tunnel *proxy)
{
    proxy->listener = listener_open(&proxy->port);
    CHECK(proxy->listener >= 0);
    CHECK(pthread_create(&proxy->thread, NULL, accept_all, proxy) == 0);
}

void tunnel_close(tunnel *proxy)
{
    listener_interrupt(proxy->listener);
    (void)pthread_join(proxy->thread, NULL);
    (void)close(proxy->listener);
}
