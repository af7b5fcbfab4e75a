/* Attributes from C into Python: a dict from the bytes of a Resource. */
#include "core.h"

#include <impact/span_view.h>

static PyObject *value_object(const impact_value_view *value);

static PyObject *array_object(impact_message_walk items)
{
    PyObject *list = PyList_New(0);
    impact_value_view item;
    while (list && impact_value_view_next(&items, &item)) {
        PyObject *object = value_object(&item);
        if (!object || PyList_Append(list, object))
            Py_CLEAR(list);
        Py_XDECREF(object);
    }
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

/* Arrays hold scalars only, so this is at most two deep. */
static PyObject *value_object(const impact_value_view *value)
{
    switch (value->type) {
    case IMPACT_VALUE_STRING:
        return PyUnicode_DecodeUTF8(value->string.data ? value->string.data : "",
                                    (Py_ssize_t)value->string.size, "replace");
    case IMPACT_VALUE_BOOL:
        return PyBool_FromLong(value->boolean);
    case IMPACT_VALUE_INT:
        return PyLong_FromLongLong(value->integer);
    case IMPACT_VALUE_DOUBLE:
        return PyFloat_FromDouble(value->real);
    case IMPACT_VALUE_ARRAY:
        return array_object(value->items);
    default:
        break;
    }
    Py_RETURN_NONE;
}

static bool dict_put(PyObject *dict, impact_text key, const impact_value_view *value)
{
    PyObject *name = PyUnicode_DecodeUTF8(key.data, (Py_ssize_t)key.size, "replace");
    PyObject *object = name ? value_object(value) : NULL;
    bool is_put = object && PyDict_SetItem(dict, name, object) == 0;
    Py_XDECREF(object);
    Py_XDECREF(name);
    return is_put;
}

PyObject *resource_attributes(impact_text resource)
{
    PyObject *dict = PyDict_New();
    impact_message_walk walk;
    if (!dict || !impact_resource_view_parse(&walk, resource))
        return dict;
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        if (!dict_put(dict, key, &value)) {
            Py_DECREF(dict);
            return NULL;
        }
    }
    return dict;
}
