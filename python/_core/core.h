/* What the files of the binding share: the module's state, the objects, and the conversions.
 *
 * DESIGN: the binding converts and nothing else. Values that the C core understands are passed as
 * they are, without running any Python code; everything unusual is first made plain by a Python
 * function (see python_name), so that what is lenient is readable and what is fast is small. */
#ifndef IMPACT_PYTHON_CORE_H
#define IMPACT_PYTHON_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/health.h>
#include <impact/span.h>
#include <impact/span_view.h>
#include <impact/trace.h>

#include "arguments.h"
#include "http.h"

/* Python objects that the binding is told about once, by configure(): index and keyword. */
#define PYTHON_NAME_TABLE(ROW)                                                                     \
    ROW(SPAN_CLASS, "span_class")                                                                  \
    ROW(UNSAMPLED_SPAN_CLASS, "unsampled_span_class")                                              \
    ROW(TRACER_CLASS, "tracer_class")                                                              \
    ROW(API_SPAN_CLASS, "api_span_class")                                                          \
    ROW(SPAN_CONTEXT_CLASS, "span_context_class")                                                  \
    ROW(TRACE_FLAGS_CLASS, "trace_flags_class")                                                    \
    ROW(TRACE_STATE_FROM_TEXT, "trace_state_from_text")                                            \
    ROW(NON_RECORDING_SPAN_CLASS, "non_recording_span_class")                                      \
    ROW(INVALID_SPAN, "invalid_span")                                                              \
    ROW(SPAN_KEY, "span_key")                                                                      \
    ROW(CURRENT_CONTEXT, "current_context")                                                        \
    ROW(SPAN_KINDS, "span_kinds")                                                                  \
    ROW(CLEAN_ATTRIBUTES, "clean_attributes")                                                      \
    ROW(WARN, "warn")                                                                              \
    ROW(CONTEXT_CLASS, "context_class")                                                            \
    ROW(ATTACH_CONTEXT, "attach_context")                                                          \
    ROW(DETACH_CONTEXT, "detach_context")                                                          \
    ROW(RECORD_ERROR, "record_error")                                                              \
    ROW(DECORATE, "decorate")                                                                      \
    ROW(ASK_SAMPLER, "ask_sampler")

#define PYTHON_NAME_INDEX(index, keyword) index,
typedef enum python_name { PYTHON_NAME_TABLE(PYTHON_NAME_INDEX) PYTHON_NAME_COUNT } python_name;
#undef PYTHON_NAME_INDEX

/* Attributes and methods that the binding asks other objects for, kept as interned strings: a new
 * string a call would cost time, and litter the interpreter's cache of methods. */
#define ATTRIBUTE_NAME_TABLE(ROW)                                                                  \
    ROW(NAME_TRACE_ID, "trace_id")                                                                 \
    ROW(NAME_SPAN_ID, "span_id")                                                                   \
    ROW(NAME_IS_REMOTE, "is_remote")                                                               \
    ROW(NAME_TRACE_FLAGS, "trace_flags")                                                           \
    ROW(NAME_TRACE_STATE, "trace_state")                                                           \
    ROW(NAME_TO_HEADER, "to_header")                                                               \
    ROW(NAME_TO_BYTES, "to_bytes")                                                                 \
    ROW(NAME_BIG, "big")                                                                           \
    ROW(NAME_GET, "get")                                                                           \
    ROW(NAME_GET_SPAN_CONTEXT, "get_span_context")                                                 \
    ROW(NAME_CONTEXT, "context")                                                                   \
    ROW(NAME_ATTRIBUTES, "attributes")                                                             \
    ROW(NAME_STATUS_CODE, "status_code")                                                           \
    ROW(NAME_DESCRIPTION, "description")                                                           \
    ROW(NAME_VALUE, "value")                                                                       \
    ROW(NAME_END, "end")                                                                           \
    ROW(NAME_UPPER, "upper")                                                                       \
    ROW(NAME_STRIP, "strip")                                                                       \
    ROW(NAME_SET_ATTRIBUTES, "set_attributes")                                                     \
    ROW(NAME_BEGIN, "begin")                                                                       \
    ROW(NAME_CLOSE, "close")                                                                       \
    ROW(NAME_READ, "read")                                                                         \
    ROW(NAME_REQUEST, "request")                                                                   \
    ROW(NAME_ENVIRON, "environ")                                                                   \
    ROW(NAME_URL, "url")                                                                           \
    ROW(NAME_URL_RULE, "url_rule")                                                                 \
    ROW(NAME_RULE, "rule")                                                                         \
    ROW(NAME_ON_START, "_on_start")                                                                \
    ROW(NAME_ON_END, "_on_end")                                                                    \
    ROW(NAME_GENERATE_TRACE_ID, "generate_trace_id")                                               \
    ROW(NAME_GENERATE_SPAN_ID, "generate_span_id")                                                 \
    ROW(NAME_IS_TRACE_ID_RANDOM, "is_trace_id_random")

