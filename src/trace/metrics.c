/* The library's own metrics, by OpenTelemetry's names.
 *
 * DESIGN: every counter is there anyway; here it gets its name and its attributes. A batch
 * processor and its exporter have the same number, and a failure that an attribute can name is
 * shown from the beginning, as zero: who watches it grow would otherwise miss the first one.
 */
#include <impact/trace.h>

#include <stdio.h>

#include "base/clock.h"
#include "trace/census.h"
#include "trace/provider.h"

enum {
    type_limit = 64,     /* bytes of a component's type; a longer one is cut */
    attribute_limit = 5, /* of a point */
};

static const char span_unit[] = "{span}";

typedef struct instrument {
    impact_metric_kind kind;
    const char *name;
    const char *unit;
    const char *description;
} instrument;

/* Who is told. */
typedef struct listener {
    impact_metric_take *take;
    void *userdata;
} listener;

static void show(const listener *to, const instrument *of, const impact_attribute *attributes,
                 size_t attribute_count, uint64_t value, double sum)
{
    const impact_metric metric = {
        .size = sizeof metric,
        .kind = of->kind,
        .name = of->name,
        .unit = of->unit,
        .description = of->description,
        .attributes = attributes,
        .attribute_count = attribute_count,
        .value = value,
        .sum = sum,
    };
    to->take(to->userdata, &metric);
}

/* ---- spans of the process ---- */

static const char *const fates[] = {"DROP", "RECORD_ONLY", "RECORD_AND_SAMPLE"};
static const char *const origins[] = {"none", "local", "remote"};

static void show_started(const listener *to, const impact__census *census)
{
    static const instrument started = {IMPACT_METRIC_COUNTER, "otel.sdk.span.started", span_unit,
                                       "The number of created spans"};
    for (unsigned fate = 0; fate < impact__fates; fate++)
        for (unsigned origin = 0; origin < impact__origins; origin++) {
            const impact_attribute attributes[] = {
                impact_string("otel.span.parent.origin", origins[origin]),
                impact_string("otel.span.sampling_result", fates[fate])};
            show(to, &started, attributes, 2, census->started[fate][origin], 0);
        }
}

static void show_live(const listener *to, const impact__census *census)
{
    static const instrument live = {IMPACT_METRIC_UP_DOWN_COUNTER, "otel.sdk.span.live", span_unit,
                                    "The number of recorded spans that have not ended yet"};
    for (unsigned fate = IMPACT__FATE_RECORDED; fate < impact__fates; fate++) {
        const impact_attribute attribute = impact_string("otel.span.sampling_result", fates[fate]);
        show(to, &live, &attribute, 1, census->live[fate], 0);
    }
}

/* ---- a processor and its exporter ---- */

/* All of them, so that the points of one metric come in a row. */
typedef struct pipelines {
    impact_trace_stats of[impact__exporter_limit];
    char types[impact__exporter_limit][type_limit];
    size_t count;
} pipelines;

static void name_type(char *type, const impact_trace_stats *of)
{
    if (of->component_type)
        (void)snprintf(type, type_limit, "%s", of->component_type); /* cut; likewise below */
    else
        (void)snprintf(type, type_limit, "%s_span_exporter", of->exporter);
}

static void look_at(pipelines *all, impact_tracer_provider *provider)
{
    for (all->count = 0; all->count < impact__exporter_limit; all->count++) {
        impact_trace_stats *of = &all->of[all->count];
        of->size = sizeof *of;
        if (provider ? impact_tracer_provider_get_exporter_stats(provider, all->count, of)
                     : impact_trace_get_exporter_stats(all->count, of))
            return;
        name_type(all->types[all->count], of);
    }
}

/* One series of a metric: what went well, or what went wrong in one way. */
typedef struct series {
    const char *error; /* NULL: nothing is wrong */
    uint64_t (*get)(const impact_trace_stats *of);
    const impact_export_tally *(*tally)(const impact_trace_stats *of); /* of a histogram */
} series;

/* Whose point it is. */
typedef struct component {
    const impact_trace_stats *stats;
    const char *type;
    size_t number;
    bool has_server; /* an exporter */
} component;

static void show_point(const listener *to, const instrument *what, const series *one,
                       const component *of)
{
    char name[type_limit + 16];
    (void)snprintf(name, sizeof name, "%s/%zu", of->type, of->number); /* it fits */
    impact_attribute attributes[attribute_limit] = {impact_string("otel.component.name", name),
                                                    impact_string("otel.component.type", of->type)};
    size_t count = 2;
    if (of->has_server && of->stats->server_address[0])
        attributes[count++] = impact_string("server.address", of->stats->server_address);
    if (of->has_server && of->stats->server_port)
        attributes[count++] = impact_int("server.port", of->stats->server_port);
    if (one->error)
        attributes[count++] = impact_string("error.type", one->error);
    if (one->get) {
        show(to, what, attributes, count, one->get(of->stats), 0);
        return;
    }
    const impact_export_tally *tally = one->tally(of->stats);
    const double seconds = (double)tally->duration_ns / (double)IMPACT__NS_PER_SEC;
    show(to, what, attributes, count, tally->calls, seconds);
}

