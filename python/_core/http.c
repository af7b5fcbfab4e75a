/* What a request says of itself, as attributes of its span: from a WSGI environ, by the old, the
 * new or both semantic conventions for HTTP, as opentelemetry-instrumentation-wsgi has them.
 *
 * What cannot be read is left out. Methods of the environ's objects may raise what is meant for the
 * program: that stays set. */
#include "core.h"

#include <string.h>

/* Borrowed; NULL: absent, or no text, or empty. */
static PyObject *text_at(core_state *state, PyObject *environ, http_name key)
{
    PyObject *value = PyDict_GetItemWithError(environ, state->http_names[key]);
    if (!value)
        error_clear();
    return value && PyUnicode_Check(value) && PyUnicode_GetLength(value) > 0 ? value : NULL;
}

static void put_one(core_state *state, PyObject *attributes, http_name name, PyObject *value)
{
    if (name != HTTP_NO_NAME && PyDict_SetItem(attributes, state->http_names[name], value))
        error_clear();
}

static void put(core_state *state, const http_conventions *conventions, PyObject *attributes,
                http_name old_name, http_name new_name, PyObject *value)
{
    if (conventions->reports_old)
        put_one(state, attributes, old_name, value);
    if (conventions->reports_new)
        put_one(state, attributes, new_name, value);
}

/* ---- the method ---- */

/* Borrowed; NULL: it is none of those that are known. */
static PyObject *known_method(core_state *state, PyObject *method)
{
    for (int i = METHOD_FIRST; i <= METHOD_LAST; i++) {
        if (PyUnicode_Compare(method, state->http_names[i]) == 0)
            return state->http_names[i];
    }
    return NULL;
}

/* `method.upper()` or `method.strip()`; empty when that is impossible. */
static PyObject *changed(core_state *state, PyObject *method, attribute_name how)
{
    PyObject *result =
        PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(method, state->names[how], NULL);
    if (!result)
        error_clear();
    return result ? result : Py_NewRef(state->http_names[HTTP_NO_NAME]);
}

PyObject *http_method_normalize(core_state *state, const http_conventions *conventions,
                                PyObject *method)
{
    PyObject *known = known_method(state, method);
    if (known)
        return Py_NewRef(known);
    PyObject *upper = changed(state, method, NAME_UPPER);
    if (conventions->takes_all_methods)
        return upper;
    known = known_method(state, upper);
    Py_DECREF(upper);
    return Py_NewRef(known ? known : state->http_names[METHOD_OTHER]);
}

static PyObject *method_in(core_state *state, PyObject *environ)
{
    PyObject *method = text_at(state, environ, ENVIRON_METHOD);
    return method ? method : state->http_names[HTTP_NO_NAME];
}

static void put_method(core_state *state, const http_conventions *conventions, PyObject *attributes,
                       PyObject *environ)
{
    PyObject *method = method_in(state, environ);
    PyObject *normal = http_method_normalize(state, conventions, method);
    PyObject *original = changed(state, method, NAME_STRIP);
    if (PyUnicode_GetLength(original) > 0 && PyUnicode_Compare(original, normal) != 0)
        put(state, conventions, attributes, HTTP_NO_NAME, HTTP_REQUEST_METHOD_ORIGINAL, original);
    put(state, conventions, attributes, HTTP_METHOD, HTTP_REQUEST_METHOD, normal);
    Py_DECREF(original);
    Py_DECREF(normal);
}

PyObject *http_span_name(core_state *state, const http_conventions *conventions, PyObject *environ,
                         PyObject *route)
{
    PyObject *stripped = changed(state, method_in(state, environ), NAME_STRIP);
    PyObject *method = http_method_normalize(state, conventions, stripped);
    Py_DECREF(stripped);
    bool is_other = PyUnicode_Compare(method, state->http_names[METHOD_OTHER]) == 0;
    PyObject *path = text_at(state, environ, ENVIRON_PATH);
    PyObject *where = route ? Py_NewRef(route) : path ? changed(state, path, NAME_STRIP) : NULL;
    PyObject *name = NULL;
    if (is_other && !route)
        name = Py_NewRef(state->http_names[METHOD_UNKNOWN]);
    else if (where && PyUnicode_GetLength(where) > 0)
        name = PyUnicode_FromFormat("%U %U", is_other ? state->http_names[METHOD_UNKNOWN] : method,
                                    where);
    else
        name = Py_NewRef(method);
    Py_XDECREF(where);
    Py_DECREF(method);
    if (PyErr_Occurred())
        Py_CLEAR(name);
    return name;
}

/* ---- the rest ---- */

typedef struct fact {
    http_name key;
    http_name old_name;
    http_name new_name;
} fact;

static const fact texts[] = {
    {ENVIRON_SCHEME, HTTP_SCHEME, URL_SCHEME},
    {ENVIRON_SERVER_NAME, HTTP_SERVER_NAME, HTTP_NO_NAME},
    {ENVIRON_HOST, NET_HOST_NAME, SERVER_ADDRESS},
    {ENVIRON_HOST, HTTP_HOST, HTTP_NO_NAME},
    {ENVIRON_REMOTE_ADDR, NET_PEER_IP, CLIENT_ADDRESS},
    {ENVIRON_USER_AGENT, HTTP_USER_AGENT, USER_AGENT_ORIGINAL},
};

static const fact numbers[] = {
    {ENVIRON_SERVER_PORT, NET_HOST_PORT, SERVER_PORT},
    {ENVIRON_REMOTE_PORT, NET_PEER_PORT, CLIENT_PORT},
};

static void put_texts(core_state *state, const http_conventions *conventions, PyObject *attributes,
                      PyObject *environ)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        PyObject *value = text_at(state, environ, texts[i].key);
        if (value)
            put(state, conventions, attributes, texts[i].old_name, texts[i].new_name, value);
    }
}

