/* HealthRegistry: an impact_health whose checks are Python functions.
 *
 * DESIGN: a check runs on a thread of the engine, which takes the GIL for it. Whoever calls into
 * the engine therefore gives the GIL away first. */
#include "core.h"

typedef struct registry_object {
    PyObject_HEAD impact_health *health;
    uint32_t timeout_ms; /* of each check; 0: the core's */
    PyObject *run; /* owned: called with a check's name; None: it holds, a str: why it does not */
    PyObject *pulses; /* owned: a list of those that it was given; NULL: none */
} registry_object;

/* What the engine keeps for one check. */
struct check {
    PyInterpreterState *interpreter; /* where it runs */
    PyObject *run;                   /* owned */
    PyObject *name;                  /* owned */
};

/* ---- on the engine's threads ---- */

/* None says that it holds, a str why it does not. The Python side catches everything; what raises
 * here all the same is the last net's. */
static bool holds(PyObject *result, impact_health_run *run, PyObject *function)
{
    if (result == Py_None)
        return true;
    const char *reason =
        result && PyUnicode_Check(result) ? PyUnicode_AsUTF8AndSize(result, NULL) : NULL;
    if (reason)
        impact_health_explain(run, "%s", reason);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(function);
    return false;
}

static impact_health_status check_run(impact_health_run *run, void *userdata)
{
    const struct check *check = userdata;
    gil_visit visit;
    if (!gil_enter(&visit, check->interpreter))
        return IMPACT_HEALTH_FAIL;
    PyObject *result = PyObject_CallFunctionObjArgs(check->run, check->name, NULL);
    bool is_held = holds(result, run, check->run);
    Py_XDECREF(result);
    gil_leave(&visit);
    return is_held ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void check_delete(struct check *check)
{
    Py_DECREF(check->run);
    Py_DECREF(check->name);
    PyMem_Free(check);
}

static void check_free(void *userdata)
{
    struct check *check = userdata;
    gil_visit visit;
    if (!gil_enter(&visit, check->interpreter))
        return; /* the interpreter took its memory with it */
    check_delete(check);
    gil_leave(&visit);
}

static struct check *check_new(PyObject *run, PyObject *name)
{
    struct check *check = PyMem_Malloc(sizeof *check);
    if (!check)
        return NULL;
    check->interpreter = PyInterpreterState_Get();
    check->run = Py_NewRef(run);
    check->name = Py_NewRef(name);
    return check;
}

/* ---- the registry ---- */

static PyObject *none_or_error(impact_status status, const char *name)
{
    if (!status)
        Py_RETURN_NONE;
    raise_status(status, name);
    return NULL;
}

typedef struct check_arguments {
    PyObject *name; /* borrowed, as the next */
    const char *groups;
    unsigned timeout_ms; /* 0: the registry's */
    unsigned max_age_ms; /* of a heartbeat; 0: it is none */
} check_arguments;

/* (name, groups[, timeout_ms, max_age_ms]); its name as text, borrowed; NULL with an error. */
static const char *read_check(PyObject *arguments, check_arguments *read)
{
    read->timeout_ms = 0;
    read->max_age_ms = 0;
    return PyArg_ParseTuple(arguments, "Us|II", &read->name, &read->groups, &read->timeout_ms,
                            &read->max_age_ms)
               ? name_text(read->name)
               : NULL;
}

static PyObject *registry_add(PyObject *object, PyObject *arguments)
{
    registry_object *self = (registry_object *)object;
    check_arguments read;
    const char *text = read_check(arguments, &read);
    if (!text)
        return NULL;
    struct check *check = check_new(self->run, read.name);
    if (!check)
        return PyErr_NoMemory();
    gil_give_away();
    impact_status status = impact_health_add(
        self->health,
        IMPACT_CHECK(.name = text, .run = check_run, .userdata = check, .free_userdata = check_free,
                     .groups = read.groups, .timeout_ms = self->timeout_ms));
    gil_take_back();
    if (status)
        check_delete(check);
    return none_or_error(status, text);
}

static PyObject *registry_change(PyObject *object, PyObject *arguments)
{
    registry_object *self = (registry_object *)object;
    check_arguments read;
    const char *text = read_check(arguments, &read);
    if (!text)
        return NULL;
    const uint32_t timeout_ms = read.timeout_ms ? read.timeout_ms : self->timeout_ms;
    gil_give_away();
    impact_status status = impact_health_change(
        self->health,
        IMPACT_CHECK(.name = text, .groups = read.groups, .timeout_ms = timeout_ms,
                     .max_age_ms = read.max_age_ms, .holds_at_first = read.max_age_ms != 0));
    gil_take_back();
    return none_or_error(status, text);
}

static PyObject *registry_add_provided(PyObject *object, PyObject *arguments)
{
    registry_object *self = (registry_object *)object;
    return provided_add(self->health, self->timeout_ms, arguments);
}

static PyObject *registry_add_heartbeat(PyObject *object, PyObject *arguments)
{
    registry_object *self = (registry_object *)object;
    const core_state *state = PyType_GetModuleState(Py_TYPE(object));
    if (!self->pulses)
        self->pulses = PyList_New(0);
    if (!state || !self->pulses)
        return NULL;
    PyObject *pulse = heartbeat_add((PyTypeObject *)state->pulse_type, self->health, arguments);
    if (!pulse)
        return NULL;
    if (PySequence_Contains(self->pulses, pulse) == 0)
        (void)PyList_Append(self->pulses, pulse); /* a failure is an exception */
    Py_DECREF(pulse);
    if (PyErr_Occurred()) /* and no pulse may know a registry that does not know it */
        pulse_leave(pulse, self->health);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *registry_remove(PyObject *object, PyObject *name)
{
    const char *text = name_text(name);
    if (!text)
        return NULL;
    gil_give_away();
    impact_status status = impact_health_remove(((registry_object *)object)->health, text);
    gil_take_back();
    return none_or_error(status, text);
}

static PyObject *registry_set(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"secret", "second_secret", "ignores_unknown_checks", "budget_ms", NULL};
    registry_object *self = (registry_object *)object;
    impact_health_options options = {.size = sizeof options};
    int ignores_unknown = 0;
    unsigned budget_ms = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$zzpI:set", names, &options.secret,
                                     &options.second_secret, &ignores_unknown, &budget_ms))
        return NULL;
    options.ignores_unknown_checks = ignores_unknown != 0;
    options.budget_ms = budget_ms;
    gil_give_away();
    impact_status status = impact_health_set(self->health, &options);
    gil_take_back();
    if (!status)
        self->timeout_ms = budget_ms;
    return none_or_error(status, "the health registry cannot be set anew");
}

