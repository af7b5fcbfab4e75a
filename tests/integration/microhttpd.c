/* libmicrohttpd servers of an application: spans, and the health paths beside its own. */
#include <impact/microhttpd.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <impact/trace.h>

#include "memory_switch.h"
#include "server_spans.h"
#include "spans.h"
#include "support/abi.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

/* ---- the application ---- */

typedef struct application {
    struct MHD_Daemon *daemon;
    impact_microhttpd *web;
    uint16_t port;
    atomic_int handled; /* last calls of requests */
    atomic_int completed;
    atomic_size_t body_size;      /* of the last request */
    atomic_bool closure_was_kept; /* *req_cls was what the handler left there */
    int pipe_ends[2];             /* the handler of /wait waits for the second to close */
} application;

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status)
{
    static char body[] = "mine";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result finish(application *app, struct MHD_Connection *connection, const char *url)
{
    atomic_fetch_add(&app->handled, 1);
    if (strncmp(url, "/orders/", 8) == 0)
        impact_microhttpd_set_route("/orders/{id}");
    if (strcmp(url, "/wait") == 0) {
        char byte;
        CHECK_EQUAL(read(app->pipe_ends[0], &byte, 1), 0);
    }
    if (strcmp(url, "/refuse") == 0)
        return MHD_NO;
    {
        IMPACT_SPAN(inner, "inner");
        impact_span_set(inner, impact_bool("is.inner", true));
    }
    const int status = url[1] >= '1' && url[1] <= '5' ? 100 * (url[1] - '0') : 200;
    return reply(connection, (unsigned)status);
}

/* Leaves something in the closure on the first call, as applications do. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)method;
    (void)version;
    (void)upload_data;
    application *app = cls;
    if (!*req_cls) {
        *req_cls = app;
        app->body_size = 0;
        return MHD_YES;
    }
    if (*upload_data_size) {
        app->body_size += *upload_data_size;
        *upload_data_size = 0;
        return MHD_YES;
    }
    return finish(app, connection, url);
}

static void complete(void *cls, struct MHD_Connection *connection, void **req_cls,
                     enum MHD_RequestTerminationCode toe)
{
    (void)connection;
    (void)toe;
    application *app = cls;
    app->closure_was_kept = *req_cls == app;
    atomic_fetch_add(&app->completed, 1);
}

static void start(application *app, impact_health *health)
{
    *app = (application){.port = 0};
    CHECK_EQUAL(pipe(app->pipe_ends), 0);
    CHECK_EQUAL(impact_microhttpd_open(
                    &app->web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle, .handler_cls = app,
                                                         .completed = complete,
                                                         .completed_cls = app, .health = health)),
                IMPACT_OK);
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    app->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL,
                         NULL, impact_microhttpd_handle, app->web, MHD_OPTION_SOCK_ADDR, &loopback,
                         MHD_OPTION_NOTIFY_COMPLETED, impact_microhttpd_completed, app->web,
                         MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END);
    CHECK(app->daemon != NULL);
    app->port = MHD_get_daemon_info(app->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void close_pipe(const application *app)
{
    (void)close(app->pipe_ends[0]);
    if (app->pipe_ends[1] >= 0)
        (void)close(app->pipe_ends[1]);
}

static void stop(application *app)
{
    MHD_stop_daemon(app->daemon);
    impact_microhttpd_close(app->web);
    close_pipe(app);
}

/* A request that asks for the connection to be closed; `lines` are more headers, each with its
 * end. */
static const char *ask(const application *app, const char *method, const char *target,
                       const char *lines)
{
    char request[4096];
    (void)snprintf(request, sizeof request,
                   "%s %s HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: close\r\n%s\r\n",
                   method, target, lines);
    return wire_ask(app->port, request);
}

/* ---- arguments ---- */

TEST(null_is_refused_or_ignored)
{
    impact_microhttpd *web = NULL;
    CHECK_EQUAL(impact_microhttpd_open(&web, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_microhttpd_open(&web, IMPACT_MICROHTTPD_OPTIONS()), IMPACT_EINVAL);
    CHECK_EQUAL(impact_microhttpd_open(NULL, IMPACT_MICROHTTPD_OPTIONS(.handler = handle)),
                IMPACT_EINVAL);
    CHECK(web == NULL);
    CHECK_EQUAL(impact_microhttpd_handle(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), MHD_NO);
    impact_microhttpd_completed(NULL, NULL, NULL, MHD_REQUEST_TERMINATED_COMPLETED_OK);
    impact_microhttpd_set_route(NULL);
    impact_microhttpd_set_route("/outside");
    impact_microhttpd_drain(NULL);
    impact_microhttpd_close(NULL);
}

typedef struct larger_options {
    impact_microhttpd_options known;
    uint64_t added;
} larger_options;

TEST(options_of_another_version_are_taken_when_nothing_unknown_is_set)
{
    impact_microhttpd *web = NULL;
    larger_options larger = {{.size = sizeof larger, .handler = handle}, 1};
    CHECK_EQUAL(impact_microhttpd_open(&web, &larger.known), IMPACT_EINVAL);
    larger.added = 0;
    CHECK_EQUAL(impact_microhttpd_open(&web, &larger.known), IMPACT_OK);
    impact_microhttpd_close(web);
    larger.known.size = offsetof(impact_microhttpd_options, handler_cls);
    CHECK_EQUAL(impact_microhttpd_open(&web, &larger.known), IMPACT_OK);
    impact_microhttpd_close(web);
    larger.known.size = 0;
    CHECK_EQUAL(impact_microhttpd_open(&web, &larger.known), IMPACT_EINVAL);
}

/* ---- spans ---- */

TEST(a_request_is_a_server_span_with_what_the_conventions_ask_for)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/a%20b?x=1&auth=s3cret", "User-Agent: tester\r\n")),
                200);
    REQUIRE(spans_wait_for(2));
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->kind, IMPACT_SPAN_KIND_SERVER);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    CHECK(!span->has_parent);
    CHECK_STRING(spans_text(span, "http.request.method"), "GET");
    CHECK_STRING(spans_text(span, "url.scheme"), "http");
    CHECK_STRING(spans_text(span, "url.path"), "/a%20b");
    CHECK_STRING(spans_text(span, "url.query"), "x=1&auth=REDACTED");
    CHECK_STRING(spans_text(span, "server.address"), "shop.example");
    CHECK_STRING(spans_text(span, "server.port"), "8080");
    CHECK_STRING(spans_text(span, "client.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "network.peer.address"), "127.0.0.1");
    CHECK(spans_text(span, "network.peer.port") != NULL);
    CHECK_STRING(spans_text(span, "network.protocol.version"), "1.1");
    CHECK_STRING(spans_text(span, "user_agent.original"), "tester");
    CHECK_STRING(spans_text(span, "http.response.status_code"), "200");
    CHECK_STRING(spans_text(span, "http.route"), NULL);
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    CHECK(spans_is_child_of(spans_find("inner", 0), span));
    stop(&app);
    spans_close();
}

TEST(a_sampler_sees_all_that_is_known_of_a_request)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/a?x=1&auth=s3cret", "User-Agent: tester\r\n")), 200);
    REQUIRE(spans_wait_for(2));
    static const char *const keys[] = {"http.request.method",
                                       "url.scheme",
                                       "url.path",
                                       "url.query",
                                       "server.address",
                                       "server.port",
                                       "client.address",
                                       "network.peer.address",
                                       "network.peer.port",
                                       "network.protocol.version",
                                       "user_agent.original"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        CHECK(spans_sampler_saw(keys[i]) != NULL);
        CHECK_STRING(spans_sampler_saw(keys[i]), spans_text(spans_find("GET", 0), keys[i]));
    }
    CHECK_STRING(spans_sampler_saw("url.query"), "x=1&auth=REDACTED");
    stop(&app);
    spans_close();
}

