/* CurrentSpan: a span that is the current one while a block runs, or each call of a function.
 *
 * DESIGN: it is what the API makes of a generator and contextlib, in one object. The span starts
 * when the block is entered, so that a decorator gives each call a span of its own. What happens
 * for an exception is rare, and said in Python (current.py). */
#include "core.h"

#define START_ARGUMENT_COUNT (ARGUMENT_COUNT + 1) /* end_on_exit follows those of start_span */

typedef struct current_object {
    PyObject_HEAD core_state *state;
    tracer_object *tracer;            /* owned; NULL: the span was given */
    PyObject *values[ARGUMENT_COUNT]; /* owned; what the span starts with */
    PyObject *span;                   /* owned; NULL before it starts */
    PyObject *token;                  /* owned; NULL outside the block */
    bool ends_span;
    bool records_exception;
    bool sets_status;
} current_object;

static current_object *current_new(core_state *state)
{
    PyTypeObject *type = (PyTypeObject *)state->current_type;
    current_object *self = (current_object *)PyType_GenericAlloc(type, 0);
    if (self)
        self->state = state;
    return self;
}

static void values_take(current_object *self, PyObject *const *values)
{
    for (int i = 0; i < ARGUMENT_COUNT; i++)
        self->values[i] = Py_XNewRef(values[i]);
}

static const char *const start_argument_names[] = {START_SPAN_ARGUMENT_NAMES, "end_on_exit", NULL};

PyObject *current_span_start(PyObject *tracer, PyObject *const *arguments, Py_ssize_t count,
                             PyObject *keyword_names)
{
    PyObject *values[START_ARGUMENT_COUNT] = {NULL};
    if (!arguments_read(start_argument_names, values, arguments, count, keyword_names))
        return NULL;
    current_object *self = current_new(((tracer_object *)tracer)->state);
    if (!self)
        return NULL;
    self->tracer = (tracer_object *)Py_NewRef(tracer);
    values_take(self, values);
    self->records_exception = flag_of(values[ARGUMENT_RECORD_EXCEPTION]);
    self->sets_status = flag_of(values[ARGUMENT_SET_STATUS]);
    self->ends_span = flag_of(values[ARGUMENT_COUNT]);
    if (PyErr_Occurred())
        Py_CLEAR(self);
    return (PyObject *)self;
}

