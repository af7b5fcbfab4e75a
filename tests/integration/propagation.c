/* A context on its way through a process: libmicrohttpd in, libcurl out; with and without a
 * provider. */
#include <impact/propagation.h>

#include <arpa/inet.h>

#define IMPACT_CURL_REPLACE
#include <impact/baggage.h>
#include <impact/curl.h>
#include <impact/microhttpd.h>

#include "echo.h"
#include "spans.h"
#include "support/check.h"
#include "wire.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"

/* ---- a service that asks another one, and answers what that said ---- */

typedef struct service {
    echo backend;
    impact_microhttpd *web;
    struct MHD_Daemon *daemon;
    uint16_t port;
    struct curl_slist *headers; /* what the application sends itself */
    char answer[2048];
    size_t answer_size;
} service;

static size_t take(char *data, size_t item_size, size_t count, void *userdata)
{
    service *s = userdata;
    const size_t size = item_size * count;
    if (size < sizeof s->answer - s->answer_size) {
        memcpy(s->answer + s->answer_size, data, size);
        s->answer_size += size;
    }
    return size;
}

static void ask_backend(service *s, const char *path)
{
    char url[256];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", s->backend.port, path);
    CURL *easy = curl_easy_init();
    s->answer_size = 0;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, s->headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEDATA, s), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L), CURLE_OK);
    CHECK_EQUAL(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    (void)method;
    (void)version;
    (void)upload_data;
    (void)upload_data_size;
    service *s = cls;
    if (!*req_cls) {
        *req_cls = cls;
        return MHD_YES;
    }
    ask_backend(s, url);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(s->answer_size, s->answer, MHD_RESPMEM_MUST_COPY);
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void start(service *s)
{
    *s = (service){.port = 0};
    echo_open(&s->backend);
    CHECK_EQUAL(impact_microhttpd_open(
                    &s->web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle, .handler_cls = s)),
                IMPACT_OK);
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    s->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, impact_microhttpd_handle,
                         s->web, MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_NOTIFY_COMPLETED,
                         impact_microhttpd_completed, s->web, MHD_OPTION_END);
    CHECK(s->daemon != NULL);
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void stop(service *s)
{
    MHD_stop_daemon(s->daemon);
    impact_microhttpd_close(s->web);
    echo_close(&s->backend);
}

/* What the backend says to a request with these header lines, each with its end. */
static const char *ask(const service *s, const char *path, const char *lines)
{
    char request[2048];
    (void)snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n%s\r\n", path, lines);
    const char *answer = wire_ask(s->port, request);
    CHECK_EQUAL(wire_status(answer), 200);
    const char *body = strstr(answer, "\r\n\r\n");
    return body ? body + 4 : "";
}

static const char came[] = "TraceParent: " PARENT "\r\nTraceState: a=1\r\nTraceState: b=2\r\n"
                           "Baggage: user=1\r\nbaggage: kind=x;p\r\n";

static void check_handed_through(void)
{
    service s;
    start(&s);
    CHECK_STRING(ask(&s, "/", came), "GET / " PARENT "|a=1,b=2|-");
    CHECK_STRING(ask(&s, "/header/baggage", came), "user=1,kind=x;p");
    CHECK_STRING(ask(&s, "/", ""), "GET / -|-|-"); /* and nothing is left of it on the thread */
    CHECK_STRING(ask(&s, "/", "baggage: only=1\r\n"), "GET / -|-|-");
    CHECK_STRING(ask(&s, "/header/baggage", "baggage: only=1\r\n"), "only=1");
    stop(&s);
}

TEST(without_a_provider_the_context_that_came_goes_out)
{
    check_handed_through();
}

TEST(after_shutdown_the_context_that_came_goes_out)
{
    REQUIRE(spans_open());
    spans_close();
    check_handed_through();
}

TEST(with_a_provider_a_span_of_the_same_trace_goes_out_and_the_rest_as_it_came)
{
    service s;
    char before[300];
    start(&s);
    REQUIRE(spans_open());
    (void)snprintf(before, sizeof before, "%s", ask(&s, "/", came));
    CHECK(strncmp(before, "GET / 00-" TRACE "-", 9 + 33) == 0);
    CHECK(!check_contains(before, "00f067aa0ba902b7") && check_contains(before, "-01|a=1,b=2|-"));
    CHECK_STRING(ask(&s, "/header/baggage", came), "user=1,kind=x;p");
    stop(&s);
    CHECK_EQUAL(spans_count(), 4);
    spans_close();
}

