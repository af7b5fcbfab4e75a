/* What exporting costs: the real OTLP exporter, to a server on this machine that reads every
 * request and answers 200. It is another process, so none of its time is ours.
 *
 * Spans of three attributes, in batches of 512 and in a queue that holds a whole round: none is
 * dropped, and every round's must have been exported.
 * export_cpu_ns_per_span: processor time, user and system, of all threads but the one that makes
 * the spans (there is one: the batcher's worker), from the first span until flush returns, by the
 * number of spans. Arranging batches, building requests, libcurl and the kernel's part of sending
 * are in it. For http/protobuf; the others have their protocol and compression in their names.
 * export_max_spans_per_s: the number of spans by the time from the first span until flush returns,
 * by when the last request has been answered.
 * encode_memcpy_ratio: making the body of a request of 512 such spans, by the time of a memcpy of
 * as many bytes; the median of the rounds' ratios.
 *
 * With an argument, that is the endpoint of a server of gRPC: then it is measured, and nothing
 * else.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bench.h"
#include "export/gather.h"
#include "sink.h"
#include "works.h"

enum { round_spans = 64 * 1024, batch_spans = 512, round_count = 15, flush_ms = 60000 };

/* ---- a round ---- */

static uint64_t cpu_ns(clockid_t clock)
{
    return impact__clock_read(clock);
}

static uint64_t worker_cpu_ns(void)
{
    return cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

typedef struct figures {
    double cpu_ns[round_count];
    double spans_per_s[round_count];
} round_figures;

static void run_round(impact_tracer_provider *provider, round_figures *figures, int number)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "bench", "1");
    const uint64_t cpu = worker_cpu_ns();
    const uint64_t start = impact__clock_monotonic_ns();
    work_three_attributes(tracer, round_spans);
    if (impact_tracer_provider_flush(provider, flush_ms))
        abort();
    const double took = (double)(impact__clock_monotonic_ns() - start);
    figures->cpu_ns[number] = (double)(worker_cpu_ns() - cpu) / round_spans;
    figures->spans_per_s[number] = round_spans * (double)IMPACT__NS_PER_SEC / took;
}

static void require_all_exported(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    if (stats.exported != (uint64_t)round_spans * (round_count + 1) ||
        stats.exported != stats.ended)
        abort();
}

static impact_tracer_provider *open_provider(impact_exporter *exporter)
{
    impact_tracer_provider *provider = NULL;
    if (impact_tracer_provider_open(
            &provider,
            IMPACT_TRACE_OPTIONS(.service_name = "bench", .exporters = &exporter,
                                 .exporter_count = 1, .queue_limit = round_spans,
                                 .queue_bytes = 64 * 1024 * 1024, .batch_limit = batch_spans)))
        abort();
    return provider;
}

/* `ending` is that of the figures' names: what is measured beside http/protobuf. */
static void measure(const impact_otlp_options *options, const char *ending)
{
    static round_figures figures;
    char name[64];
    impact_exporter *exporter = NULL;
    if (impact_exporter_otlp_open(&exporter, options, NULL))
        abort();
    impact_tracer_provider *provider = open_provider(exporter);
    run_round(provider, &figures, 0); /* to connect, and to warm up */
    for (int i = 0; i < round_count; i++)
        run_round(provider, &figures, i);
    require_all_exported(provider);
    (void)snprintf(name, sizeof name, "export_cpu_ns_per_span%s", ending);
    bench_print(name, bench_median(figures.cpu_ns, round_count), "ns");
    (void)snprintf(name, sizeof name, "export_max_spans_per_s%s", ending);
    bench_print(name, bench_median(figures.spans_per_s, round_count), "spans/s");
    impact_tracer_provider_close(provider);
}

/* ---- encoding ---- */

enum { encode_rounds = 201, encode_times = 16 };

static double ratios[encode_rounds];
static size_t ratio_count;

static uint64_t time_of_encoding(impact__buffer *request, const impact_batch *batch)
{
    const uint64_t start = impact__clock_monotonic_ns();
    for (int i = 0; i < encode_times; i++) {
        impact__buffer_clear(request);
        if (impact__gather_append(request, batch, (impact__span_range){0, batch->span_count}))
            abort();
    }
    return impact__clock_monotonic_ns() - start;
}

static uint64_t time_of_copying(char *to, const impact__buffer *request)
{
    const uint64_t start = impact__clock_monotonic_ns();
    for (int i = 0; i < encode_times; i++) {
        memcpy(to, request->data, request->size);
        __asm__ volatile("" : : "r"(to) : "memory"); /* it is wanted each time */
    }
    return impact__clock_monotonic_ns() - start;
}

/* An exporter that encodes what it is given, and copies what came of it, in turn. */
static impact_status encode_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    static impact__buffer request;
    static char copy[1024 * 1024];
    (void)exporter, (void)timeout_ms, (void)rejected;
    if (batch->span_count != batch_spans)
        return IMPACT_OK;
    (void)time_of_encoding(&request, batch); /* to warm up */
    if (request.size > sizeof copy)
        abort();
    while (ratio_count < encode_rounds) {
        const uint64_t encoding_ns = time_of_encoding(&request, batch);
        ratios[ratio_count++] = (double)encoding_ns / (double)time_of_copying(copy, &request);
    }
    return IMPACT_OK;
}

static void keep(impact_exporter *exporter)
{
    (void)exporter; /* it is static */
}

static void measure_encoding(void)
{
    static impact_exporter exporter = {
        .size = sizeof exporter, .name = "encode", .export_batch = encode_batch, .close = keep};
    impact_tracer_provider *provider = open_provider(&exporter);
    work_three_attributes(impact_tracer_provider_get_tracer(provider, "bench", "1"), batch_spans);
    if (impact_tracer_provider_flush(provider, flush_ms) || ratio_count != encode_rounds)
        abort();
    bench_print("encode_memcpy_ratio", bench_median(ratios, encode_rounds), "");
    impact_tracer_provider_close(provider);
}

/* ---- all of them ---- */

static void measure_http(void)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/traces", sink_start());
    measure(IMPACT_OTLP_OPTIONS(.endpoint = endpoint), "");
    measure(IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .compression = "gzip"), "_gzip");
    measure(IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .protocol = "http/json"), "_json");
    measure(
        IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .protocol = "http/json", .compression = "gzip"),
        "_json_gzip");
}

static void measure_grpc(const char *endpoint)
{
    measure(IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .protocol = "grpc"), "_grpc");
    measure(IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .protocol = "grpc", .compression = "gzip"),
            "_grpc_gzip");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        measure_grpc(argv[1]);
        return 0;
    }
    measure_http();
    measure_encoding();
    return 0;
}
