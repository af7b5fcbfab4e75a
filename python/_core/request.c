/* The span of a request to a Flask app: its name, its attributes, its parent, and its start. */
#include "flask.h"

#include <impact/propagation.h>

/* A traceparent of the first version, with flags that are known and nothing odd about it. What is
 * odd is left to the API's own propagator. */
static bool traceparent_read(impact_span_context *context, PyObject *header)
{
    Py_ssize_t size = 0;
    const char *text = PyUnicode_CheckExact(header) ? PyUnicode_AsUTF8AndSize(header, &size) : NULL;
    PyErr_Clear();
    return text && size == IMPACT_TRACEPARENT_SIZE - 1 && text[0] == '0' && text[1] == '0' &&
           text[53] == '0' && text[54] >= '0' && text[54] <= '3' &&
           impact_traceparent_parse(context, impact_text_from(text, (size_t)size));
}

/* What the API's Context makes of a traceparent that stands alone, without asking Python. NULL
 * without an exception: it is to be asked. */
static PyObject *context_of_traceparent(flask_tracer_object *tracer, PyObject *environ)
{
    core_state *state = tracer->state;
    PyObject *header = PyDict_GetItemWithError(environ, state->http_names[ENVIRON_TRACEPARENT]);
    impact_span_context read;
    if ((PyObject *)Py_TYPE(tracer->parts[PART_TRACER]) != state->python[TRACER_CLASS] ||
        PyDict_Contains(environ, state->http_names[ENVIRON_TRACESTATE]) != 0 ||
        !traceparent_read(&read, header))
        return NULL;
    PyObject *span = span_object_of_context((tracer_object *)tracer->parts[PART_TRACER], &read);
    PyObject *context = span ? PyObject_CallNoArgs(state->python[CONTEXT_CLASS]) : NULL;
    if (context && PyDict_SetItem(context, state->python[SPAN_KEY], span))
        Py_CLEAR(context);
    Py_XDECREF(span);
    error_clear();
    return context;
}

/* Without headers the W3C's formats find nothing, and what they find in a traceparent is known. A
 * new reference, or NULL without an exception. */
static PyObject *context_without_python(flask_tracer_object *tracer, PyObject *environ)
{
    core_state *state = tracer->state;
    if (PyDict_Contains(environ, state->http_names[ENVIRON_BAGGAGE]) != 0)
        return NULL;
    if (PyDict_Contains(environ, state->http_names[ENVIRON_TRACEPARENT]) == 0)
        return PyObject_CallNoArgs(state->python[CONTEXT_CLASS]);
    return context_of_traceparent(tracer, environ);
}

/* The Context that the request came with: what its headers say, and nothing of the caller's. */
static PyObject *context_extract(flask_tracer_object *tracer, PyObject *environ)
{
    PyObject *propagator = PyObject_CallNoArgs(tracer->parts[PART_GET_PROPAGATOR]);
    if (!propagator)
        return NULL;
    const bool is_w3c = propagator == tracer->parts[PART_W3C_PROPAGATOR];
    Py_DECREF(propagator);
    PyObject *context = is_w3c ? context_without_python(tracer, environ) : NULL;
    if (context || PyErr_Occurred())
        return context;
    return PyObject_CallFunctionObjArgs(tracer->parts[PART_EXTRACT], environ, NULL);
}

/* A span of one of ours, or of the host's, is the parent when there is one; then the request is not
 * the first thing that is known of the trace here, and its span no server's. */
static PyObject *parent_context(exchange_object *self, PyObject *environ)
{
    core_state *state = self->tracer->state;
    PyObject *current = PyObject_CallNoArgs(state->python[CURRENT_CONTEXT]);
    if (!current)
        return NULL;
    if (span_current_in(state, current))
        return current;
    Py_DECREF(current);
    if (PyErr_Occurred())
        return NULL;
    self->is_server = true;
    return context_extract(self->tracer, environ);
}

/* The template of the route, where one was found: a new reference, or NULL. An exception that is
 * set afterwards is meant for the program. */
static PyObject *route_of(core_state *state, PyObject *request, PyObject **rule)
{
    *rule = PyObject_GetAttr(request, state->names[NAME_URL_RULE]);
    PyObject *route =
        *rule && *rule != Py_None ? PyObject_GetAttr(*rule, state->names[NAME_RULE]) : NULL;
    error_clear();
    if (route && !PyUnicode_Check(route))
        Py_CLEAR(route);
    return route;
}

/* Attributes of the headers that are asked for are there from the start, so that samplers see
 * them. */
static void put_headers(exchange_object *self, PyObject *attributes, PyObject *environ)
{
    PyObject *read = self->tracer->parts[PART_REQUEST_HEADERS];
    if (!read || !self->is_server)
        return;
    PyObject *headers = PyObject_CallFunctionObjArgs(read, environ, NULL);
    if (!headers || !PyDict_Check(headers) || PyDict_Update(attributes, headers))
        error_clear();
    Py_XDECREF(headers);
}

