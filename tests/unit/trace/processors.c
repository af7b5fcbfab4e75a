/* Processors: what they are told, when, and that spans are safe with them. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

typedef struct watcher {
    impact_span_processor processor; /* give its address to a provider */
    atomic_int starts;
    atomic_int endings;
    atomic_int ends;
    int flushes;
    int shutdowns;
    int closes;
    uint32_t last_timeout_ms;
    impact_status answer;
    atomic_bool saw_all; /* what was recorded at the start and at the ending stands in the span */
} watcher;

static void watch_start(impact_span_processor *processor, impact_span *span,
                        const impact_context *parent)
{
    (void)parent;
    CHECK(processor->userdata == processor);
    impact_span_set(span, impact_int("at.start", 1));
    atomic_fetch_add(&((watcher *)processor)->starts, 1);
}

static void watch_ending(impact_span_processor *processor, impact_span *span)
{
    impact_span_set(span, impact_int("at.ending", 2));
    atomic_fetch_add(&((watcher *)processor)->endings, 1);
}

static void watch_end(impact_span_processor *processor, const impact_ended_span *span)
{
    watcher *w = (watcher *)processor;
    impact_span_view view;
    impact_scope_view scope;
    impact_message_walk resource;
    CHECK_EQUAL(span->size, sizeof *span);
    w->saw_all = impact_span_view_parse(&view, span->span) && is_text(view.name, "a") &&
                 has_int(view.attributes, "at.start", 1) &&
                 has_int(view.attributes, "at.ending", 2) && view.end_unix_ns != 0 &&
                 impact_scope_view_parse(&scope, span->scope) && is_text(scope.name, "test") &&
                 impact_resource_view_parse(&resource, span->resource) &&
                 has_string(resource, "telemetry.sdk.name", "impact");
    atomic_fetch_add(&w->ends, 1);
}

static impact_status watch_flush(impact_span_processor *processor, uint32_t timeout_ms)
{
    watcher *w = (watcher *)processor;
    w->flushes++;
    w->last_timeout_ms = timeout_ms;
    return w->answer;
}

static impact_status watch_shutdown(impact_span_processor *processor, uint32_t timeout_ms)
{
    watcher *w = (watcher *)processor;
    w->shutdowns++;
    w->last_timeout_ms = timeout_ms;
    return w->answer;
}

static void watch_close(impact_span_processor *processor)
{
    ((watcher *)processor)->closes++;
}

static impact_span_processor *watcher_open(watcher *w)
{
    *w = (watcher){.processor = {.size = sizeof w->processor,
                                 .userdata = w,
                                 .on_start = watch_start,
                                 .on_ending = watch_ending,
                                 .on_end = watch_end,
                                 .flush = watch_flush,
                                 .shutdown = watch_shutdown,
                                 .close = watch_close}};
    return &w->processor;
}

static watcher watchers[9];
static fake_exporter fake;

static bool open_with(size_t processor_count, size_t exporter_count)
{
    impact_span_processor *processors[9];
    impact_exporter *exporter = fake_exporter_open(&fake);
    for (size_t i = 0; i < processor_count; i++)
        processors[i] = watcher_open(&watchers[i]);
    return open_provider(
        &exporter, exporter_count,
        (impact_trace_options){.processors = processors, .processor_count = processor_count});
}

TEST(a_processor_is_told_of_start_ending_and_end_and_may_record)
{
    REQUIRE(open_with(2, 1));
    end_spans(3);
    for (size_t i = 0; i < 2; i++) {
        CHECK(watchers[i].saw_all);
        CHECK(watchers[i].starts == 3 && watchers[i].endings == 3 && watchers[i].ends == 3);
    }
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(watchers[0].flushes, 1);
    CHECK_EQUAL(stats_of(provider).exported, 3);
    close_and_check();
    CHECK(watchers[0].shutdowns == 1 && watchers[1].shutdowns == 1);
    CHECK(watchers[0].closes == 1 && watchers[1].closes == 1);
}

static impact_span_context seen_parent;

static void see_parent(impact_span_processor *processor, impact_span *span,
                       const impact_context *parent)
{
    (void)processor;
    (void)span;
    seen_parent = impact_context_span_context(parent);
}

static bool saw(const impact_span_context *should)
{
    return memcmp(&seen_parent.span_id, &should->span_id, sizeof should->span_id) == 0 &&
           memcmp(&seen_parent.trace_id, &should->trace_id, sizeof should->trace_id) == 0;
}

