/* Tracing as a whole: options, tracer providers, tracers, flush, shutdown and the counters
 * (OpenTelemetry specification, trace/sdk). A program calls impact_trace_init once and
 * impact_trace_shutdown before it ends; spans are in <impact/span.h>. */
#ifndef IMPACT_TRACE_H
#define IMPACT_TRACE_H

#include <impact/allocator.h>
#include <impact/exporter.h>
#include <impact/id_generator.h>
#include <impact/metric.h>
#include <impact/options.h>
#include <impact/sampler.h>
#include <impact/processor.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options ---- */

/* Zero means the specification's default: 128 of each, values of any length. IMPACT_ZERO means
 * 0. */
typedef struct impact_span_limits {
    uint32_t attribute_limit;
    uint32_t event_limit;
    uint32_t link_limit;
    uint32_t event_attribute_limit;
    uint32_t link_attribute_limit;
    uint32_t value_length_limit; /* characters (code points) of a string value; of events' and
                                    links' too, unless the options say so of them */
    uint32_t span_bytes; /* room of a span; 1 MiB; 1 KiB to 16 MiB. What does not fit is cut */
} impact_span_limits;

/* Everything but `size` may be zero: "not set". What the code sets wins over the environment. A
 * number that may be 0 is 0 with IMPACT_ZERO. */
typedef struct impact_trace_options {
    size_t size;
    const impact_allocator *allocator;  /* borrowed; NULL: the default */
    const char *service_name;           /* copied; OTEL_SERVICE_NAME */
    const impact_attribute *attributes; /* resource attributes, copied */
    size_t attribute_count;            /* at most 1000; OTEL_RESOURCE_ATTRIBUTES are merged below */
    impact_sampler sampler;            /* a user-written one is taken on success;
                                          OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG */
    impact_exporter *const *exporters; /* taken on success; NULL: OTEL_TRACES_EXPORTER */
    size_t exporter_count;             /* at most 8 */
    const char *default_exporters;     /* where OTEL_TRACES_EXPORTER is unset; "otlp" */
    uint32_t queue_limit;              /* spans; 2048; OTEL_BSP_MAX_QUEUE_SIZE */
    uint32_t batch_limit;              /* spans; 512; OTEL_BSP_MAX_EXPORT_BATCH_SIZE */
    uint32_t schedule_delay_ms;        /* 5000; may be 0; OTEL_BSP_SCHEDULE_DELAY */
    uint32_t export_timeout_ms;        /* 30000; 0: no limit; OTEL_BSP_EXPORT_TIMEOUT */
    impact_span_limits limits;         /* OTEL_SPAN_*_LIMIT, OTEL_ATTRIBUTE_*_LIMIT */
    impact_id_generator *id_generator; /* taken on success; NULL: ids are random */
    size_t queue_bytes; /* of the spans that wait or are being exported; 16 MiB; 4 KiB to 1 GiB */
    impact_span_processor *const *processors; /* beside those of the exporters; taken on success */
    size_t processor_count;                   /* at most 8 */
    uint32_t exit_timeout_ms; /* a process that ends without a shutdown exports for so long; 0: what
                                 waits is lost; IMPACT_EXIT_TIMEOUT */
    bool uses_system_clock;   /* read clock_gettime for each time, and the processor's ticks never;
                               OTEL_C_CLOCK=system */
    bool is_disabled; /* nothing is recorded, contexts are handed through; OTEL_SDK_DISABLED */
    uint32_t event_value_length_limit; /* of events and links; OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT */
    const char
        *journal_directory;  /* copied; what waits lies in files there and outlives a kill: see
                                      <impact/journal.h>; OTEL_C_JOURNAL_DIR */
    bool journal_keeps_open; /* spans that are open are kept there, too;
                                     OTEL_C_JOURNAL_OPEN_SPANS */
    bool starts_no_thread;   /* the host's own loop exports: it calls impact_trace_pump */
    uint32_t concurrent_export_limit; /* batches that an exporter has at once, if it can; 1; at most
                                         16; OTEL_BSP_MAX_CONCURRENT_EXPORTS */
} impact_trace_options;

#define IMPACT_TRACE_OPTIONS(...)                                                                  \
    (&(const impact_trace_options){.size = sizeof(impact_trace_options), __VA_ARGS__})

/* ---- counters ---- */

/* A longer one is left out. */
#define IMPACT_SERVER_ADDRESS_SIZE 256

/* Calls of an exporter that ended alike. */
typedef struct impact_export_tally {
    uint64_t calls;
    uint64_t spans; /* that were handed over */
    uint64_t duration_ns;
} impact_export_tally;

