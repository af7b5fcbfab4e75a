/* Tracer: starts spans. */
#include "core.h"

#define LINK_LIMIT 1024 /* links given to one span at its start; the core keeps 128 by default */

static const char *const argument_names[] = {START_SPAN_ARGUMENT_NAMES, NULL};

/* SpanKind.INTERNAL is the first; what is no SpanKind is internal. */
static uint8_t kind_index(core_state *state, PyObject *kind)
{
    PyObject *kinds = state->python[SPAN_KINDS];
    Py_ssize_t count = kind ? PyTuple_Size(kinds) : 0;
    for (Py_ssize_t i = 1; i < count; i++) {
        if (PyTuple_GetItem(kinds, i) == kind)
            return (uint8_t)i;
    }
    return 0;
}

/* One opentelemetry.trace.Link. What is none is left out. */
static void link_add(impact_span *span, core_state *state, PyObject *object)
{
    PyObject *context_object = PyObject_GetAttr(object, state->names[NAME_CONTEXT]);
    PyObject *attributes =
        context_object ? PyObject_GetAttr(object, state->names[NAME_ATTRIBUTES]) : NULL;
    error_clear();
    impact_span_context context;
    if (context_object && !PyErr_Occurred() && span_context_read(state, &context, context_object)) {
        attribute_list list;
        attribute_list_fill(&list, state, attributes);
        impact_span_add_link(span, &(impact_link){.context = &context,
                                                  .attributes = list.items,
                                                  .attribute_count = list.count});
        attribute_list_clear(&list);
    }
    Py_XDECREF(attributes);
    Py_XDECREF(context_object);
}

/* Links are rare: they are added one by one, to a span that nobody else has yet. */
static void links_add(impact_span *span, core_state *state, PyObject *links)
{
    PyObject *sequence = PySequence_List(links);
    Py_ssize_t count = sequence ? PyList_Size(sequence) : 0;
    for (Py_ssize_t i = 0; i < count && i < LINK_LIMIT && !PyErr_Occurred(); i++)
        link_add(span, state, PyList_GetItem(sequence, i));
    error_clear();
    Py_XDECREF(sequence);
}

/* NULL with an exception: it is not to be started. */
static impact_span *core_span_ask(tracer_object *self, PyObject *const *values,
                                  const span_parent *parent, const char *name,
                                  const impact_span_options *options)
{
    span_answers answers;
    if (PyErr_Occurred() || !answers_ask(&answers, self->provider, parent, values))
        return NULL;
    answers_show(&answers);
    impact_span *span = impact_span_start(self->tracer, name, options);
    answers_show(NULL);
    answers_clear(&answers);
    return span;
}

/* A sampler in Python is given the very mapping, and may change it. */
static void start_attributes_fill(tracer_object *self, attribute_list *list, PyObject *mapping)
{
    if (asks_python(self->provider))
        attribute_list_fill_copied(list, self->state, mapping);
    else
        attribute_list_fill(list, self->state, mapping);
}

/* NULL: the core starts none; with an exception, it was not to be asked. */
static impact_span *core_span_start(tracer_object *self, PyObject *const *values,
                                    const span_parent *parent, uint8_t kind)
{
    held_text name = held_text_of(values[ARGUMENT_NAME]);
    attribute_list list;
    start_attributes_fill(self, &list, values[ARGUMENT_ATTRIBUTES]);
    /* The C core's own current span is another thread's business: Python's Context alone decides.
     * */
    const impact_span_options *options =
        IMPACT_SPAN_OPTIONS(.kind = (impact_span_kind)(kind + IMPACT_SPAN_KIND_INTERNAL),
                            .parent = parent->is_valid ? &parent->context : NULL,
                            .is_root = !parent->is_valid,
                            .start_unix_ns = unix_ns_of(values[ARGUMENT_START_TIME]),
                            .attributes = list.items, .attribute_count = list.count,
                            .name_size = name.text.size);
    impact_span *span = NULL;
    if (asks_python(self->provider))
        span = core_span_ask(self, values, parent, name.text.data, options);
    else if (!PyErr_Occurred())
        span = impact_span_start(self->tracer, name.text.data, options);
    attribute_list_clear(&list);
    held_text_clear(&name);
    if (span && values[ARGUMENT_LINKS] && values[ARGUMENT_LINKS] != Py_None)
        links_add(span, self->state, values[ARGUMENT_LINKS]);
    return span;
}

