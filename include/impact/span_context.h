/* What of a span crosses a process border: trace id, span id, flags and trace state
 * (OpenTelemetry specification, trace/api "SpanContext"; W3C Trace Context level 2). */
#ifndef IMPACT_SPAN_CONTEXT_H
#define IMPACT_SPAN_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>
#include <impact/trace_state.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_trace_id {
    uint8_t bytes[16]; /* network order; all zero is not valid */
} impact_trace_id;

typedef struct impact_span_id {
    uint8_t bytes[8]; /* network order; all zero is not valid */
} impact_span_id;

#define IMPACT_TRACE_FLAG_SAMPLED 0x01 /* W3C Trace Context 3.2.2.5.1 */
#define IMPACT_TRACE_FLAG_RANDOM  0x02 /* W3C Trace Context level 2, 3.2.2.5.2 */

/* It borrows nothing: it may be kept and copied, and outlives the span that it is of. */
typedef struct impact_span_context {
    impact_trace_id trace_id;
    impact_span_id span_id;
    uint8_t trace_flags;
    bool is_remote;                 /* it came from another process */
    impact_trace_state trace_state; /* made by hand and not valid, it is left out of what leaves */
} impact_span_context;

/* Both ids are other than zero. NULL is not valid. */
IMPACT_API bool impact_span_context_is_valid(const impact_span_context *context);

/* The sampled flag is set. NULL is not sampled. */
static inline bool impact_span_context_is_sampled(const impact_span_context *context)
{
    return context && (context->trace_flags & IMPACT_TRACE_FLAG_SAMPLED) != 0;
}

/* Write an id as lower-case hex with a terminating NUL; `text` is owned by the caller. */
IMPACT_API void impact_trace_id_format(char text[33], const impact_trace_id *id);
IMPACT_API void impact_span_id_format(char text[17], const impact_span_id *id);

#ifdef __cplusplus
}
#endif

#endif
