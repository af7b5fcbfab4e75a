/* The SERVER span of one request, as every instrumented server has to make it. */
#include "server_spans.h"

#include <stdio.h>
#include <string.h>

#include "spans.h"
#include "support/check.h"
#include "wire.h"

void check_server_parent(const impact_span_view *span)
{
    char trace_id[33];
    char parent_id[17];
    impact_trace_id_format(trace_id, &span->context.trace_id);
    impact_span_id_format(parent_id, &span->parent_span_id);
    CHECK_STRING(trace_id, "0af7651916cd43dd8448eb211c80319c");
    CHECK_STRING(parent_id, "b7ad6b7169203331");
    CHECK(span->is_parent_remote);
    const impact_text state = span->context.trace_state;
    CHECK(state.size == 7 && memcmp(state.data, "a=1,b=2", 7) == 0);
}

/* What is known before the span starts: its sampler sees it. */
static void check_early(const impact_span_view *span, const char *key, const char *value)
{
    CHECK_STRING(spans_text(span, key), value);
    CHECK_STRING(spans_sampler_saw(key), value);
}

void check_server_span(const char *peer)
{
    REQUIRE(spans_wait_for(2));
    const impact_span_view *span = spans_find("GET /orders/{id}", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->kind, IMPACT_SPAN_KIND_SERVER);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    check_server_parent(span);
    check_early(span, "http.request.method", "GET");
    check_early(span, "url.scheme", "http");
    check_early(span, "url.path", "/orders/7");
    check_early(span, "url.query", "x=1&auth=REDACTED");
    check_early(span, "server.address", "shop.example");
    check_early(span, "server.port", "8080");
    check_early(span, "client.address", peer);
    check_early(span, "network.peer.address", peer);
    check_early(span, "network.protocol.version", "1.1");
    check_early(span, "user_agent.original", "tester");
    CHECK(spans_text(span, "network.peer.port") != NULL);
    CHECK_STRING(spans_text(span, "http.route"), "/orders/{id}");
    CHECK_STRING(spans_text(span, "http.response.status_code"), "200");
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    CHECK(spans_is_child_of(spans_find("inner", 0), span));
}

void check_server_errors(void)
{
    for (size_t i = 0; i < 2; i++) {
        const impact_span_view *span = spans_find("GET", i);
        REQUIRE(span);
        const char *code = spans_text(span, "http.response.status_code");
        const bool is_ours = code && strcmp(code, "500") == 0;
        CHECK_STRING(code, is_ours ? "500" : "404");
        CHECK_STRING(spans_text(span, "error.type"), is_ours ? "500" : NULL);
        CHECK_EQUAL(span->status, is_ours ? IMPACT_SPAN_STATUS_ERROR : IMPACT_SPAN_STATUS_UNSET);
    }
}

static int status_of(uint16_t port, const char *path)
{
    char request[128];
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    return wire_status(wire_ask(port, request));
}

void check_server_at(uint16_t port)
{
    CHECK_EQUAL(status_of(port, "/health/ping"), 200);
    CHECK_EQUAL(spans_count(), 0);
    CHECK(check_contains(wire_ask(port, SERVER_SPANS_REQUEST), "\r\n\r\nmine"));
    check_server_span("127.0.0.1");
    CHECK_EQUAL(status_of(port, "/500"), 500);
    CHECK_EQUAL(status_of(port, "/404"), 404);
    REQUIRE(spans_wait_for(6));
    check_server_errors();
}

void check_server_served(uint16_t port)
{
    CHECK_EQUAL(wire_status(wire_ask(port, SERVER_SPANS_REQUEST)), 200);
}
