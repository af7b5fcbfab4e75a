/* What a provider is opened with: the code's options; where they say nothing, the environment. */
#ifndef IMPACT_CONFIG_SETTINGS_H
#define IMPACT_CONFIG_SETTINGS_H

#include <impact/trace.h>

/* Fill all but the resource and the exporters. IMPACT_EINVAL: `options` are of a later version. */
impact_status impact__settings_read(impact_trace_options *settings,
                                    const impact_trace_options *options);

#endif
