/* A backend that is away: what was given to it waits, goes again, and is counted. */
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "pipeline/batcher_state.h"
#include "support/check.h"
#include "support/fake_clock.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"
#include "trace/provider.h"

enum { long_ago_s = 1 }; /* a pause of the fake clock is over at once for the kernel's */

static fake_exporter fake;

static bool open_away(impact_trace_options options)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    fake.answer = IMPACT_EAGAIN;
    options.schedule_delay_ms = options.schedule_delay_ms ? options.schedule_delay_ms : 3600000;
    return open_provider(&exporter, 1, options);
}

static impact_status flush(void)
{
    return impact_tracer_provider_flush(provider, tracing_timeout_ms);
}

/* ---- flush ---- */

TEST(a_batch_that_may_go_again_waits_and_goes_when_the_backend_is_back)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    const impact_trace_stats away = stats_of(provider);
    CHECK(away.queued == 5 && away.in_flight == 0 && away.failed == 0);
    fake_set_answer(&fake, IMPACT_OK);
    CHECK_EQUAL(flush(), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 5);
    CHECK(fake_read(&fake, &fake.spans) >= 2 * 5); /* a pause may end while we are not looking */
    close_and_check();
}

TEST(each_flush_makes_a_try_and_tells_its_outcome)
{
    REQUIRE(open_away((impact_trace_options){.batch_limit = 2, .queue_limit = 100}));
    end_spans(6);
    for (size_t i = 1; i <= 5; i++)
        CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    CHECK(fake_read(&fake, &fake.batches) >= 5);
    CHECK_EQUAL(stats_of(provider).queued, 6);
    fake_set_answer(&fake, IMPACT_EEXPORT);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 6);
    close_and_check();
}

TEST(a_flush_while_a_try_hangs_returns_by_its_timeout)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(3);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    fake_set_hangs(&fake, true);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 20), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(stats_of(provider).in_flight, 3);
    fake_set_hangs(&fake, false);
    close_and_check();
}

/* ---- pauses ---- */

/* So many were made, and the last one came back; the test's own limit ends it. */
static void wait_for_tries(size_t count)
{
    while (fake_read(&fake, &fake.batches) < count || stats_of(provider).in_flight)
        (void)sched_yield();
}

/* Until the worker has looked at the clock a few times more: it is in a pause. */
static void wait_for_looks(void)
{
    const uint64_t seen = atomic_load(&fake_clock_reads);
    while (atomic_load(&fake_clock_reads) < seen + 5)
        (void)sched_yield();
}

TEST(pauses_grow_to_five_seconds_and_no_span_cuts_them_short)
{
    fake_clock_set(long_ago_s * IMPACT__NS_PER_SEC);
    REQUIRE(open_away((impact_trace_options){.batch_limit = 4, .queue_limit = 8}));
    static const uint32_t most_ms[] = {1000, 2000, 4000, 5000, 5000};
    end_spans(4);
    wait_for_tries(1);
    for (size_t i = 0; i < sizeof most_ms / sizeof *most_ms; i++) {
        fake_clock_advance_ms(most_ms[i] / 2 - 1);
        end_spans(10); /* the queue is full */
        wait_for_looks();
        CHECK_EQUAL(fake_read(&fake, &fake.batches), i + 1);
        fake_clock_advance_ms(most_ms[i] / 2 + 1);
        wait_for_tries(i + 2);
    }
    CHECK_EQUAL(stats_of(provider).queued, fake_read(&fake, &fake.largest) + 8);
    fake_set_answer(&fake, IMPACT_OK);
    fake_clock_release();
    CHECK_EQUAL(flush(), IMPACT_OK);
    close_and_check();
}

TEST(a_pause_passes_by_itself)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(3);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    fake_set_answer(&fake, IMPACT_OK);
    CHECK(fake_wait(&fake, NULL, &fake.batches, 2));
    close_and_check();
}

