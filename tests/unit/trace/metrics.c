/* The library's own metrics: their names, their attributes, and what each outcome of a span adds to
 * which of them. That Prometheus reads them is in tests/integration/test_metrics.py. */
#include <impact/trace.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"

static fake_exporter fakes[2];

/* ---- reading ---- */

static char page[64 * 1024];
static size_t page_size;

/* "name{key=value,key=value} 3" and a newline; of a histogram the number of observations. */
static void write_point(void *userdata, const impact_metric *metric)
{
    CHECK(userdata == page && metric->size == sizeof *metric);
    CHECK(metric->kind && metric->unit && metric->description[0]);
    page_size += (size_t)snprintf(page + page_size, sizeof page - page_size, "%s{", metric->name);
    for (size_t i = 0; i < metric->attribute_count; i++) {
        const impact_attribute *a = &metric->attributes[i];
        char number[24];
        (void)snprintf(number, sizeof number, "%" PRId64, a->value.integer);
        const impact_text text = a->value.type == IMPACT_VALUE_INT
                                     ? impact_text_of(number)
                                     : impact_text_from(a->value.string, a->value.count);
        page_size +=
            (size_t)snprintf(page + page_size, sizeof page - page_size, "%s%.*s=%.*s", i ? "," : "",
                             (int)a->key.size, a->key.data, (int)text.size, text.data);
    }
    page_size += (size_t)snprintf(page + page_size, sizeof page - page_size, "} %" PRIu64 "\n",
                                  metric->value);
}

static const char *read_metrics(void)
{
    page_size = 0;
    page[0] = '\0';
    impact_trace_read_metrics(provider, write_point, page);
    return page;
}

static void check_line(const char *line)
{
    if (!check_contains(page, line))
        check_failed(__FILE__, __LINE__, "there is no %s in\n%s", line, page);
}

static void check_line_after_read(const char *line)
{
    (void)read_metrics();
    check_line(line);
}

static bool open_with(size_t exporter_count, impact_trace_options options)
{
    impact_exporter *exporters[] = {fake_exporter_open(&fakes[0]), fake_exporter_open(&fakes[1])};
    options.schedule_delay_ms = 3600000;
    return open_provider(exporters, exporter_count, options);
}

static impact_status flush(void)
{
    return impact_tracer_provider_flush(provider, tracing_timeout_ms);
}

#define PROCESSOR                                                                                  \
    "otel.component.name=batching_span_processor/0,otel.component.type=batching_span_processor"
#define EXPORTER "otel.component.name=fake_span_exporter/0,otel.component.type=fake_span_exporter"

/* ---- spans ---- */

static void start_and_end(const impact_span_options *options)
{
    impact_span_end(impact_span_start(tracer, "a", options));
}

TEST(spans_are_counted_by_their_parents_and_by_what_the_sampler_says)
{
    impact_span_context remote = {{{1}}, {{2}}, 1, true, {""}};
    REQUIRE(open_with(
        1, (impact_trace_options){.sampler = {.kind = IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON}}));
    impact_span *root = impact_span_start(tracer, "a", NULL);
    const impact_span_context local = impact_span_context_of(root);
    start_and_end(IMPACT_SPAN_OPTIONS(.parent = &local));
    start_and_end(IMPACT_SPAN_OPTIONS(.parent = &local));
    start_and_end(IMPACT_SPAN_OPTIONS(.parent = &remote));
    remote.trace_flags = 0;
    start_and_end(IMPACT_SPAN_OPTIONS(.parent = &remote));
    (void)read_metrics();
    check_line("otel.sdk.span.started{otel.span.parent.origin=none,"
               "otel.span.sampling_result=RECORD_AND_SAMPLE} 1\n");
    check_line("{otel.span.parent.origin=local,otel.span.sampling_result=RECORD_AND_SAMPLE} 2\n");
    check_line("{otel.span.parent.origin=remote,otel.span.sampling_result=RECORD_AND_SAMPLE} 1\n");
    check_line("{otel.span.parent.origin=remote,otel.span.sampling_result=DROP} 1\n");
    check_line("{otel.span.parent.origin=none,otel.span.sampling_result=DROP} 0\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 1\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_ONLY} 0\n");
    impact_span_end(root);
    (void)read_metrics();
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 0\n");
    close_and_check();
}