#define ATTRIBUTE_NAME_INDEX(index, text) index,
typedef enum attribute_name {
    ATTRIBUTE_NAME_TABLE(ATTRIBUTE_NAME_INDEX) NAME_COUNT
} attribute_name;
#undef ATTRIBUTE_NAME_INDEX

typedef struct core_state {
    PyObject *python[PYTHON_NAME_COUNT]; /* all NULL until configure() */
    PyObject *names[NAME_COUNT];
    PyObject *http_names[HTTP_NAME_COUNT];
    PyObject *provider_type;
    PyObject *tracer_type;
    PyObject *span_type;
    PyObject *registry_type;
    PyObject *pulse_type;
    PyObject *current_type;
    PyObject *flask_tracer_type;
    PyObject *exchange_type;
    PyObject *body_type;
} core_state;

/* ---- the objects ---- */

typedef struct provider_object {
    PyObject_HEAD impact_tracer_provider *provider;
    impact_exporter *memory;          /* the exporter "memory", if asked for; the provider's */
    core_state *state;                /* lives as long as the type does */
    PyObject *sampler;                /* owned; NULL: the core decides by itself */
    PyObject *id_generator;           /* owned; NULL: ids are the core's */
    impact_user_sampler core_sampler; /* what the core asks in their place */
    impact_id_generator core_id_generator;
    struct provider_object *next; /* in the list of providers.c, which guards it */
    unsigned first_component;     /* the number of its first exporter among those of the process */
    bool is_listened;             /* it has span processors in Python: see provider.py */
} provider_object;

/* Whether Python is asked about each span that starts. */
static inline bool asks_python(const provider_object *provider)
{
    return provider->sampler || provider->id_generator;
}

typedef struct tracer_object {
    PyObject_HEAD impact_tracer *tracer;
    provider_object *provider; /* owned: no tracer outlives its provider */
    core_state *state;
} tracer_object;

/* Who a span is: its own, and its children's, which know their parent by it. Owners are counted
 * under the GIL. */
typedef struct span_identity {
    size_t owner_count;
    PyObject *span_context; /* owned; NULL until somebody asks */
    impact_trace_id trace_id;
    impact_span_id span_id;
    uint8_t trace_flags;
    bool is_remote;
    char trace_state[]; /* in no more room than it needs */
} span_identity;

typedef struct span_object {
    PyObject_HEAD impact_span *span; /* NULL once ended */
    tracer_object *tracer;           /* owned */
    PyObject *name;                  /* owned */
    PyObject *bytes;                 /* owned: the encoded span, once ended; NULL before */
    span_identity *identity;         /* owned, and so is the parent's */
    span_identity *parent;           /* NULL: it is a root */
    core_state *state;
    uint8_t kind; /* index in SPAN_KINDS */
    bool records_exceptions;
    bool sets_status;
    bool is_foreign; /* a context that came from elsewhere: it never was a span here */
} span_object;

PyObject *provider_type_make(PyObject *module);
PyObject *tracer_type_make(PyObject *module);
PyObject *span_type_make(PyObject *module);
PyObject *registry_type_make(PyObject *module);

/* HealthRegistry.add_provided: (name, groups, kind, options, timeout_ms), where 0 is that of
 * the registry. */
