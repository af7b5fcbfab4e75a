/* Bytes of a connection. */
#include "serve/connection_bytes.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { read_size = 2048 };

void impact__connection_wait_for(impact__connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (c->events != events)
        (void)epoll_ctl(c->owner->epoll, EPOLL_CTL_MOD, impact__connection_socket(c),
                        &event); /* it is there */
    c->events = events;
}

static bool is_for_later(void)
{
    return errno == EAGAIN || errno == EINTR;
}

impact__connection_step impact__connection_send(impact__connection *c)
{
    while (c->sent < c->out.size) {
        const ssize_t sent = send(impact__connection_socket(c), c->out.data + c->sent,
                                  c->out.size - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && !is_for_later())
            return IMPACT__CONNECTION_CLOSES;
        if (sent < 0) {
            impact__connection_wait_for(c, EPOLLOUT);
            return IMPACT__CONNECTION_WAITS;
        }
        c->sent += (size_t)sent;
    }
    impact__buffer_clear(&c->out);
    c->sent = 0;
    return IMPACT__CONNECTION_GOES_ON;
}

impact__connection_step impact__connection_receive(impact__connection *c)
{
    char *room = impact__buffer_reserve(&c->in, read_size);
    if (!room)
        return IMPACT__CONNECTION_CLOSES;
    const ssize_t got = recv(impact__connection_socket(c), room, read_size, 0);
    if (got > 0)
        c->in.size += (size_t)got;
    if (got >= 0)
        return got ? IMPACT__CONNECTION_GOES_ON : IMPACT__CONNECTION_CLOSES;
    return is_for_later() ? IMPACT__CONNECTION_WAITS : IMPACT__CONNECTION_CLOSES;
}