PyObject *current_span_use(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *keyword_names)
{
    static const char *const names[] = {"span", "end_on_exit", "record_exception",
                                        "set_status_on_exception", NULL};
    PyObject *values[] = {NULL, Py_False, Py_True, Py_True};
    core_state *state = PyModule_GetState(module);
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    current_object *self = current_new(state);
    if (!self)
        return NULL;
    self->span = Py_NewRef(values[0]);
    self->ends_span = flag_of(values[1]);
    self->records_exception = flag_of(values[2]);
    self->sets_status = flag_of(values[3]);
    if (PyErr_Occurred())
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* Another one for the same: what a decorator enters for each call. */
static PyObject *current_again(PyObject *object, PyObject *unused)
{
    (void)unused;
    current_object *self = (current_object *)object;
    current_object *other = current_new(self->state);
    if (!other)
        return NULL;
    other->tracer = (tracer_object *)Py_XNewRef((PyObject *)self->tracer);
    values_take(other, self->values);
    other->span = self->tracer ? NULL : Py_NewRef(self->span);
    other->ends_span = self->ends_span;
    other->records_exception = self->records_exception;
    other->sets_status = self->sets_status;
    return (PyObject *)other;
}

static bool span_begin(current_object *self)
{
    if (!self->tracer)
        return true;
    PyObject *span = tracer_span_start(self->tracer, self->values);
    PyObject *former = self->span;
    self->span = span;
    Py_XDECREF(former);
    return span != NULL;
}

static PyObject *current_enter(PyObject *object, PyObject *unused)
{
    (void)unused;
    current_object *self = (current_object *)object;
    if (self->token) {
        PyErr_SetString(PyExc_RuntimeError, "this block was entered already");
        return NULL;
    }
    if (!span_begin(self))
        return NULL;
    self->token = span_attach(self->state, self->span);
    return self->token ? Py_NewRef(self->span) : NULL;
}

/* The host's exception is on its way: what goes wrong here must not take its place. False with an
 * exception that is meant for the program. */
static bool error_record(const current_object *self, PyObject *span, PyObject *error)
{
    PyObject *recorded = PyObject_CallFunctionObjArgs(
        self->state->python[RECORD_ERROR], span, error,
        self->records_exception ? Py_True : Py_False, self->sets_status ? Py_True : Py_False, NULL);
    const bool is_well = recorded || error_forget(span);
    Py_XDECREF(recorded);
    return is_well;
}

/* Whatever is set already; what it raises takes the place of that. */
static bool span_end(const current_object *self, PyObject *span)
{
    const held_error held = held_error_take();
    PyObject *ended = PyObject_CallMethodObjArgs(span, self->state->names[NAME_END], NULL);
    held_error_settle(held);
    Py_XDECREF(ended);
    return ended != NULL;
}

/* What is no Exception is no error: GeneratorExit, SystemExit (opentelemetry-python 4484). */
static bool span_leave(const current_object *self, PyObject *span, PyObject *error)
{
    bool is_well = true;
    if (error != Py_None && PyErr_GivenExceptionMatches(error, PyExc_Exception))
        is_well = error_record(self, span, error);
    if (self->ends_span)
        is_well = span_end(self, span) && is_well;
    return is_well;
}

/* What is called here may enter the block again, which has another span then. */
static PyObject *current_exit(PyObject *object, PyObject *const *arguments, Py_ssize_t count)
{
    current_object *self = (current_object *)object;
    PyObject *token = self->token;
    self->token = NULL;
    if (!token)
        Py_RETURN_FALSE;
    PyObject *span = Py_NewRef(self->span);
    span_detach(self->state, token);
    const held_error detached = held_error_take();
    const bool is_well = span_leave(self, span, count > 1 ? arguments[1] : Py_None);
    held_error_settle(detached);
    Py_DECREF(span);
    if (!is_well || PyErr_Occurred())
        return NULL;
    Py_RETURN_FALSE;
}

static PyObject *current_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    PyObject *function = NULL;
    static char *names[] = {"func", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:CurrentSpan", names, &function))
        return NULL;
    core_state *state = ((current_object *)object)->state;
    return PyObject_CallFunctionObjArgs(state->python[DECORATE], object, function, NULL);
}

static int current_traverse(PyObject *object, visitproc visit, void *arg)
{
    current_object *self = (current_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->tracer);
    for (int i = 0; i < ARGUMENT_COUNT; i++)
        Py_VISIT(self->values[i]);
    Py_VISIT(self->span);
    Py_VISIT(self->token);
    return 0;
}

static int current_clear(PyObject *object)
{
    current_object *self = (current_object *)object;
    for (int i = 0; i < ARGUMENT_COUNT; i++)
        Py_CLEAR(self->values[i]);
    Py_CLEAR(self->token);
    Py_CLEAR(self->span);
    Py_CLEAR(self->tracer);
    return 0;
}

static void current_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    (void)current_clear(object); /* it answers 0 always */
    object_free(object);
}

static PyMethodDef current_methods[] = {
    {"__enter__", current_enter, METH_NOARGS,
     DOC("__enter__($self)", "Start the span, and make it the current one.")},
    {"__exit__", (PyCFunction)(void (*)(void))current_exit, METH_FASTCALL,
     DOC("__exit__($self, *exception)",
         "Make the former span the current one again; record what left the block; end the span.")},
    {"_again", current_again, METH_NOARGS, DOC("_again($self)", "Another one for the same.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot current_slots[] = {
    {Py_tp_doc, "A span that is the current one while a block runs, or each call of a function."},
    {Py_tp_dealloc, (void *)current_dealloc},
    {Py_tp_traverse, (void *)current_traverse},
    {Py_tp_clear, (void *)current_clear},
    {Py_tp_call, (void *)current_call},
    {Py_tp_methods, current_methods},
    {0, NULL},
};

static PyType_Spec current_spec = {
    .name = "impact_stack.observability._core.CurrentSpan",
    .basicsize = sizeof(current_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = current_slots,
};

PyObject *current_type_make(PyObject *module)
{
    return type_make(module, &current_spec);
}
