/* libcurl's easy interface with spans, against a server that echoes what came. */
#define IMPACT_CURL_REPLACE
#include <impact/curl.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/propagation.h>
#include <impact/trace.h>

#include "echo.h"
#include "memory_switch.h"
#include "spans.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

/* What the last transfer brought. */
static char body[4096];
static size_t body_size;

static size_t take(char *data, size_t item_size, size_t count, void *userdata)
{
    (void)userdata;
    const size_t size = item_size * count;
    if (size < sizeof body - body_size) {
        memcpy(body + body_size, data, size);
        body_size += size;
        body[body_size] = 0;
    }
    return size;
}

static const char *url_of(const echo *server, const char *credentials, const char *path)
{
    static char url[256];
    (void)snprintf(url, sizeof url, "http://%s127.0.0.1:%u%s", credentials, server->port, path);
    return url;
}

static CURL *open_easy(const char *url)
{
    CURL *easy = curl_easy_init();
    CHECK(easy != NULL);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L), CURLE_OK);
    return easy;
}

static CURLcode perform(CURL *easy)
{
    body[body_size = 0] = 0;
    return curl_easy_perform(easy);
}

/* The traceparent that a span sends. */
static const char *parent_of(const impact_span_view *span)
{
    static char text[IMPACT_TRACEPARENT_SIZE];
    const impact_span_context context = impact_span_context_of_view(&span->context);
    impact_traceparent_format(text, &context);
    return text;
}

TEST(null_is_refused_or_ignored)
{
    CHECK_EQUAL(impact_curl_easy_setopt(NULL, CURLOPT_URL, "http://a"),
                CURLE_BAD_FUNCTION_ARGUMENT);
    CHECK_EQUAL(impact_curl_easy_setopt(NULL, CURLOPT_HTTPHEADER, NULL),
                CURLE_BAD_FUNCTION_ARGUMENT);
    CHECK_EQUAL(impact_curl_easy_setopt(NULL, CURLOPT_VERBOSE, 0L), CURLE_BAD_FUNCTION_ARGUMENT);
    CHECK_EQUAL(impact_curl_easy_perform(NULL), CURLE_BAD_FUNCTION_ARGUMENT);
    CHECK(impact_curl_easy_duphandle(NULL) == NULL);
    impact_curl_easy_reset(NULL);
    impact_curl_easy_cleanup(NULL);
    CHECK_EQUAL(impact_health_add_http(NULL, NULL), IMPACT_EINVAL);
}

TEST(a_transfer_is_a_client_span_with_what_the_conventions_ask_for)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "me:s3cret@", "/p?q=1&auth=s3cret&sig=x#a&sig=x"));
    {
        IMPACT_SPAN(request, "request");
        CHECK_EQUAL(perform(easy), CURLE_OK);
    }
    CHECK_EQUAL(spans_count(), 2);
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    char full[256];
    (void)snprintf(full, sizeof full,
                   "http://REDACTED:REDACTED@127.0.0.1:%u"
                   "/p?q=1&auth=REDACTED&sig=REDACTED#a&sig=REDACTED",
                   server.port);
    char port[8];
    (void)snprintf(port, sizeof port, "%u", server.port);
    CHECK_EQUAL(span->kind, IMPACT_SPAN_KIND_CLIENT);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    CHECK(spans_is_child_of(span, spans_find("request", 0)));
    CHECK_STRING(spans_text(span, "http.request.method"), "GET");
    CHECK_STRING(spans_text(span, "url.full"), full);
    CHECK_STRING(spans_text(span, "server.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "server.port"), port);
    CHECK_STRING(spans_text(span, "network.peer.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "network.peer.port"), port);
    CHECK_STRING(spans_text(span, "network.protocol.version"), "1.1");
    CHECK_STRING(spans_text(span, "http.response.status_code"), "200");
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    CHECK(check_contains(body, parent_of(span)));
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(a_sampler_sees_what_is_known_before_and_no_secret)
{
    echo server;
    char port[8];
    echo_open(&server);
    (void)snprintf(port, sizeof port, "%u", server.port);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "me:s3cret@", "/p?q=1&auth=s3cret"));
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_sampler_saw("url.full"), spans_text(spans_find("GET", 0), "url.full"));
    CHECK(strstr(spans_sampler_saw("url.full"), "s3cret") == NULL);
    CHECK_STRING(spans_sampler_saw("server.address"), "127.0.0.1");
    CHECK_STRING(spans_sampler_saw("server.port"), port);
    CHECK_STRING(spans_sampler_saw("http.request.method"), "GET");
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(the_applications_headers_are_sent_and_stay_as_they_were)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "|yes"));
    CHECK(!check_contains(body, "/ -|"));
    CHECK_STRING(headers->data, "X-Mine: yes");
    CHECK(headers->next == NULL);
    /* Past the wrapper there is no context, and the application's header is there. */
    body_size = 0;