static PyObject *attributes_of(exchange_object *self, PyObject *environ, PyObject *route)
{
    core_state *state = self->tracer->state;
    PyObject *attributes = http_server_attributes(state, &self->tracer->conventions, environ);
    if (!attributes)
        return NULL;
    if (route && PyDict_SetItem(attributes, state->http_names[HTTP_ROUTE], route))
        error_clear();
    put_headers(self, attributes, environ);
    if (PyErr_Occurred())
        Py_CLEAR(attributes);
    return attributes;
}

/* Tracers of ours start a span in C, others are asked as the API says. */
static PyObject *span_start(exchange_object *self, PyObject *name, PyObject *parent,
                            PyObject *attributes)
{
    flask_tracer_object *tracer = self->tracer;
    core_state *state = tracer->state;
    PyObject *kind = PyTuple_GetItem(state->python[SPAN_KINDS], self->is_server ? 1 : 0);
    PyObject *start = PyLong_FromUnsignedLongLong(self->start_unix_ns);
    PyObject *span = NULL;
    if (kind && start &&
        (PyObject *)Py_TYPE(tracer->parts[PART_TRACER]) == state->python[TRACER_CLASS])
        span = tracer_span_start((tracer_object *)tracer->parts[PART_TRACER],
                                 (PyObject *[ARGUMENT_COUNT]){[ARGUMENT_NAME] = name,
                                                              [ARGUMENT_CONTEXT] = parent,
                                                              [ARGUMENT_KIND] = kind,
                                                              [ARGUMENT_ATTRIBUTES] = attributes,
                                                              [ARGUMENT_START_TIME] = start});
    else if (kind && start)
        span = PyObject_CallFunctionObjArgs(tracer->parts[PART_START_SPAN], name, parent, kind,
                                            attributes, start, NULL);
    Py_XDECREF(start);
    return span;
}

/* The hook finds the request's parent as the current span, and what it sets of the request's own
 * attributes is set again. */
static bool hook_call(exchange_object *self, PyObject *parent, PyObject *environ,
                      PyObject *attributes)
{
    PyObject *hook = self->tracer->parts[PART_REQUEST_HOOK];
    if (!hook)
        return true;
    self->context = Py_NewRef(parent);
    PyObject *called =
        exchange_enter(self) ? PyObject_CallFunctionObjArgs(hook, self->span, environ, NULL) : NULL;
    exchange_leave(self);
    Py_CLEAR(self->context);
    PyObject *set =
        !PyErr_Occurred()
            ? PyObject_CallMethodObjArgs(
                  self->span, self->tracer->state->names[NAME_SET_ATTRIBUTES], attributes, NULL)
            : NULL;
    Py_XDECREF(called);
    Py_XDECREF(set);
    return set != NULL;
}

/* The Context of the request, with what statements that it makes are to be commented with. */
static bool context_make(exchange_object *self, PyObject *parent, PyObject *rule)
{
    core_state *state = self->tracer->state;
    PyObject *comment = self->tracer->parts[PART_COMMENT];
    PyObject *context = span_context_with(state, parent, self->span);
    if (!context)
        return false;
    self->context = context;
    if (!comment)
        return true;
    PyObject *words = PyObject_CallFunctionObjArgs(comment, rule, NULL);
    bool is_set = words && PyDict_SetItem(context, state->http_names[CONTEXT_COMMENT], words) == 0;
    Py_XDECREF(words);
    return is_set;
}

static bool span_begin(exchange_object *self, PyObject *environ, PyObject *route, PyObject *rule)
{
    core_state *state = self->tracer->state;
    PyObject *parent = parent_context(self, environ);
    PyObject *name =
        parent ? http_span_name(state, &self->tracer->conventions, environ, route) : NULL;
    PyObject *attributes = name ? attributes_of(self, environ, route) : NULL;
    self->span = attributes ? span_start(self, name, parent, attributes) : NULL;
    bool has_begun = self->span && hook_call(self, parent, environ, attributes) &&
                     context_make(self, parent, rule) && exchange_enter(self);
    Py_XDECREF(attributes);
    Py_XDECREF(name);
    Py_XDECREF(parent);
    return has_begun;
}

bool request_begin(exchange_object *self, PyObject *flask_context, PyObject *environ)
{
    core_state *state = self->tracer->state;
    PyObject *request = PyObject_GetAttr(flask_context, state->names[NAME_REQUEST]);
    if (!request)
        return false;
    PyObject *rule = NULL;
    PyObject *route = route_of(state, request, &rule);
    self->flask_context = flask_context;
    bool has_begun = !PyErr_Occurred() && span_begin(self, environ, route, rule ? rule : Py_None);
    self->route = route;
    Py_XDECREF(rule);
    Py_DECREF(request);
    return has_begun;
}
