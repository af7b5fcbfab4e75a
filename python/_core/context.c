/* Span contexts between Python and C, and the parent that a Context holds. */
#include "core.h"

#include <string.h>

#include <impact/propagation.h>

static PyObject *attribute_get(core_state *state, PyObject *object, attribute_name name)
{
    return PyObject_GetAttr(object, state->names[name]);
}

/* `number.to_bytes(size, "big")`; NULL with an exception. */
static PyObject *bytes_of(core_state *state, PyObject *number, size_t size)
{
    PyObject *length = PyLong_FromSize_t(size);
    PyObject *bytes = length ? PyObject_CallMethodObjArgs(number, state->names[NAME_TO_BYTES],
                                                          length, state->names[NAME_BIG], NULL)
                             : NULL;
    Py_XDECREF(length);
    return bytes;
}

bool id_bytes_read(core_state *state, uint8_t *bytes, size_t size, PyObject *number)
{
    PyObject *encoded = bytes_of(state, number, size);
    const bool is_read = encoded && PyBytes_Check(encoded) && (size_t)PyBytes_Size(encoded) == size;
    if (is_read)
        memcpy(bytes, PyBytes_AsString(encoded), size);
    else
        error_clear();
    Py_XDECREF(encoded);
    return is_read;
}

/* What reads a foreign context may run Python code. What that raises says that there is nothing to
 * read, unless it is meant for the program: then it stays set, and what is read is of no use. */

/* The id that `object` has under a name. False: it has none. */
static bool id_read(core_state *state, uint8_t *bytes, size_t size, PyObject *object,
                    attribute_name name)
{
    PyObject *number = attribute_get(state, object, name);
    const bool is_read = number && id_bytes_read(state, bytes, size, number);
    error_clear();
    Py_XDECREF(number);
    return is_read;
}

static uint8_t flags_read(core_state *state, PyObject *object)
{
    PyObject *flags = attribute_get(state, object, NAME_TRACE_FLAGS);
    long value = flags && PyLong_Check(flags) ? PyLong_AsLong(flags) : 0;
    error_clear();
    Py_XDECREF(flags);
    return (uint8_t)(value & 0xff);
}

static bool is_remote_read(core_state *state, PyObject *object)
{
    PyObject *value = attribute_get(state, object, NAME_IS_REMOTE);
    bool is_remote = value && PyObject_IsTrue(value) == 1;
    error_clear();
    Py_XDECREF(value);
    return is_remote;
}

/* Most traces have no trace state, and an empty one is false. One that is not valid is left out. */
static void trace_state_read(core_state *state, impact_trace_state *read, PyObject *object)
{
    read->text[0] = '\0';
    PyObject *trace_state = attribute_get(state, object, NAME_TRACE_STATE);
    PyObject *header =
        trace_state && PyObject_IsTrue(trace_state) == 1
            ? PyObject_CallMethodObjArgs(trace_state, state->names[NAME_TO_HEADER], NULL)
            : NULL;
    error_clear();
    if (header) {
        held_text held = held_text_of(header);
        (void)impact_trace_state_parse(read, held.text);
        held_text_clear(&held);
    }
    Py_XDECREF(header);
    Py_XDECREF(trace_state);
}