TEST(a_context_that_comes_with_the_request_is_the_parent)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    (void)ask(&app, "GET", "/",
              "TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
              "tracestate: a=1\r\nTracestate: b=2\r\n");
    REQUIRE(spans_wait_for(2));
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span && span->has_parent);
    check_server_parent(span);
    stop(&app);
    spans_close();
}

TEST(two_parents_are_none)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    (void)ask(&app, "GET", "/",
              "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
              "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203332-01\r\n");
    REQUIRE(spans_wait_for(2));
    CHECK(spans_find("GET", 0) && !spans_find("GET", 0)->has_parent);
    stop(&app);
    spans_close();
}

TEST(a_route_names_the_span)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    (void)ask(&app, "GET", "/orders/7", "");
    REQUIRE(spans_wait_for(2));
    const impact_span_view *span = spans_find("GET /orders/{id}", 0);
    CHECK_STRING(spans_text(span, "http.route"), "/orders/{id}");
    stop(&app);
    spans_close();
}

TEST(only_a_status_of_the_servers_fault_is_an_error)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "PUT", "/4", "")), 400);
    CHECK_EQUAL(wire_status(ask(&app, "POST", "/5", "Content-Length: 0\r\n")), 500);
    REQUIRE(spans_wait_for(4));
    const impact_span_view *span = spans_find("PUT", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    span = spans_find("POST", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), "500");
    stop(&app);
    spans_close();
}

