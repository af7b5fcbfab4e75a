/* What a provider is opened with: what is not set gets its default, what is wrong is refused. */
#ifndef IMPACT_TRACE_TRACE_OPTIONS_H
#define IMPACT_TRACE_TRACE_OPTIONS_H

#include <impact/trace.h>

enum { impact__exporter_limit = 8 };

/* `options` are as this version knows them; after this each number is what it says, 0 too. */
void impact__trace_options_complete(impact_trace_options *options);

/* IMPACT_ELIMIT: too many of something; IMPACT_EINVAL: a queue that cannot be, or what is no
 * exporter or no processor. They are complete. */
impact_status impact__trace_options_check(const impact_trace_options *options);

#endif