PyObject *provided_add(impact_health *health, uint32_t timeout_ms, PyObject *arguments);

/* HealthRegistry.answer: (method, path, query, headers). */
PyObject *health_answer(impact_health *health, PyObject *arguments);

/* HealthRegistry.add_heartbeat: (name, groups, max_age_ms, pulse). That pulse, which goes with
 * pulse_leave before the registry does. */
PyObject *heartbeat_add(PyTypeObject *pulse_type, impact_health *health, PyObject *arguments);
void pulse_leave(PyObject *pulse, const impact_health *health);
PyObject *pulse_type_make(PyObject *module);
PyObject *current_type_make(PyObject *module);

/* Make a type and add it to the module. Owned by the caller. */
PyObject *type_make(PyObject *module, PyType_Spec *spec);

/* Free the memory of an object of a heap type, and its reference to the type. */
void object_free(PyObject *self);

struct span_parent;

/* A span that takes `span` (not NULL) over. NULL with an exception: `span` still belongs to the
 * caller. */
span_object *span_object_new(tracer_object *tracer, impact_span *span, PyObject *name,
                             const struct span_parent *parent);

/* As the API's NonRecordingSpan, which it is: a context, of which no more is known. NULL with an
 * exception. */
PyObject *span_object_of_context(tracer_object *tracer, const impact_span_context *context);

/* End one that nobody was given, now. An exception that is set stays set. */
void span_object_end(PyObject *span);

/* What reads the record of a span, live or ended: getters of its type, in record.c. */
PyObject *span_get_start_time(PyObject *object, void *unused);
PyObject *span_get_end_time(PyObject *object, void *unused);
PyObject *span_get_parent(PyObject *object, void *unused);
PyObject *span_get_attributes(PyObject *object, void *unused);
PyObject *span_get_status(PyObject *object, void *unused);
PyObject *span_get_events(PyObject *object, void *unused);
PyObject *span_get_links(PyObject *object, void *unused);
PyObject *span_get_dropped(PyObject *object, void *unused);

/* ---- identities ---- */

/* `span_context` (NULL: none yet) is its Python form, borrowed. NULL without an exception: no
 * memory. */
span_identity *span_identity_new(const impact_span_context *context, PyObject *span_context);
span_identity *span_identity_retain(span_identity *identity);
void span_identity_release(span_identity *identity); /* NULL is accepted */

/* For the core. What is behind the end of the trace state is left as it was. */
void span_identity_show(impact_span_context *context, const span_identity *identity);

/* As a SpanContext, built when first asked for: a new reference; NULL with an exception. */
PyObject *span_identity_object(core_state *state, span_identity *identity);

/* The arguments of start_span, in the order of opentelemetry.trace.Tracer. */
enum {
    ARGUMENT_NAME,
    ARGUMENT_CONTEXT,
    ARGUMENT_KIND,
    ARGUMENT_ATTRIBUTES,
    ARGUMENT_LINKS,
    ARGUMENT_START_TIME,
    ARGUMENT_RECORD_EXCEPTION,
    ARGUMENT_SET_STATUS,
    ARGUMENT_COUNT
};

#define START_SPAN_ARGUMENT_NAMES                                                                  \
    "name", "context", "kind", "attributes", "links", "start_time", "record_exception",            \
        "set_status_on_exception"

/* Start a span as Tracer.start_span does; arguments that were not given are NULL, but for the name.
 * A new reference, or NULL with an exception. */
PyObject *tracer_span_start(tracer_object *tracer, PyObject *const *values);

/* ---- the current span ---- */

/* Tracer.start_as_current_span: a CurrentSpan that will start its span. */
PyObject *current_span_start(PyObject *tracer, PyObject *const *arguments, Py_ssize_t count,
                             PyObject *keyword_names);

/* The module's use_span: a CurrentSpan for a span that was started. */
PyObject *current_span_use(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *keyword_names);

/* ---- HTTP ---- */

/* Which attributes are wanted. */
typedef struct http_conventions {
    bool reports_old;
    bool reports_new;
    bool takes_all_methods; /* those that are not known, too, in capitals */
    PyObject *url_of;       /* borrowed: a function from an environ to its URL */
} http_conventions;

