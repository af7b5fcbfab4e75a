/* What a provider is opened with: the code's options; where they say nothing, the environment. */
#ifndef IMPACT_CONFIG_SETTINGS_H
#define IMPACT_CONFIG_SETTINGS_H

#include <stdbool.h>

#include <impact/trace.h>

typedef struct impact__settings {
    impact_trace_options options;
    impact_span_limits is_none; /* 1: the environment's limit is 0, which options cannot say */
    bool is_disabled;           /* OTEL_SDK_DISABLED */
} impact__settings;

/* Fill all but the resource and the exporters. IMPACT_EINVAL: `options` are of a later version. */
impact_status impact__settings_read(impact__settings *settings,
                                    const impact_trace_options *options);

/* Limits of 0, for the limits of a provider that is open. */
void impact__settings_apply_none(impact_span_limits *limits, const impact__settings *settings);

#endif
