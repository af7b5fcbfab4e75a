/* OpenTelemetry's own metrics of the SDK, of all tracer providers of the process: for the module's
 * sdk_metrics, and for answers in OpenMetrics.
 *
 * DESIGN: the core tells of one provider at a time. What it tells is copied first, without the GIL
 * and without calling anybody, and then shown, so that the points of a metric come in a row
 * whatever the number of providers. Each provider numbers its exporters from 0: here they are
 * numbered on, by how many there were before. */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <impact/metric.h>

enum {
    point_text_limit = 1024,   /* bytes of all texts of a point; what goes beyond is cut */
    point_attribute_limit = 8, /* the core has five; a point with more is not shown: without the
                                  rest it would look like another */
    points_grown_by = 64,      /* a provider with one exporter has 37 */
};

static const char component_name[] = "otel.component.name";

/* A point, and what it points to. */
typedef struct point {
    impact_metric metric;
    impact_attribute attributes[point_attribute_limit];
    bool is_of_provider; /* else of the process: every provider tells the same */
    bool is_shown;
    size_t text_size;
    char text[point_text_limit];
} point;

typedef struct points {
    point **items;
    size_t count;
    size_t room;
    unsigned first_component; /* of the provider that is being asked */
    bool has_process;         /* a provider was asked before */
    bool is_short;            /* there was no memory for all of them */
} points;

/* ---- one point ---- */

static const char *text_keep(point *to, const char *data, size_t size)
{
    char *kept = to->text + to->text_size;
    const size_t room = sizeof to->text - to->text_size;
    if (size >= room)
        size = room - 1;
    memcpy(kept, data, size);
    kept[size] = '\0';
    to->text_size += room - size > 1 ? size + 1 : size; /* one byte stays, for empty ones */
    return kept;
}

static const char *string_keep(point *to, const char *text)
{
    return text ? text_keep(to, text, strlen(text)) : "";
}

static unsigned number_read(const char *digits, const char *end)
{
    unsigned number = 0;
    for (; digits < end && *digits >= '0' && *digits <= '9'; digits++)
        number = number * 10 + (unsigned)(*digits - '0');
    return number;
}

/* "type/0" of a provider that has two exporters before it is "type/2" here. */
static impact_attribute component_keep(point *to, const impact_value *value, unsigned first)
{
    char name[128];
    const int size = (int)value->count;
    const char *slash = memrchr(value->string, '/', value->count);
    if (slash)
        (void)snprintf(name, sizeof name, "%.*s/%u", (int)(slash - value->string), value->string,
                       number_read(slash + 1, value->string + size) + first); /* cut; so below */
    else
        (void)snprintf(name, sizeof name, "%.*s", size, value->string);
    to->is_of_provider = true;
    return impact_string(component_name, string_keep(to, name));
}

static impact_attribute attribute_keep(point *to, const impact_attribute *given, unsigned first)
{
    const bool is_text = given->value.type == IMPACT_VALUE_STRING;
    if (is_text && given->key.size == sizeof component_name - 1 &&
        memcmp(given->key.data, component_name, given->key.size) == 0)
        return component_keep(to, &given->value, first);
    impact_attribute kept = *given;
    kept.key.data = text_keep(to, given->key.data, given->key.size);
    kept.key.size = strlen(kept.key.data);
    if (is_text) {
        kept.value.string = text_keep(to, given->value.string, given->value.count);
        kept.value.count = strlen(kept.value.string);
    }
    return kept;
}

/* Attributes without a value are left out, as everywhere. */
static void attributes_keep(point *to, const impact_metric *given, unsigned first)
{
    to->metric.attributes = to->attributes;
    to->metric.attribute_count = 0;
    for (size_t i = 0; i < given->attribute_count; i++)
        to->attributes[to->metric.attribute_count++] =
            attribute_keep(to, &given->attributes[i], first);
}

static void point_fill(point *to, const impact_metric *given, unsigned first)
{
    memset(to, 0, offsetof(point, text));
    to->metric = *given;
    to->metric.name = string_keep(to, given->name);
    to->metric.unit = string_keep(to, given->unit);
    to->metric.description = string_keep(to, given->description);
    attributes_keep(to, given, first);
}

