/* What a provider is opened with: numbers, limits and the sampler. */
#include "config/settings.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/environment.h"
#include "base/options.h"
#include "pipeline/flight.h"
#include "pipeline/ring.h"

/* A number of impact_trace_options, from `least` on. 0 there is "not set", so a 0 of the
 * environment is written as `zero`. */
typedef struct number_row {
    const char *name;
    size_t offset;
    uint32_t least;
    uint32_t most;
    uint32_t zero;
    const char *why; /* more is refused */
} number_row;

static const char more_than_a_queue[] = "it is more than a queue can hold";
static const char too_long[] = "it is too long";

/* sdk-environment-variables "Batch Span Processor" */
static const number_row number_rows[] = {
    {"OTEL_BSP_MAX_QUEUE_SIZE", offsetof(impact_trace_options, queue_limit), 1,
     impact__ring_limit_most, 0, more_than_a_queue},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", offsetof(impact_trace_options, batch_limit), 1,
     impact__ring_limit_most, 0, more_than_a_queue},
    {"OTEL_BSP_SCHEDULE_DELAY", offsetof(impact_trace_options, schedule_delay_ms), 0, INT32_MAX,
     IMPACT_ZERO, too_long},
    {"OTEL_BSP_EXPORT_TIMEOUT", offsetof(impact_trace_options, export_timeout_ms), 0, INT32_MAX,
     IMPACT_ZERO, too_long},
    {"IMPACT_EXIT_TIMEOUT", offsetof(impact_trace_options, exit_timeout_ms), 0, INT32_MAX, 0,
     too_long},
    /* The specification has no name for it (protocol/otlp "OTLP/gRPC Concurrent Requests"); another
     * implementation has this one. */
    {"OTEL_BSP_MAX_CONCURRENT_EXPORTS", offsetof(impact_trace_options, concurrent_export_limit), 1,
     impact__flight_limit, 0, "it is more than 16"},
};

/* A number of impact_span_limits, from the first of two variables that can be read: the special
 * one, then the general one (common, "Attribute Limits"). */
typedef struct limit_row {
    const char *special;
    const char *general; /* NULL: there is none */
    size_t offset;
} limit_row;

static const char any_count[] = "OTEL_ATTRIBUTE_COUNT_LIMIT";
static const char any_length[] = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";

/* sdk-environment-variables "Attribute Limits", "Span Limits" */
static const limit_row limit_rows[] = {
    {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", any_count, offsetof(impact_span_limits, attribute_limit)},
    {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", any_count,
     offsetof(impact_span_limits, event_attribute_limit)},
    {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", any_count,
     offsetof(impact_span_limits, link_attribute_limit)},
    {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", any_length,
     offsetof(impact_span_limits, value_length_limit)},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT", NULL, offsetof(impact_span_limits, event_limit)},
    {"OTEL_SPAN_LINK_COUNT_LIMIT", NULL, offsetof(impact_span_limits, link_limit)},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static uint32_t *number_at(void *structure, size_t offset)
{
    assert(structure && offset % sizeof(uint32_t) == 0);
    return (uint32_t *)(void *)((char *)structure + offset);
}

static void refuse(const char *name, const char *why)
{
    impact__environment_refuse(name, impact__environment_text(name), why);
}

static void read_number(impact_trace_options *options, const number_row *row)
{
    uint32_t *number = number_at(options, row->offset);
    uint32_t value = 0;
    if (*number || !impact__environment_number(&value, row->name))
        return;
    if (value < row->least || value > row->most)
        refuse(row->name, value ? row->why : "it has to be more than 0");
    else
        *number = value ? value : row->zero;
}

static void read_limit(impact_span_limits *limits, const limit_row *row)
{
    uint32_t *limit = number_at(limits, row->offset);
    uint32_t value = 0;
    if (*limit)
        return;
    if (impact__environment_number(&value, row->special) ||
        (row->general && impact__environment_number(&value, row->general)))
        *limit = value ? value : IMPACT_ZERO;
}

/* The length of values in spans has a variable of its own, which is not for events and links. */
static void read_event_value_length(impact_trace_options *options)
{
    uint32_t value = 0;
    if (impact__environment_number(&value, any_length))
        options->event_value_length_limit = value ? value : IMPACT_ZERO;
    else if (options->limits.value_length_limit)
        options->event_value_length_limit = UINT32_MAX - 1; /* any */
}

static void read_limits(impact_trace_options *options)
{
    const bool is_length_set =
        options->limits.value_length_limit || options->event_value_length_limit;
    for (size_t i = 0; i < COUNT(limit_rows); i++)
        read_limit(&options->limits, &limit_rows[i]);
    if (!is_length_set)
        read_event_value_length(options);
}

static const char *const sampler_names[] = {
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
    NULL,
};
static const impact_sampler_kind sampler_kinds[] = {
    IMPACT_SAMPLER_ALWAYS_ON,
    IMPACT_SAMPLER_ALWAYS_OFF,
    IMPACT_SAMPLER_TRACE_ID_RATIO,
    IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON,
    IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF,
    IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO,
};

static bool has_ratio(impact_sampler_kind kind)
{
    return kind == IMPACT_SAMPLER_TRACE_ID_RATIO ||
           kind == IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO;
}

static void read_sampler(impact_sampler *sampler)
{
    size_t index = 0;
    if (sampler->kind != IMPACT_SAMPLER_UNSET ||
        !impact__environment_choice(&index, "OTEL_TRACES_SAMPLER", sampler_names))
        return;
    sampler->kind = sampler_kinds[index];
    if (has_ratio(sampler->kind) &&
        !impact__environment_ratio(&sampler->ratio, "OTEL_TRACES_SAMPLER_ARG"))
        sampler->ratio = 1; /* sdk-environment-variables: "Default is 1.0 if unset" */
}

/* A word of ours: the specification says nothing of clocks. */
static void read_clock(bool *uses_system_clock)
{
    static const char *const clocks[] = {"ticks", "system", NULL};
    size_t index = 0;
    if (impact__environment_choice(&index, "OTEL_C_CLOCK", clocks) && index == 1)
        *uses_system_clock = true;
}

/* Other words of ours. */
static void read_journal(impact_trace_options *settings)
{
    const impact_text text = impact__environment_text("OTEL_C_JOURNAL_DIR");
    if (!settings->journal_directory && text.size)
        settings->journal_directory = text.data; /* up to the variable's end: it is copied */
    if (!settings->journal_keeps_open)
        settings->journal_keeps_open = impact__environment_is_true("OTEL_C_JOURNAL_OPEN_SPANS");
}

impact_status impact__settings_read(impact_trace_options *settings,
                                    const impact_trace_options *options)
{
    impact_trace_options read;
    if (!impact__struct_read(&read, sizeof read, options))
        return IMPACT_EINVAL;
    if (!read.is_disabled)
        read.is_disabled = impact__environment_is_true("OTEL_SDK_DISABLED");
    for (size_t i = 0; i < COUNT(number_rows); i++)
        read_number(&read, &number_rows[i]);
    read_limits(&read);
    read_sampler(&read.sampler);
    read_clock(&read.uses_system_clock);
    read_journal(&read);
    *settings = read;
    return IMPACT_OK;
}