/* A thousand spans a second. */
TEST(an_outage_of_a_minute_loses_only_what_the_queue_cannot_hold)
{
    enum { seconds = 60, rate = 1000, queue_limit = 20000 };
    fake_clock_set(long_ago_s * IMPACT__NS_PER_SEC);
    REQUIRE(open_away((impact_trace_options){.queue_limit = queue_limit}));
    for (int second = 0; second < seconds; second++) {
        end_spans(rate);
        fake_clock_advance_ms(1000);
        (void)stats_of(provider); /* the equation */
    }
    const impact_trace_stats away = stats_of(provider);
    const uint64_t held = queue_limit + fake_read(&fake, &fake.largest); /* what came back, too */
    CHECK_EQUAL(away.ended, seconds * rate);
    CHECK_EQUAL(away.queued + away.in_flight, held);
    CHECK_EQUAL(away.dropped_full, seconds * rate - held);
    CHECK_EQUAL(away.exported + away.failed + away.rejected, 0);
    CHECK(fake_read(&fake, &fake.batches) <= 30); /* it is spared */
    fake_set_answer(&fake, IMPACT_OK);
    fake_clock_release();
    CHECK_EQUAL(flush(), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, held);
    end_spans(rate);
    CHECK_EQUAL(flush(), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).dropped_full, away.dropped_full);
    close_and_check();
}

/* ---- order ---- */

static char seen[8][16]; /* the name of the first span of a batch, where it is another one */
static size_t seen_count;

static impact_status export_noting(impact_exporter *exporter, const impact_batch *batch,
                                   uint32_t timeout_ms, size_t *rejected)
{
    impact_span_view view;
    char name[16] = "";
    if (impact_span_view_parse(&view, batch->scopes[0]->spans[0]))
        (void)snprintf(name, sizeof name, "%.*s", (int)view.name.size, view.name.data);
    if (seen_count < 8 && (!seen_count || strcmp(seen[seen_count - 1], name) != 0))
        memcpy(seen[seen_count++], name, sizeof name);
    return fake_export(exporter, batch, timeout_ms, rejected);
}

TEST(what_came_back_goes_before_what_ended_after_it)
{
    REQUIRE(open_away((impact_trace_options){.batch_limit = 2, .queue_limit = 10}));
    provider->batchers[0]->known.export_batch = export_noting;
    impact_span_end(impact_span_start(tracer, "first", NULL));
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    impact_span_end(impact_span_start(tracer, "second", NULL));
    fake_set_answer(&fake, IMPACT_OK);
    CHECK_EQUAL(flush(), IMPACT_OK);
    CHECK_EQUAL(seen_count, 2);
    CHECK_STRING(seen[0], "first");
    CHECK_STRING(seen[1], "second");
    close_and_check();
}

/* ---- the end ---- */

TEST(a_shutdown_makes_one_more_try_and_what_remains_has_failed)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK(fake_read(&fake, &fake.batches) >= 2);
    CHECK_EQUAL(stats_of(provider).failed, 5);
    CHECK_EQUAL(stats_of(provider).queued, 0);
    close_and_check();
}

TEST(a_shutdown_exports_what_came_back_where_the_backend_is_there_again)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    fake_set_answer(&fake, IMPACT_OK);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 5);
    close_and_check();
}

TEST(a_shutdown_without_time_gives_up_what_came_back)
{
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    CHECK(impact_tracer_provider_shutdown(provider, 0) != IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).failed, 5);
    close_and_check();
}

static void *shut_down(void *unused)
{
    (void)impact_tracer_provider_shutdown(provider, tracing_timeout_ms);
    return unused;
}

TEST(a_try_that_began_before_the_shutdown_is_not_the_last)
{
    pthread_t thread;
    REQUIRE(open_away((impact_trace_options){0}));
    fake_set_hangs(&fake, true);
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 1), IMPACT_ETIMEDOUT);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
    REQUIRE(pthread_create(&thread, NULL, shut_down, NULL) == 0);
    CHECK(fake_wait(&fake, &fake.is_hastened, NULL, 0));
    fake_set_hangs(&fake, false);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(fake_read(&fake, &fake.batches), 2); /* the first hung: no pause was before it */
    CHECK_EQUAL(stats_of(provider).failed, 5);
    close_and_check();
}

/* ---- forks ---- */

TEST(what_came_back_is_the_parents_after_a_fork)
{
    check_skip_forks_of_threads();
    if (!check_children_may_allocate())
        check_skip("a child of threads may not allocate");
    REQUIRE(open_away((impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    const pid_t child = fork();
    if (child == 0) {
        const bool is_empty = stats_of(provider).ended == 0 && stats_of(provider).queued == 0;
        fake_set_answer(&fake, IMPACT_OK);
        end_spans(2);
        const bool is_whole = flush() == IMPACT_OK && stats_of(provider).exported == 2;
        _exit(is_empty && is_whole ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    fake_set_answer(&fake, IMPACT_OK);
    CHECK_EQUAL(flush(), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 5);
    close_and_check();
}
