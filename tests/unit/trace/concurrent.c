/* Several batches under way at once: each span is exported once, and every counter is true, in
 * whatever order the backend answers. Each test runs with a thread, and pumped. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "pipeline/batcher_state.h"
#include "support/concurrent_fixture.h"
#include "support/fake_exporter.h"

/* ---- how many ---- */

TEST(as_many_batches_are_under_way_as_the_options_say)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(6 * batch_size);
        wait_begun(at_once);
        settle_down();
        CHECK_EQUAL(several_begun(), at_once);
        CHECK_EQUAL(stats_of(provider).in_flight, at_once * batch_size);
        CHECK_EQUAL(stats_of(provider).queued, 2 * batch_size);
        several_answer(1, IMPACT_OK);
        wait_begun(at_once + 1);
        CHECK_EQUAL(stats_of(provider).exported, batch_size);
        close_when_answered(IMPACT_OK);
        CHECK_EQUAL(several.most_under_way, at_once);
        CHECK_EQUAL(several.closed, at_once);
        CHECK_EQUAL(several.closed_first, at_once);
    }
}

TEST(one_batch_at_a_time_is_what_is_done_unless_more_are_wanted)
{
    impact_exporter *exporter = several_exporter_open(NULL);
    pumps = true; /* a thread would wait in it */
    REQUIRE(open_provider(
        &exporter, 1, (impact_trace_options){.batch_limit = batch_size, .starts_no_thread = true}));
    end_spans(3 * batch_size);
    wait_begun(1);
    settle_down();
    CHECK_EQUAL(several_begun(), 1);
    CHECK_EQUAL(several.line_count, 1);
    close_when_answered(IMPACT_OK);
}

TEST(a_second_connection_is_used_when_a_second_batch_is_under_way)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        for (unsigned i = 1; i <= 3 * at_once; i++) {
            end_spans(batch_size);
            wait_begun(i);
            several_answer(i, IMPACT_OK);
            wait_settled(i * batch_size);
        }
        CHECK_EQUAL(several.highest_line, 0);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_batch_goes_out_beside_others_when_it_is_full_and_not_before)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(batch_size);
        wait_begun(1);
        end_spans(batch_size - 1);
        settle_down();
        CHECK_EQUAL(several_begun(), 1);
        end_spans(1);
        wait_begun(2);
        close_when_answered(IMPACT_OK);
    }
}

TEST(a_batch_goes_out_beside_others_when_it_is_due)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){.schedule_delay_ms = 20}));
        end_spans(batch_size);
        wait_begun(1);
        end_spans(1);
        wait_begun(2);
        CHECK_EQUAL(several.exports[2].spans, 1);
        close_when_answered(IMPACT_OK);
    }
}

static char told[256];

static void note(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)severity, (void)suppressed, (void)userdata;
    (void)snprintf(told, sizeof told, "%s", message);
}

TEST(an_exporter_that_sends_one_batch_at_a_time_is_told_of_once)
{
    static fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    impact_diagnostics_set_callback(note, NULL);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.concurrent_export_limit = 4}));
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(fake.spans, 5);
    close_and_check();
    CHECK(check_contains(told, "this exporter sends one batch at a time"));
}

TEST(more_than_sixteen_at_once_are_refused)
{
    impact_exporter *exporter = several_exporter_open(NULL);
    impact_tracer_provider *made = NULL;
    impact_trace_options options = {.size = sizeof options,
                                    .exporters = &exporter,
                                    .exporter_count = 1,
                                    .concurrent_export_limit = 17};
    CHECK_EQUAL(impact_tracer_provider_open(&made, &options), IMPACT_EINVAL);
    options.concurrent_export_limit = 16;
    CHECK_EQUAL(impact_tracer_provider_open(&made, &options), IMPACT_OK);
    CHECK_EQUAL(several.line_count, 16);
    impact_tracer_provider_close(made);
    CHECK_EQUAL(several.closed, 16);
}

/* ---- answers in any order ---- */

