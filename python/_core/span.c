/* Span: one impact_span in Python's hands until it is ended. */
#include "core.h"

/* impact_span_status and opentelemetry.trace.StatusCode have the same numbers, 0 to 2. */
#define STATUS_CODE_LIMIT 2

/* The identity of a parent: an own span's is shared. NULL without an exception: no memory. */
static span_identity *identity_of_parent(const span_parent *parent)
{
    if (parent->span_context || !parent->span)
        return span_identity_new(&parent->context, parent->span_context);
    return span_identity_retain(((span_object *)parent->span)->identity);
}

static bool identities_set(span_object *self, const span_parent *parent)
{
    const impact_span_context context = impact_span_context_of(self->span);
    self->identity = span_identity_new(&context, NULL);
    if (parent->is_valid)
        self->parent = identity_of_parent(parent);
    if (self->identity && (self->parent || !parent->is_valid))
        return true;
    (void)PyErr_NoMemory(); /* it always answers NULL */
    return false;
}

span_object *span_object_new(tracer_object *tracer, impact_span *span, PyObject *name,
                             const span_parent *parent)
{
    core_state *state = tracer->state;
    const python_name class_name =
        impact_span_is_recording(span) ? SPAN_CLASS : UNSAMPLED_SPAN_CLASS;
    PyTypeObject *type = (PyTypeObject *)state->python[class_name];
    span_object *self = (span_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->span = span;
    self->tracer = (tracer_object *)Py_NewRef((PyObject *)tracer);
    self->name = Py_NewRef(name);
    self->state = state;
    if (!identities_set(self, parent)) {
        self->span = NULL; /* it is still the caller's */
        Py_CLEAR(self);
    }
    return self;
}

PyObject *span_object_of_context(tracer_object *tracer, const impact_span_context *context)
{
    core_state *state = tracer->state;
    PyTypeObject *type = (PyTypeObject *)state->python[UNSAMPLED_SPAN_CLASS];
    span_object *self = (span_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->tracer = (tracer_object *)Py_NewRef((PyObject *)tracer);
    self->state = state;
    self->is_foreign = true;
    self->identity = span_identity_new(context, NULL);
    if (!self->identity) {
        (void)PyErr_NoMemory(); /* it always answers NULL */
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* Keep what the span became: without memory it reads as one that recorded nothing. */
static void span_keep(void *userdata, impact_text span)
{
    span_object *self = userdata;
    self->bytes = PyBytes_FromStringAndSize(span.data, (Py_ssize_t)span.size);
    if (!self->bytes)
        PyErr_Clear();
}

static void span_finish(span_object *self, uint64_t end_unix_ns)
{
    impact_span *span = self->span;
    self->span = NULL;
    impact_span_end_showing(span, end_unix_ns, span_keep, self);
}

void span_object_end(PyObject *span)
{
    span_object *self = (span_object *)span;
    const held_error held = held_error_take();
    if (self->span)
        span_finish(self, 0);
    held_error_restore(held);
}

/* Identities are shared, and lead to nothing but numbers and text. There is no clear: the methods
 * need the tracer, and what it leads to can be cleared. */
static int span_traverse(PyObject *object, visitproc visit, void *arg)
{
    span_object *self = (span_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->tracer);
    Py_VISIT(self->name);
    return 0;
}

/* A span that nobody holds can never be ended: it ends here, as it does in other languages' scopes.
 * */
static void span_dealloc(PyObject *object)
{
    span_object *self = (span_object *)object;
    PyObject_GC_UnTrack(object);
    if (self->span)
        impact_span_end(self->span);
    span_identity_release(self->parent);
    span_identity_release(self->identity);
    Py_XDECREF(self->bytes);
    Py_XDECREF(self->name);
    Py_XDECREF((PyObject *)self->tracer);
    object_free(object);
}

static void warn(const span_object *self, const char *method, const char *what)
{
    if (PyErr_Occurred())
        return; /* the call is over */
    PyObject *warned = PyObject_CallFunction(self->state->python[WARN], "ss", method, what);
    if (!warned)
        error_clear();
    Py_XDECREF(warned);
}

/* A span that ended says so in the log and does nothing (as opentelemetry-sdk). */
static bool is_open(span_object *self, const char *method)
{
    if (!self->span && !self->is_foreign)
        warn(self, method, "was called on a span that has ended");
    return self->span != NULL;
}

/* With processors in Python, they end it; see TracerProvider._on_end. False with an exception. */
static bool span_end_heard(span_object *self, PyObject *end_time)
{
    PyObject *ended = PyObject_CallMethodObjArgs((PyObject *)self->tracer->provider,
                                                 self->state->names[NAME_ON_END], (PyObject *)self,
                                                 end_time, NULL);
    Py_XDECREF(ended);
    return ended != NULL;
}

static PyObject *span_end(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                          PyObject *keyword_names)
{
    static const char *const names[] = {"end_time", NULL};
    PyObject *values[] = {Py_None};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "end"))
        return none_or_raised();
    if (!self->tracer->provider->is_listened || !impact_span_is_recording(self->span))
        span_finish(self, unix_ns_of(values[0]));
    else if (!span_end_heard(self, values[0]))
        return NULL;
    Py_RETURN_NONE;
}

/* The end itself. True: it was still to be done. */
static PyObject *span_end_silently(PyObject *object, PyObject *end_time)
{
    span_object *self = (span_object *)object;
    if (!self->span)
        Py_RETURN_FALSE;
    span_finish(self, unix_ns_of(end_time));
    Py_RETURN_TRUE;
}

static PyObject *span_get_span_context(PyObject *object, PyObject *unused)
{
    (void)unused;
    const span_object *self = (const span_object *)object;
    return span_identity_object(self->state, self->identity);
}

static PyObject *span_is_recording(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(impact_span_is_recording(((span_object *)object)->span));
}

/* Converting may run Python code, and that may end the span: NULL is accepted by the core. */
static PyObject *span_set_attribute(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                    PyObject *keyword_names)
{
    static const char *const names[] = {"key", "value", NULL};
    PyObject *values[] = {NULL, Py_None};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "set_attribute"))
        return none_or_raised();
    attribute_list list;
    attribute_list_fill_one(&list, self->state, values[0], values[1]);
    impact_span_set_all(self->span, list.items, list.count);
    attribute_list_clear(&list);
    return none_or_raised();
}

