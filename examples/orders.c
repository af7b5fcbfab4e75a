/* orders: a service that answers for the orders in an SQLite file, traced and checked by impact.
 *
 *     orders DATABASE [PORT]                 then: curl http://127.0.0.1:PORT/orders/1
 *
 * PRICES_URL says where prices are asked for, one page an article; without it orders have none.
 * DRAIN_MS is for how long it still answers after it was told to end; 0.
 * With OTEL_TRACES_EXPORTER unset each trace is printed as a tree. From top to bottom: an order,
 * HTTP, health, the process.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include <impact/curl.h>
#include <impact/health.h>
#include <impact/microhttpd.h>
#include <impact/span.h>
#include <impact/sqlite.h>
#include <impact/trace.h>

typedef struct service {
    sqlite3 *database;
    const char *prices_url; /* NULL: there are no prices */
} service;

typedef struct order {
    int id;
    int article;
    int count;
    long long price; /* of all pieces, in cents; -1: not known */
} order;

/* ---- an order: from the database, with a price from elsewhere ---- */

/* SQLITE_ROW when there is one. The statement's span is made by itself: its connection is
 * traced. */
static int find_order(sqlite3 *database, int id, order *found)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT article, count FROM orders WHERE id = ?", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *found =
            (order){id, sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1), -1};
    (void)sqlite3_finalize(statement); /* tells the last step's failure again */
    return code;
}

/* At most `size` bytes of a page. The transfer gets a span too, and carries the trace on: the two
 * functions of impact stand where libcurl's would. */
static bool fetch(const char *url, char *text, size_t size)
{
    CURL *curl = curl_easy_init();
    FILE *body = fmemopen(text, size, "w");
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (curl && body) {
        (void)impact_curl_easy_setopt(curl, CURLOPT_URL, url); /* no memory: perform fails */
        (void)impact_curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
        (void)impact_curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
        (void)impact_curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
        (void)impact_curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        result = impact_curl_easy_perform(curl);
    }
    if (body)
        (void)fclose(body); /* in memory: nothing can be lost */
    impact_curl_easy_cleanup(curl);
    return result == CURLE_OK;
}

static int fetch_price(const char *prices_url, int article)
{
    char url[512];
    char text[16] = "";
    int cents = 0;
    const int size = snprintf(url, sizeof url, "%s/%d", prices_url, article);
    if (size < 0 || (size_t)size >= sizeof url || !fetch(url, text, sizeof text - 1))
        return -1;
    return sscanf(text, "%6d", &cents) == 1 ? cents : -1;
}

/* A span of our own, for what no library knows about. It ends with its block. */
static void price_order(const char *prices_url, order *priced)
{
    IMPACT_SPAN(span, "price order");
    impact_span_set(span, impact_int("order.article", priced->article));
    impact_span_set(span, impact_int("order.count", priced->count));
    const int cents = fetch_price(prices_url, priced->article);
    if (cents < 0)
        impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "there is no price");
    else
        priced->price = (long long)cents * priced->count;
}

/* ---- HTTP: libmicrohttpd's callback, as if impact were not there ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), (char *)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", "application/json"); /* or without */
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_order(const service *orders, struct MHD_Connection *connection,
                                    int id)
{
    char body[128];
    order found;
    impact_microhttpd_set_route("/orders/{id}"); /* the request's span is named after it */
    const int code = find_order(orders->database, id, &found);
    if (code == SQLITE_DONE)
        return respond(connection, MHD_HTTP_NOT_FOUND, "{\"error\": \"there is no such order\"}\n");
    if (code != SQLITE_ROW)
        return respond(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "{\"error\": \"database\"}\n");
    if (orders->prices_url)
        price_order(orders->prices_url, &found);
    (void)snprintf(body, sizeof body,
                   "{\"id\": %d, \"article\": %d, \"count\": %d, \"price\": %lld}\n", found.id,
                   found.article, found.count, found.price); /* four numbers fit */
    return respond(connection, MHD_HTTP_OK, body);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    static int seen;
    int id = 0;
    char more = 0;
    (void)version;
    (void)upload_data;
    if (!*req_cls || *upload_data_size > 0) { /* the headers, then pieces of a body, if any */
        *req_cls = &seen;
        *upload_data_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0)
        return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "{\"error\": \"only GET\"}\n");
    if (sscanf(url, "/orders/%9d%c", &id, &more) != 1)
        return respond(connection, MHD_HTTP_NOT_FOUND, "{\"error\": \"there is no such page\"}\n");
    return answer_order(cls, connection, id);
}

/* ---- health: a check that is provided, one of our own, and a heartbeat ---- */

static const char ready[] = "_defaults,_startup,_ready";

static impact_health_status check_disk(impact_health_run *run, void *path)
{
    struct statvfs disk;
    if (statvfs(path, &disk) == 0 && disk.f_bavail >= 4096)
        return IMPACT_HEALTH_PASS;
    impact_health_explain(run, "less than 4096 blocks are free"); /* for the log */
    return IMPACT_HEALTH_FAIL;
}

