/* A transfer of several requests: a span each, with the facts of that request alone. */
#include <sys/socket.h>

#include <impact/trace.h>

#include "base/clock.h"
#include "facts.h"
#include "script.h"
#include "support/check.h"

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static CURLcode perform_in_a_request(bench *b)
{
    IMPACT_SPAN(request, "request");
    return client_perform(&b->browser);
}

/* ---- redirects ---- */

TEST(a_post_that_is_redirected_and_the_get_that_follows_have_a_span_each)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    const uint16_t port = b.server.port;
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    CHECK_EQUAL(perform_in_a_request(&b), CURLE_OK);
    CHECK_EQUAL(spans_count(), 3);
    const impact_span_view *post = spans_find("POST", 0);
    const impact_span_view *get = spans_find("GET", 0);
    REQUIRE(post && get);
    check_facts(post, (facts){"POST", client_url(port, "/redirect/302?to=/b"), "302", NULL, NULL});
    check_facts(get, (facts){"GET", client_url(port, "/b"), "200", "1", NULL});
    CHECK(spans_is_child_of(post, spans_find("request", 0)));
    CHECK(spans_is_child_of(get, spans_find("request", 0)));
    CHECK_STRING(spans_text(post, "network.peer.address"), "127.0.0.1");
    CHECK_STRING(spans_text(get, "network.protocol.version"), "1.1");
    CHECK_STRING(spans_sampler_saw("http.request.resend_count"), "1");
    CHECK_STRING(spans_sampler_saw("http.request.method"), "GET");
    CHECK_STRING(spans_sampler_saw("url.full"), client_url(port, "/b"));
    bench_close(&b);
}

TEST(each_request_of_a_transfer_sends_its_own_span)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/307?to=/b"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    CHECK_EQUAL(perform_in_a_request(&b), CURLE_OK);
    CHECK_EQUAL(spans_count(), 3);
    CHECK_EQUAL(echo_log_size(&b.server), 2);
    for (size_t i = 0; i < 2; i++)
        CHECK(check_contains(echo_logged(&b.server, i), client_traceparent(spans_find("POST", i))));
    CHECK(strcmp(client_traceparent(spans_find("POST", 0)),
                 client_traceparent(spans_find("POST", 1))) != 0);
    bench_close(&b);
}

TEST(one_request_begins_when_the_one_before_it_is_over)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/redirect/302?to=/c"));
    CHECK_EQUAL(perform_in_a_request(&b), CURLE_OK);
    CHECK_EQUAL(spans_count(), 4);
    const impact_span_view *whole = spans_find("request", 0);
    for (size_t i = 0; i < 3; i++) {
        const impact_span_view *span = spans_find("GET", i);
        REQUIRE(span && whole);
        CHECK(span->start_unix_ns >= whole->start_unix_ns);
        CHECK(span->start_unix_ns < span->end_unix_ns);
        CHECK(span->end_unix_ns <= whole->end_unix_ns);
        if (i > 0)
            CHECK_EQUAL(span->start_unix_ns, spans_find("GET", i - 1)->end_unix_ns);
    }
    bench_close(&b);
}

/* When the last socket was asked for. */
static curl_socket_t note_time(void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    *(uint64_t *)userdata = impact__clock_unix_ns();
    return socket(address->family, address->socktype, address->protocol);
}

/* Transfers that are redirected to another port, until one has a first request that was over before
 * the second's socket was asked for; a busy machine may delay the call that tells when the clock
 * began. */
TEST(a_request_is_over_before_the_connection_of_the_next_one_is_made)
{
    enum { try_limit = 50 };
    echo other;
    bench b;
    char target[128];
    uint64_t asked_unix_ns = 0;
    bool is_over_before = false;
    echo_open(&other);
    (void)snprintf(target, sizeof target, "/redirect/302?to=%s", client_url(other.port, "/b"));
    REQUIRE(bench_open(&b, target));
    CURL *easy = b.browser.easy;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, note_time), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &asked_unix_ns), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L), CURLE_OK);
    for (size_t i = 0; i < try_limit && !is_over_before; i++) {
        CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
        CHECK_EQUAL(spans_count(), 2 * (i + 1));
        is_over_before = spans_find("GET", 2 * i)->end_unix_ns <= asked_unix_ns;
    }
    CHECK(is_over_before);
    bench_close(&b);
    echo_close(&other);
}

static void set_method(CURL *easy, const char *method)
{
    if (strcmp(method, "POST") == 0)
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "a"), CURLE_OK);
    else if (strcmp(method, "HEAD") == 0)
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L), CURLE_OK);
    else if (strcmp(method, "PUT") == 0)
        CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_INFILESIZE, 0L), CURLE_OK);
}