TEST(a_rule_that_takes_none_counts_too)
{
    REQUIRE(open_with(1, (impact_trace_options){.sampler = {.kind = IMPACT_SAMPLER_ALWAYS_OFF}}));
    end_spans(3);
    (void)read_metrics();
    check_line("{otel.span.parent.origin=none,otel.span.sampling_result=DROP} 3\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 0\n");
    close_and_check();
}

static void record_only(impact_user_sampler *sampler, const impact_sampling_request *request,
                        impact_sampling_result *result)
{
    (void)sampler, (void)request;
    result->decision = IMPACT_SAMPLING_RECORD_ONLY;
}

TEST(spans_that_are_only_recorded_are_counted_apart)
{
    impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = record_only};
    REQUIRE(open_with(1, (impact_trace_options){.sampler = impact_sampler_user(&sampler)}));
    impact_span *span = impact_span_start(tracer, "a", NULL);
    end_spans(1);
    (void)read_metrics();
    check_line("{otel.span.parent.origin=none,otel.span.sampling_result=RECORD_ONLY} 2\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_ONLY} 1\n");
    impact_span_end(span);
    (void)read_metrics();
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_ONLY} 0\n");
    close_and_check();
}

enum { thread_count = 8, spans_each = 500 };

static void *end_many(void *argument)
{
    (void)argument;
    end_spans(spans_each);
    return NULL;
}

TEST(spans_of_threads_that_are_gone_are_counted)
{
    pthread_t threads[thread_count];
    REQUIRE(open_with(1, (impact_trace_options){.queue_limit = thread_count * spans_each}));
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, end_many, NULL) == 0);
    while (strstr(read_metrics(), "RECORD_AND_SAMPLE} -"))
        check_failed(__FILE__, __LINE__, "more ended than started");
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    (void)read_metrics();
    check_line("{otel.span.parent.origin=none,otel.span.sampling_result=RECORD_AND_SAMPLE} 4000\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 0\n");
    close_and_check();
}

static void check_child(impact_span *inherited)
{
    end_spans(2);
    impact_span_end(inherited); /* the parent's, and nobody's here */
    impact_span *own = impact_span_start(tracer, "a", NULL);
    (void)read_metrics();
    check_line("{otel.span.parent.origin=none,otel.span.sampling_result=RECORD_AND_SAMPLE} 3\n");
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 1\n");
    check_line("otel.sdk.exporter.operation.duration{" EXPORTER "} 0\n");
    impact_span_end(own);
}

TEST(a_forked_child_begins_at_zero)
{
    check_skip_forks_of_threads();
    if (!check_children_may_allocate())
        check_skip("a child of threads may not allocate");
    REQUIRE(open_with(1, (impact_trace_options){.queue_limit = 2048}));
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_OK);
    impact_span *span = impact_span_start(tracer, "a", NULL);
    const pid_t child = fork();
    if (child == 0) {
        check_child(span);
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    (void)read_metrics();
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 1\n");
    impact_span_end(span);
    close_and_check();
}

/* ---- processors and exporters ---- */

