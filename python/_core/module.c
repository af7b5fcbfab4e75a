/* The module impact_stack.observability._core: its state, its types and its functions. */
#include "flask.h"

static const char *const python_keywords[] = {
#define PYTHON_NAME_KEYWORD(index, keyword) keyword,
    PYTHON_NAME_TABLE(PYTHON_NAME_KEYWORD)
#undef PYTHON_NAME_KEYWORD
};

static const char *const attribute_names[] = {
#define ATTRIBUTE_NAME_TEXT(index, text) text,
    ATTRIBUTE_NAME_TABLE(ATTRIBUTE_NAME_TEXT)
#undef ATTRIBUTE_NAME_TEXT
};

static const char *const http_names[] = {
#define HTTP_NAME_TEXT(index, text) text,
    HTTP_NAME_TABLE(HTTP_NAME_TEXT)
#undef HTTP_NAME_TEXT
};

static PyObject *module_configure(PyObject *module, PyObject *names)
{
    core_state *state = PyModule_GetState(module);
    if (!PyDict_Check(names)) {
        PyErr_SetString(PyExc_TypeError, "configure() takes a dict");
        return NULL;
    }
    for (int i = 0; i < PYTHON_NAME_COUNT; i++) {
        PyObject *value = PyDict_GetItemString(names, python_keywords[i]);
        if (!value) {
            PyErr_Format(PyExc_TypeError, "configure() misses %s", python_keywords[i]);
            return NULL;
        }
        PyObject *former = state->python[i];
        state->python[i] = Py_NewRef(value);
        Py_XDECREF(former);
    }
    Py_RETURN_NONE;
}

/* The core alone knows what a name may look like, and says so when one is added. */
static PyObject *module_is_check_name(PyObject *module, PyObject *name)
{
    (void)module; /* a function of the module, not of its state */
    const char *text = PyUnicode_Check(name) ? name_text(name) : NULL;
    if (!text) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    impact_health *health = NULL;
    if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = NULL)))
        return PyErr_NoMemory();
    impact_status status =
        impact_health_add(health, IMPACT_CHECK(.name = text, .run = impact_check_true));
    (void)impact_health_close(health, 0); /* nothing was run, so nothing is stuck */
    return PyBool_FromLong(status == IMPACT_OK);
}

static PyObject *module_version(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyUnicode_FromString(impact_version());
}

static PyMethodDef module_methods[] = {
    {"configure", module_configure, METH_O,
     DOC("configure($module, names, /)", "Tell the binding the Python objects that it needs.")},
    {"insist", FAST(ending_insist),
     DOC("insist($module, function, dropped=())",
         "Call a function until it is not interrupted, and raise what did so, unless it is one of "
         "these.")},
    {"is_check_name", module_is_check_name, METH_O,
     DOC("is_check_name($module, name, /)", "True if a check may have this name.")},
    {"report_diagnostics_to", diagnostics_report_to, METH_O,
     DOC("report_diagnostics_to($module, receiver, /)",
         "Send the core's diagnostics to a callable (severity, message, suppressed), or to "
         "nobody.")},
    {"sdk_metrics", metrics_list, METH_NOARGS,
     DOC("sdk_metrics($module)",
         "Return (name, kind, unit, description, attributes, value, sum) of each point.")},
    {"sigterm_is_default", sigterm_is_default, METH_NOARGS,
     DOC("sigterm_is_default($module)",
         "True if the process has no handler for SIGTERM, Python's or another.")},
    {"sigterm_watch", sigterm_watch, METH_NOARGS,
     DOC("sigterm_watch($module)", "Export and end the process where its handler in Python does "
                                   "not begin. False: it cannot.")},
    {"sigterm_leave_to_python", sigterm_leave_to_python, METH_O,
     DOC("sigterm_leave_to_python($module, is_left, /)",
         "True: the process is ending in Python, in its own time.")},
    {"use_span", FAST(current_span_use),
     DOC("use_span($module, span, end_on_exit=False, record_exception=True, "
         "set_status_on_exception=True)",
         "Make a span the current one: for `with`, or as a decorator.")},
    {"w3c_headers", span_w3c_headers, METH_O,
     DOC("w3c_headers($module, span, /)",
         "What W3C Trace Context says of a span: traceparent, and tracestate or None.")},
    {"version", module_version, METH_NOARGS,
     DOC("version($module)", "The version of the C core that runs.")},
    {NULL, NULL, 0, NULL},
};

static bool names_intern(PyObject **names, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++) {
        names[i] = PyUnicode_InternFromString(texts[i]);
        if (!names[i])
            return false;
    }
    return true;
}

/* Where a type is kept, and what makes it. */
typedef struct type_row {
    size_t offset;
    PyObject *(*make)(PyObject *module);
} type_row;

static const type_row types[] = {
    {offsetof(core_state, provider_type), provider_type_make},
    {offsetof(core_state, tracer_type), tracer_type_make},
    {offsetof(core_state, span_type), span_type_make},
    {offsetof(core_state, registry_type), registry_type_make},
    {offsetof(core_state, pulse_type), pulse_type_make},
    {offsetof(core_state, current_type), current_type_make},
    {offsetof(core_state, flask_tracer_type), flask_tracer_type_make},
    {offsetof(core_state, exchange_type), exchange_type_make},
    {offsetof(core_state, body_type), body_type_make},
};
#define TYPE_COUNT (sizeof types / sizeof *types)

static PyObject **type_at(core_state *state, size_t index)
{
    return (PyObject **)(void *)((char *)state + types[index].offset);
}

static int module_exec(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    if (!names_intern(state->names, attribute_names, NAME_COUNT) ||
        !names_intern(state->http_names, http_names, HTTP_NAME_COUNT))
        return -1;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        PyObject *type = types[i].make(module);
        *type_at(state, i) = type;
        if (!type)
            return -1;
    }
    return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < TYPE_COUNT; i++)
        Py_VISIT(*type_at(state, i));
    for (int i = 0; i < PYTHON_NAME_COUNT; i++)
        Py_VISIT(state->python[i]);
    return 0;
}

static int module_clear(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < TYPE_COUNT; i++)
        Py_CLEAR(*type_at(state, i));
    for (int i = 0; i < PYTHON_NAME_COUNT; i++)
        Py_CLEAR(state->python[i]);
    for (int i = 0; i < NAME_COUNT; i++)
        Py_CLEAR(state->names[i]);
    for (int i = 0; i < HTTP_NAME_COUNT; i++)
        Py_CLEAR(state->http_names[i]);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module); /* it answers 0 always */
}

/* From Python 3.12 on, and so not in the limited API of 3.10: several interpreters, each with a GIL
 * of its own. What is older takes any interpreter, and would not know the slot. */
#define MOD_MULTIPLE_INTERPRETERS         3
#define MOD_PER_INTERPRETER_GIL_SUPPORTED (void *)2

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static PyModuleDef_Slot module_slots_since_3_12[] = {
    {Py_mod_exec, (void *)module_exec},
    {MOD_MULTIPLE_INTERPRETERS, MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

/* The Python that runs may be newer than that of the headers. */
static bool is_since_3_12(void)
{
    PyObject *version = PySys_GetObject("hexversion"); /* borrowed */
    return version && PyLong_AsLong(version) >= 0x030C0000;
}

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_core",
    .m_doc = "The C core of impact, for Python.",
    .m_size = sizeof(core_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void)
{
    if (is_since_3_12())
        module_definition.m_slots = module_slots_since_3_12;
    return PyModuleDef_Init(&module_definition);
}
