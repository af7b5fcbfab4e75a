/* What spans and a health answer cost, beside the two clock reads that no span can do without.
 *
 * The exporter takes every batch and does nothing. A batch of spans stays below the export batch, so
 * that the worker sleeps while it is timed; span_3attr_sustained_ns is the same with the worker at its
 * work on another core, wake-ups included. Allocations are counted over the whole process.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/context.h>
#include <impact/health.h>
#include <impact/trace.h>

#include "bench.h"
#include "base/clock.h"

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

/* ---- an exporter that does nothing ---- */

static impact_status take_batch(impact_exporter *exporter, const impact_batch *batch,
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

static impact_exporter nothing = {sizeof nothing, "nothing", take_batch, NULL, close_nothing};

/* ---- what is timed ---- */

static void clock_pairs(size_t count)
{
    for (size_t i = 0; i < count; i++)
        sink = impact__clock_monotonic_ns() + impact__clock_monotonic_ns();
}

static void start_end(size_t count)
{
    for (size_t i = 0; i < count; i++)
        impact_span_end(impact_span_start(tracer, "checkout", NULL));
}

static void three_attributes(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        impact_span *span = impact_span_start(tracer, "checkout", NULL);
        impact_span_set(span, impact_int("cart.items", (int64_t)i));
        impact_span_set(span, impact_string("user.tier", "gold"));
        impact_span_set(span, impact_bool("cart.is_gift", true));
        impact_span_end(span);
    }
}

static void unsampled(size_t count)
{
    for (size_t i = 0; i < count; i++)
        impact_span_end(impact_span_start(unsampled_tracer, "checkout", NULL));
}

/* No provider is set: what a library pays that is instrumented in a program that does not trace. */
static void no_provider(size_t count)
{
    for (size_t i = 0; i < count; i++)
        impact_span_end(impact_span_start(NULL, "checkout", NULL));
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

enum { CLOCK, START_END, THREE, SUSTAINED, UNSAMPLED, NOOP, SHARED, ATTACH, PING, CASE_COUNT };

static bench_case cases[CASE_COUNT] = {
    [CLOCK] = {"clock_pair", clock_pairs, NULL, few, {0}},
    [START_END] = {"span_start_end", start_end, flush, few, {0}},
    [THREE] = {"span_3attr", three_attributes, flush, few, {0}},
    [SUSTAINED] = {"span_3attr_sustained", three_attributes, flush, many, {0}},
    [UNSAMPLED] = {"span_unsampled", unsampled, NULL, few, {0}},
    [NOOP] = {"span_noop", no_provider, NULL, many, {0}},
    [SHARED] = {"span_shared", two_on_one_span, flush, many, {0}},
    [ATTACH] = {"context_attach", attach_detach, NULL, few, {0}},
    [PING] = {"health_ping", ping, NULL, few, {0}},
};

static void open_all(void)
{
    impact_allocator_set_default(&counting);
    impact_exporter *exporter = &nothing;
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
