/* Span contexts in and out of messages, over carriers that only the caller knows
 * (OpenTelemetry specification, context/api-propagators; W3C Trace Context level 2). */
#ifndef IMPACT_PROPAGATION_H
#define IMPACT_PROPAGATION_H

#include <impact/span_context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The value of field `name` (lower case; compare without case), borrowed until extract returns; the
 * empty text when it is absent. Several fields of one name are joined by a comma (RFC 9110 5.3). */
typedef impact_text (*impact_carrier_get_fn)(void *carrier, const char *name);

/* Set field `name` (lower case) to the NUL-terminated `value`; both are borrowed for the call. */
typedef void (*impact_carrier_set_fn)(void *carrier, const char *name, const char *value);

/* Read `traceparent` and `tracestate`. True: `context` is valid, remote, and its trace state borrows
 * the carrier's bytes. False: the carrier holds no valid context, and `context` is untouched. */
IMPACT_API bool impact_propagation_extract(impact_span_context *context, impact_carrier_get_fn get,
                                           void *carrier);

/* Write `traceparent` and, unless empty, `tracestate`. A NULL or invalid context writes nothing. */
IMPACT_API void impact_propagation_inject(const impact_span_context *context,
                                          impact_carrier_set_fn set, void *carrier);

/* The same for one value: the 55 characters of a traceparent and a NUL, owned by the caller. */
#define IMPACT_TRACEPARENT_SIZE 56
IMPACT_API void impact_traceparent_format(char text[IMPACT_TRACEPARENT_SIZE],
                                          const impact_span_context *context);

/* False, and `context` untouched, when `text` is not a valid traceparent (W3C 3.2.2). */
IMPACT_API bool impact_traceparent_parse(impact_span_context *context, impact_text text);

#ifdef __cplusplus
}
#endif

#endif
