/* FlaskTracer: stands where app.wsgi_app stood, and Flask asks it before and after a request. */
#include "flask.h"

static const char *const part_keys[] = {
#define FLASK_PART_KEY(index, key) key,
    FLASK_PART_TABLE(FLASK_PART_KEY)
#undef FLASK_PART_KEY
};

static bool parts_take(flask_tracer_object *self, PyObject *parts)
{
    for (int i = 0; i < FLASK_PART_COUNT; i++) {
        PyObject *part = PyDict_GetItemString(parts, part_keys[i]);
        if (!part) {
            PyErr_Format(PyExc_TypeError, "FlaskTracer() misses %s", part_keys[i]);
            return false;
        }
        self->parts[i] = part == Py_None ? NULL : Py_NewRef(part);
    }
    self->conventions = (http_conventions){
        .reports_old = flag_of(self->parts[PART_REPORTS_OLD]),
        .reports_new = flag_of(self->parts[PART_REPORTS_NEW]),
        .takes_all_methods = flag_of(self->parts[PART_TAKES_ALL_METHODS]),
        .url_of = self->parts[PART_URL_OF],
    };
    return true;
}

static PyObject *flask_tracer_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"parts", NULL};
    PyObject *parts = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!:FlaskTracer", names, &PyDict_Type,
                                     &parts))
        return NULL;
    flask_tracer_object *self = (flask_tracer_object *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->state = PyType_GetModuleState(type);
    if (!parts_take(self, parts))
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* ---- around the app ---- */

/* The health paths may say so of themselves: see untraced.py. */
static bool is_untraced(core_state *state, PyObject *environ)
{
    return PyDict_Contains(environ, state->http_names[ENVIRON_UNTRACED]) == 1;
}

/* What metrics know of the exchange, or None: a new reference; NULL with an exception that is meant
 * for the program. */
static PyObject *metrics_begin(flask_tracer_object *self, PyObject *environ)
{
    PyObject *metrics = self->parts[PART_METRICS];
    if (!metrics || is_untraced(self->state, environ))
        Py_RETURN_NONE;
    PyObject *measured =
        PyObject_CallMethodObjArgs(metrics, self->state->names[NAME_BEGIN], self, environ, NULL);
    if (!measured && error_forget(metrics))
        Py_RETURN_NONE;
    return measured;
}

static PyObject *or_none(PyObject *object)
{
    return object ? object : Py_None;
}

/* `measured` is taken. An exception that is set afterwards is meant for the program. */
static void metrics_end(flask_tracer_object *self, PyObject *measured, exchange_object *exchange,
                        bool has_raised)
{
    if (measured == Py_None) {
        Py_DECREF(measured);
        return;
    }
    PyObject *ended = PyObject_CallMethodObjArgs(
        self->parts[PART_METRICS], self->state->names[NAME_END], measured, or_none(exchange->span),
        or_none(exchange->status), or_none(exchange->route), has_raised ? Py_True : Py_False, NULL);
    if (!ended)
        (void)error_forget(self->parts[PART_METRICS]); /* or it stays set */
    Py_XDECREF(ended);
    Py_DECREF(measured);
}

/* Something is raised, by the app or by what observes it: the exchange is over. What comes of
 * saying so takes its place, if it is meant for the program. */
static void app_fail(exchange_object *exchange)
{
    const held_error raised = held_error_take();
    (void)exchange_record(exchange, raised.error);
    held_error_settle(raised);
    (void)exchange_close(exchange); /* an exception is set in either case */
}

static void environ_clear(flask_tracer_object *self, PyObject *environ)
{
    if (PyDict_DelItem(environ, self->state->http_names[ENVIRON_EXCHANGE]))
        PyErr_Clear();
}

/* The app has returned `result`, which is taken, or raised. */
static PyObject *app_leave(exchange_object *exchange, PyObject *environ, PyObject *measured,
                           PyObject *result)
{
    flask_tracer_object *self = exchange->tracer;
    const held_error raised = held_error_take();
    if (exchange->is_excluded)
        environ_clear(self, environ);
    metrics_end(self, measured, exchange, result == NULL);
    exchange_leave(exchange);
    held_error_settle(raised);
    if (PyErr_Occurred())
        Py_CLEAR(result);
    return result;
}

/* What escapes from the app is recorded, whether or not Flask has said it to its teardown functions
 * (which may themselves have raised it). */
static PyObject *app_ask(exchange_object *exchange, PyObject *environ)
{
    flask_tracer_object *self = exchange->tracer;
    PyObject *measured = metrics_begin(self, environ);
    if (!measured)
        return NULL;
    PyObject *result =
        PyObject_CallFunctionObjArgs(self->parts[PART_APP], environ, (PyObject *)exchange, NULL);
    result = app_leave(exchange, environ, measured, result);
    if (!result)
        app_fail(exchange);
    return result;
}

static PyObject *app_call(flask_tracer_object *self, PyObject *environ, PyObject *start_response)
{
    exchange_object *exchange = exchange_new(self, start_response);
    if (!exchange)
        return NULL;
    PyObject *key = self->state->http_names[ENVIRON_EXCHANGE];
    PyObject *result =
        PyDict_SetItem(environ, key, (PyObject *)exchange) == 0 ? app_ask(exchange, environ) : NULL;
    if (result)
        result = body_of(exchange, result, environ);
    Py_DECREF((PyObject *)exchange);
    return result;
}

static PyObject *flask_tracer_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"environ", "start_response", NULL};
    flask_tracer_object *self = (flask_tracer_object *)object;
    PyObject *environ = NULL;
    PyObject *start_response = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO:wsgi_app", names, &environ,
                                     &start_response))
        return NULL;
    if (PyDict_CheckExact(environ)) /* PEP 3333 */
        return app_call(self, environ, start_response);
    return PyObject_CallFunctionObjArgs(self->parts[PART_APP], environ, start_response, NULL);
}

