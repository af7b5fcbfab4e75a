/* The end of a span's bytes, which is their front: the head. */
#ifndef IMPACT_TRACE_FINISH_H
#define IMPACT_TRACE_FINISH_H

#include "trace/live_span.h"

/* Write the head. Afterwards the record is bytes[record_offset .. size). */
void impact__span_finish(impact__span *span, uint64_t end_unix_ns);

/* The encoded span in that record, borrowed. */
impact_text impact__span_finished(const impact__span *span);

#endif
