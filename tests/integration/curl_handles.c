/* Handles that come to a multi handle and go from it, and what of them is the application's. */
#include <impact/trace.h>

#include "memory_switch.h"
#include "pool.h"
#include "script.h"
#include "support/check.h"
#include "support/faults.h"

/* ---- ends ---- */

TEST(a_transfer_whose_handle_is_taken_away_after_its_answer_went_well)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/b");
    pool_drive(p.multi);
    CHECK_EQUAL(curl_multi_remove_handle(p.multi, one.easy), CURLM_OK);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), "200");
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), NULL);
    client_close(&one);
    pool_close(&p);
}

static void check_removed(const char *status)
{
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("GET", 0);
    CHECK_STRING(spans_text(span, "error.type"), "removed");
    CHECK_STRING(spans_text(span, "http.response.status_code"), status);
    CHECK_EQUAL(span ? span->status : 0, IMPACT_SPAN_STATUS_ERROR);
}

TEST(a_transfer_whose_handle_is_taken_away_before_its_answer_is_an_error)
{
    pool p;
    client one;
    int running = 0;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/hang");
    CHECK_EQUAL(curl_multi_perform(p.multi, &running), CURLM_OK);
    CHECK_EQUAL(curl_multi_remove_handle(p.multi, one.easy), CURLM_OK);
    check_removed(NULL);
    client_close(&one);
    CHECK_EQUAL(spans_count(), 1);
    pool_close(&p);
}

TEST(a_handle_that_is_closed_in_the_middle_ends_its_span)
{
    pool p;
    client one;
    int running = 0;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/hang");
    CHECK_EQUAL(curl_multi_perform(p.multi, &running), CURLM_OK);
    client_close(&one);
    check_removed(NULL);
    pool_close(&p);
}

TEST(a_handle_that_is_reset_in_the_middle_ends_its_span)
{
    pool p;
    client one;
    int running = 0;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/hang");
    CHECK_EQUAL(curl_multi_perform(p.multi, &running), CURLM_OK);
    curl_easy_reset(one.easy);
    check_removed(NULL);
    CHECK_EQUAL(curl_multi_remove_handle(p.multi, one.easy), CURLM_OK);
    client_close(&one);
    pool_close(&p);
}

TEST(a_multi_handle_that_is_closed_ends_the_spans_of_all_that_is_in_it)
{
    echo server;
    client some[3];
    int running = 0;
    echo_open(&server);
    REQUIRE(spans_open());
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < 3; i++) {
        client_open(&some[i], server.port, "/hang");
        CHECK_EQUAL(curl_multi_add_handle(multi, some[i].easy), CURLM_OK);
    }
    CHECK_EQUAL(curl_multi_perform(multi, &running), CURLM_OK);
    CHECK_EQUAL(curl_multi_cleanup(multi), CURLM_OK);
    CHECK_EQUAL(spans_count(), 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_STRING(spans_text(spans_find("GET", i), "error.type"), "removed");
    for (int i = 0; i < 3; i++)
        client_close(&some[i]);
    CHECK_EQUAL(spans_count(), 3);
    spans_close();
    echo_close(&server);
}

TEST(a_body_that_had_not_all_come_when_the_handle_was_taken_away_is_an_error)
{
    static const script_step steps[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", false},
        {NULL, false},
    };
    script server;
    client one;
    int running = 0;
    script_open(&server, steps);
    REQUIRE(spans_open());
    CURLM *multi = curl_multi_init();
    client_open(&one, server.port, "/a");
    CHECK_EQUAL(curl_multi_add_handle(multi, one.easy), CURLM_OK);
    while (curl_multi_perform(multi, &running) == CURLM_OK && one.size < strlen("only this"))
        CHECK_EQUAL(curl_multi_poll(multi, NULL, 0, pool_wait_ms, NULL), CURLM_OK);
    CHECK_EQUAL(curl_multi_remove_handle(multi, one.easy), CURLM_OK);
    check_removed("200");
    client_close(&one);
    CHECK_EQUAL(curl_multi_cleanup(multi), CURLM_OK);
    spans_close();
    script_close(&server);
}

TEST(a_transfer_that_fails_tells_why)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    client_open(&one, client_dead_port(), "/a");
    CHECK_EQUAL(curl_multi_add_handle(p.multi, one.easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 0);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "couldnt_connect");
    client_close(&one);
    pool_close(&p);
}

/* ---- handles that come and go ---- */

