/* A server that a check talks to. */
#include "checks/peer.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- what went wrong ---- */

static bool fail(const impact__peer *peer, const char *why)
{
    impact_health_explain(peer->run, "%s", why);
    return false;
}

static bool fail_with(const impact__peer *peer, int code)
{
    return fail(peer, strerror(code));
}

static bool fail_late(const impact__peer *peer)
{
    return fail(peer, "it does not answer in time");
}

/* ---- waiting ---- */

static bool wait_for(const impact__peer *peer, short events, uint32_t limit_ms)
{
    if (peer->stream)
        return peer->stream->wait(peer->stream->connection, events == POLLIN, limit_ms);
    const uint64_t deadline = impact__deadline_after_ms(limit_ms);
    for (uint32_t left; (left = impact__remaining_ms(deadline)) != 0;) {
        struct pollfd one = {.fd = peer->socket, .events = events};
        const int count = poll(&one, 1, left < INT_MAX ? (int)left : INT_MAX);
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
    return false;
}

static bool wait_in_time(const impact__peer *peer, short events)
{
    return wait_for(peer, events, impact_health_remaining_ms(peer->run)) || fail_late(peer);
}

bool impact__peer_has_input(impact__peer *peer, uint32_t limit_ms)
{
    const uint32_t left_ms = impact_health_remaining_ms(peer->run);
    return wait_for(peer, POLLIN, left_ms < limit_ms ? left_ms : limit_ms);
}

/* ---- connecting ---- */

void impact__peer_close(impact__peer *peer)
{
    if (peer->socket >= 0)
        (void)close(peer->socket); /* nothing that matters is held back */
    peer->socket = -1;
}

/* What became of a connect that goes on by itself. */
static bool is_connected(const impact__peer *peer, uint32_t limit_ms)
{
    int code = 0;
    socklen_t size = sizeof code;
    if (!wait_for(peer, POLLOUT, limit_ms))
        return fail_late(peer);
    if (getsockopt(peer->socket, SOL_SOCKET, SO_ERROR, &code, &size))
        code = errno;
    return code == 0 || fail_with(peer, code);
}

static bool connect_one(impact__peer *peer, const struct addrinfo *to, uint32_t limit_ms)
{
    peer->socket =
        socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
    if (peer->socket < 0)
        return fail_with(peer, errno);
    if (connect(peer->socket, to->ai_addr, to->ai_addrlen) == 0)
        return true;
    const int code = errno;
    if (code == EINPROGRESS ? is_connected(peer, limit_ms) : fail_with(peer, code))
        return true;
    impact__peer_close(peer);
    return false;
}

static uint32_t count_addresses(const struct addrinfo *found)
{
    uint32_t count = 0;
    for (; found; found = found->ai_next)
        count++;
    return count;
}

static bool connect_any(impact__peer *peer, const struct addrinfo *found)
{
    uint32_t left = count_addresses(found);
    for (; found; found = found->ai_next, left--)
        if (connect_one(peer, found, impact_health_remaining_ms(peer->run) / left))
            return true;
    return false;
}

static bool connect_host(impact__peer *peer, const impact__endpoint *to, int type)
{
    char port[8];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICSERV};
    (void)snprintf(port, sizeof port, "%u", (unsigned)to->port); /* it fits */
    const int code = getaddrinfo(to->where, port, &hints, &found);
    if (code)
        return fail(peer, gai_strerror(code));
    const bool has_connected = connect_any(peer, found);
    freeaddrinfo(found);
    return has_connected;
}

static bool connect_path(impact__peer *peer, const impact__endpoint *to, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert(strlen(to->where) < sizeof address.sun_path);
    memcpy(address.sun_path, to->where, strlen(to->where));
    const struct addrinfo one = {
        .ai_family = AF_UNIX,
        .ai_socktype = type,
        .ai_addr = (struct sockaddr *)&address,
        .ai_addrlen = sizeof address,
    };
    return connect_one(peer, &one, impact_health_remaining_ms(peer->run));
}

bool impact__peer_connect(impact__peer *peer, impact_health_run *run, const impact__endpoint *to,
                          int type)
{
    *peer = (impact__peer){.run = run, .socket = -1};
    if (!impact_health_remaining_ms(run))
        return fail(peer, "no time is left");
    return to->port ? connect_host(peer, to, type) : connect_path(peer, to, type);
}

/* ---- talking ---- */

static bool would_wait(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

/* Bytes that go or come now; 0: none without waiting; below: it has failed, and is explained. */
static ptrdiff_t send_some(const impact__peer *peer, const void *data, size_t size)
{
    if (peer->stream)
        return peer->stream->send(peer->stream->connection, data, size);
    const ssize_t sent = send(peer->socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || would_wait(errno))
        return sent < 0 ? 0 : sent;
    (void)fail_with(peer, errno);
    return -1;
}

static ptrdiff_t receive_now(const impact__peer *peer, void *data, size_t limit)
{
    if (peer->stream)
        return peer->stream->receive(peer->stream->connection, data, limit);
    const ssize_t got = recv(peer->socket, data, limit, MSG_DONTWAIT);
    if (got > 0 || (got < 0 && would_wait(errno)))
        return got < 0 ? 0 : got;
    (void)(got ? fail_with(peer, errno) : fail(peer, "it hangs up"));
    return -1;
}

bool impact__peer_send(impact__peer *peer, const void *data, size_t size)
{
    const char *rest = data;
    while (size) {
        const ptrdiff_t sent = send_some(peer, rest, size);
        if (sent < 0 || (sent == 0 && !wait_in_time(peer, POLLOUT)))
            return false;
        rest += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool has_time(const impact__peer *peer)
{
    return impact_health_remaining_ms(peer->run) || fail_late(peer);
}

/* It looks at the time first, so that one who drips cannot keep a run that is over. What TLS has
 * read already does not show at the socket, so there is no waiting before a try. */
size_t impact__peer_receive_some(impact__peer *peer, void *data, size_t limit)
{
    bool is_tried = !peer->stream;
    while (is_tried ? wait_in_time(peer, POLLIN) : has_time(peer)) {
        const ptrdiff_t got = receive_now(peer, data, limit);
        if (got)
            return got < 0 ? 0 : (size_t)got;
        is_tried = true;
    }
    return 0;
}

bool impact__peer_receive(impact__peer *peer, void *data, size_t size)
{
    char *to = data;
    while (size) {
        const size_t got = impact__peer_receive_some(peer, to, size);
        if (!got)
            return false;
        to += got;
        size -= got;
    }
    return true;
}
