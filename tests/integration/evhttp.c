/* Health paths in an evhttp server, from real sockets. */
#include <impact/evhttp.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* A server of one thread; a check "slow" that holds when the test lets it. */
typedef struct server {
    impact_health *health;
    struct event_base *base;
    struct evhttp *http;
    impact_evhttp *mount;
    struct event *stop;
    pthread_t thread;
    uint16_t port;
    int stop_pipe[2];
    int release[2]; /* a byte: the check goes on */
    atomic_int runs;
} server;

static impact_health_status wait_to_be_released(impact_health_run *run, void *userdata)
{
    server *s = userdata;
    char byte;
    (void)run;
    atomic_fetch_add(&s->runs, 1);
    return read(s->release[0], &byte, 1) == 1 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void handle(struct evhttp_request *request, void *userdata)
{
    const server *s = userdata;
    if (impact_evhttp_handle(s->mount, request))
        return;
    struct evbuffer *body = evbuffer_new();
    (void)evbuffer_add(body, "mine", 4);
    evhttp_send_reply(request, 200, "OK", body);
    evbuffer_free(body);
}

/* On the base's thread: all that the loop uses goes here. */
static void stop(evutil_socket_t descriptor, short events, void *userdata)
{
    server *s = userdata;
    (void)descriptor;
    (void)events;
    impact_evhttp_close(s->mount);
    s->mount = NULL;
    (void)event_base_loopexit(s->base, NULL);
}

static void *run(void *userdata)
{
    const server *s = userdata;
    (void)event_base_dispatch(s->base);
    return NULL;
}

static void open_server(server *s)
{
    *s = (server){.health = NULL};
    CHECK(pipe(s->stop_pipe) == 0 && pipe(s->release) == 0);
    CHECK_EQUAL(impact_health_open(&s->health, IMPACT_HEALTH_OPTIONS()), IMPACT_OK);
    CHECK_EQUAL(impact_health_add(s->health, IMPACT_CHECK(.name = "slow", .userdata = s,
                                                          .run = wait_to_be_released)),
                IMPACT_OK);
    s->base = event_base_new();
    s->http = evhttp_new(s->base);
    evhttp_set_allowed_methods(s->http, UINT16_MAX);
    CHECK_EQUAL(impact_evhttp_open(&s->mount, s->base, s->health), IMPACT_OK);
    evhttp_set_gencb(s->http, handle, s);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(s->http, "127.0.0.1", 0);
    CHECK(bound != NULL);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    CHECK(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) == 0);
    s->port = ntohs(address.sin_port);
    s->stop = event_new(s->base, s->stop_pipe[0], EV_READ, stop, s);
    CHECK(event_add(s->stop, NULL) == 0);
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0);
}

static void close_server(server *s)
{
    CHECK(write(s->stop_pipe[1], "x", 1) == 1);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->release[1]);
    event_free(s->stop);
    evhttp_free(s->http);
    event_base_free(s->base);
    CHECK_EQUAL(impact_health_close(s->health, 30000), 0);
    (void)close(s->release[0]);
    (void)close(s->stop_pipe[0]);
    (void)close(s->stop_pipe[1]);
}

static void await_runs(server *s, int count)
{
    for (int i = 0; i < 30000 && atomic_load(&s->runs) < count; i++)
        (void)poll(NULL, 0, 1);
    CHECK_EQUAL(atomic_load(&s->runs), count);
}

TEST(health_paths_are_answered_and_all_others_are_the_applications)
{
    server s;
    open_server(&s);
    const char *answer = wire_ask(s.port, "GET /health/ping" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\n\r\npong"));
    CHECK(check_contains(answer, "Cache-Control: no-cache, no-store"));
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK(check_contains(wire_ask(s.port, "GET /healthy" CLOSE), "\r\n\r\nmine"));
    CHECK_EQUAL(wire_status(wire_ask(s.port, "DELETE /health/" CLOSE)), 405);
    CHECK_EQUAL(wire_status(wire_ask(s.port, "GET /health/?checks=%6eone" CLOSE)), 404);
    answer = wire_ask(s.port, "GET /health/?checks=" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    close_server(&s);
}

TEST(a_head_has_the_length_and_no_body)
{
    server s;
    open_server(&s);
    const char *answer = wire_ask(s.port, "HEAD /health/ping" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "Content-Length: 4\r\n") && !check_contains(answer, "pong"));
    close_server(&s);
}

TEST(a_probe_that_waits_delays_no_request_of_the_application)
{
    server s;
    open_server(&s);
    const int probe = wire_connect(s.port);
    wire_send(probe, "GET /health/?checks=slow" CLOSE);
    await_runs(&s, 1);
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK(write(s.release[1], "x", 1) == 1);
    const char *answer = wire_finish(probe);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\"slow\":true"));
    close_server(&s);
}

TEST(a_client_that_leaves_while_it_waits_does_no_harm)
{
    static const struct linger at_once = {.l_onoff = 1};
    server s;
    open_server(&s);
    const int probe = wire_connect(s.port);
    wire_send(probe, "GET /health/?checks=slow" CLOSE);
    await_runs(&s, 1);
    CHECK(setsockopt(probe, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    (void)close(probe);
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK(write(s.release[1], "x", 1) == 1);
    CHECK(check_contains(wire_ask(s.port, "GET /health/ping" CLOSE), "pong"));
    close_server(&s);
}

TEST(who_waits_when_the_mount_is_closed_is_answered)
{
    server s;
    open_server(&s);
    const int probe = wire_connect(s.port);
    wire_send(probe, "GET /health/?checks=slow" CLOSE);
    await_runs(&s, 1);
    close_server(&s); /* which must not crash; the connection may end before the answer is sent */
    (void)close(probe);
}

TEST(null_is_tolerated_and_memory_may_be_short)
{
    faults f;
    impact_evhttp *mount = NULL;
    impact_health *health = NULL;
    struct event_base *base = event_base_new();
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_evhttp_open(NULL, base, health), IMPACT_EINVAL);
    CHECK_EQUAL(impact_evhttp_open(&mount, NULL, health), IMPACT_EINVAL);
    CHECK_EQUAL(impact_evhttp_open(&mount, base, NULL), IMPACT_EINVAL);
    CHECK(!impact_evhttp_handle(NULL, NULL));
    impact_evhttp_close(NULL);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact_status status = impact_evhttp_open(&mount, base, health);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        if (status == IMPACT_OK)
            impact_evhttp_close(mount);
    }
    impact_allocator_set_default(NULL);
    event_base_free(base);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}