TEST(with_two_traceparents_there_is_none)
{
    service s;
    start(&s);
    CHECK_STRING(ask(&s, "/", "traceparent: " PARENT "\r\ntraceparent: " PARENT "\r\n"),
                 "GET / -|-|-");
    stop(&s);
}

TEST(what_the_application_sends_itself_is_not_sent_twice)
{
    service s;
    start(&s);
    s.headers = curl_slist_append(NULL, "baggage: mine=1");
    CHECK_STRING(ask(&s, "/header/baggage", came), "mine=1");
    CHECK_STRING(ask(&s, "/", came), "GET / " PARENT "|a=1,b=2|-"); /* the others go out */
    curl_slist_free_all(s.headers);
    s.headers = curl_slist_append(NULL, "traceparent: mine");
    CHECK_STRING(ask(&s, "/", came), "GET / mine|-|-"); /* no trace state of another */
    CHECK_STRING(ask(&s, "/header/baggage", came), "user=1,kind=x;p");
    curl_slist_free_all(s.headers);
    stop(&s);
}

TEST(other_formats_come_in_and_go_out_by_the_processs_propagator)
{
    static const char b3[] = "X-B3-TraceId: " TRACE "\r\nX-B3-SpanId: 00f067aa0ba902b7\r\n"
                             "X-B3-Flags: 1\r\nuberctx-user: 1\r\ntraceparent: " PARENT "\r\n";
    const impact_propagator *const members[] = {impact_propagator_find("jaeger"),
                                                impact_propagator_find("b3multi")};
    impact_propagator *both = NULL;
    service s;
    start(&s);
    REQUIRE(impact_propagator_composite_open(&both, members, 2) == IMPACT_OK);
    CHECK_EQUAL(impact_propagation_set(both), IMPACT_OK);
    CHECK_STRING(ask(&s, "/header/x-b3-traceid", b3), TRACE);
    CHECK_STRING(ask(&s, "/header/x-b3-flags", b3), "1");
    CHECK_STRING(ask(&s, "/header/x-b3-sampled", b3), "-");
    CHECK_STRING(ask(&s, "/header/uber-trace-id", b3), TRACE ":00f067aa0ba902b7:0:01");
    CHECK_STRING(ask(&s, "/header/uberctx-user", b3), "1");
    CHECK_STRING(ask(&s, "/", b3), "GET / -|-|-");
    stop(&s);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    impact_propagator_composite_close(both);
}

/* ---- a propagator that means no good ---- */

static const impact_context *extract_nothing(const impact_propagator *propagator,
                                             const impact_context *context,
                                             const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator;
    (void)getter;
    (void)carrier;
    return impact_context_retain(context);
}

static void inject_lines(const impact_propagator *propagator, const impact_context *context,
                         impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    (void)context;
    set(carrier, "x-mine", "1\r\nX-Evil: 1");
    set(carrier, "x-a: b", "1");
    set(carrier, "x-mine", "first");
    set(carrier, "X-Mine", "second");
    set(carrier, "x-empty", "");
}

TEST(no_value_ends_a_line_and_the_last_value_of_a_field_counts)
{
    static const char *const fields[] = {"x-mine", NULL};
    static const impact_propagator own = {
        .size = sizeof own,
        .name = "own",
        .fields = fields,
        .extract = extract_nothing,
        .inject = inject_lines,
    };
    service s;
    start(&s);
    CHECK_EQUAL(impact_propagation_set(&own), IMPACT_OK);
    CHECK_STRING(ask(&s, "/", ""), "GET / -|-|second");
    CHECK_STRING(ask(&s, "/header/x-evil", ""), "-");
    CHECK_STRING(ask(&s, "/header/x-a", ""), "-");
    stop(&s);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
}

TEST(baggage_that_the_program_makes_current_goes_out)
{
    service s = {.port = 0};
    echo_open(&s.backend);
    const impact_baggage *baggage = NULL;
    REQUIRE(impact_baggage_set(&baggage, NULL, impact_text_of("a"), impact_text_of("1"),
                               impact_text_of(NULL)) == IMPACT_OK);
    const impact_context *context = impact_context_with_baggage(NULL, baggage);
    const impact_scope scope = impact_context_attach(context);
    ask_backend(&s, "/header/baggage");
    CHECK(s.answer_size == 3 && memcmp(s.answer, "a=1", 3) == 0);
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    impact_baggage_release(baggage);
    echo_close(&s.backend);
}