/* A known method in capitals, or "_OTHER". A new reference. */
PyObject *http_method_normalize(core_state *state, const http_conventions *conventions,
                                PyObject *method);

/* "GET /route", with the path where there is no route (NULL). NULL with an exception. */
PyObject *http_span_name(core_state *state, const http_conventions *conventions, PyObject *environ,
                         PyObject *route);

/* What an environ says, but for the route: a new dict, or NULL with an exception. */
PyObject *http_server_attributes(core_state *state, const http_conventions *conventions,
                                 PyObject *environ);

/* The status code: a new dict, or NULL with an exception. */
PyObject *http_response_attributes(core_state *state, const http_conventions *conventions,
                                   long code);

/* ---- span contexts ---- */

/* Read an opentelemetry SpanContext, valid or not. False: it is none. An exception that is set
 * afterwards is meant for the program; likewise below. */
bool span_context_read(core_state *state, impact_span_context *context, PyObject *object);

/* An id as an int; NULL with an exception. */
PyObject *trace_id_object(const impact_trace_id *id);

/* `number` as `size` big-endian bytes. False: it does not fit. */
bool id_bytes_read(core_state *state, uint8_t *bytes, size_t size, PyObject *number);

/* A new SpanContext; NULL with an exception. */
PyObject *span_context_make(core_state *state, const impact_span_context *context);

/* The parent that a new span has. */
typedef struct span_parent {
    bool is_valid;
    impact_span_context context;
    PyObject *span;         /* owned: what was found in the Context, or NULL */
    PyObject *span_context; /* owned: of a span that is not ours */
} span_parent;

/* Find the parent in a Context (None, NULL: the current one); without one it is a root. False with
 * an exception that is meant for the program, and nothing to clear. */
bool span_parent_find(span_parent *parent, core_state *state, PyObject *context);
void span_parent_clear(span_parent *parent);

/* Make `span` the current one, in a Context that is otherwise as the current one. The token that
 * takes it back, or NULL with an exception. */
PyObject *span_attach(core_state *state, PyObject *span);

/* The module's w3c_headers: a pair of traceparent and tracestate, or None, of a span of ours. */
PyObject *span_w3c_headers(PyObject *module, PyObject *span);

/* A Context with all that `former` has, and `span`. A new reference, or NULL with an exception. */
PyObject *span_context_with(core_state *state, PyObject *former, PyObject *span);

/* The span that a Context holds by the API's word: borrowed, NULL: none. An exception that is set
 * afterwards is meant for the program. */
PyObject *span_current_in(core_state *state, PyObject *context);

/* Take it back; `token` is taken. An exception that is set stays set, unless one that is meant for
 * the program takes its place. A block may be left in another Context than it was entered in (a
 * generator that is closed late): that one never held the span, so there is nothing to restore. */
void span_detach(core_state *state, PyObject *token);

/* ---- interpreters ---- */

/* Around a call into the core that may wait or call back: others may run meanwhile. */
void gil_give_away(void);
void gil_take_back(void);

/* Around one that keeps the GIL, for it is short and reads what others may write, and that may have
 * something to say: whose it is. */
void call_begin(void);
void call_end(void);

/* A call into Python from the core, on whatever thread the core is. */
typedef struct gil_visit {
    PyThreadState *made;  /* NULL: the thread had given it away itself */
    PyThreadState *outer; /* what the thread is in the core with */
} gil_visit;

/* Take the GIL of this interpreter. False: it is no more. */
bool gil_enter(gil_visit *visit, PyInterpreterState *interpreter);
void gil_leave(const gil_visit *visit);

/* Whose thread this is; NULL for one of the core. Needs no GIL. */
PyInterpreterState *interpreter_of_this_thread(void);

/* ---- samplers, ids, limits ---- */

enum { SAMPLER_LIMIT = 8 }; /* that lie in one another */

/* A sampler of the core, and what it points to. */
typedef struct sampler_form {
    impact_sampler sampler;
    impact_parent_samplers parents[SAMPLER_LIMIT];
    size_t parent_count;
} sampler_form;

