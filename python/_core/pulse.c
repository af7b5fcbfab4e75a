/* Pulse: a sign of life that a loop or a thread gives, for checks that have no function.
 *
 * DESIGN: one beat is felt by all registries that have it as a check. A registry keeps the pulses
 * that it was given, and takes itself out of them when it goes. */
#include "core.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where it is felt. */
typedef struct felt {
    const impact_health *health; /* not ours: it is taken out before it goes */
    PyObject *name;              /* owned */
    impact_health_pulse *pulse;  /* owned */
} felt;

typedef struct pulse_object {
    PyObject_HEAD felt *items;
    size_t count;
    struct timespec beaten; /* by the monotonic clock; at first when it was made */
} pulse_object;

static void felt_close(felt *one)
{
    impact_health_pulse_close(one->pulse);
    Py_CLEAR(one->name);
}

/* NULL, where it was not felt. */
static felt *felt_find(const pulse_object *self, const impact_health *health, PyObject *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i].health == health && PyUnicode_Compare(self->items[i].name, name) == 0)
            return &self->items[i];
    return NULL;
}

/* `pulse` is taken. False with an exception, and it still belongs to the caller. */
static bool felt_add(pulse_object *self, const impact_health *health, PyObject *name,
                     impact_health_pulse *pulse)
{
    felt *former = felt_find(self, health, name);
    if (former) { /* the check was taken out, and put back */
        impact_health_pulse_close(former->pulse);
        former->pulse = pulse;
        return true;
    }
    felt *items = realloc(self->items, (self->count + 1) * sizeof *items);
    if (!items) {
        (void)PyErr_NoMemory();
        return false;
    }
    self->items = items;
    items[self->count++] = (felt){.health = health, .name = Py_NewRef(name), .pulse = pulse};
    return true;
}

void pulse_leave(PyObject *object, const impact_health *health)
{
    pulse_object *self = (pulse_object *)object;
    for (size_t i = self->count; i > 0; i--) {
        if (self->items[i - 1].health != health)
            continue;
        felt_close(&self->items[i - 1]);
        self->items[i - 1] = self->items[--self->count];
    }
}

/* False with an exception; a check whose pulse is nobody's is not left behind. */
static bool pulse_join(PyObject *object, impact_health *health, PyObject *name, const char *text)
{
    impact_health_pulse *pulse = NULL;
    const impact_status status = impact_health_pulse_open(&pulse, health, text);
    if (status)
        raise_status(status, text);
    else if (felt_add((pulse_object *)object, health, name, pulse))
        return true;
    impact_health_pulse_close(pulse);
    (void)impact_health_remove(health, text);
    return false;
}

PyObject *heartbeat_add(PyTypeObject *pulse_type, impact_health *health, PyObject *arguments)
{
    PyObject *name = NULL;
    PyObject *pulse = NULL;
    const char *groups = NULL;
    unsigned max_age_ms = 0;
    if (!PyArg_ParseTuple(arguments, "UsIO!:add_heartbeat", &name, &groups, &max_age_ms, pulse_type,
                          &pulse))
        return NULL;
    const char *text = name_text(name);
    if (!text)
        return NULL;
    gil_give_away();
    const impact_status status =
        impact_health_add(health, IMPACT_CHECK(.name = text, .groups = groups,
                                               .max_age_ms = max_age_ms, .holds_at_first = true));
    gil_take_back();
    if (!status)
        return pulse_join(pulse, health, name, text) ? Py_NewRef(pulse) : NULL;
    raise_status(status, text);
    return NULL;
}

/* ---- in Python ---- */

/* As the core does: milliseconds late, and a seventh of the price. */
static void beat(pulse_object *self)
{
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &self->beaten); /* cannot fail; likewise below */
}

static PyObject *pulse_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)arguments; /* a subclass may have some */
    (void)keywords;
    pulse_object *self = (pulse_object *)PyType_GenericAlloc(type, 0);
    if (self)
        beat(self);
    return (PyObject *)self;
}

static PyObject *pulse_beat(PyObject *object, PyObject *unused)
{
    (void)unused;
    pulse_object *self = (pulse_object *)object;
    beat(self);
    for (size_t i = 0; i < self->count; i++)
        impact_health_beat(self->items[i].pulse);
    Py_RETURN_NONE;
}

static PyObject *pulse_age(PyObject *object, PyObject *unused)
{
    (void)unused;
    const struct timespec beaten = ((pulse_object *)object)->beaten;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return PyFloat_FromDouble((double)(now.tv_sec - beaten.tv_sec) +
                              (double)(now.tv_nsec - beaten.tv_nsec) / 1e9);
}

static void pulse_dealloc(PyObject *object)
{
    pulse_object *self = (pulse_object *)object;
    for (size_t i = 0; i < self->count; i++)
        felt_close(&self->items[i]);
    free(self->items);
    object_free(object);
}

static PyMethodDef pulse_methods[] = {
    {"age", pulse_age, METH_NOARGS,
     DOC("age($self)", "Seconds since the last beat; at first since it was made.")},
    {"beat", pulse_beat, METH_NOARGS, DOC("beat($self)", "Give a sign of life.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot pulse_slots[] = {
    {Py_tp_doc, "A sign of life, for checks of a HealthRegistry."},
    {Py_tp_new, (void *)pulse_new},
    {Py_tp_dealloc, (void *)pulse_dealloc},
    {Py_tp_methods, pulse_methods},
    {0, NULL},
};

static PyType_Spec pulse_spec = {
    .name = "impact_stack.observability._core.Pulse",
    .basicsize = sizeof(pulse_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = pulse_slots,
};

PyObject *pulse_type_make(PyObject *module)
{
    return type_make(module, &pulse_spec);
}
