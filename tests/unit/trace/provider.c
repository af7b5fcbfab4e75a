/* Providers: options, the truth and the time of flush and shutdown, counters in every snapshot. */
#include "trace/provider.h"

#include <pthread.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/faults.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"
#include "trace/thread_state.h"

static fake_exporter fake;

static bool open_with(impact_trace_options options)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    return open_provider(&exporter, 1, options);
}

static void hang(void)
{
    fake_set_hangs(&fake, true);
    end_spans(1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_ETIMEDOUT);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
}

/* ---- options ---- */

TEST(options_that_cannot_be_are_refused_and_change_nothing)
{
    static impact_attribute attributes[1024];
    impact_exporter *exporter = fake_exporter_open(&fake);
    impact_exporter *nine[9];
    impact_exporter *gap[2] = {exporter, NULL};
    for (int i = 0; i < 9; i++)
        nine[i] = exporter;
    impact_tracer_provider *none = NULL;
    const struct {
        impact_trace_options options;
        size_t unknown;
    } later = {.options.size = sizeof later, .unknown = 1};
    CHECK_EQUAL(impact_tracer_provider_open(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(&none, &later.options), IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(&none, IMPACT_TRACE_OPTIONS(.queue_limit = 1 << 21)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(&none, IMPACT_TRACE_OPTIONS(.queue_bytes = 4095)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(
                    &none, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_ratio(2))),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(
                    &none, IMPACT_TRACE_OPTIONS(.exporters = gap, .exporter_count = 2)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_tracer_provider_open(
                    &none, IMPACT_TRACE_OPTIONS(.exporters = nine, .exporter_count = 9)),
                IMPACT_ELIMIT);
    CHECK_EQUAL(impact_tracer_provider_open(
                    &none, IMPACT_TRACE_OPTIONS(.attributes = attributes, .attribute_count = 1024)),
                IMPACT_ELIMIT);
    CHECK(!none && !fake.is_closed);
}

static impact_status take_all(impact_exporter *exporter, const impact_batch *batch,
                              uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected;
    return IMPACT_OK;
}

static void close_nothing(impact_exporter *exporter)
{
    (void)exporter;
}

TEST(an_exporter_says_its_size_and_has_what_it_needs)
{
    struct {
        impact_exporter exporter;
        void *later;
    } larger = {.exporter = {.export_batch = take_all, .close = close_nothing}};
    impact_exporter *exporters[] = {&larger.exporter};
    const impact_trace_options *options =
        IMPACT_TRACE_OPTIONS(.exporters = exporters, .exporter_count = 1);
    larger.exporter.size = sizeof larger;
    REQUIRE(impact_tracer_provider_open(&provider, options) == IMPACT_OK);
    impact_tracer_provider_close(provider);
    impact_tracer_provider *none = NULL;
    larger.later = &larger;
    CHECK_EQUAL(impact_tracer_provider_open(&none, options), IMPACT_EINVAL);
    larger.exporter.size = 0;
    CHECK_EQUAL(impact_tracer_provider_open(&none, options), IMPACT_EINVAL);
    larger.exporter.size = offsetof(impact_exporter, close);
    CHECK_EQUAL(impact_tracer_provider_open(&none, options), IMPACT_EINVAL);
    larger.exporter.size = sizeof larger.exporter;
    larger.exporter.export_batch = NULL;
    CHECK_EQUAL(impact_tracer_provider_open(&none, options), IMPACT_EINVAL);
    CHECK(!none);
}

TEST(options_of_an_older_caller_are_taken)
{
    impact_trace_options older = {.service_name = "older", .queue_limit = UINT32_MAX};
    older.size = offsetof(impact_trace_options, queue_limit);
    REQUIRE(impact_tracer_provider_open(&provider, &older) == IMPACT_OK);
    CHECK_EQUAL(impact_tracer_provider_get_resource(provider).size != 0, true);
    impact_tracer_provider_close(provider);
    older.size = 0;
    CHECK_EQUAL(impact_tracer_provider_open(&provider, &older), IMPACT_EINVAL);
}

TEST(the_resource_has_the_attributes_and_the_name_that_wins)
{
    impact_message_walk attributes;
    REQUIRE(!impact_tracer_provider_open(
        &provider,
        IMPACT_TRACE_OPTIONS(.service_name = "orders",
                             IMPACT_ATTRIBUTES(impact_string("service.name", "loses"),
                                               impact_int("a", 1), impact_int("a", 2)))));
    REQUIRE(impact_resource_view_parse(&attributes, impact_tracer_provider_get_resource(provider)));
    CHECK(has_string(attributes, "service.name", "orders") && has_int(attributes, "a", 2));
    CHECK_EQUAL(count_attributes(attributes), 6);
    impact_tracer_provider_close(provider);
}

TEST(a_provider_opened_in_code_has_a_service_name_and_says_which_sdk_it_is)
{
    impact_message_walk attributes;
    REQUIRE(!impact_tracer_provider_open(&provider, NULL));
    REQUIRE(impact_resource_view_parse(&attributes, impact_tracer_provider_get_resource(provider)));
    CHECK(has_string(attributes, "service.name", "unknown_service:test-trace-provider"));
    CHECK(has_string(attributes, "telemetry.sdk.name", "impact"));
    CHECK(has_string(attributes, "telemetry.sdk.language", "c"));
    CHECK(has_string(attributes, "telemetry.sdk.version", impact_version()));
    impact_tracer_provider_close(provider);
    REQUIRE(!impact_tracer_provider_open(
        &provider,
        IMPACT_TRACE_OPTIONS(IMPACT_ATTRIBUTES(impact_string("telemetry.sdk.name", "mine")))));
    REQUIRE(impact_resource_view_parse(&attributes, impact_tracer_provider_get_resource(provider)));
    CHECK(has_string(attributes, "telemetry.sdk.name", "mine"));
    impact_tracer_provider_close(provider);
}

TEST(as_many_resource_attributes_as_are_allowed_are_kept)
{
    static impact_attribute many[1000];
    static char keys[1000][12];
    impact_message_walk attributes;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%d", i);
        many[i] = impact_int(keys[i], i);
    }
    REQUIRE(!impact_tracer_provider_open(&provider, IMPACT_TRACE_OPTIONS(.service_name = "orders",
                                                                         .attributes = many,
                                                                         .attribute_count = 1000)));
    REQUIRE(impact_resource_view_parse(&attributes, impact_tracer_provider_get_resource(provider)));
    CHECK_EQUAL(count_attributes(attributes), 1005);
    CHECK(has_string(attributes, "service.name", "orders"));
    impact_tracer_provider_close(provider);
}

TEST(a_batch_is_never_larger_than_the_queue)
{
    REQUIRE(open_with((impact_trace_options){
        .queue_limit = 5, .batch_limit = 100, .schedule_delay_ms = 3600000}));
    end_spans(5);
    CHECK(fake_wait(&fake, NULL, &fake.spans, 5)); /* a batch that is full is not waited with */
    close_and_check();
}

TEST(opening_and_recording_survive_any_lack_of_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = fake_exporter_open(&fake);
        impact_tracer_provider *made = NULL;
        const impact_status status = impact_tracer_provider_open(
            &made,
            IMPACT_TRACE_OPTIONS(.allocator = &f.allocator, .service_name = "a",
                                 .exporters = &exporter, .exporter_count = 1, .queue_limit = 16));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((status == IMPACT_OK) == (made != NULL));
        CHECK(!fake.is_closed);
        if (made) {
            impact_tracer *of_made = impact_tracer_provider_get_tracer(made, "a", NULL);
            impact_span_end(impact_span_start(of_made, "a", NULL));
            CHECK_EQUAL(stats_of(made).ended, 1);
        }
        impact_tracer_provider_close(made);
        CHECK(!made || fake_wait(&fake, &fake.is_closed, NULL, 0));
        const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
        while (atomic_load(&f.live) && impact__remaining_ms(deadline_ns))
            (void)sched_yield(); /* the worker may be the last owner */
    }
}

TEST(null_is_a_provider_without_anything)
{
    impact_trace_stats stats = {.size = sizeof stats};
    memset(&stats, 0xA5, sizeof stats);
    stats.size = sizeof stats;
    CHECK_EQUAL(impact_tracer_provider_flush(NULL, 1000), IMPACT_OK);
    CHECK_EQUAL(impact_tracer_provider_shutdown(NULL, 1000), IMPACT_OK);
    impact_tracer_provider_close(NULL);
    impact_tracer_provider_get_stats(NULL, &stats);
    CHECK_EQUAL(stats.ended, 0);
    check_equation(&stats);
    impact_tracer_provider_get_stats(NULL, NULL);
    CHECK_EQUAL(impact_tracer_provider_get_resource(NULL).size, 0);
}

/* ---- the queue's bound ---- */

TEST(the_newest_span_is_dropped_when_the_queue_is_full)
{
    REQUIRE(open_with((impact_trace_options){.queue_limit = 5, .batch_limit = 1}));
    hang();
    end_spans(8);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.ended, 9);
    CHECK_EQUAL(stats.in_flight, 1);
    CHECK_EQUAL(stats.queued, 5);
    CHECK_EQUAL(stats.dropped_full, 3);
    fake_set_hangs(&fake, false);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 6);
    close_and_check();
}

