/* TracerProvider: opens the core's provider, and flushes and shuts it down without the GIL. */
#include "core.h"

#include <string.h>

#define EXPORTER_LIMIT 8 /* impact_trace_options */
/* For an end that Python does not hear of: uWSGI calls exit() in a worker that is busy. */
#define EXIT_TIMEOUT_MS    5000
#define DEFAULT_TIMEOUT_MS 30000 /* opentelemetry-sdk's force_flush */

typedef struct exporter_set {
    impact_exporter *items[EXPORTER_LIMIT];
    size_t count;
    impact_exporter *memory; /* borrowed from items, or NULL */
    PyObject *otlp;          /* borrowed: options of the exporter otlp, or None */
} exporter_set;

static void exporter_set_close(exporter_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        impact_exporter_close(set->items[i]);
}

static impact_status exporter_open_named(exporter_set *set, impact_exporter **exporter,
                                         const char *name)
{
    if (strcmp(name, "discard") == 0 || strcmp(name, "absent") == 0) {
        *exporter = name[0] == 'd' ? discard_exporter() : absent_exporter();
        return IMPACT_OK;
    }
    if (strcmp(name, "otlp_proto_grpc") == 0) /* whatever the environment says of protocols */
        return impact_exporter_otlp_open(
            exporter, IMPACT_OTLP_OPTIONS(.protocol = "grpc", .product = FACE_PRODUCT), NULL);
    if (strcmp(name, "otlp") == 0)
        return impact_exporter_otlp_open(exporter, IMPACT_OTLP_OPTIONS(.product = FACE_PRODUCT),
                                         NULL);
    if (strcmp(name, "memory") != 0)
        return impact_exporter_open(exporter, name, NULL);
    impact_status status = impact_exporter_memory_open(exporter, NULL);
    if (!status)
        set->memory = *exporter;
    return status;
}

/* False with an exception. */
static bool exporter_open(exporter_set *set, impact_exporter **exporter, const char *name)
{
    if (strcmp(name, "otlp") == 0 && set->otlp != Py_None)
        return otlp_exporter_open(exporter, set->otlp);
    impact_status status = exporter_open_named(set, exporter, name);
    if (status)
        raise_status(status, name);
    return status == IMPACT_OK;
}

static bool exporter_add(exporter_set *set, PyObject *object)
{
    const char *name = PyUnicode_AsUTF8AndSize(object, NULL);
    if (!name)
        return false;
    if (set->count == EXPORTER_LIMIT) {
        PyErr_SetString(PyExc_ValueError, "too many exporters");
        return false;
    }
    if (!exporter_open(set, &set->items[set->count], name))
        return false;
    set->count++;
    return true;
}

/* False with an exception, and nothing left open. */
static bool exporter_set_open(exporter_set *set, PyObject *names)
{
    if (!PyTuple_Check(names)) {
        PyErr_SetString(PyExc_TypeError, "exporters is a tuple of names");
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(names); i++) {
        if (!exporter_add(set, PyTuple_GetItem(names, i))) {
            exporter_set_close(set);
            return false;
        }
    }
    return true;
}

/* What a provider is made with: the arguments of its constructor, None where one was not given. */
typedef struct provider_arguments {
    PyObject *attributes;
    PyObject *exporters;
    PyObject *otlp;
    PyObject *sampler;      /* a form for sampler_form_read, or an object with should_sample */
    PyObject *id_generator; /* an object with generate_trace_id and generate_span_id */
    PyObject *limits;
} provider_arguments;

/* False with an exception. */
static bool sampler_read(provider_object *self, sampler_form *form, PyObject *sampler)
{
    if (sampler == Py_None || PyTuple_Check(sampler))
        return sampler_form_read(form, sampler);
    self->sampler = Py_NewRef(sampler);
    form->sampler = sampler_of_answers(self);
    return true;
}

/* The exporters are the provider's once it is open, and stay ours when it is not. */
static bool provider_open_with(provider_object *self, const provider_arguments *given,
                               const exporter_set *set)
{
    sampler_form form;
    impact_span_limits limits;
    uint32_t event_value_length = 0;
    if (!sampler_read(self, &form, given->sampler) ||
        !limits_read(&limits, &event_value_length, given->limits))
        return false;
    self->id_generator = given->id_generator == Py_None ? NULL : Py_NewRef(given->id_generator);
    impact_id_generator *ids = asks_python(self) ? ids_of_answers(self) : NULL;
    if (PyErr_Occurred())
        return false;
    attribute_list list;
    attribute_list_fill(&list, self->state, given->attributes);
    call_begin(); /* setenv() is called with the GIL */
    impact_status status = impact_tracer_provider_open_from_environment(
        &self->provider,
        IMPACT_TRACE_OPTIONS(.attributes = list.items, .attribute_count = list.count,
                             .exporters = given->exporters == Py_None ? NULL : set->items,
                             .exporter_count = set->count, .default_exporters = "none",
                             .exit_timeout_ms = EXIT_TIMEOUT_MS, .sampler = form.sampler,
                             .id_generator = ids, .limits = limits,
                             .event_value_length_limit = event_value_length));
    call_end();
    attribute_list_clear(&list);
    if (status)
        raise_status(status, "the tracer provider cannot be opened");
    return status == IMPACT_OK;
}

