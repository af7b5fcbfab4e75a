/* A server that says what it is told to, whatever it hears: silent, wrong, dripping. */
#ifndef IMPACT_TESTS_FAKE_SERVER_H
#define IMPACT_TESTS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"
#include "support/probing.h"

enum { fake_server_drip_ms = 20 };

typedef struct fake_server {
    const char *says; /* NULL: nothing */
    size_t size;
    bool drips;  /* a byte at a time, and from the start again at the end */
    bool closes; /* when all is said */
    uint16_t port;
    char address[32];
    int listener;
    pthread_t thread;
} fake_server;

/* False when nothing comes in this time; true also when the peer hangs up. */
static inline bool fake_server_waits(int connection, int limit_ms)
{
    struct pollfd one = {.fd = connection, .events = POLLRDHUP};
    return poll(&one, 1, limit_ms) != 0;
}

static inline void fake_server_drip(const fake_server *server, int connection)
{
    for (size_t i = 0; !fake_server_waits(connection, fake_server_drip_ms); i++)
        (void)send(connection, server->says + i % server->size, 1, MSG_NOSIGNAL);
}

static inline void fake_server_serve(const fake_server *server, int connection)
{
    if (server->drips)
        fake_server_drip(server, connection);
    else if (server->says)
        (void)send(connection, server->says, server->size, MSG_NOSIGNAL);
    if (server->closes)
        (void)shutdown(connection, SHUT_WR);
    (void)fake_server_waits(connection, -1);
    (void)close(connection);
}

static inline void *fake_server_run(void *userdata)
{
    const fake_server *server = userdata;
    for (int connection; (connection = accept(server->listener, NULL, NULL)) >= 0;)
        fake_server_serve(server, connection);
    return NULL;
}

/* What it says and how is set before. */
static inline void fake_server_open(fake_server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(server->listener, (struct sockaddr *)&at, size), 0);
    CHECK_EQUAL(listen(server->listener, 16), 0);
    CHECK_EQUAL(getsockname(server->listener, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    (void)snprintf(server->address, sizeof server->address, "127.0.0.1:%u", server->port);
    CHECK_EQUAL(pthread_create(&server->thread, NULL, fake_server_run, server), 0);
}

static inline void fake_server_close(fake_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    CHECK_EQUAL(pthread_join(server->thread, NULL), 0);
    (void)close(server->listener);
}

/* ---- the ways to be no server, for any check ---- */

#define FAKE_SERVER_SAYS(...)                                                                      \
    {                                                                                              \
        .says = __VA_ARGS__, .size = sizeof __VA_ARGS__ - 1                                        \
    }

/* `ask` probes the address within probing_timeout_ms. `dripping` begins as a right answer, and has
 * no end. */
static inline void check_of_slow_server(probed (*ask)(const char *address), fake_server dripping)
{
    fake_server silent = {0};
    fake_server_open(&silent);
    check_times_out(ask(silent.address));
    fake_server_close(&silent);

    dripping.drips = true;
    fake_server_open(&dripping);
    check_times_out(ask(dripping.address));
    fake_server_close(&dripping);
}

/* The check says `words` of the wrong one. */
static inline void check_of_no_server(probed (*ask)(const char *address), fake_server wrong,
                                      const char *words, fake_server dripping)
{
    fake_server dead = {0};
    fake_server_open(&dead);
    fake_server_close(&dead);
    check_fails(probing_in_time(ask, dead.address), "refused");

    check_of_slow_server(ask, dripping);

    fake_server closing = {.closes = true};
    fake_server_open(&closing);
    check_fails(probing_in_time(ask, closing.address), "hangs up");
    fake_server_close(&closing);

    fake_server_open(&wrong);
    check_fails(probing_in_time(ask, wrong.address), words);
    fake_server_close(&wrong);
}

#endif
