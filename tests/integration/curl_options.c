/* What an application sets on a handle: its proxies, its methods, its functions. */
#include <impact/trace.h>

#include "facts.h"
#include "script.h"
#include "support/check.h"
#include "tunnel.h"

/* ---- proxies ---- */

TEST(through_a_proxy_the_server_is_who_was_asked_for_and_the_peer_is_the_proxy)
{
    bench b;
    char port[8];
    REQUIRE(bench_open(&b, "/unused"));
    (void)snprintf(port, sizeof port, "%u", b.server.port);
    CURL *easy = b.browser.easy;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PROXY, client_url(b.server.port, "")), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, "me:s3cret"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, "http://shop.example:81/b"), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("GET", 0);
    check_facts(span, (facts){"GET", "http://shop.example:81/b", "200", NULL, NULL});
    CHECK_STRING(spans_text(span, "server.address"), "shop.example");
    CHECK_STRING(spans_text(span, "server.port"), "81");
    CHECK_STRING(spans_text(span, "network.peer.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "network.peer.port"), port);
    bench_close(&b);
}

TEST(the_connect_of_a_tunnel_is_not_told_of_as_a_request)
{
    tunnel proxy;
    bench b;
    tunnel_open(&proxy);
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    CURL *easy = b.browser.easy;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PROXY, client_url(proxy.port, "")), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 2);
    check_facts(
        spans_find("GET", 0),
        (facts){"GET", client_url(b.server.port, "/redirect/302?to=/b"), "302", NULL, NULL});
    check_facts(spans_find("GET", 1),
                (facts){"GET", client_url(b.server.port, "/b"), "200", "1", NULL});
    bench_close(&b);
    tunnel_close(&proxy);
}

/* A tunnel that cannot be made is nobody's answer. */
TEST(a_proxy_that_refuses_a_tunnel_is_an_error_without_a_status)
{
    static const script_step steps[] = {
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", true},
        {NULL, false},
    };
    script proxy;
    client browser;
    script_open(&proxy, steps);
    client_open(&browser, 1, "/a");
    REQUIRE(spans_open());
    CHECK_EQUAL(curl_easy_setopt(browser.easy, CURLOPT_NOPROXY, ""), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(browser.easy, CURLOPT_PROXY, client_url(proxy.port, "")),
                CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(browser.easy, CURLOPT_HTTPPROXYTUNNEL, 1L), CURLE_OK);
    const CURLcode code = client_perform(&browser); /* which one changed with libcurl's versions */
    CHECK(code == CURLE_RECV_ERROR || code == CURLE_COULDNT_CONNECT);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", "http://127.0.0.1:1/a", NULL, NULL,
                        code == CURLE_RECV_ERROR ? "recv_error" : "couldnt_connect"});
    client_close(&browser);
    spans_close();
    script_close(&proxy);
}

/* ---- known before the request is sent ---- */

static void check_sampler_saw(bench *b, const char *method)
{
    CHECK_EQUAL(client_perform(&b->browser), CURLE_OK);
    CHECK_STRING(spans_sampler_saw("http.request.method"), method);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find(method, 0),
                (facts){method, client_url(b->server.port, "/b"), "200", NULL, NULL});
    spans_close();
    CHECK(spans_open());
}

TEST(a_sampler_sees_the_method_of_a_handle_that_is_used_again_for_another)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    CURL *easy = b.browser.easy;
    check_sampler_saw(&b, "GET");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "a"), CURLE_OK);
    check_sampler_saw(&b, "POST");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L), CURLE_OK);
    check_sampler_saw(&b, "HEAD");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, 0L), CURLE_OK);
    check_sampler_saw(&b, "GET");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_INFILESIZE, 0L), CURLE_OK);
    check_sampler_saw(&b, "PUT");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH"), CURLE_OK);
    check_sampler_saw(&b, "PATCH");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_UPLOAD, 0L), CURLE_OK);
    check_sampler_saw(&b, "GET");
    curl_mime *mime = curl_mime_init(easy);
    CHECK_EQUAL(curl_mime_data(curl_mime_addpart(mime), "x", 1), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_MIMEPOST, mime), CURLE_OK);
    check_sampler_saw(&b, "POST");
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L), CURLE_OK);
    check_sampler_saw(&b, "GET");
    curl_mime_free(mime);
    bench_close(&b);
}