TEST(answers_in_reverse_order_are_counted_at_once_and_free_the_ring_in_order)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        impact__batcher *batcher = provider->batchers[0];
        end_spans(5 * batch_size);
        wait_begun(at_once);
        const uint64_t freed = impact__ring_released(&batcher->reader);
        for (unsigned i = at_once; i > 1; i--) {
            several_answer(i, IMPACT_OK);
            wait_settled((at_once + 1 - i) * batch_size);
            CHECK_EQUAL(impact__ring_released(&batcher->reader), freed);
        }
        CHECK_EQUAL(several_begun(), at_once); /* what is not freed keeps its place */
        several_answer(1, IMPACT_OK);
        wait_begun(at_once + 1);
        CHECK_EQUAL(stats_of(provider).exported, at_once * batch_size);
        CHECK(impact__ring_released(&batcher->reader) != freed);
        close_when_answered(IMPACT_OK);
        CHECK_EQUAL(several.begun, 5);
    }
}

TEST(every_order_of_answers_comes_to_the_same)
{
    FOR_EACH_WAY
    {
        static const unsigned orders[][4] = {{1, 2, 3, 4}, {2, 1, 4, 3}, {4, 2, 3, 1},
                                             {3, 4, 1, 2}, {2, 3, 4, 1}, {1, 4, 2, 3}};
        REQUIRE(open_several((impact_trace_options){0}));
        for (unsigned i = 0; i < sizeof orders / sizeof *orders; i++) {
            end_spans(at_once * batch_size);
            wait_begun((i + 1) * at_once);
            for (unsigned j = 0; j < at_once; j++) {
                several_answer(i * at_once + orders[i][j], IMPACT_OK);
                wait_settled((i * at_once + j + 1) * batch_size);
            }
        }
        CHECK_EQUAL(stats_of(provider).exported, 6 * at_once * batch_size);
        close_when_answered(IMPACT_OK);
    }
}

TEST(batches_that_fail_and_are_refused_beside_others_are_counted_each_as_it_ended)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){0}));
        end_spans(at_once * batch_size);
        wait_begun(at_once);
        several_answer(3, IMPACT_EEXPORT);
        several_answer_with(2, IMPACT_OK, 4);
        several_answer(4, IMPACT_OK);
        wait_settled(3 * batch_size);
        several_answer(1, IMPACT_ETIMEDOUT);
        wait_settled(4 * batch_size);
        const impact_trace_stats s = stats_of(provider);
        CHECK(s.failed == 2 * batch_size && s.rejected == 4 && s.exported == 2 * batch_size - 4);
        CHECK(s.exports_taken.calls == 1 && s.exports_rejected.calls == 1);
        CHECK(s.exports_failed.calls == 1 && s.exports_timed_out.calls == 1);
        close_when_answered(IMPACT_OK);
    }
}

/* ---- a full ring ---- */

TEST(a_full_queue_beside_batches_under_way_drops_what_is_one_too_many)
{
    FOR_EACH_WAY
    {
        REQUIRE(open_several((impact_trace_options){.queue_limit = 3 * batch_size}));
        for (unsigned i = 1; i <= at_once; i++) {
            end_spans(batch_size);
            wait_begun(i);
        }
        end_spans(3 * batch_size + 7); /* the places of those under way were given back */
        CHECK_EQUAL(stats_of(provider).dropped_full, 7);
        several_answer(3, IMPACT_OK);
        wait_settled(batch_size);
        end_spans(1); /* its place waits in the queue no more */
        CHECK_EQUAL(stats_of(provider).dropped_full, 8);
        close_when_answered(IMPACT_OK);
    }
}

