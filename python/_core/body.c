/* ResponseBody: the body of an answer on its way to the server; the request's span ends with it.
 *
 * DESIGN: a body may be made while it is sent (a generator). Its code then runs with the Context of
 * the request, which is taken back after each piece: the server's thread does other things in
 * between. A span ends with the last byte: when the length that was said is reached, the body is at
 * its end, or the server closes it, as it does when the client has gone; and at the latest when
 * nobody holds the body any more. */
#include "flask.h"

typedef struct body_object {
    PyObject_HEAD exchange_object *exchange; /* owned */
    PyObject *body;                          /* owned: what the app returned */
    PyObject *iterator;                      /* owned; NULL before the first piece */
    bool is_over;                            /* none of its code is left to run */
} body_object;

/* PyObject_HasAttr() swallows what is meant for the program; here it stays set. */
static bool has_read(core_state *state, PyObject *body)
{
    PyObject *read = PyObject_GetAttr(body, state->names[NAME_READ]);
    error_clear();
    Py_XDECREF(read);
    return read != NULL;
}

/* Servers send files themselves, where they find the very object that they gave (PEP 3333,
 * "Optional Platform-Specific File Handling"), or a file. */
static bool is_file(core_state *state, PyObject *body, PyObject *environ)
{
    PyObject *wrapper = PyDict_GetItemWithError(environ, state->http_names[ENVIRON_FILE_WRAPPER]);
    PyErr_Clear();
    if (!wrapper)
        return false;
    return (PyObject *)Py_TYPE(body) == wrapper || has_read(state, body);
}

static bool is_complete(core_state *state, PyObject *body, PyObject *environ)
{
    return PyTuple_CheckExact(body) || PyList_CheckExact(body) || is_file(state, body, environ);
}

PyObject *body_of(exchange_object *exchange, PyObject *result, PyObject *environ)
{
    core_state *state = exchange->tracer->state;
    if (exchange->is_excluded)
        return result;
    if (is_complete(state, result, environ) || PyErr_Occurred()) {
        (void)exchange_close(exchange); /* or an exception is set */
        if (PyErr_Occurred())
            Py_CLEAR(result);
        return result;
    }
    body_object *self = (body_object *)PyType_GenericAlloc((PyTypeObject *)state->body_type, 0);
    if (!self) {
        Py_DECREF(result);
        return NULL;
    }
    self->exchange = (exchange_object *)Py_NewRef((PyObject *)exchange);
    self->body = result;
    return (PyObject *)self;
}

/* What is current when a piece is made stays so for the next one: generators keep spans open. An
 * exception that is set afterwards is meant for the program. */
static void context_keep(exchange_object *exchange)
{
    PyObject *current = PyObject_CallNoArgs(exchange->tracer->state->python[CURRENT_CONTEXT]);
    if (!current) {
        error_clear();
        return;
    }
    PyObject *former = exchange->context;
    exchange->context = current;
    Py_XDECREF(former);
}

/* The body's code has run: its Context is kept, and what it raised is recorded and stays set,
 * unless something is raised meanwhile that is meant for the program. */
static void body_leave(exchange_object *exchange)
{
    const held_error raised = held_error_take();
    context_keep(exchange);
    exchange_leave(exchange);
    const held_error left = held_error_take();
    if (raised.error)
        (void)exchange_record(exchange, raised.error); /* or another one is set */
    held_error_settle(left);
    held_error_settle(raised);
}

static bool piece_count(exchange_object *exchange, PyObject *piece)
{
    if (exchange->bytes_left < 0 || !PyBytes_Check(piece))
        return true;
    exchange->bytes_left -= PyBytes_Size(piece);
    return exchange->bytes_left > 0 || exchange_end(exchange);
}

static PyObject *piece_next(body_object *self)
{
    if (!self->iterator)
        self->iterator = PyObject_GetIter(self->body);
    return self->iterator ? PyIter_Next(self->iterator) : NULL;
}

static PyObject *body_next(PyObject *object)
{
    body_object *self = (body_object *)object;
    exchange_object *exchange = self->exchange;
    if (!exchange_enter(exchange))
        return NULL;
    PyObject *piece = piece_next(self);
    self->is_over = !piece;
    body_leave(exchange);
    if (PyErr_Occurred())
        Py_CLEAR(piece);
    if (piece ? !piece_count(exchange, piece) : !exchange_end(exchange))
        Py_CLEAR(piece);
    return piece;
}

/* The body's own close, where it has one. */
static PyObject *close_call(body_object *self)
{
    PyObject *close =
        PyObject_GetAttr(self->body, self->exchange->tracer->state->names[NAME_CLOSE]);
    if (!close) {
        error_clear();
        return none_or_raised();
    }
    PyObject *closed = PyObject_CallNoArgs(close);
    Py_DECREF(close);
    return closed;
}

static PyObject *body_close(PyObject *object, PyObject *unused)
{
    (void)unused;
    body_object *self = (body_object *)object;
    exchange_object *exchange = self->exchange;
    (void)exchange_enter(exchange); /* or an exception is set; likewise below */
    const held_error entered = held_error_take();
    PyObject *closed = close_call(self);
    self->is_over = true;
    body_leave(exchange);
    held_error_settle(entered);
    (void)exchange_close(exchange);
    if (PyErr_Occurred())
        Py_CLEAR(closed);
    return closed;
}

static int body_traverse(PyObject *object, visitproc visit, void *arg)
{
    body_object *self = (body_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->exchange);
    Py_VISIT(self->body);
    Py_VISIT(self->iterator);
    return 0;
}

/* Let go of what the app returned, when nobody has closed it: a generator that is left so ends now,
 * and puts back the Context that it found. That has to be gone with the request afterwards, and not
 * stay with whoever lets go. */
static void body_drop(body_object *self)
{
    const bool is_entered = self->exchange && !self->is_over;
    if (is_entered && !exchange_enter(self->exchange))
        PyErr_WriteUnraisable((PyObject *)self); /* nobody is there to be told; likewise below */
    Py_CLEAR(self->iterator);
    Py_CLEAR(self->body);
    if (is_entered)
        exchange_leave(self->exchange);
    if (PyErr_Occurred() || (self->exchange && !exchange_close(self->exchange)))
        PyErr_WriteUnraisable((PyObject *)self);
}

static int body_clear(PyObject *object)
{
    body_object *self = (body_object *)object;
    const held_error held = held_error_take();
    body_drop(self);
    Py_CLEAR(self->exchange);
    held_error_restore(held);
    return 0;
}

static void body_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    (void)body_clear(object); /* it answers 0 always */
    object_free(object);
}

static PyMethodDef body_methods[] = {
    {"close", body_close, METH_NOARGS,
     DOC("close($self)", "Close the body; the request's span ends.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot body_slots[] = {
    {Py_tp_doc, "The body of an answer on its way to the server."},
    {Py_tp_dealloc, (void *)body_dealloc},
    {Py_tp_traverse, (void *)body_traverse},
    {Py_tp_clear, (void *)body_clear},
    {Py_tp_iter, (void *)PyObject_SelfIter},
    {Py_tp_iternext, (void *)body_next},
    {Py_tp_methods, body_methods},
    {0, NULL},
};

static PyType_Spec body_spec = {
    .name = "impact_stack.observability._core.ResponseBody",
    .basicsize = sizeof(body_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = body_slots,
};

PyObject *body_type_make(PyObject *module)
{
    return type_make(module, &body_spec);
}