#undef curl_easy_perform
    CHECK_EQUAL(curl_easy_perform(easy), CURLE_OK);
#define curl_easy_perform impact_curl_easy_perform
    CHECK_STRING(body, "GET / -|-|yes");
    spans_close();
    body_size = 0;
    CHECK_EQUAL(impact_curl_easy_perform(easy), CURLE_OK);
    CHECK_STRING(body, "GET / -|-|yes");
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    echo_close(&server);
}

TEST(a_traceparent_of_the_applications_is_respected)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    struct curl_slist *headers = curl_slist_append(NULL, "TraceParent: mine");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_STRING(body, "GET / mine|-|-");
    struct curl_slist *none = curl_slist_append(NULL, "traceparent:");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, none), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_STRING(body, "GET / -|-|-");
    CHECK_EQUAL(spans_count(), 2);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(none);
    spans_close();
    echo_close(&server);
}

/* A current span that has come from elsewhere with a trace state. */
static impact_span *start_with_state(const char *state)
{
    impact_span_context remote = {.trace_id = {{1}}, .span_id = {{2}}, .is_remote = true};
    remote.trace_flags = IMPACT_TRACE_FLAG_SAMPLED;
    (void)snprintf(remote.trace_state.text, sizeof remote.trace_state.text, "%s", state);
    return impact_span_start(NULL, "request", IMPACT_SPAN_OPTIONS(.parent = &remote));
}

TEST(the_trace_state_goes_along_unless_the_application_sends_one)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    struct curl_slist *headers = curl_slist_append(NULL, "tracestate: mine=1");
    impact_span *span = start_with_state("a=1,b=2");
    const impact_scope scope = impact_scope_enter(span);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "|a=1,b=2|-"));
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "|mine=1|-"));
    impact_scope_leave(scope);
    impact_span_end(span);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    spans_close();
    echo_close(&server);
}

TEST(a_status_from_400_on_is_an_error)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/status/404"));
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), "404");
    CHECK_STRING(spans_text(span, "http.response.status_code"), "404");
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

/* http-spans, error.type: the status code where there is one that is an error. */
TEST(a_status_that_libcurl_takes_for_a_failure_is_still_the_error_type)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/status/404"));
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_HTTP_RETURNED_ERROR);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), "404");
    CHECK_EQUAL(span->status_description.size, 0);
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(a_refused_connection_is_an_error_without_a_status)
{
    echo server;
    echo_open(&server);
    CURL *easy = open_easy(url_of(&server, "", "/"));
    echo_close(&server);
    REQUIRE(spans_open());
    CHECK_EQUAL(perform(easy), CURLE_COULDNT_CONNECT);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("GET", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), "couldnt_connect");
    CHECK_STRING(spans_text(span, "http.response.status_code"), NULL);
    CHECK_STRING(spans_text(span, "server.address"), "127.0.0.1");
    curl_easy_cleanup(easy);
    spans_close();
}

TEST(a_server_that_hangs_is_a_timeout)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/hang"));
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 50L), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OPERATION_TIMEDOUT);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "operation_timedout");
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(the_method_is_the_one_that_was_sent)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, 0L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "BREW"), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(spans_count(), 3);
    CHECK(spans_find("HEAD", 0) && spans_find("POST", 0));
    CHECK_STRING(spans_text(spans_find("HTTP", 0), "http.request.method"), "_OTHER");
    CHECK_STRING(spans_text(spans_find("HTTP", 0), "http.request.method_original"), "BREW");
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(a_url_from_a_url_handle_wins)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy("http://127.0.0.1:1/not/this");
    CURLU *url = curl_url();
    CHECK_EQUAL(curl_url_set(url, CURLUPART_URL, url_of(&server, "", "/u"), 0), CURLUE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_CURLU, url), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.full"), url_of(&server, "", "/u"));
    curl_easy_cleanup(easy);
    curl_url_cleanup(url);
    spans_close();
    echo_close(&server);
}

TEST(a_copy_has_the_applications_headers_and_a_reset_handle_has_none)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    const char *url = url_of(&server, "", "/");
    CURL *easy = open_easy(url);
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CURL *copy = curl_easy_duphandle(easy);
    REQUIRE(copy);
    CHECK_EQUAL(perform(copy), CURLE_OK);
    CHECK(check_contains(body, "/ 00-") && check_contains(body, "|yes"));
    curl_easy_reset(easy);
    curl_easy_cleanup(copy);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "/ 00-") && check_contains(body, "|-|-"));
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    spans_close();
    echo_close(&server);
}

