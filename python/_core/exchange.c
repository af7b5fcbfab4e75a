/* Exchange: one request to a Flask app and its answer; start_response for the app. */
#include "flask.h"

#include <string.h>
#include <time.h>

static uint64_t now_unix_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* it knows this clock */
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

exchange_object *exchange_new(flask_tracer_object *tracer, PyObject *start_response)
{
    PyTypeObject *type = (PyTypeObject *)tracer->state->exchange_type;
    exchange_object *self = (exchange_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->tracer = (flask_tracer_object *)Py_NewRef((PyObject *)tracer);
    self->start_response = Py_XNewRef(start_response);
    self->start_unix_ns = now_unix_ns();
    self->bytes_left = -1;
    return self;
}

exchange_object *exchange_in(core_state *state, PyObject *environ)
{
    PyObject *found = PyDict_Check(environ)
                          ? PyDict_GetItemWithError(environ, state->http_names[ENVIRON_EXCHANGE])
                          : NULL;
    PyErr_Clear();
    bool is_one = found && (PyObject *)Py_TYPE(found) == state->exchange_type;
    return is_one ? (exchange_object *)found : NULL;
}

bool exchange_enter(exchange_object *self)
{
    if (!self->context || self->token)
        return true;
    self->token = PyObject_CallFunctionObjArgs(self->tracer->state->python[ATTACH_CONTEXT],
                                               self->context, NULL);
    if (!self->token)
        error_clear();
    return self->token || !PyErr_Occurred();
}

void exchange_leave(exchange_object *self)
{
    PyObject *token = self->token;
    self->token = NULL;
    if (token)
        span_detach(self->tracer->state, token);
}

bool exchange_record(exchange_object *self, PyObject *error)
{
    if (!self->span || self->has_error || !PyErr_GivenExceptionMatches(error, PyExc_Exception))
        return true;
    self->has_error = true;
    PyObject *recorded = PyObject_CallFunctionObjArgs(self->tracer->state->python[RECORD_ERROR],
                                                      self->span, error, Py_True, Py_True, NULL);
    const bool is_well = recorded || error_forget(self->span);
    Py_XDECREF(recorded);
    return is_well;
}

static bool span_end(exchange_object *self)
{
    const held_error held = held_error_take();
    PyObject *ended =
        PyObject_CallMethodObjArgs(self->span, self->tracer->state->names[NAME_END], NULL);
    const bool is_well = ended || error_forget(self->span);
    Py_XDECREF(ended);
    held_error_settle(held);
    return is_well;
}

bool exchange_end(exchange_object *self)
{
    if (self->is_ended)
        return true;
    self->is_ended = true;
    return !self->span || span_end(self);
}

/* The server's function may lead to the environ, in which the exchange is. */
bool exchange_close(exchange_object *self)
{
    const bool is_well = exchange_end(self);
    Py_CLEAR(self->start_response);
    return is_well;
}

/* ---- start_response ---- */

/* "404 NOT FOUND"; negative: it begins with no number. */
static long status_code_of(PyObject *status)
{
    const char *text = PyUnicode_Check(status) ? PyUnicode_AsUTF8AndSize(status, NULL) : NULL;
    PyErr_Clear();
    long code = 0;
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 9 || (text[digits] != ' ' && text[digits] != '\0'))
        return -1;
    for (size_t i = 0; i < digits; i++)
        code = code * 10 + (text[i] - '0');
    return code;
}

/* `second` may be NULL. False with an exception that is meant for the program; likewise below. */
static bool call_and_forget(PyObject *function, PyObject *first, PyObject *second, PyObject *third)
{
    PyObject *result = PyObject_CallFunctionObjArgs(function, first, second, third, NULL);
    const bool is_well = result || error_forget(function);
    Py_XDECREF(result);
    return is_well;
}

/* `attributes` are taken; NULL: they could not be made. */
static bool set_attributes(exchange_object *self, PyObject *attributes)
{
    PyObject *set = attributes ? PyObject_CallMethodObjArgs(
                                     self->span, self->tracer->state->names[NAME_SET_ATTRIBUTES],
                                     attributes, NULL)
                               : NULL;
    const bool is_well = set || error_forget(self->span);
    Py_XDECREF(set);
    Py_XDECREF(attributes);
    return is_well;
}

/* What is no number, or none of HTTP's, is an error as well. */
static bool status_record(exchange_object *self, PyObject *status)
{
    const flask_tracer_object *tracer = self->tracer;
    long code = status_code_of(status);
    if (code >= 0 &&
        !set_attributes(self, http_response_attributes(tracer->state, &tracer->conventions, code)))
        return false;
    return (code >= 100 && code < 500) ||
           call_and_forget(tracer->parts[PART_SET_ERROR], self->span, status, NULL);
}

