/* The ports of impact view, with a client on the other side, whichever allocation fails. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grpc_server.h"
#include "serve/listener.h"
#include "server.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { answer_size = 4096 };

static view_store store;
static char answer[answer_size];

static impact__listener listen_anywhere(void)
{
    impact__listener listener;
    CHECK_EQUAL(impact__listen_open(&listener, "127.0.0.1:0"), IMPACT_OK);
    return listener;
}

static int connect_to(const impact__listener *listener)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(listener->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQUAL(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void send_request(int client)
{
    const message span = message_span((message_span_facts){.trace = 1, .id = 1, .name = "a"});
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    char head[256];
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    const int size = snprintf(head, sizeof head,
                              "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                              "Content-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n",
                              request.size);
    CHECK_EQUAL(send(client, head, (size_t)size, MSG_NOSIGNAL), size);
    CHECK_EQUAL(send(client, request.data, request.size, MSG_NOSIGNAL), (ssize_t)request.size);
}

/* False: the connection is over. */
static bool receive_some(int client, size_t *size)
{
    const ssize_t got = recv(client, answer + *size, answer_size - 1 - *size, MSG_DONTWAIT);
    if (got > 0)
        *size += (size_t)got;
    return got > 0 || (got < 0 && errno == EAGAIN);
}

/* What is answered, until the connection is over. */
static void receive(int client, view_server *http, view_grpc_server *grpc)
{
    const int port = http ? view_server_descriptor(http) : view_grpc_server_descriptor(grpc);
    struct pollfd waited[] = {{.fd = client, .events = POLLIN}, {.fd = port, .events = POLLIN}};
    size_t size = 0;
    while (receive_some(client, &size)) {
        CHECK(poll(waited, 2, 100) >= 0);
        if (http)
            view_server_run(http);
        else
            view_grpc_server_run(grpc);
    }
    answer[size] = 0;
}

static bool is_answered(const char *status)
{
    return strncmp(answer, status, strlen(status)) == 0;
}

static void ask_by_http(const faults *f)
{
    const impact__listener listener = listen_anywhere();
    view_server *server =
        view_server_open(&store, listener.descriptor, true, &(const view_tls){.key = NULL});
    CHECK(server || atomic_load(&f->injected));
    if (!server) {
        (void)close(listener.descriptor);
        return;
    }
    const int client = connect_to(&listener);
    send_request(client);
    receive(client, server, NULL);
    CHECK(is_answered("HTTP/1.1 200") || atomic_load(&f->injected));
    CHECK(!answer[0] || is_answered("HTTP/1.1 "));
    (void)close(client);
    view_server_close(server);
}

TEST(a_port_of_http_gives_back_all_whichever_allocation_fails)
{
    const view_store_options few = {.span_limit = 10};
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        view_store_options options = few;
        options.allocator = &f.allocator;
        if (!view_store_open(&store, &options)) {
            ask_by_http(&f);
            CHECK(atomic_load(&f.injected) || store.span_count == 1);
        }
        view_store_close(&store);
    }
}

/* What is no HTTP/2 is hung up on, when there was memory for a session, and without. */
static void ask_by_grpc(const faults *f)
{
    const impact__listener listener = listen_anywhere();
    view_grpc_server *server = view_grpc_server_open(&store, listener.descriptor);
    CHECK(server || atomic_load(&f->injected));
    if (!server) {
        (void)close(listener.descriptor);
        return;
    }
    const int client = connect_to(&listener);
    CHECK_EQUAL(send(client, "GET / HTTP/1.1\r\n\r\n........", 26, MSG_NOSIGNAL), 26);
    receive(client, NULL, server);
    (void)close(client);
    view_grpc_server_close(server);
}

TEST(a_port_of_grpc_gives_back_all_whichever_allocation_fails)
{
    const view_store_options few = {.span_limit = 10};
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        view_store_options options = few;
        options.allocator = &f.allocator;
        if (!view_store_open(&store, &options))
            ask_by_grpc(&f);
        view_store_close(&store);
    }
}
