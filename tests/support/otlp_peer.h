/* A peer of the OTLP exporter on the loopback, and one export to it. For programs that have the
 * plugin's files compiled in. */
#ifndef IMPACT_TESTS_OTLP_PEER_H
#define IMPACT_TESTS_OTLP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <impact/plugin.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/message.h"

extern const impact_plugin impact_plugin_otlp;

/* A bound socket, and the environment that names it. Nobody listens unless `backlog` is above 0. */
static inline int open_peer(int backlog)
{
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CHECK(bind(peer, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(peer, (struct sockaddr *)&address, &size) == 0);
    if (backlog)
        CHECK(listen(peer, backlog) == 0);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    return peer;
}

static inline impact_exporter *open_exporter(void)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_plugin_otlp.exporter_open(&exporter, NULL), IMPACT_OK);
    return exporter;
}

typedef struct outcome {
    impact_status status;
    size_t rejected;
    uint64_t took_ms;
} outcome;

static inline outcome export_one(impact_exporter *exporter, uint32_t timeout_ms)
{
    message_example e;
    message_example_fill(&e);
    outcome o = {.rejected = 0};
    const uint64_t begin_ns = impact__clock_monotonic_ns();
    o.status = exporter->export_batch(exporter, &e.batch.shown, timeout_ms, &o.rejected);
    o.took_ms = (impact__clock_monotonic_ns() - begin_ns) / IMPACT__NS_PER_MS;
    return o;
}

#define HTTP_OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* Reads a request to its end, and answers it. */
static inline void answer(int connection, const char *response)
{
    char request[4096];
    size_t size = 0;
    const char *head_end = NULL;
    size_t wanted = sizeof request - 1;
    while (size < wanted) {
        const ssize_t got = recv(connection, request + size, sizeof request - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        request[size] = 0;
        head_end = head_end ? head_end : strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        unsigned body = 0;
        if (head_end && length && sscanf(length, "Content-Length: %u", &body) == 1)
            wanted = (size_t)(head_end - request) + 4 + body;
    }
    const size_t response_size = strlen(response);
    CHECK(send(connection, response, response_size, MSG_NOSIGNAL) == (ssize_t)response_size);
}

enum { exchange_limit = 4 };

/* Answers one request a connection: the first with the first of `answers`, up to the one that is
 * NULL. */
typedef struct exchange {
    int peer;
    const char *answers[exchange_limit];
    uint64_t accepted_ns[exchange_limit];
    uint64_t answered_ns[exchange_limit];
    atomic_bool *is_over; /* set in the end; NULL: nobody asks */
} exchange;

static inline void *exchange_all(void *of)
{
    exchange *e = of;
    for (size_t i = 0; i < exchange_limit && e->answers[i]; i++) {
        const int connection = accept(e->peer, NULL, NULL);
        e->accepted_ns[i] = impact__clock_monotonic_ns();
        answer(connection, e->answers[i]);
        e->answered_ns[i] = impact__clock_monotonic_ns();
        (void)close(connection);
    }
    if (e->is_over)
        atomic_store(e->is_over, true);
    return NULL;
}

#endif
