/* Attribute values from Python into C.
 *
 * DESIGN: the first pass takes plain values only (str, bool, int, float, and lists or tuples of one
 * of them) and runs no Python code, so that borrowed pointers stay good. When it meets anything
 * else, the whole mapping goes once through the Python function clean_attributes, which returns a
 * plain dict. */
#include "core.h"

/* More attributes than any sensible limit keeps: a guard for the multiplication below. */
#define ATTRIBUTE_COUNT_LIMIT 65536

struct array_block {
    struct array_block *next;
};

static void *array_new(attribute_list *list, size_t count, size_t item_size)
{
    if (count > (PY_SSIZE_T_MAX - sizeof(struct array_block)) / item_size)
        return NULL;
    struct array_block *block = PyMem_Malloc(sizeof(struct array_block) + count * item_size);
    if (!block)
        return NULL;
    block->next = list->arrays;
    list->arrays = block;
    return block + 1;
}

static bool text_of_string(impact_text *text, PyObject *value)
{
    if (!PyUnicode_CheckExact(value))
        return false;
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(value, &size);
    if (!data) { /* a lone surrogate */
        PyErr_Clear();
        return false;
    }
    *text = impact_text_from(data, (size_t)size);
    return true;
}

static bool integer_of(int64_t *integer, PyObject *value)
{
    int overflow = 0;
    long long number =
        PyLong_CheckExact(value) ? PyLong_AsLongLongAndOverflow(value, &overflow) : 0;
    *integer = number;
    return PyLong_CheckExact(value) && overflow == 0;
}

static bool scalar_convert(impact_value *to, PyObject *value)
{
    impact_text text;
    if (text_of_string(&text, value)) {
        to->type = IMPACT_VALUE_STRING;
        to->string = text.data;
        to->count = text.size;
        return true;
    }
    if (value == Py_True || value == Py_False) {
        to->type = IMPACT_VALUE_BOOL;
        to->boolean = value == Py_True;
        return true;
    }
    if (integer_of(&to->integer, value)) {
        to->type = IMPACT_VALUE_INT;
        return true;
    }
    if (!PyFloat_CheckExact(value))
        return false;
    to->type = IMPACT_VALUE_DOUBLE;
    to->real = PyFloat_AsDouble(value);
    return true;
}

/* Borrowed item of a list or tuple. */
static PyObject *item_at(PyObject *sequence, Py_ssize_t index)
{
    return PyList_CheckExact(sequence) ? PyList_GetItem(sequence, index)
                                       : PyTuple_GetItem(sequence, index);
}

/* Store one scalar as item `index` of an array of its type. */
static void array_put(impact_value_type type, void *items, size_t index, const impact_value *scalar)
{
    if (type == IMPACT_VALUE_STRING)
        ((impact_text *)items)[index] = impact_text_from(scalar->string, scalar->count);
    else if (type == IMPACT_VALUE_BOOL)
        ((bool *)items)[index] = scalar->boolean;
    else if (type == IMPACT_VALUE_INT)
        ((int64_t *)items)[index] = scalar->integer;
    else
        ((double *)items)[index] = scalar->real;
}

/* The array types follow the scalar types in the same order (see impact_value_type). */
static impact_value_type array_type_of(impact_value_type scalar)
{
    return (impact_value_type)(scalar + (IMPACT_VALUE_STRING_ARRAY - IMPACT_VALUE_STRING));
}

static bool array_convert(attribute_list *list, impact_value *to, PyObject *value)
{
    size_t count = (size_t)PySequence_Size(value);
    void *items = array_new(list, count, sizeof(impact_text)); /* the largest item of the four */
    if (!items)
        return false;
    impact_value_type type = IMPACT_VALUE_STRING; /* of an empty array */
    for (size_t i = 0; i < count; i++) {
        impact_value scalar;
        if (!scalar_convert(&scalar, item_at(value, (Py_ssize_t)i)))
            return false;
        if (i == 0)
            type = scalar.type;
        if (scalar.type != type)
            return false;
        array_put(type, items, i, &scalar);
    }
    to->type = array_type_of(type);
    to->strings = items;
    to->count = count;
    return true;
}

/* False: the key or the value is not plain. */
static bool attribute_convert(attribute_list *list, impact_attribute *attribute, PyObject *key,
                              PyObject *value)
{
    attribute->value.count = 0;
    if (!text_of_string(&attribute->key, key) || attribute->key.size == 0)
        return false;
    if (scalar_convert(&attribute->value, value))
        return true;
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value))
        return array_convert(list, &attribute->value, value);
    return false;
}

static bool list_reserve(attribute_list *list, size_t count)
{
    if (count <= ATTRIBUTES_INLINE)
        return true;
    if (count > ATTRIBUTE_COUNT_LIMIT)
        return false;
    impact_attribute *items = PyMem_Malloc(count * sizeof(impact_attribute));
    if (!items)
        return false;
    list->items = items;
    return true;
}

static void list_empty(attribute_list *list)
{
    while (list->arrays) {
        struct array_block *next = list->arrays->next;
        PyMem_Free(list->arrays);
        list->arrays = next;
    }
    if (list->items != list->inline_items)
        PyMem_Free(list->items);
    list->items = list->inline_items;
    list->count = 0;
}

/* False: something is not plain, and the list is empty. */
static bool list_fill_plain(attribute_list *list, PyObject *mapping)
{
    if (!PyDict_CheckExact(mapping) || !list_reserve(list, (size_t)PyDict_Size(mapping)))
        return false;
    PyObject *key = NULL;
    PyObject *value = NULL;
    Py_ssize_t position = 0;
    while (PyDict_Next(mapping, &position, &key, &value)) {
        if (!attribute_convert(list, &list->items[list->count], key, value)) {
            list_empty(list);
            return false;
        }
        list->count++;
    }
    return true;
}

/* Through Python, once. clean_attributes catches what goes wrong in it; this is the last net. */
static void list_fill_cleaned(attribute_list *list, core_state *state, PyObject *mapping)
{
    PyObject *plain = PyObject_CallFunctionObjArgs(state->python[CLEAN_ATTRIBUTES], mapping, NULL);
    if (!plain) {
        PyErr_WriteUnraisable(mapping);
        return;
    }
    list->owner = plain;
    (void)list_fill_plain(list, plain); /* when even this is not plain, nothing is recorded */
}

static void list_init(attribute_list *list)
{
    list->items = list->inline_items;
    list->count = 0;
    list->owner = NULL;
    list->arrays = NULL;
}

void attribute_list_fill(attribute_list *list, core_state *state, PyObject *mapping)
{
    list_init(list);
    if (!mapping || mapping == Py_None)
        return;
    if (!list_fill_plain(list, mapping))
        list_fill_cleaned(list, state, mapping);
}

void attribute_list_fill_one(attribute_list *list, core_state *state, PyObject *key,
                             PyObject *value)
{
    list_init(list);
    if (attribute_convert(list, &list->items[0], key, value)) {
        list->count = 1;
        return;
    }
    list_empty(list);
    PyObject *pair = PyTuple_Pack(2, key, value);
    PyObject *pairs = pair ? PyTuple_Pack(1, pair) : NULL; /* the key need not be hashable */
    if (pairs)
        list_fill_cleaned(list, state, pairs);
    else
        PyErr_Clear();
    Py_XDECREF(pairs);
    Py_XDECREF(pair);
}

void attribute_list_clear(attribute_list *list)
{
    list_empty(list);
    Py_CLEAR(list->owner);
}
