/* libcurl's multi interface with spans, however it is driven. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include <impact/baggage.h>
#include <impact/context.h>
#include <impact/propagation.h>
#include <impact/trace.h>

#include "pool.h"
#include "support/check.h"

TEST(null_and_strangers_are_refused_as_libcurl_does)
{
    int left = 0;
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    CHECK_EQUAL(impact_curl_multi_add_handle(NULL, easy), CURLM_BAD_HANDLE);
    CHECK_EQUAL(impact_curl_multi_add_handle(multi, NULL), CURLM_BAD_EASY_HANDLE);
    CHECK_EQUAL(impact_curl_multi_remove_handle(NULL, easy), CURLM_BAD_HANDLE);
    CHECK_EQUAL(impact_curl_multi_remove_handle(multi, NULL), CURLM_BAD_EASY_HANDLE);
    CHECK(impact_curl_multi_info_read(NULL, &left) == NULL);
    CHECK(impact_curl_multi_info_read(multi, &left) == NULL);
    CHECK_EQUAL(impact_curl_multi_cleanup(NULL), CURLM_BAD_HANDLE);
    CHECK_EQUAL(impact_curl_multi_cleanup(multi), CURLM_OK);
    curl_easy_cleanup(easy);
}

TEST(a_transfer_of_a_multi_handle_is_traced_like_an_easy_one)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    {
        IMPACT_SPAN(request, "request");
        pool_add(&p, &one, "/b?auth=s3cret");
    }
    pool_drive(p.multi);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 2);
    const impact_span_view *span = spans_find("GET", 0);
    CHECK(spans_is_child_of(span, spans_find("request", 0)));
    CHECK_EQUAL(span->kind, IMPACT_SPAN_KIND_CLIENT);
    CHECK_STRING(spans_text(span, "url.full"), client_url(p.server.port, "/b?auth=REDACTED"));
    CHECK_STRING(spans_text(span, "http.request.method"), "GET");
    CHECK_STRING(spans_text(span, "http.response.status_code"), "200");
    CHECK_STRING(spans_text(span, "network.peer.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "network.protocol.version"), "1.1");
    CHECK_STRING(spans_text(span, "server.address"), "127.0.0.1");
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    CHECK(check_contains(one.body, client_traceparent(span)));
    client_close(&one);
    pool_close(&p);
}

TEST(what_is_redirected_goes_on_in_the_context_it_was_added_in)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    {
        IMPACT_SPAN(request, "request");
        pool_add(&p, &one, "/redirect/302?to=/header/traceparent");
    }
    {
        IMPACT_SPAN(other, "other");
        pool_drive(p.multi);
    }
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 4);
    for (size_t i = 0; i < 2; i++)
        CHECK(spans_is_child_of(spans_find("GET", i), spans_find("request", 0)));
    CHECK_STRING(spans_text(spans_find("GET", 0), "http.response.status_code"), "302");
    CHECK_STRING(spans_text(spans_find("GET", 1), "http.request.resend_count"), "1");
    CHECK_STRING(one.body, client_traceparent(spans_find("GET", 1)));
    CHECK(spans_find("GET", 1)->start_unix_ns == spans_find("GET", 0)->end_unix_ns);
    client_close(&one);
    pool_close(&p);
}

TEST(baggage_of_when_it_was_added_goes_with_every_request)
{
    pool p;
    client one;
    const impact_baggage *baggage = NULL;
    REQUIRE(pool_open(&p));
    REQUIRE(impact_baggage_set(&baggage, NULL, impact_text_of("user"), impact_text_of("7"),
                               impact_text_of("")) == IMPACT_OK);
    const impact_context *context = impact_context_with_baggage(NULL, baggage);
    const impact_scope scope = impact_context_attach(context);
    pool_add(&p, &one, "/redirect/302?to=/header/baggage");
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    impact_baggage_release(baggage);
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_STRING(one.body, "user=7");
    client_close(&one);
    pool_close(&p);
}

TEST(without_a_provider_what_is_current_where_it_was_added_is_handed_through)
{
    echo server;
    client one;
    echo_open(&server);
    CURLM *multi = curl_multi_init();
    const impact_text header =
        impact_text_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    impact_span_context remote;
    REQUIRE(impact_traceparent_parse(&remote, header));
    const impact_context *context = impact_context_with_span_context(NULL, &remote);
    const impact_scope scope = impact_context_attach(context);
    client_open(&one, server.port, "/redirect/302?to=/header/traceparent");
    CHECK_EQUAL(curl_multi_add_handle(multi, one.easy), CURLM_OK);
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    pool_drive(multi);
    CHECK_EQUAL(pool_collect(multi), 1);
    CHECK_STRING(one.body, header.data);
    CHECK(check_contains(echo_logged(&server, 0), header.data));
    client_close(&one);
    CHECK_EQUAL(curl_multi_cleanup(multi), CURLM_OK);
    echo_close(&server);
}

TEST(a_suppressed_transfer_of_a_multi_handle_stays_so)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    impact_tracing_suppress();
    pool_add(&p, &one, "/redirect/302?to=/b");
    impact_tracing_unsuppress();
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), 1);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_STRING(one.body, "GET /b -|-|-");
    client_close(&one);
    pool_close(&p);
}

/* ---- many at once ---- */