/* ---- flush ---- */

TEST(a_flush_waits_for_what_ended_before_it)
{
    REQUIRE(open_with((impact_trace_options){.schedule_delay_ms = 3600000}));
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_OK); /* there is nothing */
    end_spans(1000);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 1000);
    close_and_check();
}

/* The promise is timeout + 50 ms. */
enum { timeout_ms = 60, most_ms = timeout_ms + 50 };

static uint64_t time_out_ms(impact_status (*call)(impact_tracer_provider *, uint32_t))
{
    const uint64_t before = impact__clock_monotonic_ns();
    CHECK_EQUAL(call(provider, timeout_ms), IMPACT_ETIMEDOUT);
    const uint64_t took_ms = (impact__clock_monotonic_ns() - before) / IMPACT__NS_PER_MS;
    CHECK(took_ms >= timeout_ms);
    return took_ms;
}

static uint64_t flush_ms(void)
{
    return time_out_ms(impact_tracer_provider_flush);
}

TEST(a_flush_returns_in_time_while_an_exporter_hangs)
{
    REQUIRE(open_with((impact_trace_options){0}));
    hang();
    CHECK(check_is_in_time(flush_ms, most_ms));
    CHECK(!fake_is(&fake, &fake.is_interrupted)); /* a flush interrupts nobody */
    fake_set_hangs(&fake, false);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    close_and_check();
}

