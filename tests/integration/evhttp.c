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

#include "memory_switch.h"
#include "server_spans.h"
#include "spans.h"
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
    struct event *late;
    int late_pipe[2]; /* a byte: the request for /late is answered */
    struct evhttp_request *late_request;
    atomic_int late_count;
} server;

static impact_health_status wait_to_be_released(impact_health_run *run, void *userdata)
{
    server *s = userdata;
    char byte;
    (void)run;
    atomic_fetch_add(&s->runs, 1);
    return read(s->release[0], &byte, 1) == 1 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void reply(struct evhttp_request *request, int status)
{
    struct evbuffer *body = evbuffer_new();
    (void)evbuffer_add(body, "mine", 4);
    evhttp_send_reply(request, status, NULL, body);
    evbuffer_free(body);
}

/* The application's own. */
static void answer(struct evhttp_request *request, void *userdata)
{
    server *s = userdata;
    const char *uri = evhttp_request_get_uri(request);
    if (strncmp(uri, "/orders/", 8) == 0)
        impact_evhttp_set_route("/orders/{id}");
    if (strcmp(uri, "/late") == 0) {
        s->late_request = request;
        atomic_fetch_add(&s->late_count, 1);
        return;
    }
    IMPACT_SPAN(inner, "inner");
    reply(request, strcmp(uri, "/500") == 0 ? 500 : strcmp(uri, "/404") == 0 ? 404 : 200);
}

static void answer_late(evutil_socket_t descriptor, short events, void *userdata)
{
    const server *s = userdata;
    char byte;
    (void)events;
    CHECK(read(descriptor, &byte, 1) == 1);
    reply(s->late_request, 200);
}

static void handle(struct evhttp_request *request, void *userdata)
{
    const server *s = userdata;
    if (!impact_evhttp_handle(s->mount, request))
        impact_evhttp_trace(request, answer, userdata);
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
    CHECK(pipe(s->stop_pipe) == 0 && pipe(s->release) == 0 && pipe(s->late_pipe) == 0);
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
    s->late = event_new(s->base, s->late_pipe[0], EV_READ | EV_PERSIST, answer_late, s);
    CHECK(event_add(s->stop, NULL) == 0 && event_add(s->late, NULL) == 0);
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0);
}

static void close_server(server *s)
{
    CHECK(write(s->stop_pipe[1], "x", 1) == 1);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->release[1]);
    event_free(s->stop);
    event_free(s->late);
    evhttp_free(s->http);
    event_base_free(s->base);
    CHECK_EQUAL(impact_health_close(s->health, 30000), 0);
    (void)close(s->release[0]);
    (void)close(s->stop_pipe[0]);
    (void)close(s->stop_pipe[1]);
    (void)close(s->late_pipe[0]);
    (void)close(s->late_pipe[1]);
}

static void await_one(const atomic_int *count)
{
    for (int i = 0; i < 30000 && !atomic_load(count); i++)
        (void)poll(NULL, 0, 1);
    CHECK_EQUAL(atomic_load(count), 1);
}

/* A client that says nothing more, not even that it leaves. */
static void reset(int connection)
{
    static const struct linger at_once = {.l_onoff = 1};
    CHECK(setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    (void)close(connection);
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
    await_one(&s.runs);
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK(write(s.release[1], "x", 1) == 1);
    const char *answer = wire_finish(probe);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\"slow\":true"));
    close_server(&s);
}

TEST(a_client_that_leaves_while_it_waits_does_no_harm)
{
    server s;
    open_server(&s);
    const int probe = wire_connect(s.port);
    wire_send(probe, "GET /health/?checks=slow" CLOSE);
    await_one(&s.runs);
    reset(probe);
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
    await_one(&s.runs);
    close_server(&s); /* which must not crash; the connection may end before the answer is sent */
    (void)close(probe);
}

/* ---- spans ---- */

TEST(a_request_is_a_server_span_with_what_the_conventions_ask_for_and_a_probe_is_none)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    check_server_at(s.port);
    close_server(&s);
    spans_close();
}

TEST(requests_on_one_connection_have_a_span_each)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    const int connection = wire_connect(s.port);
    wire_send(connection, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b" CLOSE);
    CHECK_EQUAL(wire_status(wire_finish(connection)), 200);
    REQUIRE(spans_wait_for(4));
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.path"), "/a");
    CHECK_STRING(spans_text(spans_find("GET", 1), "url.path"), "/b");
    close_server(&s);
    spans_close();
}

TEST(a_span_ends_when_the_answer_is_written_however_late_that_is)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    const int connection = wire_connect(s.port);
    wire_send(connection, "GET /late" CLOSE);
    await_one(&s.late_count);
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    REQUIRE(spans_wait_for(2));
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.path"), "/else");
    CHECK(write(s.late_pipe[1], "x", 1) == 1);
    CHECK_EQUAL(wire_status(wire_finish(connection)), 200);
    REQUIRE(spans_wait_for(3));
    CHECK_STRING(spans_text(spans_find("GET", 1), "http.response.status_code"), "200");
    close_server(&s);
    spans_close();
}

TEST(a_client_that_leaves_makes_a_span_with_an_error_and_no_status)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    const int connection = wire_connect(s.port);
    wire_send(connection, "GET /late" CLOSE);
    await_one(&s.late_count);
    reset(connection);
    CHECK(write(s.late_pipe[1], "x", 1) == 1); /* only now libevent looks */
    REQUIRE(spans_wait_for(1));
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), "connection_closed");
    CHECK_STRING(spans_text(span, "http.response.status_code"), NULL);
    close_server(&s);
    CHECK_EQUAL(spans_count(), 1);
    spans_close();
}

TEST(a_server_that_ends_ends_the_spans_of_those_who_wait)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    const int connection = wire_connect(s.port);
    wire_send(connection, "GET /late" CLOSE);
    await_one(&s.late_count);
    close_server(&s);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "connection_closed");
    (void)close(connection);
    spans_close();
}

TEST(requests_are_served_whichever_allocation_fails)
{
    server s;
    faults f;
    memory_switch_install();
    REQUIRE(spans_open());
    open_server(&s);
    check_server_served(s.port); /* the tracer is for good, */
    CHECK(spans_wait_for(2));    /* and the worker's thread has begun */
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        check_server_served(s.port);
        memory_switch_to(NULL);
    }
    close_server(&s);
    spans_close();
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
    impact_evhttp_trace(NULL, answer, NULL);
    impact_evhttp_set_route(NULL);
    impact_evhttp_set_route("/nowhere");
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