static bool provider_open(provider_object *self, const provider_arguments *given)
{
    exporter_set set = {.otlp = given->otlp};
    if (given->exporters != Py_None && !exporter_set_open(&set, given->exporters))
        return false;
    if (!provider_open_with(self, given, &set)) {
        exporter_set_close(&set);
        return false;
    }
    self->memory = set.memory;
    providers_add(self);
    return true;
}

/* The state belongs to the module of the C type, which subclasses in Python do not have themselves.
 * */
static core_state *state_of(PyTypeObject *type)
{
    core_state *state = NULL;
    while (type && !state) {
        state = PyType_GetModuleState(type);
        PyErr_Clear();
        type =
            PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE ? PyType_GetSlot(type, Py_tp_base) : NULL;
    }
    return state && state->python[TRACER_CLASS] ? state : NULL;
}

static PyObject *provider_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"attributes",   "exporters", "otlp", "sampler",
                            "id_generator", "limits",    NULL};
    provider_arguments given = {Py_None, Py_None, Py_None, Py_None, Py_None, Py_None};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$OOOOO:TracerProvider", names,
                                     &given.attributes, &given.exporters, &given.otlp,
                                     &given.sampler, &given.id_generator, &given.limits))
        return NULL;
    provider_object *self = (provider_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->state = state_of(type);
    if (!self->state)
        PyErr_SetString(PyExc_RuntimeError, "configure() was not called");
    if (!self->state || !provider_open(self, &given) || PyErr_Occurred())
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* The arguments of get_tracer, in the order of opentelemetry.trace.TracerProvider. */
enum { SCOPE_NAME, SCOPE_VERSION, SCOPE_SCHEMA_URL, SCOPE_ATTRIBUTES, SCOPE_ARGUMENT_COUNT };

static const char *const scope_argument_names[] = {
    "instrumenting_module_name", "instrumenting_library_version", "schema_url", "attributes", NULL};

/* None is no text. */
static held_text optional_text(PyObject *value)
{
    return value == Py_None ? (held_text){.owner = NULL} : held_text_of(value);
}

static impact_tracer *core_tracer_get(provider_object *self, PyObject *const *values)
{
    held_text name = optional_text(values[SCOPE_NAME]);
    held_text version = optional_text(values[SCOPE_VERSION]);
    held_text schema_url = optional_text(values[SCOPE_SCHEMA_URL]);
    attribute_list list;
    attribute_list_fill(&list, self->state, values[SCOPE_ATTRIBUTES]);
    impact_tracer *tracer = impact_tracer_provider_get_tracer_with(
        self->provider,
        IMPACT_TRACER_OPTIONS(.name = name.text.data, .version = version.text.data,
                              .schema_url = schema_url.text.data, .attributes = list.items,
                              .attribute_count = list.count));
    attribute_list_clear(&list);
    held_text_clear(&schema_url);
    held_text_clear(&version);
    held_text_clear(&name);
    return tracer;
}

static PyObject *provider_get_tracer(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                     PyObject *keyword_names)
{
    PyObject *values[SCOPE_ARGUMENT_COUNT] = {NULL, Py_None, Py_None, Py_None};
    provider_object *self = (provider_object *)object;
    if (!arguments_read(scope_argument_names, values, arguments, count, keyword_names))
        return NULL;
    PyTypeObject *type = (PyTypeObject *)self->state->python[TRACER_CLASS];
    tracer_object *tracer = (tracer_object *)PyType_GenericAlloc(type, 0);
    if (!tracer)
        return NULL;
    tracer->tracer = core_tracer_get(self, values);
    tracer->provider = (provider_object *)Py_NewRef(object);
    tracer->state = self->state;
    if (!PyErr_Occurred())
        diagnostics_drain();
    if (PyErr_Occurred())
        Py_CLEAR(tracer);
    return (PyObject *)tracer;
}

typedef impact_status (*bounded_call)(impact_tracer_provider *, uint32_t);

/* Flush and shutdown alike: True is said only of what truly was exported. */
static PyObject *call_bounded(PyObject *object, bounded_call call, PyObject *const *arguments,
                              Py_ssize_t count, PyObject *keyword_names)
{
    static const char *const names[] = {"timeout_millis", NULL};
    PyObject *values[] = {Py_None};
    uint32_t timeout_ms = DEFAULT_TIMEOUT_MS;
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    if (values[0] != Py_None && !timeout_ms_of(&timeout_ms, values[0]))
        return NULL;
    impact_tracer_provider *provider = ((provider_object *)object)->provider;
    gil_give_away();
    impact_status status = call(provider, timeout_ms);
    gil_take_back();
    diagnostics_drain();
    return PyErr_Occurred() ? NULL : PyBool_FromLong(status == IMPACT_OK);
}

static PyObject *provider_force_flush(PyObject *object, PyObject *const *arguments,
                                      Py_ssize_t count, PyObject *keyword_names)
{
    return call_bounded(object, impact_tracer_provider_flush, arguments, count, keyword_names);
}

static PyObject *provider_shutdown(PyObject *object, PyObject *const *arguments, Py_ssize_t count,
                                   PyObject *keyword_names)
{
    return call_bounded(object, impact_tracer_provider_shutdown, arguments, count, keyword_names);
}

static PyObject *provider_stats(PyObject *object, PyObject *unused)
{
    (void)unused;
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(((provider_object *)object)->provider, &stats);
    return Py_BuildValue("{sKsKsKsKsKsKsKsKsK}", "ended", stats.ended, "queued", stats.queued,
                         "in_flight", stats.in_flight, "exported", stats.exported, "dropped_full",
                         stats.dropped_full, "dropped_memory", stats.dropped_memory,
                         "dropped_closed", stats.dropped_closed, "rejected", stats.rejected,
                         "failed", stats.failed);
}

static PyObject *provider_resource_attributes(PyObject *object, PyObject *unused)
{
    (void)unused;
    return resource_attributes(
        impact_tracer_provider_get_resource(((provider_object *)object)->provider));
}

static PyObject *provider_memory_data(PyObject *object, PyObject *unused)
{
    (void)unused;
    provider_object *self = (provider_object *)object;
    if (!self->memory) {
        PyErr_SetString(PyExc_RuntimeError, "this provider has no exporter \"memory\"");
        return NULL;
    }
    impact_text data = impact_exporter_memory_data(self->memory);
    return PyBytes_FromStringAndSize(data.data, (Py_ssize_t)data.size);
}

static PyObject *provider_listen(PyObject *object, PyObject *unused)
{
    (void)unused;
    ((provider_object *)object)->is_listened = true;
    Py_RETURN_NONE;
}

static int provider_traverse(PyObject *object, visitproc visit, void *arg)
{
    provider_object *self = (provider_object *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->sampler);
    Py_VISIT(self->id_generator);
    return 0;
}

/* The core asks neither any more: there is no span left that could start. */
static int provider_clear(PyObject *object)
{
    provider_object *self = (provider_object *)object;
    Py_CLEAR(self->sampler);
    Py_CLEAR(self->id_generator);
    return 0;
}

static void provider_dealloc(PyObject *object)
{
    provider_object *self = (provider_object *)object;
    PyObject_GC_UnTrack(object);
    gil_give_away();
    providers_remove(self);
    impact_tracer_provider_close(self->provider);
    gil_take_back();
    (void)provider_clear(object); /* it answers 0 always */
    object_free(object);
}

static PyMethodDef provider_methods[] = {
    {"get_tracer", FAST(provider_get_tracer),
     DOC("get_tracer($self, instrumenting_module_name, "
         "instrumenting_library_version=None, schema_url=None, attributes=None)",
         "A tracer of this instrumentation scope.")},
    {"force_flush", FAST(provider_force_flush),
     DOC("force_flush($self, timeout_millis=30000)",
         "True if every span that waited was exported.")},
    {"shutdown", FAST(provider_shutdown),
     DOC("shutdown($self, timeout_millis=30000)", "Flush, then stop. True as in force_flush.")},
    {"stats", provider_stats, METH_NOARGS, DOC("stats($self)", "The counters, as a dict.")},
    {"_listen", provider_listen, METH_NOARGS,
     DOC("_listen($self)", "Call _on_start and _on_end from now on.")},
    {"_resource_attributes", provider_resource_attributes, METH_NOARGS,
     DOC("_resource_attributes($self)", "A dict.")},
    {"memory_data", provider_memory_data, METH_NOARGS,
     DOC("memory_data($self)",
         "What the exporter \"memory\" was given: an encoded TracesData. Flush first.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot provider_slots[] = {
    {Py_tp_doc, DOC("TracerProvider(attributes=None, *, exporters=None, otlp=None, sampler=None, "
                    "id_generator=None, limits=None)",
                    "A tracer provider of the C core.")},
    {Py_tp_new, (void *)provider_new},
    {Py_tp_dealloc, (void *)provider_dealloc},
    {Py_tp_traverse, (void *)provider_traverse},
    {Py_tp_clear, (void *)provider_clear},
    {Py_tp_methods, provider_methods},
    {0, NULL},
};

static PyType_Spec provider_spec = {
    .name = "impact_stack.observability._core.TracerProvider",
    .basicsize = sizeof(provider_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = provider_slots,
};

PyObject *provider_type_make(PyObject *module)
{
    return type_make(module, &provider_spec);
}