/* OSError: the port is another's, as it may be for now only. */
static PyObject *registry_listen(PyObject *object, PyObject *address)
{
    impact_health *health = ((registry_object *)object)->health;
    const char *text = name_text(address);
    if (!text)
        return NULL;
    gil_give_away();
    impact_status status = impact_health_listen(health, text);
    gil_take_back();
    diagnostics_drain();
    if (PyErr_Occurred())
        return NULL;
    if (status == IMPACT_ESYSTEM)
        return PyErr_Format(PyExc_OSError, "%s: %s", text, impact_status_text(status));
    if (status)
        return none_or_error(status, text);
    return PyLong_FromLong(impact_health_port(health));
}

static PyObject *registry_set_phase(PyObject *object, PyObject *phase)
{
    impact_health *health = ((registry_object *)object)->health;
    long number = PyLong_AsLong(phase);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    if (number < IMPACT_HEALTH_STARTING || number > IMPACT_HEALTH_DRAINING)
        return PyErr_Format(PyExc_ValueError, "%ld is no phase", number);
    gil_give_away();
    impact_status status = impact_health_set_phase(health, (impact_health_phase)number);
    gil_take_back();
    return none_or_error(status, "the phase cannot be set");
}

static PyObject *registry_port(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(impact_health_port(((registry_object *)object)->health));
}

static PyObject *registry_answer(PyObject *object, PyObject *arguments)
{
    return health_answer(((registry_object *)object)->health, arguments);
}

