/* What a provider is opened with: numbers, limits and the sampler. */
#include "config/settings.h"

#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "config/environment.h"
#include "base/text.h"
#include "pipeline/ring.h"

/* A number of impact_trace_options, from `least` on: 0 there is "not set", so where the environment
 * may say 0, it becomes `zero`. */
typedef struct number_row {
    const char *name;
    size_t offset;
    uint32_t least;
    uint32_t most;
    uint32_t zero;
} number_row;

/* sdk-environment-variables "Batch Span Processor" */
static const number_row number_rows[] = {
    {"OTEL_BSP_MAX_QUEUE_SIZE", offsetof(impact_trace_options, queue_limit), 1,
     impact__ring_limit_most, 0},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", offsetof(impact_trace_options, batch_limit), 1,
     impact__ring_limit_most, 0},
    {"OTEL_BSP_SCHEDULE_DELAY", offsetof(impact_trace_options, schedule_delay_ms), 0, INT32_MAX, 1},
    {"OTEL_BSP_EXPORT_TIMEOUT", offsetof(impact_trace_options, export_timeout_ms), 0, INT32_MAX,
     UINT32_MAX}, /* common: "a value of 0 means no limit" */
    {"IMPACT_EXIT_TIMEOUT", offsetof(impact_trace_options, exit_timeout_ms), 0, INT32_MAX, 0},
};

/* A number of impact_span_limits. Where two variables serve one, the first that is set counts. */
typedef struct limit_row {
    const char *name;
    size_t offset;
    bool may_be_none;
} limit_row;

/* sdk-environment-variables "Attribute Limits", "Span Limits" */
static const limit_row limit_rows[] = {
    {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", offsetof(impact_span_limits, attribute_limit), true},
    {"OTEL_ATTRIBUTE_COUNT_LIMIT", offsetof(impact_span_limits, attribute_limit), true},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT", offsetof(impact_span_limits, event_limit), true},
    {"OTEL_SPAN_LINK_COUNT_LIMIT", offsetof(impact_span_limits, link_limit), true},
    {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", offsetof(impact_span_limits, event_attribute_limit), true},
    {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", offsetof(impact_span_limits, link_attribute_limit), true},
    {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", offsetof(impact_span_limits, value_length_limit),
     false},
    {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", offsetof(impact_span_limits, value_length_limit), false},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static uint32_t *number_at(void *structure, size_t offset)
{
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
        refuse(row->name, value ? "it is more than a queue can hold" : "it has to be more than 0");
    else
        *number = value ? value : row->zero;
}

static void read_limit(impact__provider_options *settings, const limit_row *row)
{
    uint32_t *limit = number_at(&settings->options.limits, row->offset);
    uint32_t *is_none = number_at(&settings->is_none, row->offset);
    uint32_t value = 0;
    if (*limit || *is_none || !impact__environment_number(&value, row->name))
        return;
    *limit = value;
    *is_none = value == 0 && row->may_be_none;
    if (value == 0 && !row->may_be_none)
        refuse(row->name, "it has to be more than 0");
}

static bool sampler_kind_of(impact_sampler_kind *kind, impact_text name)
{
    static const struct {
        const char *name;
        impact_sampler_kind kind;
    } kinds[] = {
        {"always_on", IMPACT_SAMPLER_ALWAYS_ON},
        {"always_off", IMPACT_SAMPLER_ALWAYS_OFF},
        {"traceidratio", IMPACT_SAMPLER_TRACE_ID_RATIO},
        {"parentbased_always_on", IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON},
        {"parentbased_always_off", IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF},
        {"parentbased_traceidratio", IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO},
    };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (impact__text_equal_string(name, kinds[i].name)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool has_ratio(impact_sampler_kind kind)
{
    return kind == IMPACT_SAMPLER_TRACE_ID_RATIO ||
           kind == IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO;
}

static void read_sampler(impact_sampler *sampler)
{
    const impact_text name = impact__environment_text("OTEL_TRACES_SAMPLER");
    if (sampler->kind != IMPACT_SAMPLER_UNSET || !name.size)
        return;
    if (!sampler_kind_of(&sampler->kind, name)) {
        impact__environment_refuse("OTEL_TRACES_SAMPLER", name, "there is no such sampler");
        return;
    }
    if (has_ratio(sampler->kind) &&
        !impact__environment_ratio(&sampler->ratio, "OTEL_TRACES_SAMPLER_ARG"))
        sampler->ratio = 1; /* sdk-environment-variables: "Default is 1.0 if unset" */
}

/* A word of ours: the specification says nothing of clocks. */
static void read_clock(bool *uses_system_clock)
{
    const impact_text name = impact__environment_text("OTEL_C_CLOCK");
    if (impact__text_equal_string(name, "system"))
        *uses_system_clock = true;
    else if (name.size && !impact__text_equal_string(name, "ticks"))
        impact__environment_refuse("OTEL_C_CLOCK", name, "there is no such clock");
}

impact_status impact__settings_read(impact__provider_options *settings,
                                    const impact_trace_options *options)
{
    impact__provider_options read = {.is_disabled = false};
    if (!impact__struct_read(&read.options, sizeof read.options, options))
        return IMPACT_EINVAL;
    read.is_disabled = impact__environment_is_true("OTEL_SDK_DISABLED");
    for (size_t i = 0; i < COUNT(number_rows); i++)
        read_number(&read.options, &number_rows[i]);
    for (size_t i = 0; i < COUNT(limit_rows); i++)
        read_limit(&read, &limit_rows[i]);
    read_sampler(&read.options.sampler);
    read_clock(&read.options.uses_system_clock);
    *settings = read;
    return IMPACT_OK;
}
