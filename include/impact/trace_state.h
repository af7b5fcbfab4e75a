/* Trace state: what the systems that a trace passed through keep in it, a list of keys and values
 * (OpenTelemetry specification, trace/api "TraceState"; W3C Trace Context level 2, 3.3).
 *
 * Reading takes any text, such as impact_trace_state_text(&context.trace_state). Changing makes a
 * new value, which borrows nothing. A value is always valid: what is not is refused, and no value
 * ever has more than 512 characters.
 */
#ifndef IMPACT_TRACE_STATE_H
#define IMPACT_TRACE_STATE_H

#include <stdbool.h>

#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 512 characters and a NUL: W3C 3.3.1.5 asks for at least so many. */
#define IMPACT_TRACE_STATE_SIZE 513

/* A tracestate header's value, NUL-terminated. All zero is the empty one. */
typedef struct impact_trace_state {
    char text[IMPACT_TRACE_STATE_SIZE];
} impact_trace_state;

/* Its text: borrowed. NULL is empty. */
static inline impact_text impact_trace_state_text(const impact_trace_state *state)
{
    const char *text = state ? state->text : "";
    const void *end = memchr(text, '\0', state ? IMPACT_TRACE_STATE_SIZE : 1);
    return impact_text_from(text, end ? (size_t)((const char *)end - text) : 0);
}

/* Read a header's value: copied, without blanks and empty members. What is longer than 512
 * characters loses whole members: first those above 128, then from the end (W3C 3.3.1.5). False,
 * and `state` untouched: a member is ill-formed, or there are more than 32. */
IMPACT_API bool impact_trace_state_parse(impact_trace_state *state, impact_text text);

/* The value of `key`, borrowed from `state`. False, and `value` untouched: there is none. */
IMPACT_API bool impact_trace_state_get(impact_text *value, impact_text state, impact_text key);

/* Make `state` with one member more, with another value, or without one. What is new or changed
 * comes first, and what then has no room goes from the end. `to` may be where `state` lies, and is
 * untouched on failure. IMPACT_EINVAL: `state`, key or value is not valid; IMPACT_EEXIST,
 * IMPACT_ENOENT: the key is there, or is not; IMPACT_ELIMIT: key and value alone are too long. */
IMPACT_API IMPACT_CHECKED impact_status impact_trace_state_add(impact_trace_state *to,
                                                               impact_text state, impact_text key,
                                                               impact_text value);
IMPACT_API IMPACT_CHECKED impact_status impact_trace_state_update(impact_trace_state *to,
                                                                  impact_text state,
                                                                  impact_text key,
                                                                  impact_text value);
IMPACT_API IMPACT_CHECKED impact_status impact_trace_state_delete(impact_trace_state *to,
                                                                  impact_text state,
                                                                  impact_text key);

#ifdef __cplusplus
}
#endif

#endif