static PyObject *span_wrap(tracer_object *self, impact_span *span, PyObject *const *values,
                           const span_parent *parent, uint8_t kind)
{
    span_object *object = span_object_new(self, span, values[ARGUMENT_NAME], parent);
    if (!object) {
        impact_span_end(span);
        return NULL;
    }
    object->kind = kind;
    object->records_exceptions = flag_of(values[ARGUMENT_RECORD_EXCEPTION]);
    object->sets_status = flag_of(values[ARGUMENT_SET_STATUS]);
    if (PyErr_Occurred())
        Py_CLEAR(object); /* with which the span ends */
    return (PyObject *)object;
}

/* Tell the processors in Python. False with an exception that is meant for the program. */
static bool span_announce(tracer_object *self, PyObject *span, PyObject *context)
{
    if (!self->provider->is_listened ||
        (PyObject *)Py_TYPE(span) != self->state->python[SPAN_CLASS])
        return true;
    PyObject *told =
        PyObject_CallMethodObjArgs((PyObject *)self->provider, self->state->names[NAME_ON_START],
                                   span, context ? context : Py_None, NULL);
    const bool is_well = told || error_forget(span);
    Py_XDECREF(told);
    return is_well;
}

/* Where the core starts nothing, the parent's context is passed on (specification, trace/api
 * "Behavior of the API in the absence of an installed SDK"). */
static PyObject *span_without_core(core_state *state, const span_parent *parent)
{
    if (!parent->is_valid)
        return Py_NewRef(state->python[INVALID_SPAN]);
    PyObject *context = span_context_make(state, &parent->context);
    if (!context)
        return NULL;
    PyObject *span =
        PyObject_CallFunctionObjArgs(state->python[NON_RECORDING_SPAN_CLASS], context, NULL);
    Py_DECREF(context);
    return span;
}

PyObject *tracer_span_start(tracer_object *self, PyObject *const *values)
{
    span_parent parent;
    if (!span_parent_find(&parent, self->state, values[ARGUMENT_CONTEXT]))
        return NULL;
    uint8_t kind = kind_index(self->state, values[ARGUMENT_KIND]);
    impact_span *span = core_span_start(self, values, &parent, kind);
    PyObject *started = NULL;
    if (span && PyErr_Occurred())
        impact_span_end(span); /* nobody else will */
    else if (span)
        started = span_wrap(self, span, values, &parent, kind);
    else if (!PyErr_Occurred())
        started = span_without_core(self->state, &parent);
    span_parent_clear(&parent);
    if (started && !span_announce(self, started, values[ARGUMENT_CONTEXT])) {
        span_object_end(started); /* nobody else will */
        Py_CLEAR(started);
    }
    return started;
}

static PyObject *tracer_start_span(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                   PyObject *keyword_names)
{
    tracer_object *self = (tracer_object *)object;
    PyObject *values[ARGUMENT_COUNT] = {NULL};
    if (!arguments_read(argument_names, values, arguments, count, keyword_names))
        return NULL;
    return tracer_span_start(self, values);
}

/* There is no clear: the methods need the provider, and what it leads to can be cleared. */
static int tracer_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((tracer_object *)object)->provider);
    return 0;
}

static void tracer_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    Py_XDECREF((PyObject *)((tracer_object *)object)->provider);
    object_free(object);
}

static PyObject *tracer_get_provider(PyObject *object, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((tracer_object *)object)->provider);
}

static PyMethodDef tracer_methods[] = {
    {"start_span", FAST(tracer_start_span),
     DOC("start_span($self, name, context=None, kind=None, attributes=None, links=None, "
         "start_time=None, record_exception=True, set_status_on_exception=True)",
         "Start a span without making it current.")},
    {"start_as_current_span", FAST(current_span_start),
     DOC("start_as_current_span($self, name, context=None, kind=None, attributes=None, "
         "links=None, start_time=None, record_exception=True, "
         "set_status_on_exception=True, end_on_exit=True)",
         "Start a span and make it current: for `with`, or as a decorator.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef tracer_properties[] = {
    {"_provider", tracer_get_provider, NULL, "The TracerProvider that made it.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot tracer_slots[] = {
    {Py_tp_doc, "A tracer of the C core. Providers make them."},
    {Py_tp_dealloc, (void *)tracer_dealloc},
    {Py_tp_traverse, (void *)tracer_traverse},
    {Py_tp_methods, tracer_methods},
    {Py_tp_getset, tracer_properties},
    {0, NULL},
};

static PyType_Spec tracer_spec = {
    .name = "impact_stack.observability._core.Tracer",
    .basicsize = sizeof(tracer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = tracer_slots,
};

PyObject *tracer_type_make(PyObject *module)
{
    return type_make(module, &tracer_spec);
}
