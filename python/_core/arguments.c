/* Small conversions of arguments: names, times, text, and exceptions. */
#include "core.h"

/* A keyword is nearly always the interned constant of the caller; comparing text costs no more. */
static Py_ssize_t position_of(const char *const *names, PyObject *keyword)
{
    for (Py_ssize_t i = 0; names[i]; i++) {
        if (PyUnicode_CompareWithASCIIString(keyword, names[i]) == 0)
            return i;
    }
    return -1;
}

static Py_ssize_t count_of(const char *const *names)
{
    Py_ssize_t count = 0;
    while (names[count])
        count++;
    return count;
}

static bool keyword_put(const char *const *names, PyObject **values, Py_ssize_t positional_count,
                        PyObject *keyword, PyObject *value)
{
    Py_ssize_t position = position_of(names, keyword);
    if (position < 0) {
        PyErr_Format(PyExc_TypeError, "unexpected keyword argument '%U'", keyword);
        return false;
    }
    if (position < positional_count) {
        PyErr_Format(PyExc_TypeError, "multiple values for argument '%s'", names[position]);
        return false;
    }
    values[position] = value;
    return true;
}

bool arguments_read(const char *const *names, PyObject **values, PyObject *const *arguments,
                    Py_ssize_t count, PyObject *keyword_names)
{
    if (count > count_of(names)) {
        PyErr_Format(PyExc_TypeError, "at most %zd arguments are taken, %zd were given",
                     count_of(names), count);
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        values[i] = arguments[i];
    Py_ssize_t keyword_count = keyword_names ? PyTuple_Size(keyword_names) : 0;
    for (Py_ssize_t i = 0; i < keyword_count; i++) {
        PyObject *keyword = PyTuple_GetItem(keyword_names, i);
        if (!keyword_put(names, values, count, keyword, arguments[count + i]))
            return false;
    }
    if (!values[0]) {
        PyErr_Format(PyExc_TypeError, "missing required argument '%s'", names[0]);
        return false;
    }
    return true;
}

uint64_t unix_ns_of(PyObject *value)
{
    if (!value || !PyLong_Check(value))
        return 0;
    unsigned long long ns = PyLong_AsUnsignedLongLong(value);
    if (!PyErr_Occurred())
        return ns ? ns : 1; /* 1970 itself: to the core 0 is now */
    PyErr_Clear();
    return 0;
}

bool flag_of(PyObject *flag)
{
    if (!flag || flag == Py_True)
        return true;
    if (flag == Py_False || PyErr_Occurred())
        return false; /* the call is over */
    const int truth = PyObject_IsTrue(flag);
    if (truth < 0)
        error_clear();
    return truth != 0;
}

bool timeout_ms_of(uint32_t *timeout_ms, PyObject *value)
{
    double ms = PyFloat_AsDouble(value);
    if (ms == -1.0 && PyErr_Occurred())
        return false;
    if (!(ms > 0.0))
        *timeout_ms = 0;
    else if (ms >= (double)UINT32_MAX)
        *timeout_ms = UINT32_MAX;
    else
        *timeout_ms = (uint32_t)ms;
    return true;
}

void raise_status(impact_status status, const char *what)
{
    if (status == IMPACT_ENOMEM)
        (void)PyErr_NoMemory(); /* it always answers NULL */
    else
        PyErr_Format(status == IMPACT_EINVAL || status == IMPACT_EEXIST ? PyExc_ValueError
                                                                        : PyExc_RuntimeError,
                     "%s: %s", what, impact_status_text(status));
}

const char *name_text(PyObject *name)
{
    Py_ssize_t size = 0;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text && strlen(text) == (size_t)size)
        return text;
    if (text)
        PyErr_Format(PyExc_ValueError, "%R has a null character", name);
    return NULL;
}

static bool text_borrow(impact_text *text, PyObject *string)
{
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(string, &size);
    if (!data) {
        PyErr_Clear();
        return false;
    }
    *text = impact_text_from(data, (size_t)size);
    return true;
}

static bool text_encode(held_text *held, PyObject *string)
{
    PyObject *bytes = PyUnicode_AsEncodedString(string, "utf-8", "replace");
    char *data = NULL;
    Py_ssize_t size = 0;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &size)) {
        PyErr_Clear();
        Py_XDECREF(bytes);
        return false;
    }
    held->text = impact_text_from(data, (size_t)size);
    held->owner = bytes;
    return true;
}

held_text held_text_of(PyObject *value)
{
    held_text held = {.text = impact_text_of("")};
    if (PyErr_Occurred())
        return held; /* the call is over */
    PyObject *string = PyUnicode_Check(value) ? Py_NewRef(value) : PyObject_Str(value);
    if (!string) {
        error_clear();
        return held;
    }
    if (text_borrow(&held.text, string)) {
        held.owner = string;
        return held;
    }
    (void)text_encode(&held, string); /* what cannot be encoded stays empty */
    Py_DECREF(string);
    return held;
}

void held_text_clear(held_text *held)
{
    Py_CLEAR(held->owner);
}

held_error held_error_take(void)
{
    held_error held = {NULL, NULL, NULL};
    PyErr_Fetch(&held.type, &held.error, &held.traceback);
    PyErr_NormalizeException(&held.type, &held.error, &held.traceback);
    if (held.error && held.traceback)
        (void)PyException_SetTraceback(held.error, held.traceback); /* a traceback it is */
    return held;
}

void held_error_restore(held_error held)
{
    PyErr_Restore(held.type, held.error, held.traceback);
}

void held_error_settle(held_error held)
{
    if (PyErr_Occurred())
        held_error_drop(held);
    else
        held_error_restore(held);
}

void held_error_drop(held_error held)
{
    Py_XDECREF(held.type);
    Py_XDECREF(held.error);
    Py_XDECREF(held.traceback);
}

bool error_forget(PyObject *where)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return false;
    PyErr_WriteUnraisable(where);
    return true;
}

void error_clear(void)
{
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception))
        PyErr_Clear();
}

PyObject *none_or_raised(void)
{
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}
