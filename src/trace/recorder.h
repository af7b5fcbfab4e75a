/* What is recorded into a live span: name, status, attributes. The rest of it is public. */
#ifndef IMPACT_TRACE_RECORDER_H
#define IMPACT_TRACE_RECORDER_H

#include "trace/live_span.h"

/* All by who may work at the span: see access.h. */
void impact__span_record_name(impact__span *span, impact_text name);
void impact__span_record_trace_state(impact__span *span);
void impact__span_record_attributes(impact__span *span, const impact_attribute *attributes,
                                    size_t attribute_count);

#endif
