/* Contexts: what belongs to one flow of work and goes with it from call to call and from thread to
 * thread (OpenTelemetry specification, context): a span, baggage, and values under keys.
 *
 * A context is never changed: who adds something makes a new one. Those that are returned are owned
 * by the caller, who releases them; they are shared by reference and may be used on any thread. A
 * NULL context is the one that is current on the calling thread. Nothing here fails: without memory
 * a function returns a context that lacks what should be new in it, and says so once a minute.
 */
#ifndef IMPACT_CONTEXT_H
#define IMPACT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/span.h>
#include <impact/span_context.h>
#include <impact/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_context impact_context;
struct impact_baggage;

/* ---- owners ---- */

/* The empty context: no span, no baggage, no value. It lives for ever; to release it is not
 * needed. */
IMPACT_API const impact_context *impact_context_root(void);

/* What is current on this thread, to run something with it elsewhere or later. Owned. */
IMPACT_API const impact_context *impact_context_current(void);

/* One owner more, and one less. Retain returns the context; of NULL, the current one. */
IMPACT_API const impact_context *impact_context_retain(const impact_context *context);
IMPACT_API void impact_context_release(const impact_context *context);

/* ---- contexts with something more; owned ---- */

/* With a span (NULL: none), which stays what it is when it ends: its context is kept. */
IMPACT_API const impact_context *impact_context_with_span(const impact_context *context,
                                                          impact_span *span);

/* With a span of elsewhere: one that was extracted from a message. Copied; an invalid one is
 * none. */
IMPACT_API const impact_context *
impact_context_with_span_context(const impact_context *context,
                                 const impact_span_context *span_context);

/* With baggage (NULL: none): retained. */
IMPACT_API const impact_context *impact_context_with_baggage(const impact_context *context,
                                                             const struct impact_baggage *baggage);

/* A key. What counts is its address, never its name: any address will do, such as that of a static
 * variable. */
typedef struct impact_context_key {
    char name[48]; /* for those who debug; cut */
} impact_context_key;

/* A key that is like no other, whatever `name` (may be NULL, copied) is. It lives for ever. NULL
 * after 256 of them. */
IMPACT_API const impact_context_key *impact_context_key_create(const char *name);

/* With `value` under `key` (NULL: ignored). `value` is taken: `release` (may be NULL) is called
 * with it once no context holds it any more, on the thread that lets go of the last one, even at
 * once. */
IMPACT_API const impact_context *impact_context_with_value(const impact_context *context,
                                                           const void *key, void *value,
                                                           void (*release)(void *value));

/* ---- what is in one ---- */

/* Its span, borrowed; NULL: none, or one of elsewhere. It may have ended. */
IMPACT_API impact_span *impact_context_span(const impact_context *context);

/* Its span's context; all zero without one. The trace state is borrowed from the context, and from
 * the current one while that is current. */
IMPACT_API impact_span_context impact_context_span_context(const impact_context *context);

/* Its baggage, and the value under a key: borrowed from the context. NULL: none. */
IMPACT_API const struct impact_baggage *impact_context_baggage(const impact_context *context);
IMPACT_API void *impact_context_value(const impact_context *context, const void *key);

/* ---- the current one ---- */

/* Make `context` current on this thread until it is detached: retained. NULL changes nothing. */
IMPACT_API impact_scope impact_context_attach(const impact_context *context);

/* Make current what was so before the attach, on the same thread. False, and said to the
 * diagnostics callback, when it is not the last one that was attached: those that were attached
 * since are detached too, and one that is detached already, or belongs to another thread, changes
 * nothing. */
IMPACT_API bool impact_context_detach(impact_scope scope);

#ifdef __cplusplus
}
#endif

#endif
