/* Span contexts between Python and C, and the parent that a Context holds. */
#include "core.h"

#include <string.h>

/* The big-endian bytes of an int. False, without an exception, when it does not fit. */
static bool id_read(uint8_t *bytes, Py_ssize_t size, PyObject *object, const char *attribute)
{
    PyObject *number = PyObject_GetAttrString(object, attribute);
    PyObject *encoded = number ? PyObject_CallMethod(number, "to_bytes", "ns", size, "big") : NULL;
    bool is_read = encoded && PyBytes_Check(encoded) && PyBytes_Size(encoded) == size;
    if (is_read)
        memcpy(bytes, PyBytes_AsString(encoded), (size_t)size);
    else
        PyErr_Clear();
    Py_XDECREF(encoded);
    Py_XDECREF(number);
    return is_read;
}

static uint8_t flags_read(PyObject *object)
{
    PyObject *flags = PyObject_GetAttrString(object, "trace_flags");
    long value = flags && PyLong_Check(flags) ? PyLong_AsLong(flags) : 0;
    PyErr_Clear();
    Py_XDECREF(flags);
    return (uint8_t)(value & 0xff);
}

static bool is_true(PyObject *object, const char *attribute)
{
    PyObject *value = PyObject_GetAttrString(object, attribute);
    bool is_true = value && PyObject_IsTrue(value) == 1;
    PyErr_Clear();
    Py_XDECREF(value);
    return is_true;
}

/* Most traces have no trace state, and an empty one is false. */
static held_text trace_state_read(PyObject *object)
{
    held_text held = {.owner = NULL};
    PyObject *trace_state = PyObject_GetAttrString(object, "trace_state");
    PyObject *header = trace_state && PyObject_IsTrue(trace_state) == 1
                           ? PyObject_CallMethod(trace_state, "to_header", NULL)
                           : NULL;
    PyErr_Clear();
    if (header)
        held = held_text_of(header);
    Py_XDECREF(header);
    Py_XDECREF(trace_state);
    return held;
}

bool span_context_read(impact_span_context *context, held_text *trace_state, PyObject *object)
{
    impact_span_context read = {.is_remote = is_true(object, "is_remote"),
                                .trace_flags = flags_read(object)};
    if (!id_read(read.trace_id.bytes, sizeof read.trace_id.bytes, object, "trace_id") ||
        !id_read(read.span_id.bytes, sizeof read.span_id.bytes, object, "span_id") ||
        !impact_span_context_is_valid(&read))
        return false;
    *trace_state = trace_state_read(object);
    read.trace_state = trace_state->text;
    *context = read;
    return true;
}

static PyObject *trace_state_make(core_state *state, impact_text text)
{
    if (text.size == 0)
        return Py_NewRef(Py_None); /* SpanContext makes the default one of it */
    return PyObject_CallFunction(state->python[TRACE_STATE_FROM_TEXT], "s#", text.data,
                                 (Py_ssize_t)text.size);
}

PyObject *span_context_make(core_state *state, const impact_span_context *context)
{
    char trace_id[33];
    char span_id[17];
    impact_trace_id_format(trace_id, &context->trace_id);
    impact_span_id_format(span_id, &context->span_id);
    PyObject *trace = PyLong_FromString(trace_id, NULL, 16);
    PyObject *span = PyLong_FromString(span_id, NULL, 16);
    PyObject *flags = PyObject_CallFunction(state->python[TRACE_FLAGS_CLASS], "i",
                                            (int)context->trace_flags);
    PyObject *trace_state = trace_state_make(state, context->trace_state);
    PyObject *made = NULL;
    if (trace && span && flags && trace_state)
        made = PyObject_CallFunctionObjArgs(state->python[SPAN_CONTEXT_CLASS], trace, span,
                                            context->is_remote ? Py_True : Py_False, flags,
                                            trace_state, NULL);
    Py_XDECREF(trace_state);
    Py_XDECREF(flags);
    Py_XDECREF(span);
    Py_XDECREF(trace);
    return made;
}

/* The span that a Context holds: a new reference, or NULL without an exception. */
static PyObject *span_in(core_state *state, PyObject *context)
{
    PyObject *span = NULL;
    if (PyDict_Check(context)) {
        span = PyDict_GetItemWithError(context, state->python[SPAN_KEY]);
        Py_XINCREF(span);
    } else {
        span = PyObject_CallMethod(context, "get", "O", state->python[SPAN_KEY]);
    }
    PyErr_Clear();
    return span;
}

static PyObject *span_find(core_state *state, PyObject *context)
{
    if (context && context != Py_None)
        return span_in(state, context);
    PyObject *current = PyObject_CallNoArgs(state->python[CURRENT_CONTEXT]);
    if (!current) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *span = span_in(state, current);
    Py_DECREF(current);
    return span;
}

/* What is not a Span by the API's own word is no parent, as in its get_current_span. */
static void parent_read_foreign(span_parent *parent, core_state *state)
{
    if (PyObject_IsInstance(parent->span, state->python[API_SPAN_CLASS]) == 1) {
        PyObject *context = PyObject_CallMethod(parent->span, "get_span_context", NULL);
        if (context)
            parent->is_valid = span_context_read(&parent->context, &parent->trace_state, context);
        Py_XDECREF(context);
    }
    PyErr_Clear();
}

void span_parent_find(span_parent *parent, core_state *state, PyObject *context)
{
    parent->is_valid = false;
    parent->trace_state.owner = NULL;
    parent->span = span_find(state, context);
    if (!parent->span)
        return;
    span_object *ours = (PyObject *)Py_TYPE(parent->span) == state->python[SPAN_CLASS]
                            ? (span_object *)parent->span
                            : NULL;
    if (ours && (ours->span || !ours->span_context)) {
        parent->is_valid = impact_span_context_is_valid(&ours->context);
        parent->context = ours->context;
        return;
    }
    parent_read_foreign(parent, state);
}

void span_parent_clear(span_parent *parent)
{
    held_text_clear(&parent->trace_state);
    Py_CLEAR(parent->span);
}
