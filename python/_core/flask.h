/* The native path of Flask: what is known for each app, and for each request.
 *
 * DESIGN: a FlaskTracer stands where app.wsgi_app stood, and is asked by Flask before and after the
 * request is handled. An Exchange is one request and its answer: it waits in the environ, takes the
 * place of start_response, and holds the span until the last byte of the body has left.
 *
 *   server -> FlaskTracer.__call__ -> app -> before_request: FlaskTracer.begin   span starts
 *                                       |  -> view
 *                                       |  -> start_response: Exchange           status, headers
 *                                       |  -> teardown_request: FlaskTracer.finish   its exception
 *   server <- ResponseBody <------------'     last byte, close(), or dropped     span ends
 */
#ifndef IMPACT_PYTHON_FLASK_H
#define IMPACT_PYTHON_FLASK_H

#include "core.h"

/* What flask.py gives for an app: index and key. Absent ones are None there and NULL here. */
#define FLASK_PART_TABLE(ROW)                                                                      \
    ROW(PART_TRACER, "tracer")                                                                     \
    ROW(PART_APP, "app")                                                                           \
    ROW(PART_FLASK_CONTEXT, "flask_context")                                                       \
    ROW(PART_START_SPAN, "start_span")                                                             \
    ROW(PART_EXTRACT, "extract")                                                                   \
    ROW(PART_GET_PROPAGATOR, "get_propagator")                                                     \
    ROW(PART_W3C_PROPAGATOR, "w3c_propagator")                                                     \
    ROW(PART_URL_OF, "url_of")                                                                     \
    ROW(PART_IS_EXCLUDED, "is_excluded")                                                           \
    ROW(PART_REQUEST_HOOK, "request_hook")                                                         \
    ROW(PART_RESPONSE_HOOK, "response_hook")                                                       \
    ROW(PART_REQUEST_HEADERS, "request_headers")                                                   \
    ROW(PART_RESPONSE_HEADERS, "response_headers")                                                 \
    ROW(PART_RESPONSE_PROPAGATE, "response_propagate")                                             \
    ROW(PART_SET_ERROR, "set_error")                                                               \
    ROW(PART_COMMENT, "comment")                                                                   \
    ROW(PART_METRICS, "metrics")                                                                   \
    ROW(PART_REPORTS_OLD, "reports_old")                                                           \
    ROW(PART_REPORTS_NEW, "reports_new")                                                           \
    ROW(PART_TAKES_ALL_METHODS, "takes_all_methods")

#define FLASK_PART_INDEX(index, key) index,
typedef enum flask_part { FLASK_PART_TABLE(FLASK_PART_INDEX) FLASK_PART_COUNT } flask_part;
#undef FLASK_PART_INDEX

typedef struct flask_tracer_object {
    PyObject_HEAD core_state *state;
    PyObject *parts[FLASK_PART_COUNT]; /* owned, or NULL */
    http_conventions conventions;
} flask_tracer_object;

typedef struct exchange_object {
    PyObject_HEAD flask_tracer_object *tracer; /* owned */
    PyObject *start_response;                  /* owned; NULL: Flask was called by no server */
    PyObject *span;                            /* owned; NULL: none was started */
    PyObject *context;         /* owned: the Context that is current while the app works for it */
    PyObject *token;           /* owned; not NULL while it is */
    PyObject *status;          /* owned: what start_response was given, or NULL */
    PyObject *route;           /* owned, or NULL */
    const void *flask_context; /* only compared: a copy of it is none of the request's own */
    uint64_t start_unix_ns;
    int64_t bytes_left; /* of the body; negative: its length was not said */
    bool is_server;
    bool is_excluded; /* it shall have no span */
    bool has_error;   /* it is recorded */
    bool is_ended;
} exchange_object;

PyObject *flask_tracer_type_make(PyObject *module);
PyObject *exchange_type_make(PyObject *module);
PyObject *body_type_make(PyObject *module);

/* ---- an exchange ---- */

/* A new one, which begins now. NULL with an exception. */
exchange_object *exchange_new(flask_tracer_object *tracer, PyObject *start_response);

/* The exchange that waits in an environ: borrowed, or NULL without an exception. */
exchange_object *exchange_in(core_state *state, PyObject *environ);

/* Make its Context the current one. False with an exception that is meant for the program. */
bool exchange_enter(exchange_object *self);

/* Give it up again. An exception that is set stays set, unless one that is meant for the program
 * takes its place. */
void exchange_leave(exchange_object *self);

/* Record an exception, unless one was. What is no Exception is none. False with an exception that
 * is meant for the program, and came meanwhile. */
bool exchange_record(exchange_object *self, PyObject *error);

/* End the span. Only the first time counts. An exception that is set stays set, unless the answer
 * is false: then one that is meant for the program has taken its place. */
bool exchange_end(exchange_object *self);

/* The same, and the server is let go of: the answer is complete. */
bool exchange_close(exchange_object *self);

/* The body for the server: `result` (taken) itself when the span can end now. An app that begins
 * its work with the first piece has no span before. */
PyObject *body_of(exchange_object *exchange, PyObject *result, PyObject *environ);

/* ---- the span of a request ---- */

/* Start it for the request that Flask handles in `flask_context`. False with an exception. */
bool request_begin(exchange_object *self, PyObject *flask_context, PyObject *environ);

#endif