TEST(an_unknown_method_names_no_span)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "BREW", "/", "")), 200);
    CHECK_EQUAL(wire_status(ask(&app, "HEAD", "/", "")), 200);
    REQUIRE(spans_wait_for(4));
    const impact_span_view *span = spans_find("HTTP", 0);
    CHECK_STRING(spans_text(span, "http.request.method"), "_OTHER");
    CHECK_STRING(spans_text(span, "http.request.method_original"), "BREW");
    CHECK_STRING(spans_text(spans_find("HEAD", 0), "http.request.method"), "HEAD");
    stop(&app);
    spans_close();
}

TEST(requests_on_one_connection_have_a_span_each)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const int descriptor = wire_connect(app.port);
    wire_send(descriptor, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
                          "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                          "PUT /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (void)wire_finish(descriptor);
    REQUIRE(spans_wait_for(6));
    CHECK(spans_find("GET", 0) && spans_find("POST", 0) && spans_find("PUT", 0));
    CHECK_EQUAL(atomic_load(&app.handled), 3);
    CHECK(app.closure_was_kept);
    stop(&app);
    CHECK_EQUAL(atomic_load(&app.completed), 3);
    spans_close();
}

TEST(the_body_is_the_applications)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "POST", "/", "Content-Length: 5\r\n\r\n12345")), 200);
    CHECK_EQUAL(app.body_size, 5);
    stop(&app);
    spans_close();
}

TEST(a_client_that_leaves_makes_a_span_with_an_error_and_no_status)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const int descriptor = wire_connect(app.port);
    wire_send(descriptor, "POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    (void)shutdown(descriptor, SHUT_WR);
    (void)wire_finish(descriptor);
    REQUIRE(spans_wait_for(1));
    const impact_span_view *span = spans_find("POST", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "http.response.status_code"), NULL);
    CHECK(spans_text(span, "error.type") != NULL);
    stop(&app);
    spans_close();
}

TEST(a_handler_that_refuses_makes_a_span_with_an_error)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/refuse", "")), 0);
    REQUIRE(spans_wait_for(1));
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "connection_closed");
    stop(&app);
    spans_close();
}

TEST(without_a_provider_requests_are_served)
{
    application app;
    start(&app, NULL);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/orders/1", "")), 200);
    stop(&app);
}

/* ---- health ---- */

static impact_health *open_health(void)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = "s3 &=cret")),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "true", .run = impact_check_true)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add(
                    health, IMPACT_CHECK(.name = "false", .run = impact_check_false, .groups = "")),
                IMPACT_OK);
    return health;
}

TEST(health_paths_are_answered_beside_the_applications_and_make_no_spans)
{
    application app;
    impact_health *health = open_health();
    REQUIRE(spans_open());
    start(&app, health);
    CHECK(check_contains(ask(&app, "GET", "/health/ping", ""), "pong"));
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/health/", "")), 401);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/health/?auth=s3+%26%3dcret", "")), 200);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/health/", "Authorization: Bearer s3 &=cret\r\n")),
                200);
    CHECK_EQUAL(
        wire_status(ask(&app, "GET", "/health/?checks=true,+false&auth=s3%20%26%3dcret", "")), 503);
    CHECK_EQUAL(wire_status(ask(&app, "GET", "/healthy", "")), 200);
    CHECK_EQUAL(atomic_load(&app.handled), 1);
    REQUIRE(spans_wait_for(2));
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.path"), "/healthy");
    stop(&app);
    CHECK_EQUAL(atomic_load(&app.completed), 1);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
    spans_close();
}