static size_t read_nothing(char *to, size_t one, size_t size, void *userdata)
{
    (void)to, (void)one, (void)size, (void)userdata;
    return 0;
}

/* One of the options that choose a method; UPLOAD is not among them, as what POSTFIELDS makes of it
 * changed with libcurl's versions. */
static void choose(CURL *easy, curl_mime *mime, unsigned number)
{
    const long is_on = number & 1;
    switch (number / 2 % 6) {
    case 0:
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPGET, is_on), CURLE_OK);
        break;
    case 1:
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_POST, is_on), CURLE_OK);
        break;
    case 2:
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, is_on), CURLE_OK);
        break;
    case 3:
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_on ? "PATCH" : NULL),
                    CURLE_OK);
        break;
    case 4:
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_MIMEPOST, mime), CURLE_OK);
        break;
    default:
        CHECK_EQUAL(
            curl_easy_setopt(easy, is_on ? CURLOPT_POSTFIELDS : CURLOPT_COPYPOSTFIELDS, NULL),
            CURLE_OK);
    }
}

TEST(the_method_that_a_sampler_sees_is_sent_whatever_was_set_before)
{
    enum { transfer_count = 400 };
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    CURL *easy = b.browser.easy;
    curl_mime *mime = curl_mime_init(easy);
    CHECK_EQUAL(curl_mime_data(curl_mime_addpart(mime), "x", 1), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_nothing), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L), CURLE_OK);
    uint32_t random = 1;
    for (size_t i = 0; i < transfer_count; i++) {
        random = random * 1664525 + 1013904223;
        choose(easy, mime, random >> 16);
        if (random >> 31)
            continue; /* several before one transfer */
        CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
        const char *method = spans_sampler_saw("http.request.method");
        const char *sent = echo_logged(&b.server, echo_log_size(&b.server) - 1);
        REQUIRE(method && strncmp(sent, method, strlen(method)) == 0);
    }
    client_close(&b.browser);
    curl_mime_free(mime);
    spans_close();
    echo_close(&b.server);
}

TEST(the_port_of_an_option_wins)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    char port[8];
    (void)snprintf(port, sizeof port, "%u", b.server.port);
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_URL, "127.0.0.1:1/b"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_PORT, (long)b.server.port), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(b.server.port, "/b"), "200", NULL, NULL});
    CHECK_STRING(spans_text(spans_find("GET", 0), "server.port"), port);
    bench_close(&b);
}

TEST(a_connection_without_a_request_makes_no_span)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_CONNECT_ONLY, 1L), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 0);
    bench_close(&b);
}

/* ---- what the application sets ---- */

/* What a callback that is called before each request was told. */
typedef struct witness {
    CURL *easy;
    int calls;
    int answer;
    int port;
    impact_span_id current; /* the span that was so in the last call */
} witness;

static int attest(void *userdata, char *peer, char *local, int peer_port, int local_port)
{
    witness *w = userdata;
    (void)local, (void)local_port;
    CHECK_STRING(peer, "127.0.0.1");
    w->calls++;
    w->port = peer_port;
    w->current = impact_span_context_of(impact_span_current()).span_id;
    return w->answer;
}

TEST(the_applications_own_function_before_a_request_is_called_and_stays)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    witness w = {.answer = CURL_PREREQFUNC_OK};
    CURL *easy = b.browser.easy;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, attest), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PREREQDATA, &w), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(w.calls, 2);
    CHECK_EQUAL(w.port, b.server.port);
    CHECK_EQUAL(spans_count(), 2);
    CHECK(memcmp(&w.current, &spans_find("GET", 1)->context.span_id, sizeof w.current) == 0);
    CHECK(impact_span_current() == NULL);
    CHECK_EQUAL(client_perform_past_us(easy), CURLE_OK);
    CHECK_EQUAL(w.calls, 4);
    CHECK_EQUAL(spans_count(), 2);
    bench_close(&b);
}

