/* What spans (works.h), a traceparent and a health answer cost, beside the two clock reads that no
 * span can do without.
 *
 * The exporter takes every batch and does nothing. A batch of spans stays below the export batch,
 * so that the worker sleeps while it is timed; span_3attr_sustained_ns is the same with the worker
 * at its work on another core, wake-ups included. Allocations are counted over the whole process.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/context.h>
#include <impact/health.h>
#include <impact/propagation.h>
#include <impact/trace.h>

#include "base/clock.h"
#include "bench.h"
#include "works.h"

enum { few = 500, many = 20000 };

static impact_tracer_provider *provider;
static impact_tracer *tracer;
static impact_tracer *unsampled_tracer;
static impact_health *health;
static atomic_ulong allocation_count;
static volatile uint64_t sink;

/* ---- an allocator that counts ---- */

static void *count_allocate(void *userdata, size_t size)
{
    (void)userdata;
    atomic_fetch_add(&allocation_count, 1);
    return malloc(size);
}

static void *count_resize(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    atomic_fetch_add(&allocation_count, 1);
    return realloc(memory, size);
}

static void count_release(void *userdata, void *memory)
{
    (void)userdata;
    free(memory);
}

static const impact_allocator counting = {count_allocate, count_resize, count_release, NULL};

/* ---- what is timed ---- */

static void clock_pairs(size_t count)
{
    for (size_t i = 0; i < count; i++)
        sink = impact__clock_monotonic_ns() + impact__clock_monotonic_ns();
}

static void start_end(size_t count)
{
    work_start_end(tracer, count);
}

static void three_attributes(size_t count)
{
    work_three_attributes(tracer, count);
}

static void spec(size_t count)
{
    work_spec(tracer, count);
}

static void ten_attributes(size_t count)
{
    work_ten_attributes(tracer, count);
}

static void unsampled(size_t count)
{
    work_start_end(unsampled_tracer, count);
}

/* ---- the header that carries a span's context ---- */

static const char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static void parse_traceparent(size_t count)
{
    impact_span_context context = {.trace_flags = 0};
    for (size_t i = 0; i < count; i++)
        sink += impact_traceparent_parse(&context, impact_text_of(traceparent));
}

static void format_traceparent(size_t count)
{
    char text[IMPACT_TRACEPARENT_SIZE];
    impact_span_context context = {.trace_id = {{1}}, .span_id = {{2}}, .trace_flags = 1};
    for (size_t i = 0; i < count; i++) {
        context.span_id.bytes[7] = (uint8_t)i;
        impact_traceparent_format(text, &context);
        sink += (uint64_t)text[50];
    }
}

/* ---- one span of two threads ---- */

static impact_span *shared;
static pthread_barrier_t shared_gate;

static void *set_shared(void *argument)
{
    const size_t count = *(const size_t *)argument;
    (void)pthread_barrier_wait(&shared_gate);
    for (size_t i = 0; i < count; i++)
        impact_span_set(shared, impact_int("cart.items", (int64_t)i));
    return NULL;
}

/* A call of one of the two; with a thread's start and a barrier, spread over all. */
static void two_on_one_span(size_t count)
{
    pthread_t other;
    shared = impact_span_start(tracer, "shared", NULL);
    if (pthread_barrier_init(&shared_gate, NULL, 2) ||
        pthread_create(&other, NULL, set_shared, &count))
        abort();
    (void)set_shared(&count);
    (void)pthread_join(other, NULL);
    (void)pthread_barrier_destroy(&shared_gate);
    impact_span_end(shared);
}

static const impact_context *kept;

static void attach_detach(size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)impact_context_detach(impact_context_attach(kept));
}

static void ping(size_t count)
{
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_of("GET"),
        .path = impact_text_of("/health/ping"),
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    for (size_t i = 0; i < count; i++) {
        if (impact_health_answer(health, &request, &response))
            impact_http_response_clear(&response);
    }
}

static void flush(void)
{
    (void)impact_tracer_provider_flush(provider, 10000); /* the counters are looked at in the end */
}

enum {
    CLOCK,
    START_END,
    THREE,
    SPEC,
    TEN,
    SUSTAINED,
    UNSAMPLED,
    NOOP,
    SHARED,
    ATTACH,
    PARSE,
    FORMAT,
    PING,
    CASE_COUNT,
};

static bench_case cases[CASE_COUNT] = {
    [CLOCK] = {"clock_pair", clock_pairs, NULL, few, {0}},
    [START_END] = {"span_start_end", start_end, flush, few, {0}},
    [THREE] = {"span_3attr", three_attributes, flush, few, {0}},
    [SPEC] = {"span_spec", spec, flush, few, {0}},
    [TEN] = {"span_10attr", ten_attributes, flush, few, {0}},
    [SUSTAINED] = {"span_3attr_sustained", three_attributes, flush, many, {0}},
    [UNSAMPLED] = {"span_unsampled", unsampled, NULL, many, {0}},
    [NOOP] = {"span_noop", work_no_provider, NULL, many, {0}},
    [SHARED] = {"span_shared", two_on_one_span, flush, many, {0}},
    [ATTACH] = {"context_attach", attach_detach, NULL, few, {0}},
    [PARSE] = {"traceparent_parse", parse_traceparent, NULL, few, {0}},
    [FORMAT] = {"traceparent_format", format_traceparent, NULL, few, {0}},
    [PING] = {"health_ping", ping, NULL, few, {0}},
};

static void open_all(void)
{
    impact_allocator_set_default(&counting);
    impact_exporter *exporter = work_null_exporter;
    impact_tracer_provider *silent = NULL;
    const impact_sampler never = impact_sampler_always_off();
    if (impact_tracer_provider_open(&provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter,
                                                                    .exporter_count = 1,
                                                                    .queue_limit = 4096)) ||
        impact_tracer_provider_open(&silent, IMPACT_TRACE_OPTIONS(.sampler = never)) ||
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = "secret")))
        abort();
    tracer = impact_tracer_provider_get_tracer(provider, "bench", "1");
    kept = impact_context_with_span_context(
        NULL, &(const impact_span_context){.trace_id = {{1}}, .span_id = {{1}}});
    unsampled_tracer = impact_tracer_provider_get_tracer(silent, "bench", "1");
}

/* Over batches that follow the others: by now the ring has gone round and every slot is there. */
static double allocations_per_span(void)
{
    const unsigned long before = atomic_load(&allocation_count);
    for (int i = 0; i < 20; i++) {
        three_attributes(few);
        flush();
    }
    return (double)(atomic_load(&allocation_count) - before) / (20.0 * few);
}

int main(void)
{
    open_all();
    bench_run(cases, CASE_COUNT);
    for (int i = 0; i < CASE_COUNT; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s_ns", cases[i].name);
        bench_print(name, bench_median_ns(&cases[i]), "ns");
    }
    bench_print("span_3attr_ratio", bench_median_ratio(&cases[THREE], &cases[CLOCK]), "ratio");
    bench_print("span_allocations", allocations_per_span(), "allocations");
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    printf("# %llu spans ended, %llu dropped by a full queue\n", (unsigned long long)stats.ended,
           (unsigned long long)stats.dropped_full);
    return 0;
}