TEST(a_body_to_a_health_path_is_thrown_away_and_the_connection_goes_on)
{
    application app;
    impact_health *health = open_health();
    start(&app, health);
    const int descriptor = wire_connect(app.port);
    wire_send(descriptor, "POST /health/ping HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                          "HEAD /health/ping HTTP/1.1\r\nHost: a\r\n\r\n"
                          "GET /health/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *answer = wire_finish(descriptor);
    CHECK_EQUAL(wire_status(answer), 405);
    CHECK(check_contains(answer, "Allow: "));
    const char *second = strstr(answer + 1, "HTTP/1.1 ");
    REQUIRE(second);
    CHECK_EQUAL(wire_status(second), 200);
    CHECK(strncmp(strstr(second, "Content-Length"), "Content-Length: 4\r\n", 19) == 0);
    const char *third = strstr(second + 1, "HTTP/1.1 ");
    REQUIRE(third);
    CHECK(check_contains(third, "\r\n\r\npong"));
    CHECK_EQUAL(atomic_load(&app.handled), 0);
    stop(&app);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

TEST(a_probe_is_answered_while_the_application_is_busy)
{
    application app;
    impact_health *health = open_health();
    start(&app, health);
    const int busy = wire_connect(app.port);
    wire_send(busy, "GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(check_contains(ask(&app, "GET", "/health/ping", ""), "pong"));
    (void)close(app.pipe_ends[1]);
    app.pipe_ends[1] = -1;
    CHECK_EQUAL(wire_status(wire_finish(busy)), 200);
    stop(&app);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

TEST(hostile_targets_are_answered)
{
    application app;
    impact_health *health = open_health();
    REQUIRE(spans_open());
    start(&app, health);
    static const char *const targets[] = {
        "/health/%00",       "/%ff%fe?%ff=%fe&&=&a", "/health/?checks=%00",
        "/health/?auth",     "/health/?auth=%zz",    "/health/%2e%2e/",
        "/?auth=%00secret#", "//health//",           "/health/ping?%00%ff",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const int status = wire_status(ask(&app, "GET", targets[i], "Host: [::1\r\n"));
        CHECK(status >= 200 && status < 500);
    }
    stop(&app);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
    spans_close();
}

/* ---- memory ---- */

/* A route, a parent in two pieces, a query: all that takes memory. Each span ends whatever
 * happens. */
TEST(the_application_is_served_whatever_memory_does)
{
    static const char lines[] =
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        "tracestate: a=1\r\ntracestate: b=2\r\ntracestate: c=3\r\n";
    application app;
    memory_switch_install();
    REQUIRE(spans_open());
    start(&app, NULL);
    (void)ask(&app, "GET", "/", ""); /* the tracer is for good, */
    stop(&app);
    CHECK_EQUAL(spans_count(), 2); /* and the worker's thread has begun */
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        start(&app, NULL);
        memory_switch_to(&f);
        CHECK_EQUAL(wire_status(ask(&app, "GET", "/orders/1?a=b", lines)), 200);
        MHD_stop_daemon(app.daemon);
        CHECK_EQUAL(atomic_load(&app.completed), 1);
        memory_switch_to(NULL);
        impact_microhttpd_close(app.web);
        close_pipe(&app);
    }
    spans_close();
}

TEST(opening_fails_without_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact_microhttpd *web = NULL;
        const impact_status status =
            impact_microhttpd_open(&web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        impact_microhttpd_close(web);
    }
    impact_allocator_set_default(NULL);
}

static impact_status open_and_close(const void *options)
{
    impact_microhttpd *web = NULL;
    const impact_status status = impact_microhttpd_open(&web, options);
    impact_microhttpd_close(web);
    return status;
}

static enum MHD_Result refuse(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)cls, (void)connection, (void)url, (void)method, (void)version;
    (void)upload_data, (void)upload_data_size, (void)req_cls;
    return MHD_NO;
}

TEST(options_of_any_version_are_read)
{
    const abi_case cases[] = {{
        .name = "impact_microhttpd_options",
        .whole = IMPACT_MICROHTTPD_OPTIONS(.handler = refuse),
        .size = sizeof(impact_microhttpd_options),
        .least = ABI_END(impact_microhttpd_options, handler),
        .call = open_and_close,
    }};
    ABI_CHECK(cases);
}
