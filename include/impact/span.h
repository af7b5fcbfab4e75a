/* Spans: start, fill, end; and the span that is current on a thread
 * (OpenTelemetry specification, trace/api "Span").
 *
 * Recording cannot fail: these functions return nothing or the thing, accept NULL, block on nothing
 * and count what they drop; a value that does not fit is cut. Any of them may be called from any
 * thread, also of several at once, and after the span's end: then it does nothing, and is counted.
 * Cheapest is the thread that started the span. Limits are in <impact/trace.h>.
 */
#ifndef IMPACT_SPAN_H
#define IMPACT_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>
#include <impact/span_context.h>
#include <impact/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_span impact_span;
typedef struct impact_tracer impact_tracer;
struct impact_context; /* <impact/context.h> */

/* The numbers are those of the wire plus nothing: opentelemetry.proto.trace.v1.Span.SpanKind. */
typedef enum impact_span_kind {
    IMPACT_SPAN_KIND_UNSET = 0, /* in options: internal */
    IMPACT_SPAN_KIND_INTERNAL = 1,
    IMPACT_SPAN_KIND_SERVER = 2,
    IMPACT_SPAN_KIND_CLIENT = 3,
    IMPACT_SPAN_KIND_PRODUCER = 4,
    IMPACT_SPAN_KIND_CONSUMER = 5
} impact_span_kind;

/* The numbers are those of the wire: opentelemetry.proto.trace.v1.Status.StatusCode. */
typedef enum impact_span_status {
    IMPACT_SPAN_STATUS_UNSET = 0,
    IMPACT_SPAN_STATUS_OK = 1,
    IMPACT_SPAN_STATUS_ERROR = 2
} impact_span_status;

typedef struct impact_link {
    const impact_span_context *context; /* copied; an invalid one is ignored, unless the link has
                                           attributes or a trace state */
    const impact_attribute *attributes; /* copied */
    size_t attribute_count;
} impact_link;

/* Everything but `size` may be zero. All that is pointed to is copied. */
typedef struct impact_span_options {
    size_t size;
    impact_span_kind kind;
    const impact_span_context *parent;  /* an explicit parent; it wins over the context's span */
    bool is_root;                       /* no parent at all; wins over both */
    uint64_t start_unix_ns;             /* 0: now */
    const impact_attribute *attributes; /* preferred over impact_span_set: samplers see them */
    size_t attribute_count;
    const impact_link *links;
    size_t link_count;
    size_t name_size; /* bytes of `name`; 0: it is NUL-terminated */
    const struct impact_context
        *context; /* where the parent is, unless one is given above; NULL: the
                                             current one */
} impact_span_options;

#define IMPACT_SPAN_OPTIONS(...)                                                                   \
    (&(const impact_span_options){.size = sizeof(impact_span_options), __VA_ARGS__})

/* Start a span. `tracer` NULL: the default tracer. `options` NULL: internal, child of the current
 * span. `name` is copied. Without a provider the span records nothing and has its parent's context,
 * which is so handed through; NULL where there is no parent, and when no memory was left (counted
 * dropped_memory). The span does not become current: see impact_scope_enter. */
IMPACT_API impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                                          const impact_span_options *options);

/* End a span, now or at `end_unix_ns` (0: now; before its start: at its start). The pointer names
 * nothing afterwards, and never another span. */
IMPACT_API void impact_span_end_at(impact_span *span, uint64_t end_unix_ns);

/* Inline, so that no call is made for a span that is NULL; the library has it as a function too. */
IMPACT_API inline void impact_span_end(impact_span *span)
{
    if (span)
        impact_span_end_at(span, 0);
}
/* The same, and show what became of it: `show` is called once, on this thread, with an encoded
 * opentelemetry.proto.trace.v1.Span (<impact/span_view.h>), borrowed until it returns. Not of a
 * span that is over or records nothing. */
typedef void impact_span_show_fn(void *userdata, impact_text span);
IMPACT_API void impact_span_end_showing(impact_span *span, uint64_t end_unix_ns,
                                        impact_span_show_fn *show, void *userdata);

/* Copy what is recorded so far, encoded likewise, its end 0. Returns the bytes of the whole, of
 * which none are written when they are more than `size`; 0: it is over, or records nothing. */
IMPACT_API size_t impact_span_copy(const impact_span *span, void *bytes, size_t size);

/* True while attributes, events and links are kept: the span is sampled and not ended. */
IMPACT_API bool impact_span_is_recording(const impact_span *span);

/* The span's context; all zero for NULL, and for a span that is over and not current on this
 * thread. Its trace state is borrowed until the span ends: impact_context_with_span keeps it. */
