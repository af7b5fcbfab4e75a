/* Spans of a FastCGI application, which is asked in the protocol of web servers. (Its health paths,
 * with a real one in front of it, are in test_fastcgi.py.) */
#include <impact/fastcgi.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "memory_switch.h"
#include "server_spans.h"
#include "spans.h"
#include "support/check.h"
#include "support/faults.h"

/* ---- a web server ---- */

enum { begin_request = 1, end_request = 3, params = 4, input = 5, output = 6 }; /* record types */

typedef struct record_head {
    uint8_t version;
    uint8_t type;
    uint8_t request[2];
    uint8_t size[2];
    uint8_t padding;
    uint8_t reserved;
} record_head;

static void send_record(int connection, int type, const void *content, size_t size)
{
    const record_head head = {
        .version = 1,
        .type = (uint8_t)type,
        .request = {0, 1},
        .size = {(uint8_t)(size >> 8), (uint8_t)size},
    };
    CHECK(write(connection, &head, sizeof head) == (ssize_t)sizeof head);
    CHECK(!size || write(connection, content, size) == (ssize_t)size);
}

/* A parameter "NAME=value", of less than 128 bytes each. */
static size_t put_parameter(uint8_t *to, const char *parameter)
{
    const char *value = strchr(parameter, '=') + 1;
    const size_t name_size = (size_t)(value - parameter) - 1;
    to[0] = (uint8_t)name_size;
    to[1] = (uint8_t)strlen(value);
    memcpy(to + 2, parameter, name_size);
    memcpy(to + 2 + name_size, value, strlen(value));
    return 2 + name_size + strlen(value);
}

static bool receive(int connection, void *to, size_t size)
{
    return recv(connection, to, size, MSG_WAITALL) == (ssize_t)size;
}

/* What the application writes, until it has finished. */
static void take_answer(int connection, char answer[4096])
{
    record_head head = {0};
    size_t used = 0;
    while (head.type != end_request && receive(connection, &head, sizeof head)) {
        uint8_t content[65535 + 255];
        const size_t size = (size_t)head.size[0] << 8 | head.size[1];
        CHECK(receive(connection, content, size + head.padding));
        if (head.type == output && size < 4096 - used) {
            memcpy(answer + used, content, size);
            used += size;
        }
    }
    answer[used] = 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    CHECK_EQUAL(connect(connection, (struct sockaddr *)&at, sizeof at), 0);
    return connection;
}

static void ask(const char *path, const char *const *parameters, char answer[4096])
{
    static const uint8_t responder[8] = {0, 1, 0};
    uint8_t block[2048];
    size_t size = 0;
    const int connection = connect_to(path);
    for (; *parameters; parameters++)
        size += put_parameter(block + size, *parameters);
    send_record(connection, begin_request, responder, sizeof responder);
    send_record(connection, params, block, size);
    send_record(connection, params, NULL, 0);
    send_record(connection, input, NULL, 0);
    take_answer(connection, answer);
    (void)close(connection);
}

/* ---- the application ---- */

typedef struct application {
    impact_health *health; /* NULL: it has none */
    char path[64];
    int socket;
    pthread_t thread;
} application;

static int answer_mine(FCGX_Request *request, void *userdata)
{
    const char *path = FCGX_GetParam("REQUEST_URI", request->envp);
    int status = 200;
    CHECK(userdata != NULL);
    if (strncmp(path, "/orders/", 8) == 0)
        impact_fastcgi_set_route("/orders/{id}");
    if (strcmp(path, "/500") == 0 || strcmp(path, "/404") == 0)
        status = path[1] == '5' ? 500 : 404;
    IMPACT_SPAN(inner, "inner");
    (void)FCGX_FPrintF(request->out, "Status: %d\r\n\r\nmine", status);
    return strcmp(path, "/silent") == 0 ? 0 : status;
}

/* Until the request for /end. */
static void *serve(void *userdata)
{
    const application *app = userdata;
    FCGX_Request request;
    bool is_open = true;
    CHECK_EQUAL(FCGX_InitRequest(&request, app->socket, 0), 0);
    while (is_open && FCGX_Accept_r(&request) == 0) {
        is_open = strcmp(FCGX_GetParam("REQUEST_URI", request.envp), "/end") != 0;
        if (is_open && !impact_fastcgi_answer(&request, app->health))
            (void)impact_fastcgi_trace(&request, answer_mine, userdata);
        FCGX_Finish_r(&request);
    }
    FCGX_Free(&request, 1);
    return NULL;
}

static void start(application *app)
{
    CHECK_EQUAL(FCGX_Init(), 0);
    (void)snprintf(app->path, sizeof app->path, "/tmp/impact-fastcgi-%d", (int)getpid());
    app->socket = FCGX_OpenSocket(app->path, 16);
    CHECK(app->socket >= 0);
    CHECK_EQUAL(pthread_create(&app->thread, NULL, serve, app), 0);
}

