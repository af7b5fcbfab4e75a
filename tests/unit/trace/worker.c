/* The worker: when batches go out, how large they are, what their outcome is counted as. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "pipeline/batcher_state.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"
#include "trace/provider.h"

/* The thread that cannot be started: found before the C library's. */
static atomic_int refused_threads;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create_fn *create;
    if (atomic_load(&refused_threads) > 0) {
        atomic_fetch_sub(&refused_threads, 1);
        return EAGAIN;
    }
    if (!create)
        *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attributes, run, argument);
}

static fake_exporter fakes[2];

static bool open_with(size_t exporter_count, impact_trace_options options)
{
    impact_exporter *exporters[] = {fake_exporter_open(&fakes[0]), fake_exporter_open(&fakes[1])};
    return open_provider(exporters, exporter_count, options);
}

TEST(a_full_batch_wakes_the_worker_and_no_batch_is_larger)
{
    REQUIRE(open_with(1, (impact_trace_options){.batch_limit = 10, .schedule_delay_ms = 3600000}));
    end_spans(10 + 9); /* the last of a batch may not be there yet when it goes out without it */
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 10));
    for (int i = 0; i < 50; i++)
        end_spans(10);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 510)); /* fewer than a batch may wait */
    CHECK_EQUAL(fake_read(&fakes[0], &fakes[0].largest), 10);
    CHECK_EQUAL(stats_of(provider).dropped_full, 0);
    close_and_check();
}

TEST(a_queue_that_is_full_of_bytes_goes_out_at_once_though_it_holds_less_than_a_batch)
{
    REQUIRE(
        open_with(1, (impact_trace_options){.queue_bytes = 65536, .schedule_delay_ms = 3600000}));
    while (!stats_of(provider).dropped_full)
        end_spans(1);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 1));
    CHECK(fake_read(&fakes[0], &fakes[0].largest) < 512);
    close_and_check();
}

TEST(a_batch_that_is_not_full_goes_out_after_the_delay)
{
    REQUIRE(open_with(1, (impact_trace_options){.schedule_delay_ms = 50}));
    const uint64_t before = impact__clock_monotonic_ns();
    end_spans(3);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 3));
    CHECK(impact__clock_monotonic_ns() - before >= 50 * IMPACT__NS_PER_MS);
    CHECK_EQUAL(fake_read(&fakes[0], &fakes[0].batches), 1);
    end_spans(2);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 5));
    close_and_check();
}

TEST(a_delay_of_zero_waits_for_nothing)
{
    REQUIRE(open_with(1, (impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    for (size_t i = 1; i <= 3; i++) {
        end_spans(1);
        CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, i));
    }
    close_and_check();
}

TEST(the_export_timeout_is_handed_on)
{
    REQUIRE(open_with(1, (impact_trace_options){.export_timeout_ms = 1234}));
    end_spans(1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(fakes[0].last_timeout_ms, 1234);
    end_spans(1);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 1000), IMPACT_OK);
    CHECK(fakes[0].last_timeout_ms > 0 && fakes[0].last_timeout_ms <= 1000);
    close_and_check();
}

TEST(a_batch_that_fails_is_counted_as_failed)
{
    REQUIRE(open_with(1, (impact_trace_options){0}));
    fakes[0].answer = IMPACT_EEXPORT;
    fakes[0].rejects = 1; /* of a failed batch nothing was taken at all */
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 5);
    CHECK_EQUAL(stats_of(provider).rejected, 0);
    close_and_check();
}

TEST(what_is_rejected_is_counted_and_never_more_than_there_is)
{
    REQUIRE(open_with(1, (impact_trace_options){0}));
    fakes[0].rejects = 2;
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).rejected, 2);
    CHECK_EQUAL(stats_of(provider).exported, 3);
    fakes[0].rejects = 1000;
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).rejected, 7);
    fakes[0].rejects = 0;
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 8);
    close_and_check();
}

