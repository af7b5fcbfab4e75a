/* The exporter "otlp" with options that Python says: a tuple that otlp.py makes. */
#include "core.h"

#define HEADER_LIMIT 64 /* impact_otlp_options */

/* The texts are borrowed from `pairs`, a tuple of pairs of str. False with an exception. */
static bool headers_read(impact_http_header *headers, PyObject *pairs)
{
    Py_ssize_t count = PyTuple_Size(pairs);
    if (count < 0 || count > HEADER_LIMIT) {
        PyErr_SetString(PyExc_ValueError, "at most 64 headers are taken");
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyArg_ParseTuple(PyTuple_GetItem(pairs, i), "ss", &headers[i].name, &headers[i].value))
            return false;
    return true;
}

bool otlp_exporter_open(impact_exporter **exporter, PyObject *given)
{
    impact_otlp_options options = {.size = sizeof options, .product = FACE_PRODUCT};
    impact_http_header headers[HEADER_LIMIT];
    PyObject *pairs = NULL; /* borrowed; None: the environment's */
    unsigned timeout_ms = 0;
    if (!PyArg_ParseTuple(given, "zOIzzzzz", &options.endpoint, &pairs, &timeout_ms,
                          &options.certificate, &options.client_certificate, &options.client_key,
                          &options.protocol, &options.compression))
        return false;
    if (pairs != Py_None) {
        if (!headers_read(headers, pairs))
            return false;
        options.headers = headers;
        options.header_count = (size_t)PyTuple_Size(pairs);
    }
    options.timeout_ms = timeout_ms;
    impact_status status = impact_exporter_otlp_open(exporter, &options, NULL);
    if (status)
        raise_status(status, "the options of the exporter otlp are not valid, or it is not there");
    return status == IMPACT_OK;
}
