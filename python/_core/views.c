/* Attributes from C into Python: of a Resource, and of what a span recorded. */
#include "core.h"

/* The recursion below is as deep as the core's own values; what lies deeper is None. */
static PyObject *value_object(const impact_value_view *value, size_t depth_left);

static PyObject *array_object(impact_message_walk items, size_t depth_left)
{
    PyObject *list = PyList_New(0);
    impact_value_view item;
    while (list && impact_value_view_next(&items, &item)) {
        PyObject *object = value_object(&item, depth_left);
        if (!object || PyList_Append(list, object))
            Py_CLEAR(list);
        Py_XDECREF(object);
    }
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

static bool dict_put(PyObject *dict, impact_text key, const impact_value_view *value,
                     size_t depth_left)
{
    PyObject *name = PyUnicode_DecodeUTF8(key.data, (Py_ssize_t)key.size, "replace");
    PyObject *object = name ? value_object(value, depth_left) : NULL;
    bool is_put = object && PyDict_SetItem(dict, name, object) == 0;
    Py_XDECREF(object);
    Py_XDECREF(name);
    return is_put;
}

static PyObject *map_object(impact_message_walk members, size_t depth_left)
{
    PyObject *dict = PyDict_New();
    impact_text key;
    impact_value_view value;
    while (dict && impact_attribute_view_next(&members, &key, &value)) {
        if (!dict_put(dict, key, &value, depth_left))
            Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *container_object(const impact_value_view *value, size_t depth_left)
{
    if (depth_left == 0)
        Py_RETURN_NONE;
    return value->type == IMPACT_VALUE_MAP ? map_object(value->items, depth_left - 1)
                                           : array_object(value->items, depth_left - 1);
}

static PyObject *value_object(const impact_value_view *value, size_t depth_left)
{
    const char *data = value->string.data ? value->string.data : "";
    switch (value->type) {
    case IMPACT_VALUE_STRING:
        return PyUnicode_DecodeUTF8(data, (Py_ssize_t)value->string.size, "replace");
    case IMPACT_VALUE_BYTES:
        return PyBytes_FromStringAndSize(data, (Py_ssize_t)value->string.size);
    case IMPACT_VALUE_BOOL:
        return PyBool_FromLong(value->boolean);
    case IMPACT_VALUE_INT:
        return PyLong_FromLongLong(value->integer);
    case IMPACT_VALUE_DOUBLE:
        return PyFloat_FromDouble(value->real);
    case IMPACT_VALUE_ARRAY:
    case IMPACT_VALUE_MAP:
        return container_object(value, depth_left);
    default:
        Py_RETURN_NONE;
    }
}

PyObject *resource_attributes(impact_text resource)
{
    impact_message_walk walk;
    if (!impact_resource_view_parse(&walk, resource))
        return PyDict_New();
    return map_object(walk, IMPACT_VALUE_DEPTH_LIMIT);
}

PyObject *attributes_object(impact_message_walk walk)
{
    PyObject *dict = map_object(walk, IMPACT_VALUE_DEPTH_LIMIT);
    PyObject *proxy = dict ? PyDictProxy_New(dict) : NULL;
    Py_XDECREF(dict);
    return proxy;
}
