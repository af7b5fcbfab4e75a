/* The worker: when batches go out, how large they are, what their outcome is counted as. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
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
    end_spans(10);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 10));
    for (int i = 0; i < 50; i++)
        end_spans(10);
    CHECK(fake_wait(&fakes[0], NULL, &fakes[0].spans, 510));
    CHECK_EQUAL(fake_read(&fakes[0], &fakes[0].largest), 10);
    CHECK_EQUAL(stats_of(provider).dropped_full, 0);
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

TEST(of_two_exporters_one_that_fails_fails_the_batch)
{
    REQUIRE(open_with(2, (impact_trace_options){0}));
    fakes[1].answer = IMPACT_EEXPORT;
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 5);
    CHECK_EQUAL(fakes[0].spans, 5);
    CHECK_EQUAL(fakes[1].spans, 5);
    close_and_check();
}

TEST(of_two_exporters_the_larger_rejection_counts)
{
    REQUIRE(open_with(2, (impact_trace_options){0}));
    fakes[0].rejects = 3;
    fakes[1].rejects = 1;
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).rejected, 3);
    CHECK_EQUAL(stats_of(provider).exported, 2);
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
    CHECK(provider->worker == IMPACT__WORKER_NONE);
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
