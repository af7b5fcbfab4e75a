/* Calls to libcurl in any order: nothing breaks, and each request that was sent with a context has
 * its span. */
#include <impact/trace.h>

#include "pool.h"
#include "support/check.h"

enum { handle_count = 4, multi_count = 2, step_count = 120, round_count = 40 };

/* What calls are made on. */
typedef struct scene {
    echo server;
    client clients[handle_count];
    CURLM *multis[multi_count];
    struct curl_slist *headers;
    uint32_t random;
} scene;

static uint32_t draw(scene *s, uint32_t below)
{
    s->random = s->random * 1664525 + 1013904223;
    return (s->random >> 16) % below;
}

static void set_target(scene *s, client *c)
{
    static const char *const targets[] = {"/b", "/redirect/307?to=/b", "/secret", "/status/404"};
    client_set_target(c, s->server.port, targets[draw(s, 4)]);
}

static void open_again(scene *s, client *c)
{
    client_close(c);
    client_open(c, s->server.port, "/b");
}

static void replace_by_copy(client *c)
{
    CURL *copy = curl_easy_duphandle(c->easy);
    CHECK(copy != NULL);
    client_close(c);
    c->easy = copy;
}

static void close_multi(scene *s, CURLM **multi)
{
    (void)s;
    CHECK_EQUAL(curl_multi_cleanup(*multi), CURLM_OK);
    *multi = curl_multi_init();
}

/* One call, or a few. What libcurl refuses is refused: whether it does is its own. */
static void step(scene *s)
{
    int number = 0;
    client *c = &s->clients[draw(s, handle_count)];
    CURLM **multi = &s->multis[draw(s, multi_count)];
    switch (draw(s, 12)) {
    case 0:
    case 1:
    case 2:
        (void)curl_multi_add_handle(*multi, c->easy);
        break;
    case 3:
        (void)curl_multi_remove_handle(*multi, c->easy);
        break;
    case 4:
    case 5:
        (void)curl_multi_perform(*multi, &number);
        break;
    case 6:
        (void)curl_multi_info_read(*multi, &number);
        break;
    case 7:
        pool_drive(*multi);
        break;
    case 8:
        (void)curl_easy_perform(c->easy);
        break;
    case 9:
        set_target(s, c);
        (void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, draw(s, 2) ? s->headers : NULL);
        break;
    case 10:
        draw(s, 2) ? open_again(s, c) : replace_by_copy(c);
        break;
    default:
        if (draw(s, 4) == 0)
            close_multi(s, multi);
    }
}

static void open_scene(scene *s, uint32_t seed)
{
    s->random = seed;
    echo_open(&s->server);
    s->headers = curl_slist_append(NULL, "X-Mine: yes");
    for (int i = 0; i < handle_count; i++)
        client_open(&s->clients[i], s->server.port, "/b");
    for (int i = 0; i < multi_count; i++)
        s->multis[i] = curl_multi_init();
}

/* In one order or the other: both are libcurl's. */
static void close_handles(scene *s)
{
    const bool multis_first = draw(s, 2);
    for (int i = 0; i < multi_count && multis_first; i++)
        CHECK_EQUAL(curl_multi_cleanup(s->multis[i]), CURLM_OK);
    for (int i = 0; i < handle_count; i++)
        client_close(&s->clients[i]);
    for (int i = 0; i < multi_count && !multis_first; i++)
        CHECK_EQUAL(curl_multi_cleanup(s->multis[i]), CURLM_OK);
    curl_slist_free_all(s->headers);
}

static bool has_span(const char *request)
{
    const impact_span_view *span;
    for (size_t i = 0; (span = spans_find("GET", i)); i++)
        if (strstr(request, client_traceparent(span)))
            return true;
    return false;
}

/* Each of the last requests had a context, and its span has ended. */
static void check_requests(scene *s)
{
    const size_t count = echo_log_size(&s->server);
    for (size_t i = count > echo_log_limit ? count - echo_log_limit : 0; i < count; i++) {
        CHECK(has_span(echo_logged(&s->server, i)));
        CHECK(strstr(echo_logged(&s->server, i), " 00-") != NULL);
    }
}

TEST(calls_in_any_order_leave_each_request_with_its_span)
{
    for (uint32_t round = 0; round < round_count; round++) {
        scene s;
        open_scene(&s, round);
        REQUIRE(spans_open());
        for (int i = 0; i < step_count; i++)
            step(&s);
        close_handles(&s);
        CHECK(spans_count() > 0);
        check_requests(&s);
        spans_close();
        echo_close(&s.server);
    }
    CHECK(impact_span_current() == NULL);
}