static impact_status open_health(impact_health **health, char *path)
{
    impact_status status =
        impact_health_open(health, IMPACT_HEALTH_OPTIONS(.secret = getenv("HEALTH_URL_SECRET"),
                                                         .service_id = "orders"));
    if (!status)
        status = impact_health_add_sqlite(
            *health, IMPACT_CHECK_SQLITE(.name = "database", .path = path, .groups = ready));
    if (!status)
        status = impact_health_add(*health, IMPACT_CHECK(.name = "disk", .run = check_disk,
                                                         .userdata = path, .groups = ready));
    if (!status) /* alive is what goes on with its work, whatever that depends on */
        status = impact_health_add(
            *health, IMPACT_CHECK(.name = "housekeeping", .groups = "_live", .max_age_ms = 30000));
    if (!status)
        status = impact_health_set_phase(*health, IMPACT_HEALTH_STARTING);
    return status;
}

/* ---- the process ---- */

/* The table is made before the connection is traced: only what requests do is of interest. */
static sqlite3 *open_database(const char *path)
{
    static const char schema[] =
        "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, article, count);"
        "INSERT OR IGNORE INTO orders VALUES (1, 10, 3), (2, 20, 1)";
    sqlite3 *database = NULL;
    if (sqlite3_open(path, &database) == SQLITE_OK &&
        sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK &&
        impact_sqlite_trace(database) == IMPACT_OK)
        return database;
    (void)fprintf(stderr, "orders: %s: %s\n", path, sqlite3_errmsg(database));
    (void)sqlite3_close(database);
    return NULL;
}

/* Impact's two callbacks stand before ours, and answer below /health themselves. A probe that waits
 * for its checks suspends its connection, so that none of the four threads waits with it. */
static struct MHD_Daemon *listen_on(uint16_t port, impact_microhttpd *web)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port, NULL,
                            NULL, impact_microhttpd_handle, web, MHD_OPTION_NOTIFY_COMPLETED,
                            impact_microhttpd_completed, web, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_THREAD_POOL_SIZE, 4U, MHD_OPTION_END);
}

/* What the main thread does while the others serve, once a second; and it says that it does. */
static void keep_house(const service *orders, impact_health_pulse *alive, const sigset_t *stop)
{
    const struct timespec second = {.tv_sec = 1};
    do {
        (void)sqlite3_db_release_memory(orders->database); /* always SQLITE_OK */
        impact_health_beat(alive);
    } while (sigtimedwait(stop, NULL, &second) < 0);
}

/* Whoever sends requests sees that this service is not ready any more, while those that are on
 * their way are still answered. A second signal ends that. */
static void drain(impact_health *health, const sigset_t *stop)
{
    unsigned ms = 0;
    const char *text = getenv("DRAIN_MS");
    if (text)
        (void)sscanf(text, "%6u", &ms); /* else it stays 0 */
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    (void)impact_health_set_phase(health, IMPACT_HEALTH_DRAINING); /* it is a phase */
    (void)sigtimedwait(stop, NULL, &time);
}

/* Until a signal of `stop` comes. */
static int serve(const service *orders, impact_health *health, impact_microhttpd *web,
                 uint16_t port, const sigset_t *stop)
{
    impact_health_pulse *alive = NULL;
    struct MHD_Daemon *daemon = listen_on(port, web);
    if (!daemon) {
        (void)fprintf(stderr, "orders: cannot listen on port %u\n", port);
        return 1;
    }
    if (impact_health_pulse_open(&alive, health, "housekeeping") == IMPACT_OK)
        (void)impact_health_set_phase(health, IMPACT_HEALTH_SERVING); /* it is a phase */
    (void)printf("orders: http://127.0.0.1:%u\n",
                 MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    if (impact_health_notify_systemd(health) != IMPACT_OK)
        (void)fprintf(stderr, "orders: systemd is not told\n"); /* and why is in the log */
    keep_house(orders, alive, stop);
    drain(health, stop);
    impact_health_pulse_close(alive);
    impact_microhttpd_drain(web); /* no connection may be suspended when the daemon stops */
    MHD_stop_daemon(daemon);
    return 0;
}

static int run(char *path, uint16_t port, const sigset_t *stop)
{
    impact_health *health = NULL;
    impact_microhttpd *web = NULL;
    int result = 1;
    service orders = {.database = open_database(path), .prices_url = getenv("PRICES_URL")};
    if (orders.database && open_health(&health, path) == IMPACT_OK &&
        impact_microhttpd_open(&web,
                               IMPACT_MICROHTTPD_OPTIONS(.handler = answer, .handler_cls = &orders,
                                                         .health = health)) == IMPACT_OK)
        result = serve(&orders, health, web, port, stop);
    impact_microhttpd_close(web);
    (void)impact_health_close(health, 1000); /* a check that is stuck ends with the process */
    (void)sqlite3_close(orders.database);    /* no statement is left that could keep it */
    return result;
}

int main(int argc, char **argv)
{
    unsigned port = 0; /* any that is free */
    char more = 0;
    sigset_t stop;
    const bool has_port = argc == 3 && sscanf(argv[2], "%5u%c", &port, &more) == 1 && port <= 65535;
    if (argc != 2 && !has_port) {
        (void)fprintf(stderr, "usage: orders DATABASE [PORT]\n");
        return 2;
    }
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &stop, NULL); /* first: the threads to come inherit it */
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);   /* without it no transfer works, and says so */
    if (impact_trace_init(
            IMPACT_TRACE_OPTIONS(.service_name = "orders", .default_exporters = "tree")))
        return 1;
    const int result = run(argv[1], (uint16_t)port, &stop);
    const impact_status lost = impact_trace_shutdown(5000); /* the last spans leave here */
    if (lost)
        (void)fprintf(stderr, "orders: the last spans: %s\n", impact_status_text(lost));
    curl_global_cleanup();
    return result;
}
