/* The exporter "otlp" between requests: pauses that a backend asked for, and the end of the
 * provider. */
#include <pthread.h>
#include <sys/wait.h>

#include "support/fake_clock.h"
#include "support/otlp_peer.h"

static const char busy_for_two_seconds[] =
    "HTTP/1.1 429 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
static const char busy_for_a_day[] =
    "HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n";

TEST(a_pause_that_the_backend_asked_for_is_kept_between_batches)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_two_seconds, HTTP_OK}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    impact_exporter *exporter = open_exporter();
    CHECK_EQUAL(export_one(exporter, 1500).status, IMPACT_EAGAIN);
    /* Were they sent, they would be taken: the next answer is 200. */
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(export_one(exporter, 1).status, IMPACT_EAGAIN);
    CHECK_EQUAL(export_one(exporter, 30000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    CHECK(e.accepted_ns[1] - e.answered_ns[0] >= 1990 * IMPACT__NS_PER_MS);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(a_pause_is_over_in_five_minutes_whatever_was_asked_for)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    exchange e = {.peer = open_peer(8), .answers = {busy_for_a_day, HTTP_OK}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    fake_clock_set(now_ns);
    impact_exporter *exporter = open_exporter();
    CHECK_EQUAL(export_one(exporter, 1000).status, IMPACT_EAGAIN);
    fake_clock_set(now_ns + 298 * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(export_one(exporter, 1000).status, IMPACT_EAGAIN);
    fake_clock_set(now_ns + 301 * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(export_one(exporter, 10000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

static void *interrupt_at_once(void *exporter)
{
    ((impact_exporter *)exporter)->interrupt(exporter);
    return NULL;
}

TEST(an_interruption_ends_a_pause_that_was_kept)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_a_day}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1); /* but the batch's own */
    impact_exporter *exporter = open_exporter();
    CHECK_EQUAL(export_one(exporter, 1000).status, IMPACT_EAGAIN);
    (void)pthread_join(thread, NULL);
    REQUIRE(pthread_create(&thread, NULL, interrupt_at_once, exporter) == 0);
    const outcome o = export_one(exporter, 600000); /* in which the pause ends */
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(o.status, IMPACT_ECLOSED);
    CHECK(o.took_ms < 60000);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(a_forked_child_keeps_the_pause_with_handles_of_its_own)
{
    const int peer = open_peer(8);
    impact_exporter *exporter = open_exporter();
    const pid_t server = fork();
    if (server == 0) {
        exchange e = {.peer = peer, .answers = {busy_for_two_seconds, HTTP_OK, HTTP_OK}};
        (void)exchange_all(&e);
        _exit(e.accepted_ns[1] - e.answered_ns[0] >= 1990 * IMPACT__NS_PER_MS ? 0 : 1);
    }
    CHECK_EQUAL(export_one(exporter, 1500).status, IMPACT_EAGAIN);
    const pid_t child = fork();
    if (child == 0) {
        const outcome o = export_one(exporter, 30000);
        impact_exporter_close(exporter);
        _exit(o.status == IMPACT_OK ? 0 : 1);
    }
    int status = 1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(export_one(exporter, 30000).status, IMPACT_OK);
    (void)waitpid(server, &status, 0);
    CHECK_EQUAL(status, 0);
    impact_exporter_close(exporter);
    (void)close(peer);
}

/* ---- the end is near ---- */

/* Exports on another thread, so that something can happen meanwhile. */
typedef struct background {
    impact_exporter *exporter;
    pthread_t thread;
    outcome outcome;
} background;

static void *export_for_ten_minutes(void *of)
{
    background *b = of;
    b->outcome = export_one(b->exporter, 600000);
    return NULL;
}

static void begin_export(background *b)
{
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1); /* but the batch's own */
    b->exporter = open_exporter();
    REQUIRE(pthread_create(&b->thread, NULL, export_for_ten_minutes, b) == 0);
}

static void end_export(background *b)
{
    (void)pthread_join(b->thread, NULL);
    CHECK(b->outcome.took_ms < 60000);
}

TEST(a_backend_that_is_away_is_tried_once_more_when_the_end_is_near)
{
    const int peer = open_peer(0); /* refuses */
    background b;
    begin_export(&b);
    b.exporter->hasten(b.exporter, 500000);
    end_export(&b);
    CHECK_EQUAL(b.outcome.status, IMPACT_EAGAIN);
    CHECK_EQUAL(export_one(b.exporter, 600000).status, IMPACT_EAGAIN);
    impact_exporter_close(b.exporter);
    (void)close(peer);
}

TEST(a_backend_that_came_back_gets_the_spans_with_the_last_try)
{
    exchange e = {.peer = open_peer(0), .answers = {HTTP_OK}};
    background b;
    pthread_t thread;
    begin_export(&b);
    CHECK(listen(e.peer, 8) == 0);
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    b.exporter->hasten(b.exporter, 500000);
    end_export(&b);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(b.outcome.status, IMPACT_OK);
    impact_exporter_close(b.exporter);
    (void)close(e.peer);
}

TEST(a_pause_that_outlasts_the_end_is_not_waited_for)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_a_day, HTTP_OK}};
    background b;
    pthread_t thread;
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1);
    b.exporter = open_exporter();
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(export_one(b.exporter, 1000).status, IMPACT_EAGAIN); /* five minutes are kept */
    REQUIRE(pthread_create(&b.thread, NULL, export_for_ten_minutes, &b) == 0);
    b.exporter->hasten(b.exporter, 1000);
    end_export(&b);
    CHECK_EQUAL(b.outcome.status, IMPACT_EAGAIN);
    impact_exporter_close(b.exporter);
    (void)shutdown(e.peer, SHUT_RDWR); /* who waits for a second request does not any more */
    (void)pthread_join(thread, NULL);
    (void)close(e.peer);
}

TEST(a_busy_backend_is_asked_again_though_the_end_is_near)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_two_seconds, HTTP_OK}};
    pthread_t thread;
    impact_exporter *exporter = open_exporter();
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    exporter->hasten(exporter, 500000);
    CHECK_EQUAL(export_one(exporter, 30000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    CHECK(e.accepted_ns[1] - e.answered_ns[0] >= 1990 * IMPACT__NS_PER_MS);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}
