/* One request, and its answer, within a deadline: no call here waits but poll. */
#include "probe_ask.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe_resolve.h"

enum {
    answer_limit = 256 * 1024, /* bytes; of a longer one the rest is not read */
    request_limit = 4096,
};

/* One question under way. */
typedef struct question {
    uint64_t deadline_ns;
    int socket; /* -1: not connected */
    const char *problem;
} question;

/* ---- waiting ---- */

static bool fail(question *q, const char *problem)
{
    q->problem = problem;
    return false;
}

static bool fail_with_errno(question *q)
{
    return fail(q, errno == EAGAIN ? "timeout" : strerror(errno));
}

/* False: it was not to be by the deadline. */
static bool await(question *q, int socket, short events)
{
    struct pollfd wanted = {.fd = socket, .events = events};
    for (;;) {
        const uint32_t left_ms = impact__remaining_ms(q->deadline_ns);
        const int found = left_ms ? poll(&wanted, 1, (int)left_ms) : 0;
        if (found > 0)
            return true;
        if (found == 0)
            return fail(q, "timeout");
        if (errno != EINTR)
            return fail_with_errno(q);
    }
}

/* ---- connecting ---- */

static bool is_connected(question *q, int socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (!await(q, socket, POLLOUT))
        return false;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return true;
    errno = error;
    return fail_with_errno(q);
}

static bool try_address(void *userdata, const struct sockaddr *address, socklen_t size)
{
    question *q = userdata;
    const int made = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return fail_with_errno(q);
    /* A Unix socket whose backlog is full says EAGAIN, and there is nothing to wait for. */
    const bool is_begun = connect(made, address, size) == 0 || errno == EINPROGRESS;
    if (is_begun ? is_connected(q, made) : fail_with_errno(q)) {
        q->problem = NULL;
        q->socket = made;
        return true;
    }
    (void)close(made); /* nothing was written */
    return false;
}

/* An @ is the NUL of the abstract names (unix(7)). */
static void connect_unix(question *q, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(path);
    if (size >= sizeof address.sun_path) {
        q->problem = "the path of the socket is too long";
        return;
    }
    memcpy(address.sun_path, path, size);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    (void)try_address(q, (const struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
}

static void connect_any(question *q, const probe_target *target)
{
    q->problem = "there is no address";
    if (target->is_unix) {
        connect_unix(q, target->host);
        return;
    }
    if (probe_resolve_literal(target->host, target->port, try_address, q))
        return;
    const char *problem = probe_resolve_name(target->host, target->port, try_address, q);
    if (problem)
        q->problem = problem;
}

/* ---- the request ---- */

static size_t write_request(char *to, const probe_target *target, const char *secret)
{
    char host[probe_host_limit + 16] = "localhost";
    if (!target->is_unix)
        (void)snprintf(host, sizeof host, target->is_bracketed ? "[%s]:%u" : "%s:%u", target->host,
                       (unsigned)target->port); /* it fits */
    const int size =
        snprintf(to, request_limit,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: impact-probe/" IMPACT_VERSION "\r\n"
                 "Accept: application/health+json, application/json;q=0.9, */*;q=0.1\r\n"
                 "Connection: close\r\n%s%s%s\r\n",
                 target->path, host, secret ? "Authorization: Bearer " : "", secret ? secret : "",
                 secret ? "\r\n" : "");
    return size > 0 && size < request_limit ? (size_t)size : 0;
}

static bool send_all(question *q, const char *data, size_t size)
{
    while (size) {
        const ssize_t sent = send(q->socket, data, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno != EAGAIN && errno != EINTR) {
            return fail_with_errno(q);
        } else if (!await(q, q->socket, POLLOUT)) {
            return false;
        }
    }
    return true;
}

/* ---- the answer ---- */

/* One more piece of it. False: none will come in time. */
static bool receive(question *q, char *to, size_t room, size_t *got)
{
    for (;;) {
        const ssize_t size = recv(q->socket, to, room, 0);
        *got = size > 0 ? (size_t)size : 0;
        if (size >= 0)
            return true;
        if (errno != EAGAIN && errno != EINTR)
            return fail_with_errno(q);
        if (!await(q, q->socket, POLLIN))
            return false;
    }
}

static bool receive_answer(question *q, probe_answer *answer)
{
    static char bytes[answer_limit];
    size_t size = 0;
    probe_answer_state state = probe_answer_incomplete;
    while (state == probe_answer_incomplete) {
        size_t got;
        if (!receive(q, bytes + size, sizeof bytes - size, &got))
            return false;
        size += got;
        const bool is_full = size == sizeof bytes;
        const probe_answer_rest rest = is_full ? probe_rest_cut
                                       : got   ? probe_rest_open
                                               : probe_rest_closed;
        state = probe_answer_parse(answer, bytes, size, rest);
    }
    return state == probe_answer_whole || fail(q, size ? "the answer is no HTTP, or ended too early"
                                                       : "the connection was closed");
}

probe_asked probe_ask(const probe_target *target, const char *secret, uint32_t timeout_ms)
{
    const uint64_t began_ns = impact__clock_monotonic_ns();
    char request[request_limit];
    probe_asked asked = {.problem = NULL};
    question q = {.deadline_ns = began_ns + timeout_ms * IMPACT__NS_PER_MS, .socket = -1};
    const size_t size = write_request(request, target, secret);
    if (size)
        connect_any(&q, target);
    else
        q.problem = "the secret is too long";
    if (q.socket >= 0) {
        if (send_all(&q, request, size))
            (void)receive_answer(&q, &asked.answer); /* q.problem tells */
        (void)close(q.socket);                       /* nothing was written that is not answered */
    }
    asked.problem = q.problem;
    asked.took_ns = impact__clock_monotonic_ns() - began_ns;
    return asked;
}