/* ---- shutdown ---- */

TEST(a_shutdown_drains_and_answers_once)
{
    REQUIRE(open_with((impact_trace_options){.schedule_delay_ms = 3600000, .batch_limit = 7}));
    end_spans(100);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 100);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_ECLOSED);
    end_spans(3);
    CHECK_EQUAL(stats_of(provider).dropped_closed, 3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_OK);
    CHECK(!fake.is_closed); /* it is closed with its provider */
    close_and_check();
    CHECK(fake.is_closed);
}

TEST(a_tracer_asked_for_after_shutdown_records_nothing)
{
    REQUIRE(open_with((impact_trace_options){0}));
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    impact_tracer *late = impact_tracer_provider_get_tracer(provider, "late", NULL);
    REQUIRE(late);
    impact_span *span = impact_span_start(late, "a", NULL);
    CHECK(!impact_span_is_recording(span));
    impact_span_end(span);
    CHECK_EQUAL(stats_of(provider).ended, 0);
    close_and_check();
}

TEST(a_shutdown_tells_what_failed)
{
    REQUIRE(open_with((impact_trace_options){0}));
    fake.answer = IMPACT_EEXPORT;
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 3);
    close_and_check();
}

static uint64_t shut_down_one_that_minds_ms(void)
{
    CHECK(open_with((impact_trace_options){.batch_limit = 1}));
    fake.minds_interrupt = true;
    hang();
    end_spans(4);
    const uint64_t took_ms = time_out_ms(impact_tracer_provider_shutdown);
    CHECK(fake_is(&fake, &fake.is_interrupted));
    (void)stats_of(provider);
    impact_tracer_provider_close(provider);
    CHECK(fake_wait(&fake, &fake.is_closed, NULL, 0));
    return took_ms;
}