static PyObject *span_set_attributes(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                     PyObject *keyword_names)
{
    static const char *const names[] = {"attributes", NULL};
    PyObject *values[] = {NULL};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "set_attributes"))
        return none_or_raised();
    attribute_list list;
    attribute_list_fill(&list, self->state, values[0]);
    impact_span_set_all(self->span, list.items, list.count);
    attribute_list_clear(&list);
    return none_or_raised();
}

static PyObject *span_add_event(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                PyObject *keyword_names)
{
    static const char *const names[] = {"name", "attributes", "timestamp", NULL};
    PyObject *values[] = {NULL, Py_None, Py_None};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "add_event"))
        return none_or_raised();
    held_text name = held_text_of(values[0]);
    attribute_list list;
    attribute_list_fill(&list, self->state, values[1]);
    if (!PyErr_Occurred())
        impact_span_add_event(self->span, name.text.data, unix_ns_of(values[2]), list.items,
                              list.count);
    attribute_list_clear(&list);
    held_text_clear(&name);
    return none_or_raised();
}

static PyObject *span_add_link(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                               PyObject *keyword_names)
{
    static const char *const names[] = {"context", "attributes", NULL};
    PyObject *values[] = {NULL, Py_None};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    impact_span_context context;
    if (!is_open(self, "add_link") || !span_context_read(self->state, &context, values[0]))
        return none_or_raised();
    attribute_list list;
    attribute_list_fill(&list, self->state, values[1]);
    impact_span_add_link(self->span, &(impact_link){.context = &context,
                                                    .attributes = list.items,
                                                    .attribute_count = list.count});
    attribute_list_clear(&list);
    return none_or_raised();
}

static PyObject *span_update_name(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                  PyObject *keyword_names)
{
    static const char *const names[] = {"name", NULL};
    PyObject *values[] = {NULL};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "update_name"))
        return none_or_raised();
    held_text text = held_text_of(values[0]);
    if (PyErr_Occurred())
        return NULL;
    impact_span_set_name_n(self->span, text.text.data, text.text.size);
    held_text_clear(&text);
    PyObject *former = self->name;
    self->name = Py_NewRef(values[0]);
    Py_XDECREF(former);
    return none_or_raised();
}

/* The number of a StatusCode; unset for anything that is none. */
static impact_span_status status_code_of(core_state *state, PyObject *code)
{
    PyObject *value = PyObject_GetAttr(code, state->names[NAME_VALUE]);
    long number = value && PyLong_Check(value) ? PyLong_AsLong(value) : 0;
    error_clear();
    Py_XDECREF(value);
    return number >= 0 && number <= STATUS_CODE_LIMIT ? (impact_span_status)number
                                                      : IMPACT_SPAN_STATUS_UNSET;
}

static void status_set(span_object *self, PyObject *code, PyObject *description)
{
    if (PyErr_Occurred())
        return; /* the call is over */
    impact_span_status status = status_code_of(self->state, code);
    if (PyErr_Occurred())
        return;
    if (!description || description == Py_None) {
        impact_span_set_status(self->span, status, NULL);
        return;
    }
    held_text text = held_text_of(description);
    if (!PyErr_Occurred())
        impact_span_set_status(self->span, status, text.text.data);
    held_text_clear(&text);
}

