/* Health paths in a CivetWeb server, from real sockets. */
#include <impact/civetweb.h>

#include <stdlib.h>

#include "health_paths.h"
#include "memory_switch.h"
#include "server_spans.h"
#include "spans.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

typedef struct server {
    impact_health *health;
    struct mg_context *context;
    uint16_t port;
} server;

static int answer_mine(struct mg_connection *connection, void *userdata)
{
    const char *path = mg_get_request_info(connection)->local_uri;
    int status = 200;
    CHECK(userdata == NULL);
    if (strncmp(path, "/orders/", 8) == 0)
        impact_civetweb_set_route("/orders/{id}");
    if (strcmp(path, "/500") == 0 || strcmp(path, "/404") == 0)
        status = path[1] == '5' ? 500 : 404;
    IMPACT_SPAN(inner, "inner");
    (void)mg_printf(connection, "HTTP/1.1 %d It\r\nContent-Length: 4\r\n\r\nmine", status);
    return status;
}

static impact_civetweb_traced mine = IMPACT_CIVETWEB_TRACED(.handler = answer_mine);

/* One thread answers: what it keeps for itself it has from its first request. */
static void open_server(server *s)
{
    static const char *const options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "1",
                                          NULL};
    struct mg_server_port port;
    *s = (server){.health = NULL};
    CHECK_EQUAL(impact_health_open(&s->health, IMPACT_HEALTH_OPTIONS(.secret = "sesame")),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(s->health, IMPACT_CHECK(.name = "a b", .run = impact_check_true)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(
                    s->health, IMPACT_CHECK(.name = "no", .run = impact_check_false, .groups = "")),
                IMPACT_OK);
    s->context = mg_start(NULL, NULL, (const char **)(uintptr_t)options);
    CHECK(s->context && mg_get_server_ports(s->context, 1, &port) == 1);
    s->port = (uint16_t)port.port;
    mg_set_request_handler(s->context, "**", impact_civetweb_trace, &mine);
    mg_set_request_handler(s->context, "/health", impact_civetweb_answer, s->health);
}

static void close_server(server *s)
{
    mg_stop(s->context);
    CHECK_EQUAL(impact_health_close(s->health, 30000), 0);
}

TEST(health_paths_are_answered_and_all_others_are_the_applications)
{
    server s;
    open_server(&s);
    check_health_paths_at(s.port);
    close_server(&s);
}

TEST(query_and_headers_reach_the_checks)
{
    server s;
    open_server(&s);
    check_query_and_headers_at(s.port);
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
        memory_switch_back_from(&f);
    }
    close_server(&s);
    spans_close();
}

TEST(health_is_answered_whichever_allocation_fails)
{
    server s;
    faults f;
    memory_switch_install();
    open_server(&s);
    check_health_is_answered_at(s.port); /* the threads are there */
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        check_health_is_answered_at(s.port);
        memory_switch_back_from(&f);
    }
    close_server(&s);
}

/* No handler is called: there is no connection. */
static impact_status trace_nothing(const void *traced)
{
    return impact_civetweb_trace(NULL, (void *)(uintptr_t)traced) == 0 ? IMPACT_OK : IMPACT_EINVAL;
}

TEST(null_is_tolerated)
{
    CHECK_EQUAL(impact_civetweb_answer(NULL, NULL), 0);
    CHECK_EQUAL(trace_nothing(NULL), IMPACT_OK);
    CHECK_EQUAL(trace_nothing(&mine), IMPACT_OK);
    impact_civetweb_set_route(NULL);
    impact_civetweb_set_route("/nowhere");
}