static impact_trace_stats stats_of_exporter(size_t number)
{
    impact_trace_stats stats = {.size = sizeof stats};
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(provider, number, &stats), IMPACT_OK);
    check_equation(&stats);
    return stats;
}

TEST(each_exporter_has_its_own_counters_and_the_sum_has_all)
{
    REQUIRE(open_with(2, (impact_trace_options){0}));
    fakes[0].rejects = 3;
    fakes[1].answer = IMPACT_EEXPORT;
    fakes[1].exporter.name = "other";
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    const impact_trace_stats first = stats_of_exporter(0);
    const impact_trace_stats second = stats_of_exporter(1);
    const impact_trace_stats sum = stats_of(provider);
    CHECK_STRING(first.exporter, "fake");
    CHECK(!sum.exporter);
    CHECK(first.ended == 5 && first.rejected == 3 && first.exported == 2);
    CHECK(second.ended == 5 && second.failed == 5);
    CHECK(sum.ended == 10 && sum.rejected == 3 && sum.exported == 2 && sum.failed == 5);
    impact_trace_stats none = {.size = sizeof none};
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(provider, 2, &none), IMPACT_ENOENT);
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(NULL, 0, &none), IMPACT_ENOENT);
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(provider, 0, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_get_exporter_stats(0, &none), IMPACT_ENOENT);
    close_and_check();
}

TEST(a_dead_backend_delays_no_other_exporter)
{
    REQUIRE(open_with(2, (impact_trace_options){.batch_limit = 4, .queue_limit = 8}));
    fake_set_hangs(&fakes[0], true);
    end_spans(4);
    CHECK(fake_wait(&fakes[0], &fakes[0].is_hanging, NULL, 0));
    for (size_t i = 2; i <= 50; i++) {
        end_spans(4);
        CHECK(fake_wait(&fakes[1], NULL, &fakes[1].spans, 4 * i));
    }
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 20), IMPACT_ETIMEDOUT);
    const impact_trace_stats dead = stats_of_exporter(0);
    const impact_trace_stats alive = stats_of_exporter(1);
    CHECK(dead.in_flight == 4 && dead.queued == 8 && dead.dropped_full == 188);
    CHECK(alive.exported == 200 && alive.dropped_full == 0);
    fake_set_hangs(&fakes[0], false);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of_exporter(0).exported, 12);
    close_and_check();
}

TEST(without_an_exporter_spans_count_as_exported)
{
    REQUIRE(open_with(0, (impact_trace_options){0}));
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 5);
    close_and_check();
}

TEST(without_an_exporter_no_queue_is_full_and_no_thread_runs)
{
    REQUIRE(open_with(0, (impact_trace_options){.queue_limit = 2}));
    end_spans(100);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.exported, 100);
    CHECK_EQUAL(stats.dropped_full, 0);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    end_spans(1);
    CHECK_EQUAL(stats_of(provider).dropped_closed, 1);
    close_and_check();
}

TEST(spans_of_one_scope_stand_together)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    impact_tracer *other = impact_tracer_provider_get_tracer(t.provider, "other", NULL);
    for (int i = 0; i < 3; i++) {
        impact_span_end(impact_span_start(t.tracer, "a", NULL));
        impact_span_end(impact_span_start(other, "b", NULL));
    }
    impact_span_view view;
    CHECK_EQUAL(tracing_count(&t), 6);
    for (size_t i = 0; i < 6; i++)
        CHECK(tracing_read(&t, &view, i) && is_text(view.name, i < 3 ? "a" : "b"));
    tracing_close(&t);
}

TEST(a_worker_with_nothing_to_do_sleeps_until_a_span_comes)
{
    REQUIRE(open_with(1, (impact_trace_options){.schedule_delay_ms = 1}));
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    for (size_t i = 1; i <= 5; i++) {
        end_spans(1);
        CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, i));
        const impact__batcher *batcher = provider->batchers[0];
        while (atomic_load(&batcher->sleep) != IMPACT__ASLEEP_IDLE &&
               impact__remaining_ms(deadline_ns))
            (void)sched_yield();
        CHECK_EQUAL(atomic_load(&batcher->sleep), IMPACT__ASLEEP_IDLE); /* without an end */
    }
    close_and_check();
}