/* Exact in every snapshot, over sampled spans, for each exporter and for their sum:
 * ended == queued + in_flight + exported + dropped_full + dropped_memory + dropped_closed
 *          + rejected + failed.
 * In the sum a span counts once for each exporter. Without any, nobody keeps it and it counts as
 * exported all the same: nothing that was wanted is missing. Set `size` before you ask. */
typedef struct impact_trace_stats {
    size_t size;
    uint64_t ended;
    uint64_t queued;         /* waiting: for the worker, or for a backend that is away */
    uint64_t in_flight;      /* with an exporter */
    uint64_t exported;       /* acknowledged */
    uint64_t dropped_full;   /* the queue was full: the newest is dropped */
    uint64_t dropped_memory; /* no memory to start it or to keep it */
    uint64_t dropped_closed; /* ended after shutdown */
    uint64_t rejected;       /* the backend refused it for good */
    uint64_t failed;         /* given up: the exporter failed for good, or tracing was shut down */
    const char *exporter;    /* whose these are; NULL: of all */
    uint64_t late_calls;     /* with spans that were over, of all providers; beside the equation */
    uint64_t queue_limit;    /* spans that may wait */
    impact_export_tally exports_taken;     /* all spans were exported */
    impact_export_tally exports_rejected;  /* some or all were rejected */
    impact_export_tally exports_timed_out; /* they failed; what else did was never handed over */
    impact_export_tally exports_failed;    /* likewise, for another reason */
    const char *component_type; /* of the exporter, as metrics call it; NULL: as its name says */
    char server_address[IMPACT_SERVER_ADDRESS_SIZE]; /* where it sends; empty: nowhere */
    uint32_t server_port;                            /* 0: none */
} impact_trace_stats;

/* ---- the process's own provider ---- */

/* Open a provider from `options` (may be NULL) and the OTEL_* environment and make it the default.
 * IMPACT_EEXIST when one is set already; IMPACT_EINVAL, IMPACT_ENOMEM, IMPACT_ESYSTEM. An exporter
 * that cannot be opened is reported to the diagnostics callback and left out. With
 * OTEL_SDK_DISABLED=true it returns IMPACT_OK and records nothing. */
IMPACT_API IMPACT_CHECKED impact_status impact_trace_init(const impact_trace_options *options);

/* Export what has ended before the call. IMPACT_OK: every span that waited was exported.
 * IMPACT_ETIMEDOUT by timeout_ms + 50 ms; IMPACT_EEXPORT: some were rejected or failed, or the
 * backend was tried once, is away, and they wait; at once
 * IMPACT_ESYSTEM: the export thread cannot be started. Without a provider: IMPACT_OK. */
IMPACT_API impact_status impact_trace_flush(uint32_t timeout_ms);

/* Flush, stop the worker, close the exporters and unset the default. What cannot be exported by
 * timeout_ms counts as failed; answers as flush does. An exporter that hangs even so is closed when
 * it returns. Spans may still end, and count dropped_closed. */
IMPACT_API impact_status impact_trace_shutdown(uint32_t timeout_ms);

/* ---- without threads ---- */

/* For `starts_no_thread`: export what is due, as far as that goes without waiting. Returns the
 * milliseconds after which it is to be called again, or when the descriptor is readable, whichever
 * comes first; UINT32_MAX: only the descriptor tells. By one thread at a time; does nothing where
 * there are threads, and without a provider. Flush and shutdown pump themselves. Not to be called
 * in an exporter or a callback. */
IMPACT_API uint32_t impact_trace_pump(void);

/* Readable, for poll and its like, when it is to be pumped. Borrowed, and the same until shutdown;
 * a forked child has another, which it asks for. -1: there are threads, there is no provider, or
 * the child cannot open one. */
IMPACT_API int impact_trace_get_descriptor(void);

/* The default provider's counters, after shutdown the last one's; all zero without one. `stats` is
 * owned by the caller. */
IMPACT_API void impact_trace_get_stats(impact_trace_stats *stats);

/* Those of one of its exporters, by its number from 0 on; stats->exporter says which it is.
 * IMPACT_ENOENT: there are not as many. */
IMPACT_API impact_status impact_trace_get_exporter_stats(size_t number, impact_trace_stats *stats);

/* Show `take` the library's own metrics, by OpenTelemetry's names: of all spans of the process, and
 * of each exporter of `provider`, an impact_tracer_provider; NULL: of the default, after shutdown
 * the last one. It is an impact_metric_source: for impact_health_add_metrics. */
IMPACT_API void impact_trace_read_metrics(void *provider, impact_metric_take *take, void *userdata);