TEST(spans_as_large_as_the_room_go_through_a_ring_that_is_full_of_bytes)
{
    FOR_EACH_WAY
    {
        static char text[3000];
        memset(text, 'x', sizeof text - 1);
        REQUIRE(open_several((impact_trace_options){.queue_bytes = 64 * 1024}));
        several_answer_from(1, IMPACT_OK);
        for (int i = 0; i < 500; i++) {
            impact_span *span = impact_span_start(tracer, "large", NULL);
            impact_span_set(span, impact_string("text", text));
            impact_span_end(span);
            if (i % 8 == 0)
                turn();
        }
        CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
        const impact_trace_stats s = stats_of(provider);
        CHECK(s.exported + s.dropped_full == 500 && s.exported > 15);
        close_when_answered(IMPACT_OK);
    }
}

/* ---- all at once ---- */

enum { stress_threads = 3, stress_spans = 2500 };

static void *end_many(void *unused)
{
    end_spans(stress_spans);
    return unused;
}

/* In another order than they came, and now and then not well. */
static void answer_some(uint64_t *random)
{
    static const impact_status statuses[] = {IMPACT_OK, IMPACT_OK, IMPACT_OK, IMPACT_EEXPORT};
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const several_line *line = several.lines[(*random >> 33) % at_once];
    (void)pthread_mutex_lock(&several.lock);
    const unsigned export = line->export;
    const bool is_answered = several.exports[export].is_answered;
    (void)pthread_mutex_unlock(&several.lock);
    if (export && !is_answered)
        several_answer(export, statuses[(*random >> 40) % 4]);
}

TEST(threads_that_end_spans_while_batches_end_in_any_order_leave_true_counters)
{
    FOR_EACH_WAY
    {
        pthread_t threads[stress_threads];
        uint64_t random = 5;
        REQUIRE(open_several((impact_trace_options){.queue_limit = 300}));
        for (int i = 0; i < stress_threads; i++)
            REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
        while (stats_of(provider).ended < stress_threads * stress_spans) {
            answer_some(&random);
            if (pumps)
                (void)impact_tracer_provider_pump(provider);
        }
        for (int i = 0; i < stress_threads; i++)
            (void)pthread_join(threads[i], NULL);
        for (unsigned i = 1; i <= several_exports; i++)
            if (!several.exports[i].is_answered)
                several_answer(i, IMPACT_OK);
        close_and_check();
    }
}

/* ---- forks ---- */

static void live_as_a_child(void)
{
    CHECK_EQUAL(stats_of(provider).ended, 0);
    several_answer_from(1, IMPACT_OK);
    end_spans(2 * batch_size + 3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 2 * batch_size + 3);
    close_and_check();
}

static void check_a_fork(void)
{
    REQUIRE(open_several((impact_trace_options){0}));
    end_spans(5 * batch_size);
    wait_begun(at_once);
    settle_down();
    const pid_t child = fork();
    if (child == 0) {
        live_as_a_child();
        exit(0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(stats_of(provider).in_flight, at_once * batch_size);
    close_when_answered(IMPACT_OK);
    CHECK_EQUAL(several.begun, 5);
}

TEST(a_child_that_is_forked_amid_several_exports_its_own_and_the_parent_its_own)
{
    check_skip_forks_of_threads();
    if (!check_children_may_allocate())
        check_skip("a child may not start threads here");
    check_a_fork();
}

TEST(a_child_that_is_forked_amid_several_exports_its_own_and_the_parent_its_own_without_a_thread)
{
    pumps = true;
    check_a_fork();
}

/* ---- lack of memory ---- */

TEST(several_at_once_survive_any_lack_of_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = several_exporter_open(NULL);
        several.allocator = &f.allocator;
        impact_tracer_provider *made = NULL;
        const impact_status status = impact_tracer_provider_open(
            &made, IMPACT_TRACE_OPTIONS(.allocator = &f.allocator, .exporters = &exporter,
                                        .exporter_count = 1, .queue_limit = 16,
                                        .concurrent_export_limit = 3, .starts_no_thread = true));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK_EQUAL(several.closed, made ? 0 : several.line_count - 1);
        if (made)
            impact_tracer_provider_close(made);
        else
            impact_exporter_close(exporter);
        CHECK_EQUAL(several.closed, several.line_count);
    }
}