static void check_redirect(const char *status, const char *first, const char *second)
{
    bench b;
    char target[64];
    (void)snprintf(target, sizeof target, "/redirect/%s?to=/b", status);
    REQUIRE(bench_open(&b, target));
    set_method(b.browser.easy, first);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 2);
    const size_t nth = strcmp(first, second) == 0;
    check_facts(spans_find(first, 0),
                (facts){first, client_url(b.server.port, target), status, NULL, NULL});
    check_facts(spans_find(second, nth),
                (facts){second, client_url(b.server.port, "/b"), "200", "1", NULL});
    CHECK_EQUAL(strncmp(echo_logged(&b.server, 1), second, strlen(second)), 0);
    bench_close(&b);
}

TEST(the_method_after_a_redirect_is_the_one_that_is_sent)
{
    check_redirect("301", "POST", "GET");
    check_redirect("303", "POST", "GET");
    check_redirect("303", "PUT", "GET");
    check_redirect("303", "HEAD", "HEAD");
    check_redirect("307", "POST", "POST");
    check_redirect("307", "PUT", "PUT");
    check_redirect("308", "GET", "GET");
}

TEST(a_method_of_the_applications_own_stays_over_a_redirect)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_CUSTOMREQUEST, "BREW"), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK_STRING(spans_text(spans_find("HTTP", i), "http.request.method"), "_OTHER");
        CHECK_STRING(spans_text(spans_find("HTTP", i), "http.request.method_original"), "BREW");
    }
    bench_close(&b);
}

TEST(a_redirect_to_another_server_has_that_servers_address)
{
    echo other;
    bench b;
    char target[128];
    char port[8];
    echo_open(&other);
    (void)snprintf(port, sizeof port, "%u", other.port);
    (void)snprintf(target, sizeof target, "/redirect/302?to=http://me:s3cret@localhost:%s/c", port);
    REQUIRE(bench_open(&b, target));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4),
                CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 2);
    const impact_span_view *second = spans_find("GET", 1);
    char url[128];
    (void)snprintf(url, sizeof url, "http://REDACTED:REDACTED@localhost:%s/c", port);
    check_facts(second, (facts){"GET", url, "200", "1", NULL});
    CHECK_STRING(spans_text(spans_find("GET", 0), "server.address"), "127.0.0.1");
    CHECK_STRING(spans_text(second, "server.address"), "localhost");
    CHECK_STRING(spans_text(second, "server.port"), port);
    CHECK_STRING(spans_text(second, "network.peer.port"), port);
    CHECK(check_contains(echo_logged(&other, 0), client_traceparent(second)));
    bench_close(&b);
    echo_close(&other);
}

TEST(a_redirect_to_where_nobody_listens_is_a_request_without_status_and_peer)
{
    bench b;
    char target[128];
    const uint16_t dead = client_dead_port();
    (void)snprintf(target, sizeof target, "/redirect/302?to=%s", client_url(dead, "/c"));
    REQUIRE(bench_open(&b, target));
    CHECK_EQUAL(client_perform(&b.browser), CURLE_COULDNT_CONNECT);
    CHECK_EQUAL(spans_count(), 2);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(b.server.port, target), "302", NULL, NULL});
    check_facts(spans_find("GET", 1),
                (facts){"GET", client_url(dead, "/c"), NULL, "1", "couldnt_connect"});
    CHECK_STRING(spans_text(spans_find("GET", 1), "network.peer.port"), NULL);
    bench_close(&b);
}

/* http-spans, Status: "3xx codes with max redirects exceeded". */
TEST(one_redirect_too_many_is_an_error_of_the_request_that_was_redirected)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/redirect/303"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_MAXREDIRS, 1L), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_TOO_MANY_REDIRECTS);
    CHECK_EQUAL(spans_count(), 2);
    check_facts(spans_find("GET", 1), (facts){"GET", client_url(b.server.port, "/redirect/303"),
                                              "303", "1", "too_many_redirects"});
    bench_close(&b);
}

TEST(a_redirect_that_is_not_followed_is_one_request)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=/b"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_FOLLOWLOCATION, 0L), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(
        spans_find("GET", 0),
        (facts){"GET", client_url(b.server.port, "/redirect/302?to=/b"), "302", NULL, NULL});
    bench_close(&b);
}

TEST(a_redirect_that_leads_to_no_http_is_one_request_that_went_well)
{
    bench b;
    REQUIRE(bench_open(&b, "/redirect/302?to=gopher://127.0.0.1/b"));
    CHECK(client_perform(&b.browser) != CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), "302");
    bench_close(&b);
}

/* ---- sent again for other reasons ---- */

