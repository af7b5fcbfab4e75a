/* Requests of unusual kinds to an application's libmicrohttpd server, and what their spans say. */
#include <impact/microhttpd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <unistd.h>

#include <impact/trace.h>

#include "spans.h"
#include "support/check.h"
#include "wire.h"

typedef struct application {
    struct MHD_Daemon *daemon;
    impact_microhttpd *web;
    uint16_t port;
    atomic_int handled;
} application;

/* The other protocol says goodbye at once. */
static void be_upgraded(void *cls, struct MHD_Connection *connection, void *req_cls,
                        const char *extra_in, size_t extra_in_size, MHD_socket socket,
                        struct MHD_UpgradeResponseHandle *handle)
{
    (void)cls, (void)connection, (void)req_cls, (void)extra_in, (void)extra_in_size;
    static const char goodbye[] = "goodbye";
    CHECK_EQUAL(send(socket, goodbye, sizeof goodbye - 1, MSG_NOSIGNAL), sizeof goodbye - 1);
    CHECK_EQUAL(MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE), MHD_YES);
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct MHD_Response *response,
                             unsigned status)
{
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result upgrade(struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_for_upgrade(be_upgraded, NULL);
    CHECK_EQUAL(MHD_add_response_header(response, "Upgrade", "websocket"), MHD_YES);
    return reply(connection, response, MHD_HTTP_SWITCHING_PROTOCOLS);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)url, (void)method, (void)version, (void)upload_data, (void)upload_data_size;
    application *app = cls;
    if (!*req_cls) {
        *req_cls = app;
        return MHD_YES;
    }
    atomic_fetch_add(&app->handled, 1);
    static char body[] = "mine";
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Upgrade")
               ? upgrade(connection)
               : reply(
                     connection,
                     MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT),
                     MHD_HTTP_OK);
}

static void start_on(application *app, impact_health *health, unsigned flags,
                     const struct sockaddr *address)
{
    *app = (application){.port = 0};
    CHECK_EQUAL(impact_microhttpd_open(&app->web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle,
                                                                            .handler_cls = app,
                                                                            .health = health)),
                IMPACT_OK);
    app->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_ALLOW_UPGRADE | flags,
        0, NULL, NULL, impact_microhttpd_handle, app->web, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_NOTIFY_COMPLETED, impact_microhttpd_completed, app->web,
        MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END);
    if (app->daemon)
        app->port = MHD_get_daemon_info(app->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void start(application *app, impact_health *health)
{
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    start_on(app, health, 0, (const struct sockaddr *)&loopback);
    REQUIRE(app->daemon);
}

static void stop(const application *app)
{
    if (app->daemon)
        MHD_stop_daemon(app->daemon);
    impact_microhttpd_close(app->web);
}

/* A request that asks for the connection to be closed. */
static int status_for(const application *app, const char *line)
{
    char request[1024];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: other.example:81\r\nConnection: close\r\n\r\n", line);
    return wire_status(wire_ask(app->port, request));
}

/* The span of one request, which is the only one; it lives until spans_close. */
static const impact_span_view *span_of(const application *app, const char *line)
{
    CHECK_EQUAL(status_for(app, line), 200);
    CHECK(spans_wait_for(1));
    return spans_find("GET", 0);
}

/* ---- targets: RFC 9112 3.2 ---- */

TEST(an_absolute_target_has_a_path_a_host_and_no_credentials)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const impact_span_view *span =
        span_of(&app, "GET http://user:hunter2@shop.example:8080/orders/7?a=b");
    CHECK_STRING(spans_text(span, "url.path"), "/orders/7");
    CHECK_STRING(spans_text(span, "url.query"), "a=b");
    CHECK_STRING(spans_text(span, "server.address"), "shop.example");
    CHECK_STRING(spans_text(span, "server.port"), "8080");
    CHECK_STRING(spans_sampler_saw("url.path"), "/orders/7");
    stop(&app);
    spans_close();
}

/* libmicrohttpd shows it decoded, so that the slash could be a path's. */
TEST(a_password_with_a_slash_is_shown_nowhere)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const impact_span_view *span =
        span_of(&app, "GET http://user:hunt%2Fer2@shop.example/orders/7");
    CHECK_STRING(spans_text(span, "url.path"), NULL);
    CHECK_STRING(spans_text(span, "server.address"), "other.example");
    stop(&app);
    spans_close();
}

TEST(an_absolute_target_without_a_path_is_the_root)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const impact_span_view *span = span_of(&app, "GET http://hunter2@shop.example");
    CHECK_STRING(spans_text(span, "url.path"), "/");
    CHECK_STRING(spans_text(span, "server.address"), "shop.example");
    CHECK_STRING(spans_text(span, "server.port"), "80");
    stop(&app);
    spans_close();
}

TEST(health_paths_are_found_in_absolute_targets)
{
    application app;
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS()) == IMPACT_OK);
    start(&app, health);
    CHECK(check_contains(wire_ask(app.port, "GET http://a:b@shop.example/health/ping HTTP/1.1\r\n"
                                            "Host: a\r\nConnection: close\r\n\r\n"),
                         "pong"));
    CHECK_EQUAL(status_for(&app, "GET http://shop.example/health/?checks="), 200);
    CHECK_EQUAL(atomic_load(&app.handled), 0);
    CHECK_EQUAL(status_for(&app, "GET http://shop.example/@/health/ping"), 200);
    CHECK_EQUAL(atomic_load(&app.handled), 1); /* the application's: in doubt it is not ours */
    stop(&app);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

/* ---- peers ---- */

TEST(a_client_of_the_old_protocol_has_an_address_of_it)
{
    application app;
    REQUIRE(spans_open());
    const struct sockaddr_in6 every = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    start_on(&app, NULL, MHD_USE_DUAL_STACK, (const struct sockaddr *)&every);
    if (!app.daemon)
        check_skip("there is no IPv6");
    const impact_span_view *span = span_of(&app, "GET /");
    CHECK_STRING(spans_text(span, "client.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "network.peer.address"), "127.0.0.1");
    stop(&app);
    spans_close();
}

/* ---- upgrades ---- */

TEST(a_request_that_is_upgraded_has_status_101)
{
    application app;
    REQUIRE(spans_open());
    start(&app, NULL);
    const char *answer = wire_ask(app.port, "GET /socket HTTP/1.1\r\nHost: a\r\n"
                                            "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 101);
    CHECK(check_contains(answer, "goodbye"));
    stop(&app); /* ends the span, at the latest */
    CHECK(spans_wait_for(1));
    const impact_span_view *span = spans_find("GET", 0);
    CHECK_STRING(spans_text(span, "http.response.status_code"), "101");
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    spans_close();
}