TEST(a_shutdown_returns_in_time_and_interrupts_an_exporter_that_hangs)
{
    CHECK(check_is_in_time(shut_down_one_that_minds_ms, most_ms));
}

TEST(an_exporter_that_minds_the_interrupt_leaves_nothing_under_way)
{
    REQUIRE(open_with((impact_trace_options){.batch_limit = 1}));
    fake.minds_interrupt = true;
    hang();
    end_spans(4);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 10), IMPACT_ETIMEDOUT);
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    while (stats_of(provider).failed < 5 && impact__remaining_ms(deadline_ns))
        (void)sched_yield();
    CHECK_EQUAL(stats_of(provider).failed, 5);
    close_and_check();
}

static uint64_t shut_down_one_that_minds_nothing_ms(void)
{
    CHECK(open_with((impact_trace_options){.batch_limit = 1}));
    hang();
    end_spans(4);
    const uint64_t took_ms = time_out_ms(impact_tracer_provider_shutdown);
    CHECK_EQUAL(stats_of(provider).in_flight, 1);
    CHECK_EQUAL(stats_of(provider).queued, 4); /* its worker's to give up */
    impact_tracer_provider_close(provider);
    CHECK(!fake_is(&fake, &fake.is_closed));
    fake_set_hangs(&fake, false); /* now the worker, the last owner, frees all */
    CHECK(fake_wait(&fake, &fake.is_closed, NULL, 0));
    return took_ms;
}

TEST(a_shutdown_returns_in_time_when_the_exporter_minds_nothing)
{
    CHECK(check_is_in_time(shut_down_one_that_minds_nothing_ms, most_ms));
}

TEST(to_close_without_a_shutdown_gives_up_what_waits)
{
    REQUIRE(open_with((impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(10);
    impact_tracer_provider_close(provider);
    CHECK(fake_wait(&fake, &fake.is_closed, NULL, 0));
}

/* ---- snapshots ---- */

enum { thread_count = 4, spans_each = 20000 };

static atomic_uint threads_left;
static pthread_barrier_t barrier;

static void *end_many(void *argument)
{
    (void)pthread_barrier_wait(&barrier);
    end_spans(spans_each);
    atomic_fetch_sub(&threads_left, 1);
    return argument;
}

TEST(every_snapshot_is_exact_while_threads_end_spans)
{
    pthread_t threads[thread_count];
    REQUIRE(open_with((impact_trace_options){.queue_limit = 64, .batch_limit = 16}));
    fake.rejects = 1;
    atomic_store(&threads_left, thread_count);
    (void)pthread_barrier_init(&barrier, NULL, thread_count);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
    uint64_t ended = 0;
    while (atomic_load(&threads_left)) {
        const impact_trace_stats stats = stats_of(provider);
        CHECK(stats.ended >= ended && stats.queued <= 64 && stats.in_flight <= 16);
        ended = stats.ended;
    }
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    (void)impact_tracer_provider_flush(provider, tracing_timeout_ms);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.ended, thread_count * spans_each);
    CHECK_EQUAL(stats.exported + stats.rejected, fake_read(&fake, &fake.spans));
    CHECK_EQUAL(stats.rejected, fake_read(&fake, &fake.batches));
    close_and_check();
}

TEST(a_shutdown_amid_threads_that_end_spans_counts_them_all)
{
    pthread_t threads[thread_count];
    REQUIRE(open_with((impact_trace_options){.queue_limit = 64, .batch_limit = 16}));
    atomic_store(&threads_left, thread_count);
    (void)pthread_barrier_init(&barrier, NULL, thread_count + 1);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
    (void)pthread_barrier_wait(&barrier);
    CHECK(fake_wait(&fake, NULL, &fake.spans, 16)); /* a batch: the threads may be done by then */
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.ended, thread_count * spans_each);
    CHECK_EQUAL(stats.exported, fake.spans);
    CHECK_EQUAL(stats.queued + stats.in_flight, 0);
    impact_tracer_provider_close(provider);
}