TEST(fifty_transfers_at_once_have_fifty_spans_and_each_sends_its_own)
{
    enum { count = 50 };
    pool p;
    static client all[count];
    char name[32];
    char target[32];
    REQUIRE(pool_open(&p));
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "request %d", i);
        (void)snprintf(target, sizeof target, "/status/%d", 200 + i);
        IMPACT_SPAN(request, name);
        client_open(&all[i], p.server.port, target);
        if (200 + i >= 300)
            CHECK_EQUAL(curl_easy_setopt(all[i].easy, CURLOPT_FOLLOWLOCATION, 0L), CURLE_OK);
        CHECK_EQUAL(curl_multi_add_handle(p.multi, all[i].easy), CURLM_OK);
    }
    pool_drive(p.multi);
    CHECK_EQUAL(pool_collect(p.multi), count);
    CHECK_EQUAL(spans_count(), 2 * count);
    for (size_t i = 0; i < count; i++) {
        const impact_span_view *span = spans_find("GET", i);
        unsigned status = 0;
        REQUIRE(span && sscanf(spans_text(span, "http.response.status_code"), "%u", &status) == 1);
        REQUIRE(status >= 200 && status < 200 + count);
        (void)snprintf(name, sizeof name, "request %u", status - 200);
        CHECK(spans_is_child_of(span, spans_find(name, 0)));
        (void)snprintf(target, sizeof target, "/status/%u", status);
        CHECK_STRING(spans_text(span, "url.full"), client_url(p.server.port, target));
        if (status != 204 && status != 205)
            CHECK(check_contains(all[status - 200].body, client_traceparent(span)));
    }
    for (int i = 0; i < count; i++)
        client_close(&all[i]);
    pool_close(&p);
}

/* ---- driven by sockets and timers ---- */

enum { socket_limit = 16 };

/* What an event loop keeps for libcurl. */
typedef struct loop {
    struct pollfd sockets[socket_limit];
    nfds_t count;
    long timeout_ms; /* -1: none */
} loop;

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *userdata, void *unused)
{
    loop *l = userdata;
    (void)easy, (void)unused;
    nfds_t i = 0;
    while (i < l->count && l->sockets[i].fd != socket)
        i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < l->count)
            l->sockets[i] = l->sockets[--l->count];
        return 0;
    }
    if (i == socket_limit)
        return -1;
    if (i == l->count)
        l->count++;
    const int events = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
    l->sockets[i] = (struct pollfd){.fd = socket, .events = (short)events};
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *userdata)
{
    (void)multi;
    ((loop *)userdata)->timeout_ms = timeout_ms;
    return 0;
}