/* The number of bytes that are to come, where the app has said it. */
static int64_t content_length_in(PyObject *headers)
{
    Py_ssize_t count = PyList_Check(headers) ? PyList_Size(headers) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *header = PyList_GetItem(headers, i);
        bool is_pair = PyTuple_Check(header) && PyTuple_Size(header) == 2;
        PyObject *name = is_pair ? PyTuple_GetItem(header, 0) : NULL;
        if (!name || !PyUnicode_Check(name) ||
            PyUnicode_CompareWithASCIIString(name, "Content-Length") != 0)
            continue;
        PyObject *number = PyNumber_Long(PyTuple_GetItem(header, 1));
        long long length = number ? PyLong_AsLongLong(number) : -1;
        error_clear();
        Py_XDECREF(number);
        return length;
    }
    return -1;
}

static bool headers_record(exchange_object *self, PyObject *headers)
{
    PyObject *read = self->tracer->parts[PART_RESPONSE_HEADERS];
    if (!read || !self->is_server)
        return true;
    return set_attributes(self, PyObject_CallFunctionObjArgs(read, headers, NULL));
}

static void status_keep(exchange_object *self, PyObject *status)
{
    PyObject *former = self->status;
    self->status = Py_NewRef(status);
    Py_XDECREF(former);
}

static bool answer_record(exchange_object *self, PyObject *status, PyObject *headers)
{
    PyObject *const *parts = self->tracer->parts;
    if (parts[PART_RESPONSE_PROPAGATE] &&
        !call_and_forget(parts[PART_RESPONSE_PROPAGATE], headers, NULL, NULL))
        return false;
    status_keep(self, status);
    self->bytes_left = content_length_in(headers);
    return !PyErr_Occurred() && status_record(self, status) && headers_record(self, headers) &&
           (!parts[PART_RESPONSE_HOOK] ||
            call_and_forget(parts[PART_RESPONSE_HOOK], self->span, status, headers));
}

/* The app calls it as the server's start_response. */
static PyObject *exchange_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    exchange_object *self = (exchange_object *)object;
    if (!self->start_response) {
        PyErr_SetString(PyExc_RuntimeError, "the answer to this request has left already");
        return NULL;
    }
    PyObject *start_response = Py_NewRef(self->start_response); /* a hook may close the body */
    const bool is_well =
        !self->span || PyTuple_Size(arguments) < 2 ||
        answer_record(self, PyTuple_GetItem(arguments, 0), PyTuple_GetItem(arguments, 1));
    PyObject *write = is_well ? PyObject_Call(start_response, arguments, keywords) : NULL;
    Py_DECREF(start_response);
    return write;
}

static int exchange_traverse(PyObject *object, visitproc visit, void *arg)
{
    exchange_object *self = (exchange_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->tracer);
    Py_VISIT(self->start_response);
    Py_VISIT(self->span);
    Py_VISIT(self->context);
    Py_VISIT(self->token);
    Py_VISIT(self->status);
    Py_VISIT(self->route);
    return 0;
}

static int exchange_clear(PyObject *object)
{
    exchange_object *self = (exchange_object *)object;
    if (!exchange_end(self))
        PyErr_WriteUnraisable(self->span); /* nobody is there to be told */
    Py_CLEAR(self->start_response);
    Py_CLEAR(self->span);
    Py_CLEAR(self->context);
    Py_CLEAR(self->token);
    Py_CLEAR(self->status);
    Py_CLEAR(self->route);
    return 0;
}

static void exchange_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    (void)exchange_clear(object); /* it answers 0 always */
    Py_CLEAR(((exchange_object *)object)->tracer);
    object_free(object);
}

static PyType_Slot exchange_slots[] = {
    {Py_tp_doc, "One request to a Flask app, and its answer: start_response for the app."},
    {Py_tp_dealloc, (void *)exchange_dealloc},
    {Py_tp_traverse, (void *)exchange_traverse},
    {Py_tp_clear, (void *)exchange_clear},
    {Py_tp_call, (void *)exchange_call},
    {0, NULL},
};

static PyType_Spec exchange_spec = {
    .name = "impact_stack.observability._core.Exchange",
    .basicsize = sizeof(exchange_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = exchange_slots,
};

PyObject *exchange_type_make(PyObject *module)
{
    return type_make(module, &exchange_spec);
}
