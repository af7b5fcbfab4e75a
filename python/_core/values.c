/* Attribute values from Python into C.
 *
 * DESIGN: the first pass takes plain values only (None, str, bool, int, float, bytes, and lists,
 * tuples and dicts of them) and runs no Python code, so that borrowed pointers stay good. When it
 * meets anything else, the whole mapping goes once through the Python function clean_attributes,
 * which returns a plain dict. */
#include "core.h"

/* More attributes than any sensible limit keeps: a guard for the multiplication below. */
#define ATTRIBUTE_COUNT_LIMIT 65536

/* Items of lists and dicts that one value may have, all in all; and so in attributes.py, which cuts
 * there. It bounds what a list that holds itself twice takes. */
#define ITEM_LIMIT 65536

/* Items of arrays and members of maps, as the core borrows them. */
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
    int64_t integer = 0;
    if (text_of_string(&text, value))
        *to = impact_value_string_n(text.data, text.size);
    else if (value == Py_True || value == Py_False)
        *to = impact_value_bool(value == Py_True);
    else if (integer_of(&integer, value))
        *to = impact_value_int(integer);
    else if (PyFloat_CheckExact(value))
        *to = impact_value_double(PyFloat_AsDouble(value));
    else if (value == Py_None)
        *to = impact_value_null();
    else
        return false;
    return true;
}

static bool bytes_convert(impact_value *to, PyObject *value)
{
    char *data = NULL;
    Py_ssize_t size = 0;
    if (!PyBytes_CheckExact(value) || PyBytes_AsStringAndSize(value, &data, &size))
        return false;
    *to = impact_value_bytes(data, (size_t)size);
    return true;
}

/* What is left of one value: how deep it may still be, and how large. */
typedef struct bounds {
    attribute_list *list; /* keeps the items */
    size_t depth_left;
    size_t items_left;
} bounds;

static bool value_convert(bounds *within, impact_value *to, PyObject *value);

/* Borrowed item of a list or tuple. */
static PyObject *item_at(PyObject *sequence, Py_ssize_t index)
{
    return PyList_CheckExact(sequence) ? PyList_GetItem(sequence, index)
                                       : PyTuple_GetItem(sequence, index);
}

/* Take `count` items of `item_size` from what is left; NULL: too many, or no memory. */
static void *items_take(bounds *within, size_t count, size_t item_size)
{
    if (count > within->items_left)
        return NULL;
    within->items_left -= count;
    return array_new(within->list, count, item_size);
}

static bool array_convert(bounds *within, impact_value *to, PyObject *value)
{
    size_t count = (size_t)PySequence_Size(value);
    impact_value *items = items_take(within, count, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!value_convert(within, &items[i], item_at(value, (Py_ssize_t)i)))
            return false;
    }
    *to = impact_value_array(items, count);
    return true;
}

static bool map_convert(bounds *within, impact_value *to, PyObject *value)
{
    size_t count = (size_t)PyDict_Size(value);
    impact_attribute *members = items_take(within, count, sizeof *members);
    PyObject *key = NULL;
    PyObject *item = NULL;
    Py_ssize_t position = 0;
    if (!members)
        return false;
    for (size_t i = 0; i < count && PyDict_Next(value, &position, &key, &item); i++) {
        if (!text_of_string(&members[i].key, key) || members[i].key.size == 0 ||
            !value_convert(within, &members[i].value, item))
            return false;
    }
    *to = impact_value_map(members, count);
    return true;
}

/* False: it is not plain, too deep, or too large. The recursion is as deep as the core keeps
 * values. */
static bool value_convert(bounds *within, impact_value *to, PyObject *value)
{
    if (scalar_convert(to, value) || bytes_convert(to, value))
        return true;
    bool is_array = PyList_CheckExact(value) || PyTuple_CheckExact(value);
    if ((!is_array && !PyDict_CheckExact(value)) || within->depth_left == 0)
        return false;
    within->depth_left--;
    bool is_converted =
        is_array ? array_convert(within, to, value) : map_convert(within, to, value);
    within->depth_left++;
    return is_converted;
}

/* False: the key or the value is not plain. */
static bool attribute_convert(attribute_list *list, impact_attribute *attribute, PyObject *key,
                              PyObject *value)
{
    bounds within = {list, IMPACT_VALUE_DEPTH_LIMIT, ITEM_LIMIT};
    return text_of_string(&attribute->key, key) && attribute->key.size > 0 &&
           value_convert(&within, &attribute->value, value);
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
    if (PyErr_Occurred())
        return; /* the call is over */
    PyObject *plain = PyObject_CallFunctionObjArgs(state->python[CLEAN_ATTRIBUTES], mapping, NULL);
    if (!plain) {
        (void)error_forget(mapping); /* or it stays set */
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

void attribute_list_fill_copied(attribute_list *list, core_state *state, PyObject *mapping)
{
    list_init(list);
    if (mapping && mapping != Py_None)
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