static void stop(application *app)
{
    char answer[4096];
    ask(app->path, (const char *const[]){"REQUEST_METHOD=GET", "REQUEST_URI=/end", NULL}, answer);
    (void)pthread_join(app->thread, NULL);
    (void)close(app->socket);
    (void)unlink(app->path);
}

/* As SERVER_SPANS_REQUEST, by way of nginx. */
static const char *const whole_request[] = {
    "REQUEST_METHOD=GET",
    "REQUEST_URI=/orders/7?x=1&auth=s3cret",
    "QUERY_STRING=x=1&auth=s3cret",
    "SERVER_PROTOCOL=HTTP/1.1",
    "REQUEST_SCHEME=http",
    "REMOTE_ADDR=::ffff:192.0.2.7",
    "REMOTE_PORT=4711",
    "HTTP_HOST=shop.example:8080",
    "HTTP_USER_AGENT=tester",
    "HTTP_TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "HTTP_TRACESTATE=a=1,b=2",
    NULL,
};

static void get(const application *app, const char *path, char answer[4096])
{
    char uri[64];
    (void)snprintf(uri, sizeof uri, "REQUEST_URI=%s", path);
    ask(app->path, (const char *const[]){"REQUEST_METHOD=GET", uri, "REMOTE_ADDR=unix:", NULL},
        answer);
}

/* ---- tests ---- */

TEST(a_request_is_a_server_span_with_what_the_conventions_ask_for)
{
    application app = {.health = NULL};
    char answer[4096];
    REQUIRE(spans_open());
    start(&app);
    ask(app.path, whole_request, answer);
    CHECK_STRING(answer, "Status: 200\r\n\r\nmine");
    check_server_span("192.0.2.7");
    stop(&app);
    spans_close();
}

TEST(only_a_status_of_the_servers_fault_is_an_error)
{
    application app = {.health = NULL};
    char answer[4096];
    REQUIRE(spans_open());
    start(&app);
    get(&app, "/500", answer);
    CHECK_STRING(answer, "Status: 500\r\n\r\nmine");
    get(&app, "/404", answer);
    REQUIRE(spans_wait_for(4));
    check_server_errors();
    stop(&app);
    spans_close();
}

TEST(what_a_server_does_not_say_is_in_no_span)
{
    application app = {.health = NULL};
    char answer[4096];
    REQUIRE(spans_open());
    start(&app);
    get(&app, "/silent", answer);
    REQUIRE(spans_wait_for(2));
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span && !span->has_parent);
    CHECK_STRING(spans_text(span, "url.path"), "/silent");
    CHECK_STRING(spans_text(span, "http.response.status_code"), NULL);
    CHECK_STRING(spans_text(span, "client.address"), NULL); /* of a Unix socket */
    CHECK_STRING(spans_text(span, "server.address"), NULL);
    CHECK_STRING(spans_text(span, "network.protocol.version"), NULL);
    stop(&app);
    spans_close();
}

TEST(without_a_provider_requests_are_served)
{
    application app = {.health = NULL};
    char answer[4096];
    start(&app);
    ask(app.path, whole_request, answer);
    CHECK_STRING(answer, "Status: 200\r\n\r\nmine");
    stop(&app);
}

TEST(requests_are_served_whichever_allocation_fails)
{
    application app = {.health = NULL};
    char answer[4096];
    faults f;
    memory_switch_install();
    REQUIRE(spans_open());
    start(&app);
    ask(app.path, whole_request, answer); /* the tracer is for good, */
    CHECK(spans_wait_for(2));             /* and the worker's thread has begun */
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        ask(app.path, whole_request, answer);
        memory_switch_to(NULL);
        CHECK_STRING(answer, "Status: 200\r\n\r\nmine");
    }
    stop(&app);
    spans_close();
}

TEST(health_is_answered_whichever_allocation_fails)
{
    static const char *const request[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/health/", NULL};
    application app = {.health = NULL};
    char answer[4096];
    faults f;
    memory_switch_install();
    REQUIRE(!impact_health_open(&app.health, NULL) &&
            !impact_health_add(app.health, IMPACT_CHECK(.name = "a", .run = impact_check_true)));
    start(&app);
    ask(app.path, request, answer); /* the threads are there */
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        ask(app.path, request, answer);
        memory_switch_back_from(&f);
        CHECK(strncmp(answer, "Status: 200", 11) == 0 || strncmp(answer, "Status: 503", 11) == 0);
    }
    stop(&app);
    CHECK_EQUAL(impact_health_close(app.health, 30000), 0);
}

TEST(null_is_tolerated)
{
    FCGX_Request request = {0};
    CHECK_EQUAL(impact_fastcgi_trace(NULL, answer_mine, NULL), 0);
    CHECK_EQUAL(impact_fastcgi_trace(&request, answer_mine, NULL), 0);
    CHECK_EQUAL(impact_fastcgi_trace(&request, NULL, NULL), 0);
    impact_fastcgi_set_route(NULL);
    impact_fastcgi_set_route("/nowhere");
}
