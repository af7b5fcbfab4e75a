/* The exporter "otlp" where nobody waits for it: begun, and advanced when it can go on. */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "support/otlp_peer.h"

enum { in_time_ms = 20000 };

static impact_export_progress advance(impact_exporter *exporter)
{
    impact_export_progress progress = {
        .size = sizeof progress, .descriptor = -1, .wait_ms = UINT32_MAX};
    exporter->advance_export(exporter, &progress);
    return progress;
}

/* As a host does: until it is over, and never without having been told. */
static impact_export_progress finish(impact_exporter *exporter)
{
    impact_export_progress progress = advance(exporter);
    while (!progress.is_over) {
        struct pollfd readable = {.fd = progress.descriptor, .events = POLLIN};
        CHECK(readable.fd >= 0 && progress.wait_ms <= in_time_ms);
        (void)poll(&readable, 1, (int)progress.wait_ms);
        progress = advance(exporter);
    }
    return progress;
}

/* The batch has to outlive the export. */
static message_example example;

static impact_exporter *begin(void)
{
    impact_exporter *exporter = open_exporter();
    message_example_fill(&example);
    exporter->begin_export(exporter, &example.batch.shown, in_time_ms);
    return exporter;
}

TEST(an_export_is_over_when_it_was_answered)
{
    exchange e = {.peer = open_peer(8), .answers = {HTTP_OK}};
    pthread_t thread;
    impact_exporter *exporter = begin();
    CHECK(!advance(exporter).is_over); /* nobody answers yet */
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    const impact_export_progress progress = finish(exporter);
    (void)pthread_join(thread, NULL);
    CHECK(progress.status == IMPACT_OK && progress.rejected == 0);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(a_pause_is_told_and_not_waited_for)
{
    exchange e = {
        .peer = open_peer(8),
        .answers = {"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", HTTP_OK},
    };
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    impact_exporter *exporter = begin();
    const impact_export_progress progress = finish(exporter);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(progress.status, IMPACT_OK);
    CHECK(e.accepted_ns[1] - e.answered_ns[0] >= 990 * IMPACT__NS_PER_MS);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(an_interruption_and_a_close_end_what_is_under_way)
{
    const int peer = open_peer(8); /* silent */
    impact_exporter *exporter = begin();
    const impact_export_progress before = advance(exporter);
    exporter->interrupt(exporter);
    struct pollfd readable = {.fd = before.descriptor, .events = POLLIN};
    CHECK_EQUAL(poll(&readable, 1, in_time_ms), 1);
    const impact_export_progress after = advance(exporter);
    CHECK(!before.is_over && after.is_over && after.status == IMPACT_ECLOSED);
    impact_exporter_close(exporter);
    exporter = begin();
    CHECK(!advance(exporter).is_over);
    impact_exporter_close(exporter);
    (void)close(peer);
}

TEST(a_child_that_is_forked_amid_an_export_begins_its_own_and_leaves_the_parents_alone)
{
    exchange e = {.peer = open_peer(8), .answers = {HTTP_OK, HTTP_OK}};
    int status = 1;
    pthread_t thread;
    impact_exporter *exporter = begin();
    CHECK(!advance(exporter).is_over);
    const pid_t child = fork();
    if (child == 0) {
        exporter->begin_export(exporter, &example.batch.shown, in_time_ms);
        const impact_status ended = finish(exporter).status;
        impact_exporter_close(exporter);
        _exit(ended == IMPACT_OK ? 0 : 1);
    }
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(finish(exporter).status, IMPACT_OK);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}
