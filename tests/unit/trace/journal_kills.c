/* Processes that are killed at any moment, amid ending and exporting spans: none is lost, none
 * torn, and doubled is at most what was in flight. IMPACT_KILLS says how often; 10. */
#include <poll.h>
#include <sched.h>

#include "support/journal_fixture.h"

enum { usual_kills = 10, batch_limit = 100, most_delay_us = 8000, thread_spans = 5000 };

static unsigned number_of_kills(void)
{
    const char *text = getenv("IMPACT_KILLS");
    return text ? (unsigned)strtoul(text, NULL, 10) : usual_kills;
}

static void *end_others(void *unused)
{
    end_numbered(thread_spans, thread_spans);
    return unused;
}

/* Two threads end spans, a worker exports them; until it is killed. */
static void live(void)
{
    pthread_t other;
    (void)alarm(60);
    if (!open_journaling((impact_trace_options){.batch_limit = batch_limit,
                                                .queue_limit = 2 * thread_spans,
                                                .queue_bytes = 8 << 20,
                                                .schedule_delay_ms = 1}) ||
        pthread_create(&other, NULL, end_others, NULL))
        _exit(8);
    end_numbered(0, thread_spans);
    for (;;)
        (void)pause();
}

/* From when it begins to end spans on. */
static void kill_after(pid_t child, unsigned delay_us)
{
    while (!atomic_load(&facts->ended[0]) && !atomic_load(&facts->ended[thread_spans]))
        (void)sched_yield();
    journal_kill_after(child, delay_us);
}

TEST(a_kill_at_any_moment_loses_nothing_and_doubles_only_what_was_in_flight)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    const unsigned kills = number_of_kills();
    for (unsigned i = 0; i < kills; i++) {
        memset(facts, 0, sizeof *facts);
        const pid_t child = fork();
        if (child == 0)
            live();
        kill_after(child, (unsigned)(most_delay_us * (uint64_t)i / kills));
        CHECK_EQUAL(rescue(&result), IMPACT_OK);
        CHECK_EQUAL(result.set_aside, 0);
        check_none_lost(2 * thread_spans, batch_limit);
        CHECK_EQUAL(count_files("", false), 0);
    }
    close_directory();
}