TEST(a_handle_that_moves_to_another_multi_handle_begins_anew)
{
    pool p;
    client one;
    int running = 0;
    REQUIRE(pool_open(&p));
    CURLM *second = curl_multi_init();
    pool_add(&p, &one, "/b");
    CHECK_EQUAL(curl_multi_add_handle(second, one.easy), CURLM_ADDED_ALREADY);
    CHECK_EQUAL(curl_multi_perform(p.multi, &running), CURLM_OK);
    CHECK_EQUAL(curl_multi_remove_handle(second, one.easy), CURLM_BAD_EASY_HANDLE);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(curl_multi_remove_handle(p.multi, one.easy), CURLM_OK);
    CHECK_EQUAL(spans_count(), 1);
    one.size = 0;
    CHECK_EQUAL(curl_multi_add_handle(second, one.easy), CURLM_OK);
    pool_drive(second);
    CHECK_EQUAL(pool_collect(second), 1);
    CHECK_EQUAL(spans_count(), 2);
    CHECK(check_contains(one.body, client_traceparent(spans_find("GET", 1))));
    client_close(&one);
    CHECK_EQUAL(curl_multi_cleanup(second), CURLM_OK);
    pool_close(&p);
}

TEST(a_handle_is_used_by_both_interfaces_in_turn)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/b");
    CHECK(curl_easy_perform(one.easy) != CURLE_OK); /* it is in use */
    CHECK_EQUAL(spans_count(), 0);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(client_perform(&one), CURLE_OK);
    CHECK(check_contains(one.body, "GET /b 00-"));
    CHECK_EQUAL(curl_multi_add_handle(p.multi, one.easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 3);
    client_close(&one);
    pool_close(&p);
}

/* ---- what is the application's ---- */

#undef curl_multi_add_handle
static CURLMcode add_past_us(CURLM *multi, CURL *easy)
{
    return curl_multi_add_handle(multi, easy);
}
#define curl_multi_add_handle impact_curl_multi_add_handle

#undef curl_multi_remove_handle
static CURLMcode remove_past_us(CURLM *multi, CURL *easy)
{
    return curl_multi_remove_handle(multi, easy);
}
#define curl_multi_remove_handle impact_curl_multi_remove_handle

TEST(a_handle_that_was_taken_away_past_us_ends_its_span_when_it_is_added_again)
{
    pool p;
    client one;
    int running = 0;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/hang");
    CHECK_EQUAL(curl_multi_perform(p.multi, &running), CURLM_OK);
    CHECK_EQUAL(remove_past_us(p.multi, one.easy), CURLM_OK);
    client_set_target(&one, p.server.port, "/b");
    CHECK_EQUAL(curl_multi_add_handle(p.multi, one.easy), CURLM_OK);
    CHECK_EQUAL(spans_count(), 1);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 2);
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "removed");
    CHECK(check_contains(one.body, client_traceparent(spans_find("GET", 1))));
    client_close(&one);
    pool_close(&p);
}

TEST(a_handle_that_is_added_past_us_is_as_it_was)
{
    pool p;
    client mine;
    client theirs;
    REQUIRE(pool_open(&p));
    pool_add(&p, &mine, "/b");
    client_open(&theirs, p.server.port, "/c");
    CHECK_EQUAL(add_past_us(p.multi, theirs.easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 2);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(theirs.body, "GET /c -|-|-");
    client_close(&mine);
    client_close(&theirs);
    pool_close(&p);
}

#undef curl_easy_cleanup
static void cleanup_past_us(CURL *easy)
{
    curl_easy_cleanup(easy);
}
#define curl_easy_cleanup impact_curl_easy_cleanup

/* A handle that we see for the first time may have any list and any function. */
#undef curl_easy_setopt
static CURL *open_past_us(const char *url, struct curl_slist *headers, client *to)
{
    CURL *easy = curl_easy_init();
    to->easy = easy;
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_URL, url), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L), CURLE_OK);
    return easy;
}
#define curl_easy_setopt impact_curl_easy_setopt

TEST(a_handle_that_was_never_seen_keeps_its_headers_and_has_a_span)
{
    pool p;
    client one = {.size = 0};
    REQUIRE(pool_open(&p));
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CURL *easy = open_past_us(client_url(p.server.port, "/status/404"), headers, &one);
    CHECK_EQUAL(curl_multi_add_handle(p.multi, easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 0);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("GET", 0), "url.full"),
                 client_url(p.server.port, "/status/404"));
    CHECK_STRING(spans_text(spans_find("GET", 0), "error.type"), "404");
    CHECK_STRING(echo_logged(&p.server, 0), "GET /status/404 -|-|yes");
    client_close(&one);
    curl_slist_free_all(headers);
    pool_close(&p);
}

/* How often the application's own callbacks were called. */
typedef struct callbacks {
    int progress;
    int header;
    int debug;
} callbacks;

static int on_progress(void *userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    ((callbacks *)userdata)->progress++;
    return 0;
}