static int act(CURLM *multi, const struct pollfd *ready, nfds_t count)
{
    int running = 0;
    for (nfds_t i = 0; i < count; i++) {
        const int what = (ready[i].revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
                         (ready[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
                         (ready[i].revents & POLLERR ? CURL_CSELECT_ERR : 0);
        if (what)
            CHECK_EQUAL(curl_multi_socket_action(multi, ready[i].fd, what, &running), CURLM_OK);
    }
    return running;
}

static void run(CURLM *multi, loop *l)
{
    for (int running = 1; running;) {
        struct pollfd ready[socket_limit];
        const nfds_t count = l->count;
        memcpy(ready, l->sockets, sizeof ready);
        const long wait = l->timeout_ms >= 0 ? l->timeout_ms : pool_wait_ms;
        if (poll(ready, count, (int)wait) > 0) {
            running = act(multi, ready, count);
        } else {
            l->timeout_ms = -1;
            CHECK_EQUAL(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running),
                        CURLM_OK);
        }
    }
}

TEST(what_sockets_and_timers_drive_is_traced)
{
    pool p;
    client some[3];
    loop l = {.timeout_ms = -1};
    REQUIRE(pool_open(&p));
    CHECK_EQUAL(curl_multi_setopt(p.multi, CURLMOPT_SOCKETFUNCTION, on_socket), CURLM_OK);
    CHECK_EQUAL(curl_multi_setopt(p.multi, CURLMOPT_SOCKETDATA, &l), CURLM_OK);
    CHECK_EQUAL(curl_multi_setopt(p.multi, CURLMOPT_TIMERFUNCTION, on_timer), CURLM_OK);
    CHECK_EQUAL(curl_multi_setopt(p.multi, CURLMOPT_TIMERDATA, &l), CURLM_OK);
    {
        IMPACT_SPAN(request, "request");
        for (int i = 0; i < 3; i++)
            pool_add(&p, &some[i], "/redirect/307?to=/header/traceparent");
    }
    run(p.multi, &l);
    CHECK_EQUAL(pool_collect(p.multi), 3);
    CHECK_EQUAL(spans_count(), 7);
    for (size_t i = 0; i < 6; i++)
        CHECK(spans_is_child_of(spans_find("GET", i), spans_find("request", 0)));
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(strlen(some[i].body), IMPACT_TRACEPARENT_SIZE - 1);
        client_close(&some[i]);
    }
    pool_close(&p);
}

/* ---- driven by another thread, which is woken up ---- */

/* A thread that waits for handles to drive, as long as it takes. */
typedef struct driver {
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the two below */
    client *wanted;       /* NULL: none */
    const impact_context *context;
    atomic_bool is_done;
} driver;

static void take_wanted(driver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    client *wanted = d->wanted;
    d->wanted = NULL;
    (void)pthread_mutex_unlock(&d->lock);
    if (!wanted)
        return;
    const impact_scope scope = impact_context_attach(d->context);
    CHECK_EQUAL(curl_multi_add_handle(d->multi, wanted->easy), CURLM_OK);
    CHECK(impact_context_detach(scope));
}

static void *drive_forever(void *argument)
{
    driver *d = argument;
    int running = 0;
    while (!atomic_load(&d->is_done)) {
        CHECK_EQUAL(curl_multi_poll(d->multi, NULL, 0, pool_wait_ms, NULL), CURLM_OK);
        take_wanted(d);
        CHECK_EQUAL(curl_multi_perform(d->multi, &running), CURLM_OK);
        if (pool_collect(d->multi))
            atomic_store(&d->is_done, true);
    }
    return NULL;
}

TEST(what_a_woken_thread_drives_is_traced_where_it_was_asked_for)
{
    pool p;
    client one;
    REQUIRE(pool_open(&p));
    driver d = {.multi = p.multi, .lock = PTHREAD_MUTEX_INITIALIZER};
    CHECK(pthread_create(&d.thread, NULL, drive_forever, &d) == 0);
    client_open(&one, p.server.port, "/header/traceparent");
    {
        IMPACT_SPAN(request, "request");
        d.context = impact_context_current();
        (void)pthread_mutex_lock(&d.lock);
        d.wanted = &one;
        (void)pthread_mutex_unlock(&d.lock);
        CHECK_EQUAL(curl_multi_wakeup(p.multi), CURLM_OK);
        (void)pthread_join(d.thread, NULL);
    }
    impact_context_release(d.context);
    CHECK_EQUAL(spans_count(), 2);
    CHECK(spans_is_child_of(spans_find("GET", 0), spans_find("request", 0)));
    CHECK_STRING(one.body, client_traceparent(spans_find("GET", 0)));
    client_close(&one);
    pool_close(&p);
}

/* Added here, driven there. */
static void *drive_and_collect(void *argument)
{
    CURLM *multi = argument;
    pool_drive(multi);
    CHECK_EQUAL(pool_collect(multi), 1);
    return NULL;
}

TEST(what_another_thread_drives_has_the_parent_of_the_one_that_added_it)
{
    pool p;
    client one;
    pthread_t thread;
    REQUIRE(pool_open(&p));
    {
        IMPACT_SPAN(request, "request");
        pool_add(&p, &one, "/redirect/302?to=/header/traceparent");
    }
    CHECK(pthread_create(&thread, NULL, drive_and_collect, p.multi) == 0);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(spans_count(), 3);
    CHECK(spans_is_child_of(spans_find("GET", 1), spans_find("request", 0)));
    CHECK_STRING(one.body, client_traceparent(spans_find("GET", 1)));
    client_close(&one);
    pool_close(&p);
}

enum { thread_count = 4, round_count = 10 };

/* Everything that a thread does with handles of its own. */
static void *transfer_often(void *argument)
{
    const echo *server = argument;
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < round_count; i++) {
        client some[2];
        for (int n = 0; n < 2; n++) {
            client_open(&some[n], server->port, "/redirect/302?to=/b");
            CHECK_EQUAL(curl_multi_add_handle(multi, some[n].easy), CURLM_OK);
        }
        pool_drive(multi);
        CHECK_EQUAL(pool_collect(multi), 2);
        for (int n = 0; n < 2; n++)
            client_close(&some[n]);
    }
    CHECK_EQUAL(curl_multi_cleanup(multi), CURLM_OK);
    return NULL;
}

TEST(threads_with_multi_handles_of_their_own_do_not_meet)
{
    pool p;
    pthread_t threads[thread_count];
    REQUIRE(pool_open(&p));
    for (int i = 0; i < thread_count; i++)
        CHECK(pthread_create(&threads[i], NULL, transfer_often, &p.server) == 0);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(spans_count(), thread_count * round_count * 2 * 2);
    pool_close(&p);
}
