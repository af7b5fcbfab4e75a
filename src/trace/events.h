/* What is recorded into a live span: events, exceptions and links. The rest of it is public. */
#ifndef IMPACT_TRACE_EVENTS_H
#define IMPACT_TRACE_EVENTS_H

#include "trace/live_span.h"

/* By who may work at the span: see access.h. */
void impact__span_record_link(impact__span *span, const impact_link *link);

#endif