static size_t on_header(char *line, size_t one, size_t size, void *userdata)
{
    (void)line, (void)one;
    ((callbacks *)userdata)->header++;
    return size;
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *userdata)
{
    (void)easy, (void)type, (void)data, (void)size;
    ((callbacks *)userdata)->debug++;
    return 0;
}

TEST(callbacks_pointers_and_lists_of_the_applications_are_untouched)
{
    pool p;
    client one;
    callbacks c = {0};
    void *private = NULL;
    REQUIRE(pool_open(&p));
    client_open(&one, p.server.port, "/b");
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_PRIVATE, &c), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_NOPROGRESS, 0L), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_XFERINFOFUNCTION, on_progress), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_XFERINFODATA, &c), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HEADERFUNCTION, on_header), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HEADERDATA, &c), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_DEBUGFUNCTION, on_debug), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_DEBUGDATA, &c), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_VERBOSE, 1L), CURLE_OK);
    CHECK_EQUAL(curl_multi_add_handle(p.multi, one.easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK(c.progress > 0 && c.header > 0 && c.debug > 0);
    CHECK_EQUAL(curl_easy_getinfo(one.easy, CURLINFO_PRIVATE, (char **)&private), CURLE_OK);
    CHECK(private == &c);
    CHECK_STRING(headers->data, "X-Mine: yes");
    CHECK(headers->next == NULL);
    CHECK(check_contains(one.body, "GET /b 00-") && check_contains(one.body, "|yes"));
    CHECK_EQUAL(client_perform_past_us(one.easy), CURLE_OK);
    CHECK_STRING(echo_logged(&p.server, 1), "GET /b -|-|yes");
    client_close(&one);
    curl_slist_free_all(headers);
    pool_close(&p);
}

TEST(what_is_set_after_a_handle_was_added_counts)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/a");
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_POSTFIELDS, "a=b"), CURLE_OK);
    client_set_target(&one, p.server.port, "/b");
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("POST", 0);
    CHECK_STRING(spans_text(span, "http.request.method"), "POST");
    CHECK_STRING(spans_text(span, "url.full"), client_url(p.server.port, "/b"));
    CHECK(check_contains(one.body, client_traceparent(span)));
    CHECK(check_contains(one.body, "POST /b 00-") && check_contains(one.body, "|yes"));
    client_close(&one);
    curl_slist_free_all(headers);
    pool_close(&p);
}

TEST(the_list_that_is_set_again_after_a_handle_was_added_goes_with_the_context)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    pool_add(&p, &one, "/b");
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HTTPHEADER, NULL), CURLE_OK);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 1);
    CHECK(check_contains(one.body, client_traceparent(spans_find("GET", 0))));
    client_close(&one);
    pool_close(&p);
}

TEST(a_list_may_be_freed_once_the_result_is_read)
{
    pool p;
    client one;
    int left = 0;
    REQUIRE(pool_open(&p));
    client_open(&one, p.server.port, "/b");
    struct curl_slist *headers = curl_slist_append(NULL, "X-Mine: yes");
    CHECK_EQUAL(curl_easy_setopt(one.easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
    CHECK_EQUAL(curl_multi_add_handle(p.multi, one.easy), CURLM_OK);
    pool_drive(p.multi);
    CHECK(curl_multi_info_read(p.multi, &left) != NULL);
    curl_slist_free_all(headers);
    CHECK_EQUAL(curl_multi_remove_handle(p.multi, one.easy), CURLM_OK);
    client_close(&one);
    pool_close(&p);
}

/* ---- memory ---- */

/* One that was never seen is forgotten when its transfer is over. */
static void transfer_with_little_memory(pool *p)
{
    client one;
    client stranger;
    client_open(&one, p->server.port, "/redirect/302?to=/b");
    CHECK_EQUAL(curl_multi_add_handle(p->multi, one.easy), CURLM_OK);
    (void)open_past_us(client_url(p->server.port, "/status/204"), NULL, &stranger);
    CHECK_EQUAL(curl_multi_add_handle(p->multi, stranger.easy), CURLM_OK);
    pool_drive(p->multi);
    CHECK_EQUAL(pool_collect(p->multi), 2);
    CHECK(check_contains(one.body, "GET /b "));
    client_close(&one);
    cleanup_past_us(stranger.easy);
}

TEST(transfers_of_a_multi_handle_are_made_whatever_memory_does)
{
    pool p;
    memory_switch_install();
    REQUIRE(pool_open(&p));
    transfer_with_little_memory(&p); /* the tracer is for good, */
    CHECK_EQUAL(spans_count(), 3);   /* and the worker's thread has begun */
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        transfer_with_little_memory(&p);
        memory_switch_to(NULL);
    }
    pool_close(&p);
}