IMPACT_API impact_span_context impact_span_context_of(const impact_span *span);

/* Set attributes; a key that was set replaces its value. */
IMPACT_API void impact_span_set_all(impact_span *span, const impact_attribute *attributes,
                                    size_t attribute_count);

/* Set one: impact_span_set(span, impact_int("cart.items", 3)). Inline, so that the attribute is
 * made where it is read. */
static inline void impact_span_set(impact_span *span, impact_attribute attribute)
{
    impact_span_set_all(span, &attribute, 1);
}

/* Add an event at `unix_ns` (0: now) with a copied name and attributes. */
IMPACT_API void impact_span_add_event(impact_span *span, const char *name, uint64_t unix_ns,
                                      const impact_attribute *attributes, size_t attribute_count);

/* Add an event "exception", for which a span has room when it is full (semantic conventions,
 * exceptions-spans). Any text may be NULL. Attributes of one's own are added, and win over these
 * three. */
IMPACT_API void impact_span_record_exception(impact_span *span, const char *type,
                                             const char *message, const char *stacktrace,
                                             const impact_attribute *attributes,
                                             size_t attribute_count);

/* Add a link to another span's context. */
IMPACT_API void impact_span_add_link(impact_span *span, const impact_link *link);

/* Set the status. Unset is ignored, ok is final, `description` (may be NULL, copied) is kept for
 * errors only (specification, trace/api "Set Status"). */
IMPACT_API void impact_span_set_status(impact_span *span, impact_span_status status,
                                       const char *description);

/* Replace the name: NUL-terminated, or `size` bytes. */
IMPACT_API void impact_span_set_name(impact_span *span, const char *name);
IMPACT_API void impact_span_set_name_n(impact_span *span, const char *name, size_t size);

/* The span that is current on this thread, or NULL. Borrowed. */
IMPACT_API impact_span *impact_span_current(void);

/* A place in the thread's stack of what is current, and a number that tells it from others that
 * stood there. Leave it on the same thread; leaving ends every scope entered since, so an inner one
 * that was jumped over does no harm, and neither does leaving twice. */
typedef struct impact_scope {
    uint32_t depth;
    uint32_t serial; /* 0: none */
} impact_scope;

/* Make `span` (NULL: none) the current one, at any depth: as impact_context_attach of
 * <impact/context.h> with the current context and this span, but that no memory is asked for. A
 * span that ends stays current, and is the parent of others, until its scope is left (trace/api
 * "End"). */
IMPACT_API impact_scope impact_scope_enter(impact_span *span);
IMPACT_API void impact_scope_leave(impact_scope scope);

/* While suppressed, impact_span_start on this thread returns NULL: exporters trace nothing.
 * Nests. */
IMPACT_API void impact_tracing_suppress(void);
IMPACT_API void impact_tracing_unsuppress(void);

/* What IMPACT_SPAN declares. Open starts a span of the default tracer and makes it current; without
 * a span, what is current stays so. To close one twice does nothing more. */
typedef struct impact_span_guard {
    impact_span *span;
    impact_scope scope;
} impact_span_guard;

IMPACT_API impact_span_guard impact_span_guard_open(const char *name);
IMPACT_API void impact_span_guard_close(impact_span_guard *guard);

#ifdef __cplusplus
}

/* The same in C++: it ends when an exception leaves the block, too. */
class impact_scoped_span
{
  public:
    explicit impact_scoped_span(const char *name) : guard_(impact_span_guard_open(name))
    {
    }
    ~impact_scoped_span()
    {
        impact_span_guard_close(&guard_);
    }
    impact_scoped_span(const impact_scoped_span &) = delete;
    impact_scoped_span &operator=(const impact_scoped_span &) = delete;
    impact_span *span() const
    {
        return guard_.span;
    }

  private:
    impact_span_guard guard_;
};

#define IMPACT_SPAN(variable, name)                                                                \
    const impact_scoped_span variable##_guard(name);                                               \
    impact_span *const variable __attribute__((unused)) = variable##_guard.span()

#else

/* IMPACT_SPAN(span, "name"); declares `span`, a span of the default tracer (or NULL) that is
 * current from here on and ends with the block it stands in, on every way out: its end, break,
 * continue, return, goto; several in one block in reverse order. (longjmp and exit end nothing;
 * pthread_cancel only with -fexceptions.) */
#define IMPACT_SPAN(variable, name)                                                                \
    impact_span_guard variable##_guard __attribute__((cleanup(impact_span_guard_close))) =         \
        impact_span_guard_open(name);                                                              \
    impact_span *const variable __attribute__((unused)) = variable##_guard.span

#endif

#endif