/* Read what sampling.py makes of one: (name, ratio, samplers by parent); None is none. False with
 * an exception. */
bool sampler_form_read(sampler_form *form, PyObject *given);

struct span_answers;

/* What the core asks in the place of a sampler or a generator in Python: it hears what they said.
 * `self` is borrowed. */
impact_sampler sampler_of_answers(provider_object *self);
impact_id_generator *ids_of_answers(provider_object *self);

/* Ask them. False with an exception that is meant for the program. */
bool ids_ask_python(struct span_answers *answers, const provider_object *self, bool is_root);
bool sampler_ask_python(struct span_answers *answers, const provider_object *self,
                        const span_parent *parent, PyObject *const *values);

/* What Python was asked of a span that is about to start: ids by a generator, and by a sampler
 * whether it is recorded. */
typedef struct span_answers {
    impact_trace_id trace_id; /* of a root; all zero: the core makes it */
    impact_span_id span_id;   /* likewise */
    impact_sampling_decision decision;
    attribute_list attributes; /* that the sampler adds */
    held_text trace_state;     /* without an owner: the parent's */
} span_answers;

/* Ask for a span that starts with the arguments of start_span. False with an exception, and nothing
 * to clear. */
bool answers_ask(span_answers *answers, const provider_object *self, const span_parent *parent,
                 PyObject *const *values);
void answers_clear(span_answers *answers);

/* Around impact_span_start, which hears them on this thread. No Python code runs in it: that might
 * go on in another greenlet, which starts spans of its own. NULL: it hears nothing. */
void answers_show(const span_answers *answers);

/* Numbers in the order of impact_span_limits, 0 for "not set", and the last for events and links.
 * False with an exception. */
bool limits_read(impact_span_limits *limits, uint32_t *event_value_length, PyObject *given);

/* ---- the rest ---- */

/* An exporter that takes every batch and keeps nothing: for measuring what comes before it. */
impact_exporter *discard_exporter(void);
/* One that takes none: spans count as failed. */
impact_exporter *absent_exporter(void);

/* Open the exporter otlp. False with an exception. */
bool otlp_exporter_open(impact_exporter **exporter, PyObject *given);

/* Send this interpreter's diagnostics to a Python callable (severity, message, suppressed), or
 * nowhere. */
PyObject *diagnostics_report_to(PyObject *module, PyObject *callable);

/* Hand over what is waiting for this interpreter. Call it with the GIL. An exception that is set
 * afterwards is meant for the program. */
void diagnostics_drain(void);

/* ---- the end of a process ---- */

/* The module's insist: call a function until it is not interrupted. */
PyObject *ending_insist(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                        PyObject *keyword_names);

/* ---- the process's providers ---- */

/* One that is open. Whoever removes it waits for those that visit. */
void providers_add(provider_object *provider);
void providers_remove(const provider_object *provider); /* if it was added */

/* Visit each; on any thread, without the GIL. */
void providers_visit(void (*visit)(const provider_object *provider, void *userdata),
                     void *userdata);

/* Add the counters of all to `sum`; likewise. */
void providers_stats(void *unused, impact_trace_stats *sum);

/* Show OpenTelemetry's own metrics of the SDK, of all: an impact_metric_source, for any thread
 * without the GIL. Without a provider there are none. */
void metrics_read(void *unused, impact_metric_take *take, void *userdata);

/* The module's sdk_metrics: them as a list of tuples. */
PyObject *metrics_list(PyObject *module, PyObject *unused);

/* ---- SIGTERM ---- */

/* Functions of the module: whether SIGTERM has its default action, by the kernel's word. */
PyObject *sigterm_is_default(PyObject *module, PyObject *unused);

/* Python has a handler for it now, and this is the main thread, also of a forked child: do what it
 * would where the interpreter does not come to it. False: there are no means to. */
PyObject *sigterm_watch(PyObject *module, PyObject *unused);

/* True: the interpreter is ending the process, in its own time. */
PyObject *sigterm_leave_to_python(PyObject *module, PyObject *is_left);

#endif