TEST(the_applications_function_may_refuse_a_request)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    witness w = {.answer = CURL_PREREQFUNC_ABORT};
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_PREREQDATA, &w), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_PREREQFUNCTION, attest), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_ABORTED_BY_CALLBACK);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(b.server.port, "/b"), NULL, NULL, "aborted_by_callback"});
    CHECK_EQUAL(echo_log_size(&b.server), 0);
    bench_close(&b);
}

/* Sets that function, and makes a copy, when headers come. */
static size_t meddle(char *line, size_t one, size_t size, void *userdata)
{
    witness *w = userdata;
    (void)line, (void)one;
    CHECK_EQUAL(curl_easy_setopt(w->easy, CURLOPT_PREREQDATA, w), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(w->easy, CURLOPT_PREREQFUNCTION, attest), CURLE_OK);
    return size;
}

TEST(a_function_that_is_set_during_a_transfer_is_called_from_the_next_request_on)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    witness w = {.answer = CURL_PREREQFUNC_OK, .easy = b.browser.easy};
    CHECK_EQUAL(curl_easy_setopt(w.easy, CURLOPT_HEADERFUNCTION, meddle), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(w.easy, CURLOPT_HEADERDATA, &w), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(w.calls, 1);
    CHECK_EQUAL(spans_count(), 2);
    check_facts(spans_find("GET", 1),
                (facts){"GET", client_url(b.server.port, "/b"), "200", "1", NULL});
    CURL *copy = curl_easy_duphandle(w.easy);
    CHECK_EQUAL(curl_easy_setopt(copy, CURLOPT_HEADERFUNCTION, NULL), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(copy, CURLOPT_HEADERDATA, NULL), CURLE_OK);
    CHECK_EQUAL(client_perform_past_us(copy), CURLE_OK);
    CHECK_EQUAL(w.calls, 3);
    curl_easy_cleanup(copy);
    bench_close(&b);
}

static size_t copy_and_reset(char *data, size_t one, size_t size, void *userdata)
{
    client *self = userdata;
    (void)data, (void)one;
    CURL *copy = curl_easy_duphandle(self->easy);
    CHECK(copy != NULL);
    curl_easy_cleanup(copy);
    curl_easy_reset(self->easy);
    return size;
}

TEST(a_handle_that_is_reset_during_its_transfer_harms_nobody)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_WRITEFUNCTION, copy_and_reset), CURLE_OK);
    (void)client_perform(&b.browser); /* libcurl promises nothing */
    CHECK_EQUAL(spans_count(), 1);
    CHECK(impact_span_current() == NULL);
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), "200");
    bench_close(&b);
}

static size_t ignore(char *data, size_t one, size_t size, void *userdata)
{
    (void)data, (void)one, (void)userdata;
    return size;
}

/* Nobody knows which function it calls. */
#undef curl_easy_setopt
static CURL *open_past_us(const char *url, witness *w)
{
    CURL *easy = curl_easy_init();
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "a"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, attest), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_PREREQDATA, w), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore), CURLE_OK);
    return easy;
}
#define curl_easy_setopt impact_curl_easy_setopt

TEST(a_handle_that_was_never_seen_has_one_span_with_the_facts_of_its_last_request)
{
    bench b;
    REQUIRE(bench_open(&b, "/unused"));
    witness w = {.answer = CURL_PREREQFUNC_OK};
    CURL *easy = open_past_us(client_url(b.server.port, "/redirect/302?to=/b"), &w);
    CHECK_EQUAL(curl_easy_perform(easy), CURLE_OK);
    CHECK_EQUAL(w.calls, 2);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(b.server.port, "/b"), "200", "1", NULL});
    curl_easy_cleanup(easy);
    bench_close(&b);
}

TEST(a_handle_that_was_never_seen_has_no_status_of_another_request)
{
    bench b;
    char target[128];
    const uint16_t dead = client_dead_port();
    (void)snprintf(target, sizeof target, "/redirect/302?to=%s", client_url(dead, "/c"));
    REQUIRE(bench_open(&b, "/unused"));
    witness w = {.answer = CURL_PREREQFUNC_OK};
    CURL *easy = open_past_us(client_url(b.server.port, target), &w);
    CHECK_EQUAL(curl_easy_perform(easy), CURLE_COULDNT_CONNECT);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(dead, "/c"), NULL, "1", "couldnt_connect"});
    curl_easy_cleanup(easy);
    bench_close(&b);
}