TEST(a_processor_is_shown_the_context_that_a_span_starts_in)
{
    static const impact_span_context elsewhere = {
        .trace_id.bytes = {1}, .span_id.bytes = {2}, .trace_flags = IMPACT_TRACE_FLAG_SAMPLED};
    impact_span_processor *processor = watcher_open(&watchers[0]);
    processor->on_start = see_parent;
    REQUIRE(open_provider(NULL, 0,
                          (impact_trace_options){.processors = &processor, .processor_count = 1}));
    impact_span *outer = impact_span_start(tracer, "outer", NULL);
    CHECK(!impact_span_context_is_valid(&seen_parent));
    const impact_span_context of_outer = impact_span_context_of(outer);
    const impact_scope scope = impact_scope_enter(outer);
    impact_span_end(impact_span_start(tracer, "inner", NULL));
    CHECK(saw(&of_outer));
    impact_span_end(impact_span_start(tracer, "far", IMPACT_SPAN_OPTIONS(.parent = &elsewhere)));
    CHECK(saw(&elsewhere));
    impact_span_end(impact_span_start(tracer, "root", IMPACT_SPAN_OPTIONS(.is_root = true)));
    CHECK(!impact_span_context_is_valid(&seen_parent));
    impact_scope_leave(scope);
    impact_span_end(outer);
    close_and_check();
}

TEST(a_span_that_is_not_sampled_is_nobodys)
{
    impact_span_processor *processor = watcher_open(&watchers[0]);
    REQUIRE(open_provider(NULL, 0,
                          (impact_trace_options){.processors = &processor,
                                                 .processor_count = 1,
                                                 .sampler = {.kind = IMPACT_SAMPLER_ALWAYS_OFF}}));
    end_spans(3);
    CHECK(watchers[0].starts == 0 && watchers[0].endings == 0 && watchers[0].ends == 0);
    close_and_check();
}

TEST(a_processor_is_told_nothing_after_shutdown)
{
    REQUIRE(open_with(1, 1));
    impact_span *late = impact_span_start(tracer, "a", NULL);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    impact_span_end(late);
    end_spans(2);
    CHECK(watchers[0].starts == 1 && watchers[0].endings == 0 && watchers[0].ends == 0);
    CHECK_EQUAL(impact_tracer_provider_add_processor(provider, watcher_open(&watchers[1])),
                IMPACT_ECLOSED);
    close_and_check();
    CHECK_EQUAL(watchers[1].closes, 0);
}

TEST(what_a_processor_answers_is_in_the_answer_of_flush_and_shutdown)
{
    REQUIRE(open_with(1, 0));
    watchers[0].answer = IMPACT_EEXPORT;
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 1234), IMPACT_EEXPORT);
    CHECK(watchers[0].last_timeout_ms > 0 && watchers[0].last_timeout_ms <= 1234);
    watchers[0].answer = IMPACT_ETIMEDOUT;
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 1234), IMPACT_ETIMEDOUT);
    close_and_check();
}

TEST(a_processor_that_is_added_is_told_of_what_comes)
{
    REQUIRE(open_with(0, 1));
    end_spans(2);
    CHECK_EQUAL(impact_tracer_provider_add_processor(provider, watcher_open(&watchers[0])),
                IMPACT_OK);
    end_spans(3);
    CHECK(watchers[0].ends == 3 && watchers[0].saw_all);
    for (size_t i = 1; i < 8; i++)
        CHECK_EQUAL(impact_tracer_provider_add_processor(provider, watcher_open(&watchers[i])),
                    IMPACT_OK);
    CHECK_EQUAL(impact_tracer_provider_add_processor(provider, watcher_open(&watchers[8])),
                IMPACT_ELIMIT);
    close_and_check();
    CHECK(watchers[7].closes == 1 && watchers[8].closes == 0);
}

static void *end_many(void *argument)
{
    for (int i = 0; i < 2000; i++)
        end_spans(1);
    return argument;
}

TEST(processors_are_added_while_threads_end_spans)
{
    pthread_t threads[4];
    REQUIRE(open_with(0, 1));
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
    for (size_t i = 0; i < 8; i++)
        CHECK_EQUAL(impact_tracer_provider_add_processor(provider, watcher_open(&watchers[i])),
                    IMPACT_OK);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    end_spans(1);
    for (size_t i = 0; i < 8; i++)
        CHECK(watchers[i].ends > 0 && watchers[i].saw_all);
    close_and_check();
}

TEST(a_processor_says_its_size_and_can_be_closed)
{
    impact_tracer_provider *none = NULL;
    struct {
        impact_span_processor processor;
        void *later;
    } larger = {.processor = *watcher_open(&watchers[0])};
    impact_span_processor *processors[9] = {&larger.processor};
    impact_trace_options options = {
        .size = sizeof options, .processors = processors, .processor_count = 1};
    larger.processor.size = sizeof larger;
    larger.later = &larger;
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_EINVAL);
    larger.processor.size = 0;
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_EINVAL);
    larger.processor.size = sizeof larger.processor;
    larger.processor.close = NULL;
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_EINVAL);
    for (size_t i = 0; i < 9; i++)
        processors[i] = watcher_open(&watchers[i]);
    options.processor_count = 9;
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_ELIMIT);
    CHECK_EQUAL(impact_tracer_provider_add_processor(NULL, processors[0]), IMPACT_EINVAL);
    REQUIRE(open_with(0, 0));
    CHECK_EQUAL(impact_tracer_provider_add_processor(provider, NULL), IMPACT_EINVAL);
    close_and_check();
    CHECK(!none);
}

