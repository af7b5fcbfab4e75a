/* Health paths and spans in a ulfius server, from real sockets. */
#include <impact/ulfius.h>

#include <stdlib.h>
#include <ulfius.h>

#include "health_paths.h"
#include "memory_switch.h"
#include "server_spans.h"
#include "spans.h"
#include "started.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

typedef struct server {
    impact_health *health;
    struct _u_instance instance;
    uint16_t port;
} server;

static int answer_mine(const struct _u_request *request, struct _u_response *response,
                       void *userdata)
{
    unsigned status = 200;
    CHECK(userdata == NULL);
    if (strncmp(request->http_url, "/orders/", 8) == 0)
        impact_ulfius_set_route("/orders/{id}");
    if (strcmp(request->http_url, "/error") == 0)
        return U_CALLBACK_ERROR;
    if (strcmp(request->http_url, "/500") == 0 || strcmp(request->http_url, "/404") == 0)
        status = request->http_url[1] == '5' ? 500 : 404;
    IMPACT_SPAN(inner, "inner");
    (void)ulfius_set_string_body_response(response, status, "mine");
    return U_CALLBACK_COMPLETE;
}

static impact_ulfius_traced mine = IMPACT_ULFIUS_TRACED(.callback = answer_mine);

/* ulfius takes no port 0: one that was free a moment ago may be somebody's. */
static void start(server *s)
{
    for (int i = 0; i < 100; i++) {
        s->port = started_free_port(SOCK_STREAM);
        CHECK_EQUAL(ulfius_init_instance(&s->instance, s->port, NULL, NULL), U_OK);
        (void)ulfius_add_endpoint_by_val(&s->instance, "*", "/health", "*", 0, impact_ulfius_answer,
                                         s->health);
        (void)ulfius_add_endpoint_by_val(&s->instance, "*", NULL, "*", 1, impact_ulfius_trace,
                                         &mine);
        if (ulfius_start_framework(&s->instance) == U_OK)
            return;
        ulfius_clean_instance(&s->instance);
    }
    REQUIRE(false);
}

static void open_server(server *s)
{
    *s = (server){.health = NULL};
    CHECK_EQUAL(impact_health_open(&s->health, IMPACT_HEALTH_OPTIONS(.secret = "sesame")),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(s->health, IMPACT_CHECK(.name = "a b", .run = impact_check_true)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(
                    s->health, IMPACT_CHECK(.name = "no", .run = impact_check_false, .groups = "")),
                IMPACT_OK);
    start(s);
}

static void close_server(server *s)
{
    (void)ulfius_stop_framework(&s->instance);
    ulfius_clean_instance(&s->instance);
    CHECK_EQUAL(impact_health_close(s->health, 30000), 0);
}

TEST(health_paths_are_answered_and_all_others_are_the_applications)
{
    server s;
    open_server(&s);
    check_health_paths_at(s.port);
    const char *answer = wire_ask(s.port, "HEAD /health/ping" CLOSE);
    CHECK(check_contains(answer, "Content-Length: 4\r\n") && !check_contains(answer, "pong"));
    close_server(&s);
}

TEST(query_and_headers_reach_the_checks)
{
    server s;
    open_server(&s);
    check_query_and_headers_at(s.port);
    close_server(&s);
}

TEST(a_request_is_a_server_span_with_what_the_conventions_ask_for_and_a_probe_is_none)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    check_server_at(s.port);
    close_server(&s);
    spans_close();
}

TEST(an_error_that_ulfius_answers_is_the_spans)
{
    server s;
    REQUIRE(spans_open());
    open_server(&s);
    CHECK_EQUAL(wire_status(wire_ask(s.port, "GET /error" CLOSE)), 500);
    REQUIRE(spans_wait_for(1));
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), "500");
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

TEST(null_is_tolerated)
{
    CHECK_EQUAL(impact_ulfius_answer(NULL, NULL, NULL), U_CALLBACK_CONTINUE);
    CHECK_EQUAL(impact_ulfius_trace(NULL, NULL, &mine), U_CALLBACK_CONTINUE);
    CHECK_EQUAL(impact_ulfius_trace(NULL, NULL, NULL), U_CALLBACK_CONTINUE);
    impact_ulfius_set_route(NULL);
    impact_ulfius_set_route("/nowhere");
}