/* ---- all of them ---- */

static bool points_grow(points *all)
{
    if (all->count < all->room)
        return true;
    point **items = realloc(all->items, (all->room + points_grown_by) * sizeof *items);
    if (!items)
        return false;
    all->items = items;
    all->room += points_grown_by;
    return true;
}

static void point_take(void *userdata, const impact_metric *given)
{
    points *all = userdata;
    if (given->attribute_count > point_attribute_limit)
        return;
    point *added = points_grow(all) ? malloc(sizeof *added) : NULL;
    if (!added) {
        all->is_short = true;
        return;
    }
    point_fill(added, given, all->first_component);
    if (all->has_process && !added->is_of_provider)
        free(added);
    else
        all->items[all->count++] = added;
}

static void provider_ask(const provider_object *provider, void *userdata)
{
    points *all = userdata;
    all->first_component = provider->first_component;
    impact_trace_read_metrics(provider->provider, point_take, all);
    all->has_process = true;
}

/* Those that have the name of the first of them, and were not shown. */
static void metric_show(const points *all, size_t first, impact_metric_take *take, void *userdata)
{
    const char *name = all->items[first]->metric.name;
    for (size_t i = first; i < all->count; i++) {
        point *each = all->items[i];
        if (each->is_shown || strcmp(each->metric.name, name) != 0)
            continue;
        each->is_shown = true;
        take(userdata, &each->metric);
    }
}

static void points_show(const points *all, impact_metric_take *take, void *userdata)
{
    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i]->is_shown)
            metric_show(all, i, take, userdata);
}

static void points_clear(points *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->items[i]);
    free(all->items);
}

/* A metric source of the core's, without anything to point to: it shows what there was memory for.
 */
void metrics_read(void *unused, impact_metric_take *take, void *userdata)
{
    (void)unused;
    points all = {.items = NULL};
    providers_visit(provider_ask, &all);
    points_show(&all, take, userdata);
    points_clear(&all);
}

/* ---- in Python ---- */

static PyObject *value_object(const impact_value *value)
{
    return value->type == IMPACT_VALUE_STRING
               ? PyUnicode_DecodeUTF8(value->string, (Py_ssize_t)value->count, "replace")
               : PyLong_FromLongLong(value->integer);
}

static PyObject *point_attributes(const impact_metric *metric)
{
    PyObject *attributes = PyDict_New();
    for (size_t i = 0; attributes && i < metric->attribute_count; i++) {
        PyObject *value = value_object(&metric->attributes[i].value);
        if (!value || PyDict_SetItemString(attributes, metric->attributes[i].key.data, value))
            Py_CLEAR(attributes);
        Py_XDECREF(value);
    }
    return attributes;
}

static const char *kind_name(impact_metric_kind kind)
{
    switch (kind) {
    case IMPACT_METRIC_COUNTER:
        return "counter";
    case IMPACT_METRIC_HISTOGRAM:
        return "histogram";
    case IMPACT_METRIC_UP_DOWN_COUNTER:
        break;
    }
    return "up_down_counter";
}

/* Once there is an exception nothing is added any more. */
static void point_add(void *userdata, const impact_metric *metric)
{
    PyObject *list = userdata;
    PyObject *attributes = PyErr_Occurred() ? NULL : point_attributes(metric);
    if (!attributes)
        return;
    PyObject *made = Py_BuildValue("(ssssNKd)", metric->name, kind_name(metric->kind), metric->unit,
                                   metric->description, attributes,
                                   (unsigned long long)metric->value, metric->sum);
    if (made)
        (void)PyList_Append(list, made); /* a failure is an exception */
    Py_XDECREF(made);
}

PyObject *metrics_list(PyObject *module, PyObject *unused)
{
    (void)module; /* they are the process's */
    (void)unused;
    points all = {.items = NULL};
    gil_give_away(); /* who closes a provider waits for us, and may have to have it meanwhile */
    providers_visit(provider_ask, &all);
    gil_take_back();
    PyObject *list = all.is_short ? PyErr_NoMemory() : PyList_New(0);
    if (list)
        points_show(&all, point_add, list);
    points_clear(&all);
    if (PyErr_Occurred())
        Py_CLEAR(list);
    return list;
}