/* For metrics. */
static PyObject *flask_tracer_attributes(PyObject *object, PyObject *environ)
{
    flask_tracer_object *self = (flask_tracer_object *)object;
    if (PyDict_Check(environ))
        return http_server_attributes(self->state, &self->conventions, environ);
    PyErr_SetString(PyExc_TypeError, "an environ is a dict");
    return NULL;
}

/* ---- what Flask asks ---- */

/* The Flask context that runs, and its environ: new references. False: there is none. An exception
 * that is set afterwards is meant for the program. */
static bool flask_context_find(flask_tracer_object *self, PyObject **context, PyObject **environ)
{
    *context = PyObject_CallNoArgs(self->parts[PART_FLASK_CONTEXT]);
    PyObject *request =
        *context ? PyObject_GetAttr(*context, self->state->names[NAME_REQUEST]) : NULL;
    *environ = request ? PyObject_GetAttr(request, self->state->names[NAME_ENVIRON]) : NULL;
    Py_XDECREF(request);
    if (*environ && PyDict_CheckExact(*environ))
        return true;
    error_clear();
    Py_CLEAR(*environ);
    Py_CLEAR(*context);
    return false;
}

/* Ask whether the request shall have no span. False with an exception that is meant for the
 * program. */
static bool exclusion_ask(exchange_object *exchange, PyObject *context)
{
    PyObject *asked = exchange->tracer->parts[PART_IS_EXCLUDED];
    if (!asked)
        return true;
    PyObject *answer = PyObject_CallFunctionObjArgs(asked, context, NULL);
    const int truth = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    exchange->is_excluded = truth == 1;
    return truth >= 0 || error_forget(asked);
}

/* Flask may be asked to handle an environ that no server brought (test_request_context). A new
 * reference, for a hook may take the exchange out of the environ; NULL with an exception. */
static exchange_object *exchange_for(flask_tracer_object *self, PyObject *environ)
{
    exchange_object *found = exchange_in(self->state, environ);
    if (found)
        return (exchange_object *)Py_NewRef((PyObject *)found);
    exchange_object *made = exchange_new(self, NULL);
    if (made &&
        PyDict_SetItem(environ, self->state->http_names[ENVIRON_EXCHANGE], (PyObject *)made))
        Py_CLEAR(made);
    return made;
}