/* False with an error. */
static bool read_options(impact_health_options *options, PyObject **run, PyObject *arguments,
                         PyObject *keywords)
{
    static char *names[] = {"run",
                            "prefix",
                            "secret",
                            "second_secret",
                            "ignores_unknown_checks",
                            "has_probes",
                            "shows_explanations",
                            "budget_ms",
                            "service_id",
                            "version",
                            "release_id",
                            "description",
                            NULL};
    int ignores_unknown = 0;
    int has_probes = 0;
    int shows_explanations = 0;
    unsigned budget_ms = 0;
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O|$szzpppIzzzz:HealthRegistry", names, run, &options->prefix,
            &options->secret, &options->second_secret, &ignores_unknown, &has_probes,
            &shows_explanations, &budget_ms, &options->service_id, &options->version,
            &options->release_id, &options->description))
        return false;
    options->ignores_unknown_checks = ignores_unknown != 0;
    options->has_probes = has_probes != 0;
    options->shows_explanations = shows_explanations != 0;
    options->budget_ms = budget_ms;
    return true;
}

static PyObject *registry_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    impact_health_options options = {.size = sizeof options};
    PyObject *run = NULL;
    if (!read_options(&options, &run, arguments, keywords))
        return NULL;
    registry_object *self = (registry_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->run = Py_NewRef(run);
    self->timeout_ms = options.budget_ms;
    impact_status status = impact_health_open(&self->health, &options);
    if (!status)
        status = impact_health_add_metrics(self->health, metrics_read, NULL);
    if (status) {
        raise_status(status, "the health registry cannot be opened");
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* The engine may wait here for a check that is about to end, and that needs the GIL to end. */
static void registry_dealloc(PyObject *object)
{
    registry_object *self = (registry_object *)object;
    impact_health *health = self->health;
    for (Py_ssize_t i = 0; self->pulses && i < PyList_Size(self->pulses); i++)
        pulse_leave(PyList_GetItem(self->pulses, i), health);
    gil_give_away();
    (void)impact_health_close(health, 0); /* stuck checks are freed when they return */
    gil_take_back();
    Py_XDECREF(self->run);
    Py_XDECREF(self->pulses);
    object_free(object);
}

static PyMethodDef registry_methods[] = {
    {"add", registry_add, METH_VARARGS,
     DOC("add($self, name, groups, /)", "Register a check; the groups are a comma list.")},
    {"add_provided", registry_add_provided, METH_VARARGS,
     DOC("add_provided($self, name, groups, kind, options, timeout_ms, /)",
         "Register a check that the core runs by itself.")},
    {"add_heartbeat", registry_add_heartbeat, METH_VARARGS,
     DOC("add_heartbeat($self, name, groups, max_age_ms, pulse, /)",
         "Register a check that holds while this Pulse beats.")},
    {"change", registry_change, METH_VARARGS,
     DOC("change($self, name, groups, timeout_ms=0, max_age_ms=0, /)",
         "Set other groups, these limits (0: today's; no heartbeat), the last place; its run goes "
         "on.")},
    {"set", (PyCFunction)(void (*)(void))registry_set, METH_VARARGS | METH_KEYWORDS,
     DOC("set($self, *, secret, second_secret=None, ignores_unknown_checks=False, budget_ms=0)",
         "Set these from now on; runs go on.")},
    {"remove", registry_remove, METH_O, DOC("remove($self, name, /)", "Take a check out.")},
    {"listen", registry_listen, METH_O,
     DOC("listen($self, address, /)", "Serve the paths there; return the port.")},
    {"set_phase", registry_set_phase, METH_O,
     DOC("set_phase($self, phase, /)", "0: the service starts, 1: it serves, 2: it drains.")},
    {"port", registry_port, METH_NOARGS,
     DOC("port($self)", "The port that it listens on; 0: none.")},
    {"answer", registry_answer, METH_VARARGS,
     DOC("answer($self, method, path, query, headers, /)",
         "Return (status, headers, body), or None: not its path.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot registry_slots[] = {
    {Py_tp_doc, DOC("HealthRegistry(run, *, prefix, secret, second_secret=None, "
                    "ignores_unknown_checks=False, has_probes=False, shows_explanations=False, "
                    "budget_ms=0, service_id=None, version=None, release_id=None, "
                    "description=None)",
                    "A registry of health checks that are Python functions.")},
    {Py_tp_new, (void *)registry_new},
    {Py_tp_dealloc, (void *)registry_dealloc},
    {Py_tp_methods, registry_methods},
    {0, NULL},
};

static PyType_Spec registry_spec = {
    .name = "impact_stack.observability._core.HealthRegistry",
    .basicsize = sizeof(registry_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = registry_slots,
};

PyObject *registry_type_make(PyObject *module)
{
    return type_make(module, &registry_spec);
}