TEST(what_waits_what_is_handed_over_and_what_was_exported_are_told_apart)
{
    REQUIRE(open_with(1, (impact_trace_options){.queue_limit = 100, .batch_limit = 100}));
    end_spans(3);
    CHECK_EQUAL(flush(), IMPACT_OK);
    end_spans(4);
    (void)read_metrics();
    check_line("otel.sdk.processor.span.queue.size{" PROCESSOR "} 4\n");
    check_line("otel.sdk.processor.span.queue.capacity{" PROCESSOR "} 100\n");
    check_line("otel.sdk.processor.span.processed{" PROCESSOR "} 3\n");
    check_line("otel.sdk.processor.span.processed{" PROCESSOR ",error.type=queue_full} 0\n");
    check_line("otel.sdk.exporter.span.inflight{" EXPORTER "} 0\n");
    check_line("otel.sdk.exporter.span.exported{" EXPORTER "} 3\n");
    check_line("otel.sdk.exporter.span.exported{" EXPORTER ",error.type=rejected} 0\n");
    check_line("otel.sdk.exporter.operation.duration{" EXPORTER "} 1\n");
    close_and_check();
}

/* With a path of 300 bytes there is none: a part of one would be another's. */
TEST(an_exporter_that_sends_somewhere_says_where)
{
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    impact_exporter *exporters[] = {fake_exporter_open(&fakes[0]), fake_exporter_open(&fakes[1])};
    fakes[0].exporter.server_address = "collector";
    fakes[0].exporter.server_port = 4318;
    fakes[1].exporter.server_address = long_name;
    fakes[1].exporter.server_port = 4318;
    REQUIRE(open_provider(exporters, 2, (impact_trace_options){.schedule_delay_ms = 3600000}));
    fakes[0].exporter.server_address = NULL; /* it was copied */
    check_line_after_read("otel.sdk.exporter.span.inflight{" EXPORTER
                          ",server.address=collector,server.port=4318} 0\n");
    check_line("otel.sdk.exporter.span.exported{" EXPORTER
               ",server.address=collector,server.port=4318,error.type=rejected} 0\n");
    check_line("otel.sdk.exporter.operation.duration{" EXPORTER
               ",server.address=collector,server.port=4318,error.type=timeout} 0\n");
    check_line("otel.sdk.processor.span.queue.size{" PROCESSOR "} 0\n");
    check_line("otel.sdk.exporter.span.inflight{otel.component.name=fake_span_exporter/1,"
               "otel.component.type=fake_span_exporter} 0\n");
    close_and_check();
}

TEST(each_way_to_fail_has_a_name)
{
    REQUIRE(open_with(1, (impact_trace_options){.queue_limit = 100, .batch_limit = 100}));
    fakes[0].rejects = 2;
    end_spans(5);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    fakes[0].answer = IMPACT_ETIMEDOUT;
    end_spans(3);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    fakes[0].answer = IMPACT_ESYSTEM;
    end_spans(4);
    CHECK_EQUAL(flush(), IMPACT_EEXPORT);
    check_line_after_read("otel.sdk.exporter.operation.duration{" EXPORTER
                          ",error.type=_OTHER} 1\n");
    fake_set_hangs(&fakes[0], true);
    end_spans(300); /* at most a hundred are with the exporter, and a hundred wait */
    CHECK(stats_of(provider).dropped_full > 0);
    fake_set_hangs(&fakes[0], false);
    (void)impact_tracer_provider_shutdown(provider, tracing_timeout_ms); /* as what waited went */
    end_spans(1);
    const impact_trace_stats stats = stats_of(provider);
    char line[256];
    (void)snprintf(line, sizeof line,
                   "otel.sdk.processor.span.processed{" PROCESSOR ",error.type=queue_full} %" PRIu64
                   "\n",
                   stats.dropped_full);
    (void)read_metrics();
    check_line(line);
    check_line("otel.sdk.exporter.span.exported{" EXPORTER "} 3\n");
    check_line("otel.sdk.exporter.span.exported{" EXPORTER ",error.type=rejected} 2\n");
    check_line("otel.sdk.exporter.span.exported{" EXPORTER ",error.type=timeout} 3\n");
    check_line("otel.sdk.exporter.operation.duration{" EXPORTER ",error.type=rejected} 1\n");
    check_line("otel.sdk.exporter.operation.duration{" EXPORTER ",error.type=timeout} 1\n");
    check_line("otel.sdk.processor.span.processed{" PROCESSOR ",error.type=already_shutdown} 1\n");
    CHECK_EQUAL(stats.exports_failed.spans + stats.exports_timed_out.spans, stats.failed);
    impact_tracer_provider_close(provider);
}

