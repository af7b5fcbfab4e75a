/* Several exporters "otlp" of one kind, as a provider has them that sends several batches at once.
 */
#include <poll.h>
#include <pthread.h>

#include "support/faults.h"
#include "support/otlp_peer.h"

enum { in_time_ms = 20000, pair = 2 };

static impact_exporter *exporters[pair];
static message_example example;

static void open_pair(void)
{
    exporters[0] = open_exporter();
    CHECK_EQUAL(exporters[0]->open_another(&exporters[1], exporters[0]), IMPACT_OK);
    message_example_fill(&example);
}

static void close_pair(void)
{
    impact_exporter_close(exporters[1]);
    impact_exporter_close(exporters[0]); /* whose settings the other had */
}

static void begin(int which)
{
    exporters[which]->begin_export(exporters[which], &example.batch.shown, in_time_ms);
}

static impact_export_progress advance(int which)
{
    impact_export_progress progress = {
        .size = sizeof progress, .descriptor = -1, .wait_ms = UINT32_MAX};
    exporters[which]->advance_export(exporters[which], &progress);
    return progress;
}

/* Both, by one thread, until they are over. */
static void finish_both(impact_export_progress progress[pair])
{
    progress[0] = advance(0);
    progress[1] = advance(1);
    while (!progress[0].is_over || !progress[1].is_over) {
        struct pollfd readable[pair];
        uint32_t wait_ms = in_time_ms;
        for (int i = 0; i < pair; i++) {
            readable[i] = (struct pollfd){.fd = progress[i].is_over ? -1 : progress[i].descriptor,
                                          .events = POLLIN};
            if (!progress[i].is_over && progress[i].wait_ms < wait_ms)
                wait_ms = progress[i].wait_ms;
        }
        (void)poll(readable, pair, (int)wait_ms);
        for (int i = 0; i < pair; i++)
            if (!progress[i].is_over)
                progress[i] = advance(i);
    }
}

/* Takes two requests before it answers any, the last first. */
static void *answer_in_reverse(void *of)
{
    const int peer = *(int *)of;
    const int first = accept(peer, NULL, NULL);
    const int second = accept(peer, NULL, NULL);
    answer(second, HTTP_OK);
    answer(first, HTTP_OK);
    (void)close(first);
    (void)close(second);
    return NULL;
}

TEST(two_send_at_once_and_are_answered_in_any_order)
{
    int peer = open_peer(8);
    pthread_t thread;
    impact_export_progress progress[pair];
    open_pair();
    REQUIRE(pthread_create(&thread, NULL, answer_in_reverse, &peer) == 0);
    begin(0);
    begin(1);
    finish_both(progress);
    (void)pthread_join(thread, NULL);
    CHECK(progress[0].status == IMPACT_OK && progress[1].status == IMPACT_OK);
    close_pair();
    (void)close(peer);
}

TEST(a_pause_that_one_was_asked_for_is_kept_by_the_other)
{
    static atomic_bool is_asked;
    exchange before = {
        .peer = open_peer(8),
        .answers = {"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        .is_over = &is_asked,
    };
    exchange after = {.peer = before.peer, .answers = {HTTP_OK, HTTP_OK}};
    pthread_t thread;
    pthread_t other;
    impact_export_progress progress[pair];
    open_pair();
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &before) == 0);
    begin(0);
    while (!atomic_load(&is_asked) && !advance(0).is_over)
        (void)poll(NULL, 0, 1);
    (void)pthread_join(thread, NULL);
    for (int i = 0; i < 10; i++) /* the answer is here, and is read */
        CHECK(!advance(0).is_over);
    REQUIRE(pthread_create(&other, NULL, exchange_all, &after) == 0);
    begin(1);
    finish_both(progress);
    (void)pthread_join(other, NULL);
    CHECK(progress[0].status == IMPACT_OK && progress[1].status == IMPACT_OK);
    CHECK(after.accepted_ns[0] - before.answered_ns[0] >= 990 * IMPACT__NS_PER_MS);
    close_pair();
    (void)close(before.peer);
}

TEST(an_interruption_of_one_is_not_the_others)
{
    const int peer = open_peer(8); /* silent */
    open_pair();
    begin(0);
    begin(1);
    CHECK(!advance(0).is_over && !advance(1).is_over);
    exporters[1]->interrupt(exporters[1]);
    CHECK(!advance(0).is_over);
    const impact_export_progress after = advance(1);
    CHECK(after.is_over && after.status == IMPACT_ECLOSED);
    close_pair();
    (void)close(peer);
}

TEST(another_one_says_of_itself_what_the_first_does)
{
    const int peer = open_peer(8);
    open_pair();
    CHECK_STRING(exporters[1]->name, exporters[0]->name);
    CHECK_STRING(exporters[1]->server_address, exporters[0]->server_address);
    CHECK_EQUAL(exporters[1]->server_port, exporters[0]->server_port);
    close_pair();
    (void)close(peer);
}

TEST(another_one_survives_any_lack_of_memory)
{
    faults f;
    const int peer = open_peer(8);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *first = NULL;
        impact_exporter *another = NULL;
        const impact_status status = impact_plugin_otlp.exporter_open(&first, &f.allocator);
        CHECK((status == IMPACT_OK) == (first != NULL));
        if (first && first->open_another(&another, first) == IMPACT_OK)
            impact_exporter_close(another);
        else
            CHECK(!another && atomic_load(&f.injected));
        impact_exporter_close(first);
    }
    (void)close(peer);
}