/* An instrumentation scope: who makes the spans. Everything but `size` may be zero; all is
 * copied. */
typedef struct impact_tracer_options {
    size_t size;
    const char *name;
    const char *version;
    const char *schema_url; /* of the semantic conventions that its spans keep to */
    const impact_attribute *attributes;
    size_t attribute_count;
} impact_tracer_options;

#define IMPACT_TRACER_OPTIONS(...)                                                                 \
    (&(const impact_tracer_options){.size = sizeof(impact_tracer_options), __VA_ARGS__})

/* A tracer of the default provider, of now or of later: it may be asked for before init. The same
 * options give the same tracer. Never closed. At most 1024 different ones in a process: beyond,
 * without memory, and for options that are not known, a tracer without a name is returned, and it
 * is reported. */
IMPACT_API impact_tracer *impact_tracer_get_with(const impact_tracer_options *options);
IMPACT_API impact_tracer *impact_tracer_get(const char *name, const char *version);

/* False: no span of this tracer (NULL: the default one) would be recorded now. To spare the work of
 * gathering attributes; the answer changes with time. */
IMPACT_API bool impact_tracer_is_enabled(const impact_tracer *tracer);

/* ---- providers of one's own ---- */

typedef struct impact_tracer_provider impact_tracer_provider;

/* Open a provider from `options` alone; the environment is not read. Owned by the caller. On
 * failure `provider` is untouched, and exporters and processors still belong to the caller.
 * IMPACT_EINVAL: `provider` is NULL, something of the options is not known, an exporter or a
 * processor lacks what it needs, a number is out of range; IMPACT_ELIMIT: too many of them;
 * IMPACT_ENOMEM, IMPACT_ESYSTEM. */
IMPACT_API IMPACT_CHECKED impact_status
impact_tracer_provider_open(impact_tracer_provider **provider, const impact_trace_options *options);

/* The same from `options` and the environment, as impact_trace_init does. With
 * OTEL_SDK_DISABLED=true the provider records nothing, and its spans only carry their parents'
 * contexts. */
IMPACT_API IMPACT_CHECKED impact_status impact_tracer_provider_open_from_environment(
    impact_tracer_provider **provider, const impact_trace_options *options);

/* As impact_trace_flush and impact_trace_shutdown, but that the exporters are closed with the
 * provider. A second shutdown answers IMPACT_ECLOSED. */
IMPACT_API impact_status impact_tracer_provider_flush(impact_tracer_provider *provider,
                                                      uint32_t timeout_ms);
IMPACT_API impact_status impact_tracer_provider_shutdown(impact_tracer_provider *provider,
                                                         uint32_t timeout_ms);

/* As impact_trace_pump and impact_trace_get_descriptor; valid until the provider is closed. */
IMPACT_API uint32_t impact_tracer_provider_pump(impact_tracer_provider *provider);
IMPACT_API int impact_tracer_provider_get_descriptor(impact_tracer_provider *provider);

/* Shut down if that was not done (waiting for nothing) and free. No span of it may be alive, no
 * other thread may use it. NULL is accepted. */
IMPACT_API void impact_tracer_provider_close(impact_tracer_provider *provider);

/* Take one more processor: it is told of the spans that start and end from now on. IMPACT_ECLOSED
 * after shutdown, IMPACT_ELIMIT, IMPACT_EINVAL: then it still belongs to the caller. */
IMPACT_API IMPACT_CHECKED impact_status impact_tracer_provider_add_processor(
    impact_tracer_provider *provider, impact_span_processor *processor);

IMPACT_API void impact_tracer_provider_get_stats(impact_tracer_provider *provider,
                                                 impact_trace_stats *stats);
IMPACT_API impact_status impact_tracer_provider_get_exporter_stats(impact_tracer_provider *provider,
                                                                   size_t number,
                                                                   impact_trace_stats *stats);

/* A tracer of this provider, valid until it is closed; otherwise as impact_tracer_get_with. Without
 * a provider NULL, the default tracer. */
IMPACT_API impact_tracer *
impact_tracer_provider_get_tracer_with(impact_tracer_provider *provider,
                                       const impact_tracer_options *options);
IMPACT_API impact_tracer *impact_tracer_provider_get_tracer(impact_tracer_provider *provider,
                                                            const char *name, const char *version);

/* The provider's resource: an encoded opentelemetry.proto.resource.v1.Resource, borrowed until the
 * provider is closed. Read it with <impact/span_view.h>. */
IMPACT_API impact_text impact_tracer_provider_get_resource(const impact_tracer_provider *provider);

#ifdef __cplusplus
}
#endif

#endif