/* Sets another list and URL, and makes a copy, during a transfer. */
typedef struct meddler {
    CURL *easy;
    CURL *copy;
    struct curl_slist *headers;
    const char *url;
} meddler;

static size_t meddle(char *data, size_t item_size, size_t count, void *userdata)
{
    meddler *m = userdata;
    if (!m->copy) {
        m->copy = curl_easy_duphandle(m->easy);
        CHECK_EQUAL(curl_easy_setopt(m->easy, CURLOPT_HTTPHEADER, m->headers), CURLE_OK);
        CHECK_EQUAL(curl_easy_setopt(m->easy, CURLOPT_URL, m->url), CURLE_OK);
    }
    return take(data, item_size, count, NULL);
}

TEST(a_callback_may_change_list_and_url_and_copy_the_handle)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    char second_url[256];
    (void)snprintf(second_url, sizeof second_url, "%s", url_of(&server, "", "/second"));
    meddler m = {.easy = easy, .headers = curl_slist_append(NULL, "X-Mine: later")};
    m.url = second_url;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, meddle), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEDATA, &m), CURLE_OK);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "|-|-"));
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "GET /second 00-") && check_contains(body, "|later"));
    CHECK_EQUAL(spans_count(), 2);
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.full"), url_of(&server, "", "/"));
    CHECK_STRING(spans_text(spans_find("GET", 1), "url.full"), second_url);
    REQUIRE(m.copy);
    /* The copy has the list of that moment, which was none, and nothing of ours. */
    impact_tracing_suppress();
    CHECK_EQUAL(perform(m.copy), CURLE_OK);
    impact_tracing_unsuppress();
    CHECK_STRING(body, "GET / -|-|-");
    curl_easy_cleanup(m.copy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(m.headers);
    spans_close();
    echo_close(&server);
}

TEST(what_is_no_http_makes_no_span)
{
    REQUIRE(spans_open());
    char path[] = "/tmp/impact-curl-XXXXXX";
    const int descriptor = mkstemp(path);
    REQUIRE(descriptor >= 0);
    char url[64];
    (void)snprintf(url, sizeof url, "file://%s", path);
    CURL *easy = open_easy(url);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_EQUAL(spans_count(), 0);
    curl_easy_cleanup(easy);
    (void)close(descriptor);
    (void)unlink(path);
    spans_close();
}

TEST(a_suppressed_transfer_makes_no_span_and_sends_no_context)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = open_easy(url_of(&server, "", "/"));
    impact_tracing_suppress();
    CHECK_EQUAL(perform(easy), CURLE_OK);
    impact_tracing_unsuppress();
    CHECK_STRING(body, "GET / -|-|-");
    CHECK_EQUAL(spans_count(), 0);
    curl_easy_cleanup(easy);
    spans_close();
    echo_close(&server);
}

TEST(a_handle_that_was_never_seen_keeps_its_headers)
{
    echo server;
    echo_open(&server);
    REQUIRE(spans_open());
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
#undef curl_easy_setopt
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url_of(&server, "", "/x")), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take), CURLE_OK);
#define curl_easy_setopt impact_curl_easy_setopt
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK_STRING(body, "GET /x -|-|yes");
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.full"), url_of(&server, "", "/x"));
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    spans_close();
    echo_close(&server);
}

/* Without memory an option may be refused, as libcurl itself would; what was taken is sent. */
static void transfer_with_little_memory(const char *url, struct curl_slist *headers)
{
    CURL *easy = open_easy(url);
    const CURLcode set = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    CHECK(set == CURLE_OK || set == CURLE_OUT_OF_MEMORY);
    CURL *copy = curl_easy_duphandle(easy);
    CHECK_EQUAL(perform(easy), CURLE_OK);
    CHECK(check_contains(body, "|yes") == (set == CURLE_OK));
    curl_easy_cleanup(copy);
    curl_easy_cleanup(easy);
}

TEST(transfers_are_made_whatever_memory_does)
{
    echo server;
    memory_switch_install();
    echo_open(&server);
    REQUIRE(spans_open());
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    const char *url = url_of(&server, "", "/");
    CURL *first = open_easy(url);
    CHECK_EQUAL(perform(first), CURLE_OK); /* the tracer is for good, */
    CHECK_EQUAL(spans_count(), 1);         /* and the worker's thread has begun */
    curl_easy_cleanup(first);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        transfer_with_little_memory(url, headers);
        memory_switch_to(NULL);
    }
    curl_slist_free_all(headers);
    spans_close();
    echo_close(&server);
}