static size_t resident_kib(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    const size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        (void)fclose(file);
    const char *pages = size ? strchr(text, ' ') : NULL;
    return pages ? (size_t)strtoul(pages, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

static void end_large_spans(int count)
{
    static char value[200 * 1024];
    memset(value, 'x', sizeof value);
    for (int i = 0; i < count; i++) {
        impact_span *span = impact_span_start(tracer, "a", NULL);
        impact_span_set(span, impact_string_n("value", value, sizeof value));
        impact_span_end(span);
    }
}

TEST(behind_a_dead_backend_memory_is_bounded_and_what_a_burst_took_is_given_back)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    check_skip("a sanitizer has memory of its own");
#endif
    REQUIRE(open_with(1, (impact_trace_options){0}));
    fake_set_hangs(&fakes[0], true);
    const size_t before = resident_kib();
    end_large_spans(4000);
    const impact_trace_stats stats = stats_of(provider);
    CHECK(stats.dropped_full > 3800 && stats.queued + stats.in_flight > 70);
    CHECK(resident_kib() < before + 20 * 1024);
    fake_set_hangs(&fakes[0], false);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK(resident_kib() < before + 6 * 1024);
    close_and_check();
}

/* As one that calls a traced library: it begins and ends spans of its own. */
static impact_status export_with_a_span(impact_exporter *exporter, const impact_batch *batch,
                                        uint32_t timeout_ms, size_t *rejected)
{
    impact_span *span = impact_span_start(tracer, "export", NULL);
    const impact_status status = fake_export(exporter, batch, timeout_ms, rejected);
    CHECK(!impact_span_is_recording(span));
    impact_span_end(span);
    return status;
}

TEST(what_an_exporter_does_is_not_traced)
{
    impact_exporter *exporter = fake_exporter_open(&fakes[0]);
    exporter->export_batch = export_with_a_span;
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.batch_limit = 1}));
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(fake_read(&fakes[0], &fakes[0].spans), 3);
    CHECK_EQUAL(stats_of(provider).ended, 3);
    close_and_check();
}

/* Live at once: 64 spans, as many as a thread keeps the memory of, of 200 KiB. */
static void end_large_spans_side_by_side(void)
{
    static char value[200 * 1024];
    impact_span *spans[64];
    memset(value, 'x', sizeof value);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        spans[i] = impact_span_start(tracer, "a", NULL);
        impact_span_set(spans[i], impact_string_n("value", value, sizeof value));
    }
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        impact_span_end(spans[i]);
}

TEST(the_memory_of_a_huge_span_is_given_back_when_it_ends)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    check_skip("a sanitizer has memory of its own");
#endif
    REQUIRE(open_with(1, (impact_trace_options){.queue_bytes = 65536}));
    end_spans(64); /* what small ones keep */
    const size_t before = resident_kib();
    end_large_spans_side_by_side();
    CHECK(resident_kib() < before + 4 * 1024); /* of 12.5 MiB and more */
    close_and_check();
}

TEST(the_bytes_that_wait_are_bounded_by_the_option)
{
    REQUIRE(open_with(1, (impact_trace_options){.queue_bytes = 1024 * 1024}));
    fake_set_hangs(&fakes[0], true);
    end_large_spans(20);
    const impact_trace_stats stats = stats_of(provider);
    CHECK(stats.queued + stats.in_flight >= 4 && stats.queued + stats.in_flight <= 5);
    CHECK_EQUAL(stats.dropped_full, 20 - stats.queued - stats.in_flight);
    fake_set_hangs(&fakes[0], false);
    close_and_check();
}