/* Servers give numbers as text; Werkzeug's gives the client's port as an int. */
static void put_numbers(core_state *state, const http_conventions *conventions,
                        PyObject *attributes, PyObject *environ)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !PyErr_Occurred(); i++) {
        PyObject *value = PyDict_GetItemWithError(environ, state->http_names[numbers[i].key]);
        PyObject *number = value && value != Py_None ? PyNumber_Long(value) : NULL;
        error_clear();
        if (number && PyObject_IsTrue(number) == 1) /* an int, which runs no Python code */
            put(state, conventions, attributes, numbers[i].old_name, numbers[i].new_name, number);
        Py_XDECREF(number);
    }
}

/* A client's name that is only its address again says nothing. */
static void put_client_name(core_state *state, const http_conventions *conventions,
                            PyObject *attributes, PyObject *environ)
{
    PyObject *name = text_at(state, environ, ENVIRON_REMOTE_HOST);
    PyObject *address = text_at(state, environ, ENVIRON_REMOTE_ADDR);
    if (name && (!address || PyUnicode_Compare(name, address) != 0))
        put(state, conventions, attributes, NET_PEER_NAME, CLIENT_ADDRESS, name);
}

/* What the server was asked for, word by word; many servers say it under one name or the other. */
static PyObject *target_in(core_state *state, PyObject *environ)
{
    PyObject *raw = PyDict_GetItemWithError(environ, state->http_names[ENVIRON_RAW_URI]);
    error_clear();
    return text_at(state, environ, raw && raw != Py_None ? ENVIRON_RAW_URI : ENVIRON_REQUEST_URI);
}

static void put_url(core_state *state, const http_conventions *conventions, PyObject *attributes,
                    PyObject *environ)
{
    PyObject *target = target_in(state, environ);
    if (!target) {
        PyObject *url = conventions->reports_old
                            ? PyObject_CallFunctionObjArgs(conventions->url_of, environ, NULL)
                            : NULL;
        error_clear();
        if (url)
            put_one(state, attributes, HTTP_URL, url);
        Py_XDECREF(url);
        return;
    }
    put(state, conventions, attributes, HTTP_TARGET, HTTP_NO_NAME, target);
    PyObject *path = text_at(state, environ, ENVIRON_PATH);
    PyObject *query = text_at(state, environ, ENVIRON_QUERY);
    if (path)
        put(state, conventions, attributes, HTTP_NO_NAME, URL_PATH, path);
    if (query)
        put(state, conventions, attributes, HTTP_NO_NAME, URL_QUERY, query);
}

/* "HTTP/1.1" is "1.1"; what has no such beginning is told as it is. */
static void put_protocol(core_state *state, const http_conventions *conventions,
                         PyObject *attributes, PyObject *environ)
{
    static const char prefix[] = "HTTP/";
    PyObject *protocol = text_at(state, environ, ENVIRON_PROTOCOL);
    const char *text = protocol ? PyUnicode_AsUTF8AndSize(protocol, NULL) : NULL;
    error_clear();
    if (!text)
        return;
    if (strncasecmp(text, prefix, sizeof prefix - 1) == 0)
        text += sizeof prefix - 1;
    PyObject *version = *text ? PyUnicode_FromString(text) : NULL;
    if (version)
        put(state, conventions, attributes, HTTP_FLAVOR, NETWORK_PROTOCOL_VERSION, version);
    else
        error_clear();
    Py_XDECREF(version);
}

/* Semantic conventions, user_agent.synthetic.type: the programs that are known to be no people. */
static http_name synthetic_type(const char *user_agent)
{
    if (strcasestr(user_agent, "alwayson"))
        return SYNTHETIC_TEST;
    bool is_bot = strcasestr(user_agent, "googlebot") || strcasestr(user_agent, "bingbot");
    return is_bot ? SYNTHETIC_BOT : HTTP_NO_NAME;
}

static void put_synthetic_type(core_state *state, const http_conventions *conventions,
                               PyObject *attributes, PyObject *environ)
{
    (void)conventions; /* it is the same in all */
    PyObject *user_agent = text_at(state, environ, ENVIRON_USER_AGENT);
    const char *text = user_agent ? PyUnicode_AsUTF8AndSize(user_agent, NULL) : NULL;
    error_clear();
    http_name type = text ? synthetic_type(text) : HTTP_NO_NAME;
    if (type != HTTP_NO_NAME)
        put_one(state, attributes, USER_AGENT_SYNTHETIC_TYPE, state->http_names[type]);
}

static void (*const parts[])(core_state *, const http_conventions *, PyObject *, PyObject *) = {
    put_method, put_texts, put_numbers, put_client_name, put_url, put_protocol, put_synthetic_type,
};

PyObject *http_server_attributes(core_state *state, const http_conventions *conventions,
                                 PyObject *environ)
{
    PyObject *attributes = PyDict_New();
    if (!attributes)
        return NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !PyErr_Occurred(); i++)
        parts[i](state, conventions, attributes, environ);
    if (PyErr_Occurred())
        Py_CLEAR(attributes);
    return attributes;
}

PyObject *http_response_attributes(core_state *state, const http_conventions *conventions,
                                   long code)
{
    PyObject *attributes = PyDict_New();
    PyObject *number = attributes ? PyLong_FromLong(code) : NULL;
    if (!number) {
        Py_XDECREF(attributes);
        return NULL;
    }
    put(state, conventions, attributes, HTTP_STATUS_CODE, HTTP_RESPONSE_STATUS_CODE, number);
    Py_DECREF(number);
    return attributes;
}