static bool exchange_begin(flask_tracer_object *self, PyObject *context, PyObject *environ)
{
    exchange_object *exchange = exchange_for(self, environ);
    if (!exchange)
        return false;
    exchange->is_excluded = is_untraced(self->state, environ);
    bool has_begun =
        (exchange->is_excluded || exclusion_ask(exchange, context)) &&
        (exchange->is_excluded || exchange->span || request_begin(exchange, context, environ));
    Py_DECREF((PyObject *)exchange);
    return has_begun;
}

/* before_request: a function that returns something else would answer the request. */
static PyObject *flask_tracer_begin(PyObject *object, PyObject *unused)
{
    (void)unused;
    flask_tracer_object *self = (flask_tracer_object *)object;
    PyObject *context = NULL;
    PyObject *environ = NULL;
    if (!flask_context_find(self, &context, &environ))
        return none_or_raised();
    const bool is_well = exchange_begin(self, context, environ) || error_forget(object);
    Py_DECREF(environ);
    Py_DECREF(context);
    if (!is_well)
        return NULL;
    Py_RETURN_NONE;
}

/* False with an exception that is meant for the program. */
static bool exchange_finish(exchange_object *exchange, PyObject *error)
{
    exchange_leave(exchange);
    const held_error left = held_error_take();
    if (error != Py_None)
        (void)exchange_record(exchange, error); /* or an exception is set; likewise below */
    if (!exchange->start_response)
        (void)exchange_end(exchange);
    held_error_settle(left);
    return !PyErr_Occurred();
}

/* teardown_request, with the exception that nobody handled, or None. A copy of the context
 * (copy_current_request_context) is torn down too, and is not the request. */
static PyObject *flask_tracer_finish(PyObject *object, PyObject *error)
{
    flask_tracer_object *self = (flask_tracer_object *)object;
    PyObject *context = NULL;
    PyObject *environ = NULL;
    if (!flask_context_find(self, &context, &environ))
        return none_or_raised();
    exchange_object *exchange =
        (exchange_object *)Py_XNewRef((PyObject *)exchange_in(self->state, environ));
    const bool is_well = !exchange || !exchange->span || exchange->flask_context != context ||
                         exchange_finish(exchange, error);
    Py_XDECREF((PyObject *)exchange);
    Py_DECREF(environ);
    Py_DECREF(context);
    if (!is_well)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the type ---- */

static int flask_tracer_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    for (int i = 0; i < FLASK_PART_COUNT; i++)
        Py_VISIT(((flask_tracer_object *)object)->parts[i]);
    return 0;
}

static int flask_tracer_clear(PyObject *object)
{
    for (int i = 0; i < FLASK_PART_COUNT; i++)
        Py_CLEAR(((flask_tracer_object *)object)->parts[i]);
    return 0;
}

static void flask_tracer_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    (void)flask_tracer_clear(object); /* it answers 0 always */
    object_free(object);
}

static PyMethodDef flask_tracer_methods[] = {
    {"attributes_of", flask_tracer_attributes, METH_O,
     DOC("attributes_of($self, environ, /)", "What an environ says, as attributes.")},
    {"begin", flask_tracer_begin, METH_NOARGS,
     DOC("begin($self)", "To be called before each request.")},
    {"finish", flask_tracer_finish, METH_O,
     DOC("finish($self, error, /)", "To be called when each request is torn down.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot flask_tracer_slots[] = {
    {Py_tp_doc, DOC("FlaskTracer(parts)", "The WSGI side of a Flask app that is traced.")},
    {Py_tp_new, (void *)flask_tracer_new},
    {Py_tp_dealloc, (void *)flask_tracer_dealloc},
    {Py_tp_traverse, (void *)flask_tracer_traverse},
    {Py_tp_clear, (void *)flask_tracer_clear},
    {Py_tp_call, (void *)flask_tracer_call},
    {Py_tp_methods, flask_tracer_methods},
    {0, NULL},
};

static PyType_Spec flask_tracer_spec = {
    .name = "impact_stack.observability._core.FlaskTracer",
    .basicsize = sizeof(flask_tracer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = flask_tracer_slots,
};

PyObject *flask_tracer_type_make(PyObject *module)
{
    return type_make(module, &flask_tracer_spec);
}