static void show_metric(const listener *to, const instrument *what, const pipelines *all,
                        bool is_of_processors, const series *list, size_t count)
{
    for (size_t i = 0; i < all->count; i++) {
        const component of = {
            .stats = &all->of[i],
            .type = is_of_processors ? "batching_span_processor" : all->types[i],
            .number = i,
            .has_server = !is_of_processors,
        };
        for (size_t k = 0; k < count; k++)
            show_point(to, what, &list[k], &of);
    }
}

#define SERIES(list) list, sizeof(list) / sizeof *(list)

/* ---- processors ---- */

static uint64_t queue_size(const impact_trace_stats *of)
{
    return of->queued;
}

static uint64_t queue_capacity(const impact_trace_stats *of)
{
    return of->queue_limit;
}

/* Failed without being handed over: a shutdown's time was over. */
static uint64_t given_up(const impact_trace_stats *of)
{
    return of->failed - of->exports_timed_out.spans - of->exports_failed.spans;
}

/* Once it is handed over, whatever comes of it. */
static uint64_t handed_over(const impact_trace_stats *of)
{
    return of->in_flight + of->exported + of->rejected + of->failed - given_up(of);
}

static uint64_t dropped_full(const impact_trace_stats *of)
{
    return of->dropped_full;
}

static uint64_t dropped_closed(const impact_trace_stats *of)
{
    return of->dropped_closed;
}

static uint64_t dropped_memory(const impact_trace_stats *of)
{
    return of->dropped_memory;
}

static void show_processors(const listener *to, const pipelines *all)
{
    static const instrument size = {IMPACT_METRIC_UP_DOWN_COUNTER,
                                    "otel.sdk.processor.span.queue.size", span_unit,
                                    "The number of spans in the queue of a processor"};
    static const instrument capacity = {IMPACT_METRIC_UP_DOWN_COUNTER,
                                        "otel.sdk.processor.span.queue.capacity", span_unit,
                                        "The number of spans that the queue can hold"};
    static const instrument processed = {IMPACT_METRIC_COUNTER, "otel.sdk.processor.span.processed",
                                         span_unit,
                                         "The number of spans that were given to the exporter, or "
                                         "dropped before"};
    static const series sizes[] = {{.get = queue_size}};
    static const series capacities[] = {{.get = queue_capacity}};
    static const series ends[] = {{.get = handed_over},
                                  {.error = "queue_full", .get = dropped_full},
                                  {.error = "already_shutdown", .get = dropped_closed},
                                  {.error = "shutdown_timeout", .get = given_up},
                                  {.error = "no_memory", .get = dropped_memory}};
    show_metric(to, &size, all, true, SERIES(sizes));
    show_metric(to, &capacity, all, true, SERIES(capacities));
    show_metric(to, &processed, all, true, SERIES(ends));
}

/* ---- exporters ---- */

static uint64_t in_flight(const impact_trace_stats *of)
{
    return of->in_flight;
}

static uint64_t exported(const impact_trace_stats *of)
{
    return of->exported;
}

static uint64_t rejected(const impact_trace_stats *of)
{
    return of->rejected;
}

static uint64_t timed_out(const impact_trace_stats *of)
{
    return of->exports_timed_out.spans;
}

static uint64_t failed(const impact_trace_stats *of)
{
    return of->exports_failed.spans;
}

static const impact_export_tally *tally_taken(const impact_trace_stats *of)
{
    return &of->exports_taken;
}

static const impact_export_tally *tally_rejected(const impact_trace_stats *of)
{
    return &of->exports_rejected;
}

static const impact_export_tally *tally_timed_out(const impact_trace_stats *of)
{
    return &of->exports_timed_out;
}

static const impact_export_tally *tally_failed(const impact_trace_stats *of)
{
    return &of->exports_failed;
}

static void show_exporters(const listener *to, const pipelines *all)
{
    static const instrument inflight = {IMPACT_METRIC_UP_DOWN_COUNTER,
                                        "otel.sdk.exporter.span.inflight", span_unit,
                                        "The number of spans with the exporter"};
    static const instrument spans = {IMPACT_METRIC_COUNTER, "otel.sdk.exporter.span.exported",
                                     span_unit,
                                     "The number of spans whose export has ended, well or not"};
    static const instrument duration = {IMPACT_METRIC_HISTOGRAM,
                                        "otel.sdk.exporter.operation.duration", "s",
                                        "How long the export of a batch took, with its retries"};
    static const series waiting[] = {{.get = in_flight}};
    static const series ends[] = {{.get = exported},
                                  {.error = "rejected", .get = rejected},
                                  {.error = "timeout", .get = timed_out},
                                  {.error = "_OTHER", .get = failed}};
    static const series durations[] = {{.tally = tally_taken},
                                       {.error = "rejected", .tally = tally_rejected},
                                       {.error = "timeout", .tally = tally_timed_out},
                                       {.error = "_OTHER", .tally = tally_failed}};
    show_metric(to, &inflight, all, false, SERIES(waiting));
    show_metric(to, &spans, all, false, SERIES(ends));
    show_metric(to, &duration, all, false, SERIES(durations));
}

void impact_trace_read_metrics(void *provider, impact_metric_take *take, void *userdata)
{
    const listener to = {take, userdata};
    pipelines all;
    if (!take)
        return;
    const impact__census census = impact__census_take();
    look_at(&all, provider);
    show_started(&to, &census);
    show_live(&to, &census);
    show_processors(&to, &all);
    show_exporters(&to, &all);
}
