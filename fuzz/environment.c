/* All variables that make a provider, from one input: a value a line, in the order of the table. */
#include <stdint.h>
#include <stdlib.h>

#include <impact/trace.h>

#include "base/text.h"

static const char *const names[] = {
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_SDK_DISABLED",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_BSP_MAX_CONCURRENT_EXPORTS",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A NUL in the value ends it, as it does in any environment. */
static void set(const char *name, impact_text value)
{
    char *copy = strndup(value.size ? value.data : "", value.size);
    if (copy && setenv(name, copy, 1) != 0)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_text rest = impact_text_from((const char *)data, size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        impact_text line = {NULL, 0};
        (void)impact__text_split(&line, &rest, '\n'); /* the last ones may be empty */
        set(names[i], line);
    }
    impact_tracer_provider *provider = NULL;
    /* The queue's size is the code's: an input that asks for gigabytes would find nothing else. */
    const impact_status status = impact_tracer_provider_open_from_environment(
        &provider, IMPACT_TRACE_OPTIONS(.queue_limit = 16));
    if (status != IMPACT_OK && status != IMPACT_ENOMEM)
        abort(); /* no environment is an error of the program's */
    impact_tracer_provider_close(provider);
    return 0;
}
