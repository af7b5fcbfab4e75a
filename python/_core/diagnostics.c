/* The core's diagnostics on their way to Python's logging.
 *
 * DESIGN: the core reports on whatever thread met the problem and forbids calling it back, and
 * logging takes the GIL and may start spans. So a message is only put into a slot here, and is
 * handed over later by the main thread (Py_AddPendingCall). Slots are claimed with one
 * compare-and-swap: no lock that a fork could leave taken. */
#include "core.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <impact/diagnostics.h>

#define SLOT_COUNT    16  /* the core sends at most one message a cause and minute */
#define MESSAGE_LIMIT 512 /* bytes, with the terminator */

enum { SLOT_FREE, SLOT_WRITING, SLOT_FULL };

struct slot {
    atomic_int state;
    impact_severity severity;
    uint64_t suppressed;
    char message[MESSAGE_LIMIT];
};

static struct slot slots[SLOT_COUNT];
static PyObject *receiver; /* guarded by the GIL; one a process, as the core's callback is */

static int drain_pending(void *unused)
{
    (void)unused;
    diagnostics_drain();
    return 0;
}

static void slot_write(struct slot *slot, impact_severity severity, const char *message,
                       uint64_t suppressed)
{
    slot->severity = severity;
    slot->suppressed = suppressed;
    (void)snprintf(slot->message, sizeof slot->message, "%s", message);   /* cut when too long */
    atomic_store_explicit(&slot->state, SLOT_FULL, memory_order_release); /* drain's load */
}

static void keep(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)userdata;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        int expected = SLOT_FREE;
        if (!atomic_compare_exchange_strong(&slots[i].state, &expected, SLOT_WRITING))
            continue;
        slot_write(&slots[i], severity, message, suppressed);
        (void)Py_AddPendingCall(drain_pending, NULL); /* full: another call is on its way */
        return;
    }
}

static void slot_hand_over(const struct slot *slot, PyObject *to)
{
    PyObject *message =
        PyUnicode_DecodeUTF8(slot->message, (Py_ssize_t)strlen(slot->message), "replace");
    PyObject *result = message ? PyObject_CallFunction(to, "iOK", (int)slot->severity, message,
                                                       (unsigned long long)slot->suppressed)
                               : NULL;
    if (!result)
        PyErr_WriteUnraisable(to);
    Py_XDECREF(result);
    Py_XDECREF(message);
}

void diagnostics_drain(void)
{
    PyObject *to = Py_XNewRef(receiver);
    for (size_t i = 0; to && i < SLOT_COUNT; i++) {
        int expected = SLOT_FULL; /* claimed again, so that two drains do not hand it over twice */
        if (!atomic_compare_exchange_strong(&slots[i].state, &expected, SLOT_WRITING))
            continue;
        slot_hand_over(&slots[i], to);
        atomic_store_explicit(&slots[i].state, SLOT_FREE, memory_order_release); /* keep's swap */
    }
    Py_XDECREF(to);
}

PyObject *diagnostics_report_to(PyObject *module, PyObject *callable)
{
    (void)module;
    bool is_wanted = callable != Py_None;
    PyObject *former = receiver;
    receiver = is_wanted ? Py_NewRef(callable) : NULL;
    impact_diagnostics_set_callback(is_wanted ? keep : NULL, NULL);
    Py_XDECREF(former);
    Py_RETURN_NONE;
}
