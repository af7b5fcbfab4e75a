/* The port of OTLP/gRPC: sockets, driven by the caller's loop. */
#include "grpc_server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "grpc_session.h"

enum { connection_limit = 200, event_limit = 64, read_size = 64 * 1024 };

typedef struct connection {
    int socket; /* -1: the place is free */
    view_grpc_session *session;
    impact_text unsent; /* the session's */
    uint32_t events;    /* that epoll waits for */
} connection;

struct view_grpc_server {
    view_grpc grpc;
    int epoll;
    int listening;
    connection connections[connection_limit];
};

/* ---- connections ---- */

static void end(view_grpc_server *server, connection *c)
{
    (void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, c->socket, NULL); /* it is there */
    (void)close(c->socket); /* what was to be sent is sent, or nobody takes it */
    view_grpc_session_close(c->session);
    *c = (connection){.socket = -1};
}

static void wait_for(view_grpc_server *server, connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (c->events != events)
        (void)epoll_ctl(server->epoll, EPOLL_CTL_MOD, c->socket, &event); /* it is there */
    c->events = events;
}

/* False: the connection is over. */
static bool send_some(view_grpc_server *server, connection *c)
{
    for (;;) {
        if (!c->unsent.size)
            c->unsent = view_grpc_session_send(c->session);
        if (!c->unsent.size)
            break;
        const ssize_t sent = send(c->socket, c->unsent.data, c->unsent.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0)
            break;
        c->unsent.data += sent;
        c->unsent.size -= (size_t)sent;
    }
    wait_for(server, c, c->unsent.size ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return !view_grpc_session_is_over(c->session);
}

/* What the session says last, why it ends, is sent as far as the socket takes it. */
static bool receive_some(view_grpc_server *server, connection *c)
{
    static char bytes[read_size]; /* of the one thread */
    const ssize_t got = recv(c->socket, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    const bool is_http =
        view_grpc_session_receive(c->session, impact_text_from(bytes, (size_t)got));
    return send_some(server, c) && is_http;
}

static connection *find_place(view_grpc_server *server)
{
    for (size_t i = 0; i < connection_limit; i++)
        if (server->connections[i].socket < 0)
            return &server->connections[i];
    return NULL;
}

static bool begin(view_grpc_server *server, connection *c, int socket)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    view_grpc_session *session = view_grpc_session_open(&server->grpc);
    if (!session || epoll_ctl(server->epoll, EPOLL_CTL_ADD, socket, &event)) {
        view_grpc_session_close(session);
        return false;
    }
    *c = (connection){.socket = socket, .session = session, .events = EPOLLIN};
    return true;
}

static void accept_one(view_grpc_server *server)
{
    const int socket = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0)
        return;
    connection *c = find_place(server);
    if (!c || !begin(server, c, socket))
        (void)close(socket); /* nothing was written */
    else if (!send_some(server, c))
        end(server, c);
}

/* ---- a server's life ---- */

view_grpc_server *view_grpc_server_open(view_store *store, int listening)
{
    struct epoll_event event = {.events = EPOLLIN};
    view_grpc_server *server = impact__alloc(store->allocator, sizeof *server);
    if (!server)
        return NULL;
    server->grpc.store = store;
    server->grpc.work.slice_ns = view_slice_ms * IMPACT__NS_PER_MS;
    server->listening = listening;
    for (size_t i = 0; i < connection_limit; i++)
        server->connections[i].socket = -1;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll >= 0 && !epoll_ctl(server->epoll, EPOLL_CTL_ADD, listening, &event))
        return server;
    view_grpc_server_close(server);
    return NULL;
}

void view_grpc_server_close(view_grpc_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < connection_limit; i++)
        if (server->connections[i].socket >= 0)
            end(server, &server->connections[i]);
    (void)close(server->listening); /* nothing is written to these */
    if (server->epoll >= 0)
        (void)close(server->epoll);
    impact__free(server->grpc.store->allocator, server);
}

int view_grpc_server_descriptor(const view_grpc_server *server)
{
    return server->epoll;
}

int view_grpc_server_timeout_ms(const view_grpc_server *server)
{
    return server->grpc.work.first ? 0 : -1;
}

static void take_event(view_grpc_server *server, const struct epoll_event *event)
{
    connection *c = event->data.ptr;
    if (!c) {
        accept_one(server);
        return;
    }
    const bool is_open = event->events & EPOLLOUT && !(event->events & EPOLLIN)
                             ? send_some(server, c)
                             : receive_some(server, c);
    if (!is_open)
        end(server, c);
}

/* Of calls that took longer: whose they are is found here. */
static void send_answers(view_grpc_server *server)
{
    server->grpc.has_answers = false;
    for (connection *c = server->connections; c < server->connections + connection_limit; c++)
        if (c->socket >= 0 && !send_some(server, c))
            end(server, c);
}

void view_grpc_server_run(view_grpc_server *server)
{
    struct epoll_event events[event_limit];
    const int count = epoll_wait(server->epoll, events, event_limit, 0);
    for (int i = 0; i < count; i++)
        take_event(server, &events[i]);
    view_work_run(&server->grpc.work);
    if (server->grpc.has_answers)
        send_answers(server);
}
