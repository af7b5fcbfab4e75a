/* One trace through all three: a client's transfer, a server's request, a statement below it. */
#include <arpa/inet.h>

#include <impact/curl.h>
#include <impact/microhttpd.h>
#include <impact/sqlite.h>

#include "spans.h"
#include "support/check.h"

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    (void)upload_data_size;
    if (!*req_cls) {
        *req_cls = cls;
        return MHD_YES;
    }
    impact_microhttpd_set_route("/orders/{id}");
    CHECK_EQUAL(sqlite3_exec(cls, "SELECT 1 FROM orders", NULL, NULL, NULL), SQLITE_OK);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result result = MHD_queue_response(connection, 204, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Daemon *start_daemon(impact_microhttpd *web)
{
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
                            impact_microhttpd_handle, web, MHD_OPTION_SOCK_ADDR, &loopback,
                            MHD_OPTION_NOTIFY_COMPLETED, impact_microhttpd_completed, web,
                            MHD_OPTION_END);
}

static void ask(uint16_t port)
{
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/orders/7", port);
    CURL *easy = curl_easy_init();
    CHECK_EQUAL(impact_curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(impact_curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(impact_curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L), CURLE_OK);
    {
        IMPACT_SPAN(shop, "shop");
        CHECK_EQUAL(impact_curl_easy_perform(easy), CURLE_OK);
    }
    impact_curl_easy_cleanup(easy);
}

TEST(one_trace_runs_through_client_server_and_statement)
{
    sqlite3 *connection = NULL;
    REQUIRE(sqlite3_open(":memory:", &connection) == SQLITE_OK);
    CHECK_EQUAL(sqlite3_exec(connection, "CREATE TABLE orders (id)", NULL, NULL, NULL), SQLITE_OK);
    CHECK_EQUAL(impact_sqlite_trace(connection), IMPACT_OK);
    impact_microhttpd *web = NULL;
    REQUIRE(impact_microhttpd_open(
                &web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle, .handler_cls = connection)) ==
            IMPACT_OK);
    struct MHD_Daemon *daemon = start_daemon(web);
    REQUIRE(daemon && spans_open());
    ask(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    MHD_stop_daemon(daemon);
    CHECK_EQUAL(spans_count(), 4);
    const impact_span_view *request = spans_find("GET /orders/{id}", 0);
    CHECK(spans_is_child_of(spans_find("GET", 0), spans_find("shop", 0)));
    CHECK(spans_is_child_of(request, spans_find("GET", 0)));
    CHECK(spans_is_child_of(spans_find("SELECT orders", 0), request));
    CHECK(request && request->is_parent_remote);
    spans_close();
    impact_microhttpd_close(web);
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}
