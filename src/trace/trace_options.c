/* What a provider is opened with. */
#include "trace/trace_options.h"

#include "base/options.h"
#include "pipeline/flight.h"
#include "pipeline/ring.h"
#include "signal/encode_value.h"
#include "signal/encoded_resource.h"
#include "trace/live_span.h"
#include "trace/processors.h"

/* The specification's defaults: trace/sdk "Batching processor", "Span Limits". */
enum {
    default_queue_limit = 2048,
    default_queue_bytes = 16 * 1024 * 1024,
    default_batch_limit = 512,
    default_schedule_delay_ms = 5000,
    default_export_timeout_ms = 30000,
    default_count_limit = 128,
    span_bytes_least = 1024,
    span_bytes_most = 16 << 20,
    attribute_place_limit = 1 << 16, /* more attributes than a span has room for */
};

/* ---- defaults ---- */

static void set_default(uint32_t *value, uint32_t otherwise)
{
    if (!*value)
        *value = otherwise;
}

/* Of a number that may be 0. */
static void set_default_or_zero(uint32_t *value, uint32_t otherwise)
{
    if (*value == IMPACT_ZERO)
        *value = 0;
    else
        set_default(value, otherwise);
}

static void complete_limits(impact_span_limits *limits)
{
    set_default_or_zero(&limits->attribute_limit, default_count_limit);
    if (limits->attribute_limit > attribute_place_limit)
        limits->attribute_limit = attribute_place_limit;
    set_default_or_zero(&limits->event_limit, default_count_limit);
    set_default_or_zero(&limits->link_limit, default_count_limit);
    set_default_or_zero(&limits->event_attribute_limit, default_count_limit);
    set_default_or_zero(&limits->link_attribute_limit, default_count_limit);
    set_default_or_zero(&limits->value_length_limit, IMPACT__ANY_LENGTH);
    set_default(&limits->span_bytes, impact__span_size_limit);
    if (limits->span_bytes < span_bytes_least)
        limits->span_bytes = span_bytes_least;
    if (limits->span_bytes > span_bytes_most)
        limits->span_bytes = span_bytes_most;
}

void impact__trace_options_complete(impact_trace_options *options)
{
    complete_limits(&options->limits);
    set_default_or_zero(&options->event_value_length_limit, options->limits.value_length_limit);
    set_default(&options->queue_limit, default_queue_limit);
    if (!options->queue_bytes)
        options->queue_bytes = default_queue_bytes;
    set_default(&options->batch_limit, default_batch_limit);
    set_default_or_zero(&options->schedule_delay_ms, default_schedule_delay_ms);
    /* IMPACT_ZERO, no limit, is the longest that there is. */
    set_default(&options->export_timeout_ms, default_export_timeout_ms);
    set_default(&options->concurrent_export_limit, 1); /* the specification: one at a time */
}

/* ---- what is refused ---- */

static bool is_exporter(const impact_exporter *exporter)
{
    impact_exporter known;
    return exporter && impact__struct_read(&known, sizeof known, exporter) && known.export_batch &&
           known.close;
}

impact_status impact__trace_options_check(const impact_trace_options *options)
{
    const size_t exporters = options->exporters ? options->exporter_count : 0;
    const size_t processors = options->processors ? options->processor_count : 0;
    if (exporters > impact__exporter_limit || processors > impact__processor_limit)
        return IMPACT_ELIMIT;
    if (options->attributes && options->attribute_count > impact__resource_limit)
        return IMPACT_ELIMIT;
    if (!impact__ring_size(options->queue_limit, options->queue_bytes) ||
        options->concurrent_export_limit > impact__flight_limit)
        return IMPACT_EINVAL;
    for (size_t i = 0; i < exporters; i++)
        if (!is_exporter(options->exporters[i]))
            return IMPACT_EINVAL;
    for (size_t i = 0; i < processors; i++)
        if (!impact__processor_is_sound(options->processors[i]))
            return IMPACT_EINVAL;
    return IMPACT_OK;
}