bool span_context_read(core_state *state, impact_span_context *context, PyObject *object)
{
    impact_span_context read;
    if (!id_read(state, read.trace_id.bytes, sizeof read.trace_id.bytes, object, NAME_TRACE_ID) ||
        !id_read(state, read.span_id.bytes, sizeof read.span_id.bytes, object, NAME_SPAN_ID))
        return false;
    read.trace_flags = flags_read(state, object);
    if (!PyErr_Occurred())
        read.is_remote = is_remote_read(state, object);
    if (!PyErr_Occurred())
        trace_state_read(state, &read.trace_state, object);
    if (PyErr_Occurred())
        return false;
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

PyObject *trace_id_object(const impact_trace_id *id)
{
    char text[33];
    impact_trace_id_format(text, id);
    return PyLong_FromString(text, NULL, 16);
}

PyObject *span_context_make(core_state *state, const impact_span_context *context)
{
    char span_id[17];
    impact_span_id_format(span_id, &context->span_id);
    PyObject *trace = trace_id_object(&context->trace_id);
    PyObject *span = PyLong_FromString(span_id, NULL, 16);
    PyObject *flags =
        PyObject_CallFunction(state->python[TRACE_FLAGS_CLASS], "i", (int)context->trace_flags);
    PyObject *trace_state = trace_state_make(state, impact_trace_state_text(&context->trace_state));
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

/* The span that a Context holds: a new reference, or NULL. */
static PyObject *span_in(core_state *state, PyObject *context)
{
    PyObject *span = NULL;
    if (PyDict_Check(context)) {
        span = PyDict_GetItemWithError(context, state->python[SPAN_KEY]);
        Py_XINCREF(span);
    } else {
        span = PyObject_CallMethodObjArgs(context, state->names[NAME_GET], state->python[SPAN_KEY],
                                          NULL);
    }
    error_clear();
    return span;
}

static PyObject *span_find(core_state *state, PyObject *context)
{
    if (context && context != Py_None)
        return span_in(state, context);
    PyObject *current = PyObject_CallNoArgs(state->python[CURRENT_CONTEXT]);
    if (!current) {
        error_clear();
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
        parent->span_context =
            PyObject_CallMethodObjArgs(parent->span, state->names[NAME_GET_SPAN_CONTEXT], NULL);
        parent->is_valid = parent->span_context &&
                           span_context_read(state, &parent->context, parent->span_context) &&
                           impact_span_context_is_valid(&parent->context);
    }
    error_clear();
}

static bool is_own(core_state *state, PyObject *span)
{
    const PyObject *type = (PyObject *)Py_TYPE(span);
    return type == state->python[SPAN_CLASS] || type == state->python[UNSAMPLED_SPAN_CLASS];
}

bool span_parent_find(span_parent *parent, core_state *state, PyObject *context)
{
    parent->is_valid = false;
    parent->span_context = NULL;
    parent->span = span_find(state, context);
    if (!parent->span)
        return !PyErr_Occurred();
    if (is_own(state, parent->span)) {
        span_identity_show(&parent->context, ((const span_object *)parent->span)->identity);
        parent->is_valid = impact_span_context_is_valid(&parent->context);
        return true;
    }
    parent_read_foreign(parent, state);
    if (!PyErr_Occurred())
        return true;
    span_parent_clear(parent);
    return false;
}

void span_parent_clear(span_parent *parent)
{
    Py_CLEAR(parent->span_context);
    Py_CLEAR(parent->span);
}

/* The Context class forbids changes through its methods, as it is shared once it is attached. */
PyObject *span_context_with(core_state *state, PyObject *former, PyObject *span)
{
    PyObject *context = PyObject_CallNoArgs(state->python[CONTEXT_CLASS]);
    if (!context)
        return NULL;
    if (PyDict_Update(context, former) || PyDict_SetItem(context, state->python[SPAN_KEY], span)) {
        Py_DECREF(context);
        return NULL;
    }
    return context;
}

PyObject *span_current_in(core_state *state, PyObject *context)
{
    PyObject *span =
        PyDict_Check(context) ? PyDict_GetItemWithError(context, state->python[SPAN_KEY]) : NULL;
    bool is_span = span && span != state->python[INVALID_SPAN] &&
                   ((PyObject *)Py_TYPE(span) == state->python[SPAN_CLASS] ||
                    PyObject_IsInstance(span, state->python[API_SPAN_CLASS]) == 1);
    error_clear();
    return is_span ? span : NULL;
}

PyObject *span_attach(core_state *state, PyObject *span)
{
    PyObject *former = PyObject_CallNoArgs(state->python[CURRENT_CONTEXT]);
    PyObject *context = former ? span_context_with(state, former, span) : NULL;
    PyObject *token =
        context ? PyObject_CallFunctionObjArgs(state->python[ATTACH_CONTEXT], context, NULL) : NULL;
    Py_XDECREF(context);
    Py_XDECREF(former);
    return token;
}

void span_detach(core_state *state, PyObject *token)
{
    const held_error held = held_error_take();
    PyObject *detached = PyObject_CallFunctionObjArgs(state->python[DETACH_CONTEXT], token, NULL);
    if (!detached)
        error_clear();
    Py_XDECREF(detached);
    Py_DECREF(token);
    held_error_settle(held);
}

PyObject *span_w3c_headers(PyObject *module, PyObject *span)
{
    core_state *state = PyModule_GetState(module);
    if (!is_own(state, span)) {
        PyErr_SetString(PyExc_TypeError, "a span of ours is needed");
        return NULL;
    }
    impact_span_context context;
    span_identity_show(&context, ((const span_object *)span)->identity);
    char traceparent[IMPACT_TRACEPARENT_SIZE];
    impact_traceparent_format(traceparent, &context);
    const impact_text trace_state = impact_trace_state_text(&context.trace_state);
    return Py_BuildValue("sz#", traceparent, trace_state.size ? trace_state.data : NULL,
                         (Py_ssize_t)trace_state.size);
}