TEST(a_thread_that_cannot_be_started_is_tried_again)
{
    REQUIRE(open_with(1, (impact_trace_options){.batch_limit = 1, .queue_limit = 100}));
    atomic_store(&refused_threads, 2);
    end_spans(1); /* the first try */
    CHECK_EQUAL(stats_of(provider).queued, 1);
    end_spans(63);
    CHECK_EQUAL(stats_of(provider).queued, 64);
    CHECK_EQUAL(atomic_load(&refused_threads), 1);
    end_spans(1); /* the second */
    CHECK_EQUAL(atomic_load(&refused_threads), 0);
    end_spans(63);
    CHECK_EQUAL(stats_of(provider).dropped_full, 28);
    CHECK_EQUAL(stats_of(provider).queued, 100);
    end_spans(1); /* the third: the queue is full, and so most in need of it */
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 100));
    close_and_check();
}

TEST(a_flush_without_a_thread_says_so_at_once)
{
    REQUIRE(open_with(1, (impact_trace_options){0}));
    atomic_store(&refused_threads, 2);
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 60000), IMPACT_ESYSTEM);
    CHECK_EQUAL(stats_of(provider).queued, 3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 60000), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 3);
    close_and_check();
}

TEST(a_shutdown_without_a_thread_gives_up_what_waits)
{
    REQUIRE(open_with(1, (impact_trace_options){0}));
    atomic_store(&refused_threads, 2);
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 60000), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 3);
    close_and_check();
}

static pthread_barrier_t barrier;

static void *end_one(void *argument)
{
    (void)pthread_barrier_wait(&barrier);
    end_spans(1);
    return argument;
}

TEST(a_shutdown_tells_the_exporters_that_the_end_is_near)
{
    REQUIRE(open_with(2, (impact_trace_options){.queue_limit = 8}));
    end_spans(3);
    CHECK(!fakes[0].is_hastened);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    for (size_t i = 0; i < 2; i++) {
        CHECK(fakes[i].is_hastened && !fakes[i].is_interrupted);
        CHECK(fakes[i].hastened_ms > 0 && fakes[i].hastened_ms <= tracing_timeout_ms);
    }
    close_and_check();
}

/* As one is that was built before the contract had this member. */
TEST(an_exporter_that_cannot_be_hastened_is_shut_down_all_the_same)
{
    impact_exporter *exporter = fake_exporter_open(&fakes[0]);
    exporter->size = offsetof(impact_exporter, hasten);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.queue_limit = 8}));
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK(!fakes[0].is_hastened);
    close_and_check();
}

TEST(the_first_spans_start_the_worker_however_many_end_at_once)
{
    enum { count = 4 };
    for (int round = 0; round < 200; round++) {
        pthread_t threads[count];
        REQUIRE(open_with(1, (impact_trace_options){.schedule_delay_ms = 1}));
        (void)pthread_barrier_init(&barrier, NULL, count);
        for (int i = 0; i < count; i++)
            REQUIRE(pthread_create(&threads[i], NULL, end_one, NULL) == 0);
        for (int i = 0; i < count; i++)
            (void)pthread_join(threads[i], NULL);
        REQUIRE(fake_wait(&fakes[0], NULL, &fakes[0].spans, count)); /* no flush is needed */
        close_and_check();
    }
}

TEST(spans_end_while_an_exporter_hangs)
{
    REQUIRE(open_with(1, (impact_trace_options){0}));
    fake_set_hangs(&fakes[0], true);
    end_spans(1);
    (void)impact_tracer_provider_flush(provider, 0);
    CHECK(fake_wait(&fakes[0], &fakes[0].is_hanging, NULL, 0));
    end_spans(2); /* while it hangs others go on */
    CHECK_EQUAL(stats_of(provider).in_flight, 1);
    CHECK_EQUAL(stats_of(provider).queued, 2);
    fake_set_hangs(&fakes[0], false);
    close_and_check();
}