static void close_nothing(impact_span_processor *processor)
{
    (void)processor;
}

TEST(a_processor_of_another_version_is_taken_if_it_can_be_closed)
{
    impact_span_processor older = {.size = offsetof(impact_span_processor, on_end),
                                   .userdata = NULL};
    impact_span_processor *processors[] = {&older};
    impact_tracer_provider *none = NULL;
    impact_trace_options options = {
        .size = sizeof options, .processors = processors, .processor_count = 1};
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_EINVAL); /* it has no close */
    struct {
        impact_span_processor processor;
        void *later;
    } larger = {.processor = {.size = sizeof larger, .close = close_nothing}};
    processors[0] = &larger.processor;
    CHECK_EQUAL(impact_tracer_provider_open(&none, &options), IMPACT_OK);
    impact_tracer_provider_close(none);
}

/* ---- the simple processor ---- */

static impact_span_processor *open_simple(void)
{
    impact_span_processor *simple = NULL;
    CHECK_EQUAL(impact_simple_processor_open(&simple, fake_exporter_open(&fake), NULL), IMPACT_OK);
    return simple;
}

static bool open_with_simple(void)
{
    impact_span_processor *simple = open_simple();
    return simple &&
           open_provider(NULL, 0,
                         (impact_trace_options){.processors = &simple, .processor_count = 1});
}

TEST(the_simple_processor_exports_each_span_as_it_ends)
{
    REQUIRE(open_with_simple());
    for (size_t i = 1; i <= 5; i++) {
        end_spans(1);
        CHECK(fake_read(&fake, &fake.spans) == i && fake_read(&fake, &fake.largest) == 1);
    }
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK(!fake.is_hastened);
    close_and_check();
    CHECK(fake.is_hastened && !fake.is_interrupted);
    CHECK(fake.is_closed);
}

static impact_span *begun_by_exporter;

static impact_status begin_in_export(impact_exporter *exporter, const impact_batch *batch,
                                     uint32_t timeout_ms, size_t *rejected)
{
    begun_by_exporter = impact_span_start(tracer, "exporter", NULL);
    return fake_export(exporter, batch, timeout_ms, rejected);
}

TEST(an_exporter_of_the_simple_processor_traces_nothing)
{
    impact_span_processor *simple = NULL;
    fake_exporter_open(&fake)->export_batch = begin_in_export;
    REQUIRE(impact_simple_processor_open(&simple, &fake.exporter, NULL) == IMPACT_OK);
    REQUIRE(open_provider(NULL, 0,
                          (impact_trace_options){.processors = &simple, .processor_count = 1}));
    end_spans(1);
    CHECK(fake.spans == 1 && !begun_by_exporter);
    close_and_check();
}

TEST(the_simple_processor_exports_one_span_at_a_time)
{
    pthread_t threads[4];
    REQUIRE(open_with_simple());
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(fake.spans, 8000);
    CHECK_EQUAL(fake.largest, 1);
    close_and_check();
}

static void *end_one(void *argument)
{
    end_spans(1);
    return argument;
}

TEST(the_simple_processors_flush_and_shutdown_keep_their_time)
{
    pthread_t thread;
    REQUIRE(open_with_simple());
    fake.minds_interrupt = true;
    fake_set_hangs(&fake, true);
    REQUIRE(pthread_create(&thread, NULL, end_one, NULL) == 0);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 10), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 10), IMPACT_ETIMEDOUT);
    CHECK(fake_is(&fake, &fake.is_interrupted));
    (void)pthread_join(thread, NULL);
    close_and_check();
}

TEST(the_simple_processor_exports_in_a_child_that_was_made_while_it_exported)
{
    pthread_t thread;
    int status = -1;
    REQUIRE(open_with_simple());
    fake_set_hangs(&fake, true);
    REQUIRE(pthread_create(&thread, NULL, end_one, NULL) == 0);
    CHECK(fake_wait(&fake, &fake.is_hanging, NULL, 0));
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(20);
        fake.hangs = false;
        end_spans(1);
        _exit(fake.spans == 2 && !impact_tracer_provider_flush(provider, 0) ? 0 : 9);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    fake_set_hangs(&fake, false);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(fake.spans, 1);
    close_and_check();
}

TEST(the_simple_processor_finds_no_memory_or_no_exporter)
{
    faults f;
    impact_span_processor *none = NULL;
    CHECK_EQUAL(impact_simple_processor_open(NULL, fake_exporter_open(&fake), NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_simple_processor_open(&none, NULL, NULL), IMPACT_EINVAL);
    fake.exporter.size = 0;
    CHECK_EQUAL(impact_simple_processor_open(&none, &fake.exporter, NULL), IMPACT_EINVAL);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_span_processor *simple = NULL;
        const impact_status status =
            impact_simple_processor_open(&simple, fake_exporter_open(&fake), &f.allocator);
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        impact_span_processor_close(simple);
        CHECK(fake.is_closed == (simple != NULL));
    }
    impact_span_processor_close(NULL);
}