/* Takes a Status, which brings its own description, or a StatusCode and a description. */
static PyObject *span_set_status(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                 PyObject *keyword_names)
{
    static const char *const names[] = {"status", "description", NULL};
    PyObject *values[] = {NULL, Py_None};
    span_object *self = (span_object *)object;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (!is_open(self, "set_status"))
        return none_or_raised();
    PyObject *const *attributes = self->state->names;
    PyObject *code = PyObject_GetAttr(values[0], attributes[NAME_STATUS_CODE]);
    PyObject *description = code ? PyObject_GetAttr(values[0], attributes[NAME_DESCRIPTION]) : NULL;
    error_clear();
    if (code && values[1] != Py_None)
        warn(self, "set_status", "ignores the description beside a Status, which has its own");
    if (code)
        status_set(self, code, description);
    else
        status_set(self, values[0], values[1]);
    Py_XDECREF(description);
    Py_XDECREF(code);
    return none_or_raised();
}

static PyObject *span_get_name(PyObject *object, void *unused)
{
    (void)unused;
    PyObject *name = ((span_object *)object)->name;
    return Py_NewRef(name ? name : Py_None);
}

/* The API's enum member: instrumentors compare with it, and an int is never equal to it. */
static PyObject *span_get_kind(PyObject *object, void *unused)
{
    (void)unused;
    span_object *self = (span_object *)object;
    return Py_XNewRef(PyTuple_GetItem(self->state->python[SPAN_KINDS], self->kind));
}

/* opentelemetry-sdk's name for what get_span_context() returns. */
static PyObject *span_get_context(PyObject *object, void *unused)
{
    (void)unused;
    const span_object *self = (const span_object *)object;
    return span_identity_object(self->state, self->identity);
}

static PyObject *span_get_tracer(PyObject *object, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((span_object *)object)->tracer);
}

static PyObject *span_get_records_exceptions(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((span_object *)object)->records_exceptions);
}

static PyObject *span_get_sets_status(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((span_object *)object)->sets_status);
}

static PyMethodDef span_methods[] = {
    {"end", FAST(span_end),
     DOC("end($self, end_time=None)", "End the span, now or at end_time (ns).")},
    {"_end", span_end_silently, METH_O,
     DOC("_end($self, end_time, /)", "The same, and no processor in Python hears of it.")},
    {"get_span_context", span_get_span_context, METH_NOARGS,
     DOC("get_span_context($self)", "The SpanContext.")},
    {"is_recording", span_is_recording, METH_NOARGS,
     DOC("is_recording($self)", "True if sampled and not ended.")},
    {"set_attribute", FAST(span_set_attribute),
     DOC("set_attribute($self, key, value)", "Set one attribute.")},
    {"set_attributes", FAST(span_set_attributes),
     DOC("set_attributes($self, attributes)", "Set the attributes of a mapping.")},
    {"add_event", FAST(span_add_event),
     DOC("add_event($self, name, attributes=None, timestamp=None)", "Add an event.")},
    {"add_link", FAST(span_add_link),
     DOC("add_link($self, context, attributes=None)", "Add a link to another SpanContext.")},
    {"update_name", FAST(span_update_name), DOC("update_name($self, name)", "Replace the name.")},
    {"set_status", FAST(span_set_status),
     DOC("set_status($self, status, description=None)",
         "Set the status: ok is final, unset is ignored.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef span_properties[] = {
    {"name", span_get_name, NULL, "The name.", NULL},
    {"kind", span_get_kind, NULL, "The opentelemetry.trace.SpanKind.", NULL},
    {"context", span_get_context, NULL, "The SpanContext.", NULL},
    {"_tracer", span_get_tracer, NULL, "The Tracer that started it.", NULL},
    {"start_time", span_get_start_time, NULL, "When it began, in ns.", NULL},
    {"end_time", span_get_end_time, NULL, "When it ended, in ns; None before.", NULL},
    {"parent", span_get_parent, NULL, "The parent's SpanContext, or None.", NULL},
    {"attributes", span_get_attributes, NULL, "The attributes.", NULL},
    {"_status", span_get_status, NULL, "Code and description.", NULL},
    {"_events", span_get_events, NULL, "((name, time), attributes, dropped) of each.", NULL},
    {"_links", span_get_links, NULL, "(context, attributes, dropped) of each.", NULL},
    {"_dropped", span_get_dropped, NULL, "How many attributes, events, links.", NULL},
    {"_records_exceptions", span_get_records_exceptions, NULL, "Asked for at its start.", NULL},
    {"_sets_status", span_get_sets_status, NULL, "Asked for at its start.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot span_slots[] = {
    {Py_tp_doc, "A span of the C core. Tracers make them."},
    {Py_tp_dealloc, (void *)span_dealloc},
    {Py_tp_traverse, (void *)span_traverse},
    {Py_tp_methods, span_methods},
    {Py_tp_getset, span_properties},
    {0, NULL},
};

static PyType_Spec span_spec = {
    .name = "impact_stack.observability._core.Span",
    .basicsize = sizeof(span_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = span_slots,
};

PyObject *span_type_make(PyObject *module)
{
    return type_make(module, &span_spec);
}