TEST(a_challenge_and_the_answer_to_it_are_a_span_each)
{
    bench b;
    REQUIRE(bench_open(&b, "/secret"));
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_USERPWD, "me:s3cret"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_ANY), CURLE_OK);
    CHECK_EQUAL(perform_in_a_request(&b), CURLE_OK);
    CHECK_EQUAL(spans_count(), 3);
    const char *url = client_url(b.server.port, "/secret");
    check_facts(spans_find("GET", 0), (facts){"GET", url, "401", NULL, "401"});
    check_facts(spans_find("GET", 1), (facts){"GET", url, "200", "1", NULL});
    bench_close(&b);
}

/* A server may close a connection that is idle at any moment. */
TEST(a_request_that_is_repeated_on_another_connection_got_nothing_the_first_time)
{
    static const script_step steps[] = {{GOOD, false}, {NULL, true}, {GOOD, true}, {NULL, false}};
    script server;
    client browser;
    script_open(&server, steps);
    client_open(&browser, server.port, "/a");
    REQUIRE(spans_open());
    CHECK_EQUAL(client_perform(&browser), CURLE_OK);
    client_set_target(&browser, server.port, "/b");
    CHECK_EQUAL(client_perform(&browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 3);
    const char *url = client_url(server.port, "/b");
    check_facts(spans_find("GET", 1), (facts){"GET", url, NULL, NULL, "got_nothing"});
    check_facts(spans_find("GET", 2), (facts){"GET", url, "200", "1", NULL});
    client_close(&browser);
    spans_close();
    script_close(&server);
}

TEST(the_status_of_a_redirect_is_not_that_of_a_request_that_got_nothing)
{
    static const script_step steps[] = {
        {"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
         true},
        {NULL, true},
        {NULL, false},
    };
    script server;
    client browser;
    script_open(&server, steps);
    client_open(&browser, server.port, "/a");
    REQUIRE(spans_open());
    CHECK_EQUAL(client_perform(&browser), CURLE_GOT_NOTHING);
    CHECK_EQUAL(spans_count(), 2);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(server.port, "/a"), "302", NULL, NULL});
    check_facts(spans_find("GET", 1),
                (facts){"GET", client_url(server.port, "/b"), NULL, "1", "got_nothing"});
    client_close(&browser);
    spans_close();
    script_close(&server);
}

TEST(a_request_that_is_sent_again_because_its_expect_failed_is_two)
{
    static const script_step steps[] = {
        {"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", false},
        {GOOD, true},
        {NULL, false},
    };
    script server;
    client browser;
    script_open(&server, steps);
    client_open(&browser, server.port, "/a");
    REQUIRE(spans_open());
    struct curl_slist *headers = curl_slist_append(NULL, "Expect: 100-continue");
    CHECK_EQUAL(curl_easy_setopt(browser.easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(browser.easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    CHECK_EQUAL(client_perform(&browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 2);
    const char *url = client_url(server.port, "/a");
    check_facts(spans_find("POST", 0), (facts){"POST", url, "417", NULL, "417"});
    check_facts(spans_find("POST", 1), (facts){"POST", url, "200", "1", NULL});
    client_close(&browser);
    curl_slist_free_all(headers);
    spans_close();
    script_close(&server);
}

/* ---- interim and broken answers ---- */

TEST(a_continue_is_no_answer)
{
    bench b;
    REQUIRE(bench_open(&b, "/b"));
    struct curl_slist *headers = curl_slist_append(NULL, "Expect: 100-continue");
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(b.browser.easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    CHECK_EQUAL(client_perform(&b.browser), CURLE_OK);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("POST", 0),
                (facts){"POST", client_url(b.server.port, "/b"), "200", NULL, NULL});
    bench_close(&b);
    curl_slist_free_all(headers);
}

TEST(a_continue_and_nothing_more_is_no_status)
{
    static const script_step steps[] = {{"HTTP/1.1 100 Continue\r\n\r\n", true}, {NULL, false}};
    script server;
    client browser;
    script_open(&server, steps);
    client_open(&browser, server.port, "/a");
    REQUIRE(spans_open());
    const CURLcode code = client_perform(&browser);
    CHECK(code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), NULL);
    CHECK_EQUAL(spans_find("GET", 0)->status, IMPACT_SPAN_STATUS_ERROR);
    client_close(&browser);
    spans_close();
    script_close(&server);
}

TEST(a_body_that_is_cut_short_is_an_error_with_a_status)
{
    static const script_step steps[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", true},
        {NULL, false},
    };
    script server;
    client browser;
    script_open(&server, steps);
    client_open(&browser, server.port, "/a");
    REQUIRE(spans_open());
    CHECK_EQUAL(client_perform(&browser), CURLE_PARTIAL_FILE);
    CHECK_EQUAL(spans_count(), 1);
    check_facts(spans_find("GET", 0),
                (facts){"GET", client_url(server.port, "/a"), "200", NULL, "partial_file"});
    client_close(&browser);
    spans_close();
    script_close(&server);
}
