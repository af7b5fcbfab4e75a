/* The core's diagnostics on their way to Python's logging.
 *
 * DESIGN: the core reports on whatever thread met the problem and forbids calling it back, and
 * logging takes the GIL and may start spans. So a message is only put into a slot here, and is
 * handed over later by the main thread (Py_AddPendingCall). Slots are claimed with one
 * compare-and-swap: no lock that a fork could leave taken. What finds no slot free is counted, and
 * the number is said. */
#include "core.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <impact/diagnostics.h>

#define SLOT_COUNT    128 /* the core sends at most 65 messages a minute */
#define MESSAGE_LIMIT 512 /* bytes, with the terminator */

enum { SLOT_FREE, SLOT_WRITING, SLOT_FULL };

struct slot {
    atomic_int state;
    impact_severity severity;
    uint64_t suppressed;
    char message[MESSAGE_LIMIT];
};

static struct slot slots[SLOT_COUNT];
static atomic_ullong lost_count; /* messages since the last drain */
static PyObject *receiver;       /* guarded by the GIL; one a process, as the core's callback is */

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
    atomic_fetch_add_explicit(&lost_count, 1, memory_order_relaxed);
}

/* Of an interpreter that has ended: nobody reads standard error for it. */
static void ignore(impact_severity severity, const char *message, uint64_t suppressed,
                   void *userdata)
{
    (void)severity;
    (void)message;
    (void)suppressed;
    (void)userdata;
}

static void hand_over(PyObject *to, impact_severity severity, const char *text, uint64_t suppressed)
{
    PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    PyObject *result = message ? PyObject_CallFunction(to, "iOK", (int)severity, message,
                                                       (unsigned long long)suppressed)
                               : NULL;
    if (!result)
        PyErr_WriteUnraisable(to);
    Py_XDECREF(result);
    Py_XDECREF(message);
}

static void say_what_was_lost(PyObject *to)
{
    char text[MESSAGE_LIMIT];
    const unsigned long long count = atomic_exchange_explicit(&lost_count, 0, memory_order_relaxed);
    if (count == 0)
        return;
    (void)snprintf(text, sizeof text, "%llu more messages came at once, and were lost", count);
    hand_over(to, IMPACT_SEVERITY_WARNING, text, 0);
}

void diagnostics_drain(void)
{
    PyObject *to = Py_XNewRef(receiver);
    for (size_t i = 0; to && i < SLOT_COUNT; i++) {
        int expected = SLOT_FULL; /* claimed again, so that two drains do not hand it over twice */
        if (!atomic_compare_exchange_strong(&slots[i].state, &expected, SLOT_WRITING))
            continue;
        hand_over(to, slots[i].severity, slots[i].message, slots[i].suppressed);
        atomic_store_explicit(&slots[i].state, SLOT_FREE, memory_order_release); /* keep's swap */
    }
    if (to)
        say_what_was_lost(to);
    Py_XDECREF(to);
}

PyObject *diagnostics_report_to(PyObject *module, PyObject *callable)
{
    (void)module;
    bool is_wanted = callable != Py_None;
    PyObject *former = receiver;
    receiver = is_wanted ? Py_NewRef(callable) : NULL;
    impact_diagnostics_set_callback(is_wanted ? keep : ignore, NULL);
    Py_XDECREF(former);
    Py_RETURN_NONE;
}
