/* What a span recorded, read from its bytes when it is asked for: of a live span from a copy of
 * what it has so far, of an ended one from what was exported. Nothing is kept decoded. */
#include "core.h"

/* Another thread may record while a copy is made: then there is more to copy. */
static PyObject *live_bytes(const impact_span *span)
{
    size_t size = impact_span_copy(span, NULL, 0);
    while (size > 0) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
        if (!bytes)
            return NULL;
        const size_t whole = impact_span_copy(span, PyBytes_AsString(bytes), size);
        if (whole == size)
            return bytes;
        Py_DECREF(bytes);
        size = whole;
    }
    return PyBytes_FromStringAndSize("", 0);
}

/* The bytes that `view` borrows from: a new reference; NULL with an exception. A span that records
 * nothing has none, and all of its view is zero. */
static PyObject *record_view(PyObject *object, impact_span_view *view)
{
    const span_object *self = (const span_object *)object;
    PyObject *bytes = self->bytes ? Py_NewRef(self->bytes) : live_bytes(self->span);
    char *data = NULL;
    Py_ssize_t size = 0;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &data, &size)) {
        Py_XDECREF(bytes);
        return NULL;
    }
    *view = (impact_span_view){0};
    (void)impact_span_view_parse(view, impact_text_from(data, (size_t)size)); /* our own bytes */
    return bytes;
}

static PyObject *time_object(uint64_t unix_ns)
{
    if (unix_ns == 0)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(unix_ns);
}

/* None for an empty text. */
static PyObject *text_object(impact_text text)
{
    if (text.size == 0)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text.data, (Py_ssize_t)text.size, "replace");
}

PyObject *span_get_start_time(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    Py_XDECREF(bytes);
    return bytes ? time_object(view.start_unix_ns) : NULL;
}

PyObject *span_get_end_time(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    Py_XDECREF(bytes);
    return bytes ? time_object(view.end_unix_ns) : NULL;
}

PyObject *span_get_parent(PyObject *object, void *unused)
{
    (void)unused;
    span_object *self = (span_object *)object;
    if (!self->parent)
        Py_RETURN_NONE;
    return span_identity_object(self->state, self->parent);
}

PyObject *span_get_attributes(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    PyObject *attributes = bytes ? attributes_object(view.attributes) : NULL;
    Py_XDECREF(bytes);
    return attributes;
}

PyObject *span_get_status(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    PyObject *description = bytes ? text_object(view.status_description) : NULL;
    Py_XDECREF(bytes);
    return description ? Py_BuildValue("(iN)", (int)view.status, description) : NULL;
}

/* Append `item`, which is taken; false with an exception, also for NULL. */
static bool list_take(PyObject *list, PyObject *item)
{
    const bool is_appended = item && PyList_Append(list, item) == 0;
    Py_XDECREF(item);
    return is_appended;
}

/* A tuple of the three, which are taken; NULL with an exception, as when one of them is. */
static PyObject *triple(PyObject *first, PyObject *second, uint32_t dropped_count)
{
    PyObject *made = NULL;
    if (first && second)
        made = Py_BuildValue("(OOI)", first, second, (unsigned)dropped_count);
    Py_XDECREF(second);
    Py_XDECREF(first);
    return made;
}

static PyObject *event_object(const impact_event_view *event)
{
    PyObject *name =
        PyUnicode_DecodeUTF8(event->name.data, (Py_ssize_t)event->name.size, "replace");
    PyObject *head = name ? Py_BuildValue("(NK)", name, (unsigned long long)event->unix_ns) : NULL;
    return triple(head, head ? attributes_object(event->attributes) : NULL,
                  event->dropped_attribute_count);
}

/* Put the next item of a walk into `item`, NULL with an exception. False: there is none. */
typedef bool (*item_next)(core_state *state, impact_message_walk *walk, PyObject **item);

static PyObject *list_of(core_state *state, impact_message_walk walk, item_next next)
{
    PyObject *list = PyList_New(0);
    PyObject *item = NULL;
    while (list && next(state, &walk, &item)) {
        if (!list_take(list, item))
            Py_CLEAR(list);
    }
    return list;
}

static bool event_next(core_state *state, impact_message_walk *walk, PyObject **item)
{
    (void)state;
    impact_event_view event;
    if (!impact_event_view_next(walk, &event))
        return false;
    *item = event_object(&event);
    return true;
}

PyObject *span_get_events(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    PyObject *list =
        bytes ? list_of(((span_object *)object)->state, view.events, event_next) : NULL;
    Py_XDECREF(bytes);
    return list;
}

static PyObject *link_object(core_state *state, const impact_link_view *link)
{
    const impact_span_context context = impact_span_context_of_view(&link->context);
    PyObject *span_context = span_context_make(state, &context);
    return triple(span_context, span_context ? attributes_object(link->attributes) : NULL,
                  link->dropped_attribute_count);
}

static bool link_next(core_state *state, impact_message_walk *walk, PyObject **item)
{
    impact_link_view link;
    if (!impact_link_view_next(walk, &link))
        return false;
    *item = link_object(state, &link);
    return true;
}

PyObject *span_get_links(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    PyObject *list = bytes ? list_of(((span_object *)object)->state, view.links, link_next) : NULL;
    Py_XDECREF(bytes);
    return list;
}

PyObject *span_get_dropped(PyObject *object, void *unused)
{
    (void)unused;
    impact_span_view view;
    PyObject *bytes = record_view(object, &view);
    Py_XDECREF(bytes);
    return bytes ? Py_BuildValue("(III)", (unsigned)view.dropped_attribute_count,
                                 (unsigned)view.dropped_event_count,
                                 (unsigned)view.dropped_link_count)
                 : NULL;
}
