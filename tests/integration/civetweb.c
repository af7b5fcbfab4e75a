/* Health paths in a CivetWeb server, from real sockets. */
#include <impact/civetweb.h>

#include <stdlib.h>

#include "support/check.h"
#include "wire.h"

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

typedef struct server {
    impact_health *health;
    struct mg_context *context;
    uint16_t port;
} server;

static int answer_mine(struct mg_connection *connection, void *unused)
{
    (void)unused;
    (void)mg_printf(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine");
    return 200;
}

static void open_server(server *s)
{
    static const char *const options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "4",
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
    mg_set_request_handler(s->context, "**", answer_mine, NULL);
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
    const char *answer = wire_ask(s.port, "GET /health/ping" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\n\r\npong"));
    CHECK(check_contains(answer, "Cache-Control: no-cache, no-store\r\n"));
    CHECK(check_contains(wire_ask(s.port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK_EQUAL(wire_status(wire_ask(s.port, "DELETE /health/" CLOSE)), 405);
    close_server(&s);
}

TEST(query_and_headers_reach_the_checks)
{
    server s;
    open_server(&s);
    CHECK_EQUAL(wire_status(wire_ask(s.port, "GET /health/" CLOSE)), 401);
    const char *answer = wire_ask(s.port, "GET /health/?auth=sesame&checks=a%20b" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\"a b\":true"));
    answer = wire_ask(s.port, "GET /health/?checks=no HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                              "sesame\r\nConnection: close\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 503);
    CHECK(check_contains(answer, "\"no\":false"));
    answer = wire_ask(s.port, "GET /health/a%20b?auth=sesame" CLOSE);
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

TEST(null_is_tolerated)
{
    CHECK_EQUAL(impact_civetweb_answer(NULL, NULL), 0);
}
