/* A health request, copied so that it can be read without the GIL, and its answer. */
#include "core.h"

#include <string.h>
#include <strings.h>

#include <impact/http.h>

#define HEADER_LIMIT 128 /* of a request; the others are not seen */

typedef struct request_headers {
    PyObject *pairs; /* owned: a list of (name, value) */
    size_t count;
    struct {
        const char *name;
        impact_text value;
    } items[HEADER_LIMIT];
} request_headers;

static impact_text header_get(void *carrier, const char *name)
{
    const request_headers *headers = carrier;
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].name, name) == 0)
            return headers->items[i].value;
    }
    return impact_text_of(NULL);
}

/* A value of a header: the bytes that came, or text. NULL: neither. */
static const char *header_value(PyObject *object, Py_ssize_t *size)
{
    char *bytes = NULL;
    if (PyBytes_Check(object) && PyBytes_AsStringAndSize(object, &bytes, size) == 0)
        return bytes;
    return PyUnicode_AsUTF8AndSize(object, size);
}

/* What is no pair of texts is left out. */
static void header_add(request_headers *headers, PyObject *pair)
{
    if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2)
        return;
    const char *name = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(pair, 0), NULL);
    Py_ssize_t size = 0;
    const char *value = name ? header_value(PyTuple_GetItem(pair, 1), &size) : NULL;
    PyErr_Clear();
    if (!value)
        return;
    headers->items[headers->count].name = name;
    headers->items[headers->count].value = impact_text_from(value, (size_t)size);
    headers->count++;
}

static bool headers_read(request_headers *headers, PyObject *object)
{
    headers->count = 0;
    headers->pairs = PySequence_List(object);
    if (!headers->pairs)
        return false;
    Py_ssize_t count = PyList_Size(headers->pairs);
    for (Py_ssize_t i = 0; i < count && headers->count < HEADER_LIMIT; i++)
        header_add(headers, PyList_GetItem(headers->pairs, i));
    return true;
}

static PyObject *response_headers(const impact_http_response *response)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < response->header_count; i++) {
        PyObject *pair =
            Py_BuildValue("(ss)", response->headers[i].name, response->headers[i].value);
        if (!pair || PyList_Append(list, pair))
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

static PyObject *response_object(impact_http_response *response)
{
    PyObject *headers = response_headers(response);
    PyObject *object = headers ? Py_BuildValue("(iNy#)", response->status, headers,
                                               response->body.data ? response->body.data : "",
                                               (Py_ssize_t)response->body.size)
                               : NULL;
    impact_http_response_clear(response);
    return object;
}

PyObject *health_answer(impact_health *health, PyObject *arguments)
{
    const char *method = NULL;
    const char *path = NULL;
    const char *query = NULL;
    Py_ssize_t method_size = 0;
    Py_ssize_t path_size = 0;
    Py_ssize_t query_size = 0;
    PyObject *header_pairs = NULL;
    if (!PyArg_ParseTuple(arguments, "s#s#y#O:answer", &method, &method_size, &path, &path_size,
                          &query, &query_size, &header_pairs))
        return NULL;
    request_headers headers;
    if (!headers_read(&headers, header_pairs))
        return NULL;
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_from(method, (size_t)method_size),
        .path = impact_text_from(path, (size_t)path_size),
        .query = impact_text_from(query, (size_t)query_size),
        .header = header_get,
        .carrier = &headers,
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    gil_give_away();
    const bool is_answered = impact_health_answer(health, &request, &response);
    gil_take_back();
    Py_DECREF(headers.pairs);
    diagnostics_drain();
    if (PyErr_Occurred()) {
        impact_http_response_clear(&response);
        return NULL;
    }
    if (!is_answered)
        Py_RETURN_NONE;
    return response_object(&response);
}
