/* Contexts in and out of messages, over carriers that only the caller knows
 * (OpenTelemetry specification, context/api-propagators).
 *
 * The process has one propagator, usually several in one: `tracecontext` and `baggage` unless the
 * program or OTEL_PROPAGATORS says otherwise. Extracting and injecting never fail: what is not
 * valid is passed over. A NULL context is the one that is current on the calling thread.
 */
#ifndef IMPACT_PROPAGATION_H
#define IMPACT_PROPAGATION_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/context.h>
#include <impact/span_context.h>
#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- carriers ---- */

/* Is told one text after the other; false: it wants no more. */
typedef bool (*impact_carrier_visit_fn)(void *userdata, impact_text text);

/* How to read a kind of carrier. Texts are borrowed until the extract returns. Names are compared
 * without case where the carrier's protocol does so, as HTTP. */
typedef struct impact_carrier_getter {
    size_t size;
    /* The first value of the field; its data is NULL when there is none. */
    impact_text (*get)(void *carrier, const char *name);
    /* Every value of the field, in their order; NULL: what `get` says is all. */
    void (*get_all)(void *carrier, const char *name, impact_carrier_visit_fn visit, void *userdata);
    /* The name of every field; NULL: they are not known, and neither are fields of unforeseen
     * names. */
    void (*keys)(void *carrier, impact_carrier_visit_fn visit, void *userdata);
} impact_carrier_getter;

/* Set field `name` to the NUL-terminated `value`, replacing what it had. Both are borrowed for the
 * call; a name is a token, a value printable ASCII, blanks and tabs. */
typedef void (*impact_carrier_set_fn)(void *carrier, const char *name, const char *value);

/* ---- the process's propagator ---- */

/* Read `carrier` into `context`: an owned context (impact_context_release), with what was found;
 * what was there already stays where the carrier says nothing, or nothing that is valid. */
IMPACT_API const impact_context *impact_propagation_extract(const impact_context *context,
                                                            const impact_carrier_getter *getter,
                                                            void *carrier);

/* Write `context` to `carrier`. A carrier that is used again should be rid of the propagator's
 * fields before. */
IMPACT_API void impact_propagation_inject(const impact_context *context, impact_carrier_set_fn set,
                                          void *carrier);

/* Return `context` with a place of its own in the trace that it is in, or in a new one, as a span
 * would have, though none is recorded: owned. It is for programs without a provider that take part
 * in a trace all the same (W3C Trace Context 3.4, "update parent-id"). Without it they hand through
 * what came, and start no trace: a new one is marked as not sampled, and so says to those who are
 * called. */
IMPACT_API const impact_context *impact_propagation_participate(const impact_context *context);

/* ---- propagators ---- */

/* A format. Its functions may be called on any thread. */
typedef struct impact_propagator impact_propagator;
struct impact_propagator {
    size_t size;
    const char *name;
    const char *const *fields; /* the names that inject may set, then NULL */
    /* Return `context` with what the carrier says, or itself retained: owned by the caller. */
    const impact_context *(*extract)(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier);
    void (*inject)(const impact_propagator *propagator, const impact_context *context,
                   impact_carrier_set_fn set, void *carrier);
};

/* The one of that name: tracecontext, baggage, b3, b3multi, jaeger, xray or none. Borrowed, static;
 * NULL: there is none. Letters' case does not count. */
IMPACT_API const impact_propagator *impact_propagator_find(const char *name);

/* Make one of several, which are called in their order, each once. They are borrowed, `propagator`
 * is owned. IMPACT_EINVAL: one is NULL, or lacks a part; IMPACT_ELIMIT: over 64; IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_propagator_composite_open(
    impact_propagator **propagator, const impact_propagator *const *members, size_t count);

/* Close what the above made, once no thread uses it. Accepts NULL. */
IMPACT_API void impact_propagator_composite_close(impact_propagator *propagator);

/* The process's. Borrowed. */
IMPACT_API const impact_propagator *impact_propagation_get(void);

/* Make it the process's: borrowed for its life. NULL: what OTEL_PROPAGATORS said again, or the
 * default. IMPACT_EINVAL: a part of it is missing. */
IMPACT_API IMPACT_CHECKED impact_status impact_propagation_set(const impact_propagator *propagator);

/* Read OTEL_PROPAGATORS: names, with commas between. What is not known is said and left out. It
 * counts unless the program set one. impact_trace_init does this. IMPACT_ENOMEM; IMPACT_ELIMIT: 32
 * different lists of several were read before. */
IMPACT_API IMPACT_CHECKED impact_status impact_propagation_set_from_environment(void);

/* ---- environment variables as carriers (context/env-carriers) ---- */

/* For carriers that are a `char *const *`, as of main's third argument, ended by NULL; a NULL
 * carrier is this process's environment. Names are asked for in upper case, with underscores. */
IMPACT_API const impact_carrier_getter *impact_environment_getter(void);

/* Make the environment of a child: that of `from` (NULL: this process's) with the fields of
 * `context`, and no others of the propagator's. `environment` is owned, ended by NULL, for execve
 * and posix_spawn. IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_propagation_environment_open(
    char ***environment, const impact_context *context, char *const *from);
IMPACT_API void impact_propagation_environment_close(char **environment);

/* ---- one traceparent (W3C Trace Context level 2, 3.2) ---- */

/* Its 55 characters and a NUL, owned by the caller. */
#define IMPACT_TRACEPARENT_SIZE 56
IMPACT_API void impact_traceparent_format(char text[IMPACT_TRACEPARENT_SIZE],
                                          const impact_span_context *context);

/* False, and `context` untouched, when `text` is not a valid traceparent (3.2.2). */
IMPACT_API bool impact_traceparent_parse(impact_span_context *context, impact_text text);

#ifdef __cplusplus
}
#endif

#endif