TEST(what_a_shutdown_gives_up_was_never_handed_over)
{
    REQUIRE(open_with(1, (impact_trace_options){.queue_limit = 100, .batch_limit = 100}));
    fake_set_hangs(&fakes[0], true);
    end_spans(100);
    REQUIRE(fake_wait(&fakes[0], &fakes[0].is_hanging, NULL, 0));
    end_spans(7);
    (void)read_metrics();
    check_line("otel.sdk.exporter.span.inflight{" EXPORTER "} 100\n");
    fakes[0].minds_interrupt = true;
    (void)impact_tracer_provider_shutdown(provider, 1);
    fake_set_hangs(&fakes[0], false);
    (void)impact_tracer_provider_flush(provider, tracing_timeout_ms);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.exports_failed.spans + stats.exports_timed_out.spans +
                    stats.exports_taken.spans,
                100);
    (void)read_metrics();
    check_line("otel.sdk.processor.span.processed{" PROCESSOR ",error.type=shutdown_timeout} 7\n");
    check_line("otel.sdk.processor.span.processed{" PROCESSOR "} 100\n");
    impact_tracer_provider_close(provider);
}

TEST(each_exporter_has_its_number_and_says_its_type)
{
    impact_exporter *exporters[] = {fake_exporter_open(&fakes[0]), fake_exporter_open(&fakes[1])};
    fakes[1].exporter.component_type = "otlp_http_span_exporter";
    REQUIRE(open_provider(exporters, 2, (impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(2);
    CHECK_EQUAL(flush(), IMPACT_OK);
    (void)read_metrics();
    check_line("otel.sdk.exporter.span.exported{" EXPORTER "} 2\n");
    check_line("otel.sdk.exporter.span.exported{otel.component.name=otlp_http_span_exporter/1,"
               "otel.component.type=otlp_http_span_exporter} 2\n");
    check_line("otel.sdk.processor.span.queue.size{otel.component.name=batching_span_processor/1,");
    close_and_check();
}

/* The points of a metric come in a row. */
TEST(each_metric_comes_once)
{
    static const char *const names[] = {"otel.sdk.span.started{",
                                        "otel.sdk.span.live{",
                                        "otel.sdk.processor.span.queue.size{",
                                        "otel.sdk.processor.span.queue.capacity{",
                                        "otel.sdk.processor.span.processed{",
                                        "otel.sdk.exporter.span.inflight{",
                                        "otel.sdk.exporter.span.exported{",
                                        "otel.sdk.exporter.operation.duration{"};
    REQUIRE(open_with(2, (impact_trace_options){.queue_limit = 100}));
    const char *at = read_metrics();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(strncmp(at, names[i], strlen(names[i])) == 0);
        while (strncmp(at, names[i], strlen(names[i])) == 0)
            at = strchr(at, '\n') + 1;
    }
    CHECK_STRING(at, "");
    close_and_check();
}

TEST(null_is_the_default_provider_and_nobody_who_listens)
{
    impact_exporter *exporter = fake_exporter_open(&fakes[0]);
    CHECK(!check_contains(read_metrics(), "otel.sdk.exporter"));
    check_line("otel.sdk.span.live{otel.span.sampling_result=RECORD_AND_SAMPLE} 0\n");
    REQUIRE(impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)) ==
            IMPACT_OK);
    impact_span_end(impact_span_start(NULL, "a", NULL));
    CHECK_EQUAL(impact_trace_flush(tracing_timeout_ms), IMPACT_OK);
    (void)read_metrics();
    check_line("otel.sdk.exporter.span.exported{" EXPORTER "} 1\n");
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    (void)read_metrics();
    check_line("otel.sdk.exporter.span.exported{" EXPORTER "} 1\n");
    impact_trace_read_metrics(NULL, NULL, NULL);
}
