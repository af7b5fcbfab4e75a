/* The module impact_stack.observability._core: its state, its types and its functions. */
#include "core.h"

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
    {"configure", module_configure, METH_O, "Tell the binding the Python objects that it needs."},
    {"is_check_name", module_is_check_name, METH_O, "True if a check may have this name."},
    {"report_diagnostics_to", diagnostics_report_to, METH_O,
     "Send the core's diagnostics to a callable (severity, message, suppressed), or to nobody."},
    {"use_span", FAST(current_span_use),
     "Make a span the current one: for `with`, or as a decorator."},
    {"version", module_version, METH_NOARGS, "The version of the C core that runs."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    for (int i = 0; i < NAME_COUNT; i++) {
        state->names[i] = PyUnicode_InternFromString(attribute_names[i]);
        if (!state->names[i])
            return -1;
    }
    state->provider_type = provider_type_make(module);
    state->tracer_type = state->provider_type ? tracer_type_make(module) : NULL;
    state->span_type = state->tracer_type ? span_type_make(module) : NULL;
    state->registry_type = state->span_type ? registry_type_make(module) : NULL;
    state->current_type = state->registry_type ? current_type_make(module) : NULL;
    return state->current_type ? 0 : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = PyModule_GetState(module);
    Py_VISIT(state->provider_type);
    Py_VISIT(state->tracer_type);
    Py_VISIT(state->span_type);
    Py_VISIT(state->registry_type);
    Py_VISIT(state->current_type);
    for (int i = 0; i < PYTHON_NAME_COUNT; i++)
        Py_VISIT(state->python[i]);
    return 0;
}

static int module_clear(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    Py_CLEAR(state->provider_type);
    Py_CLEAR(state->tracer_type);
    Py_CLEAR(state->span_type);
    Py_CLEAR(state->registry_type);
    Py_CLEAR(state->current_type);
    for (int i = 0; i < PYTHON_NAME_COUNT; i++)
        Py_CLEAR(state->python[i]);
    for (int i = 0; i < NAME_COUNT; i++)
        Py_CLEAR(state->names[i]);
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
