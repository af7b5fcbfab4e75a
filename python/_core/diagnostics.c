/* The core's diagnostics on their way to Python's logging.
 *
 * DESIGN: the core reports on whatever thread met the problem and forbids calling it back, and
 * logging takes the GIL and may start spans. So a message is only put into a mailbox here, and is
 * handed over later: when a call into the core is over, or by the main thread (Py_AddPendingCall).
 * The core has one callback, a process may have several interpreters: each has its mailbox. What a
 * thread of an interpreter caused goes to that one's, what a thread of the core met goes to all,
 * for nobody knows whose it is. Slots are claimed with one compare-and-swap, and mailboxes are
 * never freed but taken over: no lock that a fork could leave taken. What finds no slot free is
 * counted, and the number is said. */
#include "core.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
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

struct mailbox {
    struct mailbox *next;                /* set before it is seen, and never again */
    _Atomic(PyInterpreterState *) owner; /* NULL: free to be taken over */
    PyObject *receiver;                  /* owned; guarded by the owner's GIL */
    atomic_ullong lost_count;            /* messages since the last drain */
    struct slot slots[SLOT_COUNT];
};

static _Atomic(struct mailbox *) mailboxes;

/* ---- on any thread ---- */

static int drain_pending(void *unused)
{
    (void)unused;
    diagnostics_drain();
    return PyErr_Occurred() ? -1 : 0;
}

static void slot_write(struct slot *slot, impact_severity severity, const char *message,
                       uint64_t suppressed)
{
    slot->severity = severity;
    slot->suppressed = suppressed;
    (void)snprintf(slot->message, sizeof slot->message, "%s", message);   /* cut when too long */
    atomic_store_explicit(&slot->state, SLOT_FULL, memory_order_release); /* drain's load */
}

static void mailbox_put(struct mailbox *mailbox, impact_severity severity, const char *message,
                        uint64_t suppressed)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        int expected = SLOT_FREE;
        if (!atomic_compare_exchange_strong(&mailbox->slots[i].state, &expected, SLOT_WRITING))
            continue;
        slot_write(&mailbox->slots[i], severity, message, suppressed);
        return;
    }
    atomic_fetch_add_explicit(&mailbox->lost_count, 1, memory_order_relaxed);
}

static void keep(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)userdata;
    PyInterpreterState *cause = interpreter_of_this_thread();
    for (struct mailbox *mailbox = atomic_load(&mailboxes); mailbox; mailbox = mailbox->next) {
        PyInterpreterState *owner = atomic_load(&mailbox->owner);
        if (owner && (!cause || owner == cause))
            mailbox_put(mailbox, severity, message, suppressed);
    }
    if (Py_IsInitialized())
        (void)Py_AddPendingCall(drain_pending, NULL); /* full: another call is on its way */
}

/* Of interpreters that have ended: nobody reads standard error for them. */
static void ignore(impact_severity severity, const char *message, uint64_t suppressed,
                   void *userdata)
{
    (void)severity;
    (void)message;
    (void)suppressed;
    (void)userdata;
}

/* ---- in an interpreter ---- */

static void hand_over(PyObject *to, impact_severity severity, const char *text, uint64_t suppressed)
{
    PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    PyObject *result = message ? PyObject_CallFunction(to, "iOK", (int)severity, message,
                                                       (unsigned long long)suppressed)
                               : NULL;
    if (!result)
        (void)error_forget(to); /* or it stays set */
    Py_XDECREF(result);
    Py_XDECREF(message);
}

static void say_what_was_lost(struct mailbox *mailbox, PyObject *to)
{
    char text[MESSAGE_LIMIT];
    const unsigned long long count =
        atomic_exchange_explicit(&mailbox->lost_count, 0, memory_order_relaxed);
    if (count == 0)
        return;
    (void)snprintf(text, sizeof text, "%llu more messages came at once, and were lost", count);
    hand_over(to, IMPACT_SEVERITY_WARNING, text, 0);
}

static struct mailbox *mailbox_of(PyInterpreterState *interpreter)
{
    struct mailbox *mailbox = atomic_load(&mailboxes);
    while (mailbox && atomic_load(&mailbox->owner) != interpreter)
        mailbox = mailbox->next;
    return mailbox;
}

/* Hand over what lies there, or throw it away when there is nobody to hand it to. What is raised
 * that is meant for the program leaves the rest for the next time. */
static void mailbox_empty(struct mailbox *mailbox, PyObject *to)
{
    for (size_t i = 0; i < SLOT_COUNT && !PyErr_Occurred(); i++) {
        struct slot *slot = &mailbox->slots[i];
        int expected = SLOT_FULL; /* claimed again, so that two drains do not hand it over twice */
        if (!atomic_compare_exchange_strong(&slot->state, &expected, SLOT_WRITING))
            continue;
        if (to)
            hand_over(to, slot->severity, slot->message, slot->suppressed);
        atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release); /* put's swap */
    }
}

void diagnostics_drain(void)
{
    struct mailbox *mailbox = mailbox_of(PyInterpreterState_Get());
    PyObject *to = mailbox ? Py_XNewRef(mailbox->receiver) : NULL;
    if (!to)
        return;
    mailbox_empty(mailbox, to);
    if (!PyErr_Occurred())
        say_what_was_lost(mailbox, to);
    Py_DECREF(to);
}

/* One that nobody owns any more, emptied; or a new one. NULL: no memory. */
static struct mailbox *mailbox_open(PyInterpreterState *owner)
{
    for (struct mailbox *free = atomic_load(&mailboxes); free; free = free->next) {
        PyInterpreterState *nobody = NULL;
        if (atomic_compare_exchange_strong(&free->owner, &nobody, owner))
            return free;
    }
    struct mailbox *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    atomic_store(&made->owner, owner);
    made->next = atomic_load(&mailboxes);
    while (!atomic_compare_exchange_weak(&mailboxes, &made->next, made))
        continue;
    return made;
}

static void mailbox_close(struct mailbox *mailbox)
{
    PyObject *former = mailbox->receiver;
    mailbox->receiver = NULL;
    mailbox_empty(mailbox, NULL);
    atomic_store(&mailbox->lost_count, 0);
    atomic_store(&mailbox->owner, NULL);
    Py_XDECREF(former);
}

static bool is_anybody_listening(void)
{
    struct mailbox *mailbox = atomic_load(&mailboxes);
    while (mailbox && !atomic_load(&mailbox->owner))
        mailbox = mailbox->next;
    return mailbox != NULL;
}

static void stop_listening(void)
{
    struct mailbox *mailbox = mailbox_of(PyInterpreterState_Get());
    if (mailbox)
        mailbox_close(mailbox);
    impact_diagnostics_set_callback(is_anybody_listening() ? keep : ignore, NULL);
}

PyObject *diagnostics_report_to(PyObject *module, PyObject *callable)
{
    (void)module;
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (callable == Py_None) {
        stop_listening();
        Py_RETURN_NONE;
    }
    struct mailbox *mailbox = mailbox_of(interpreter);
    if (!mailbox)
        mailbox = mailbox_open(interpreter);
    if (!mailbox)
        return PyErr_NoMemory();
    PyObject *former = mailbox->receiver;
    mailbox->receiver = Py_NewRef(callable);
    Py_XDECREF(former);
    impact_diagnostics_set_callback(keep, NULL);
    Py_RETURN_NONE;
}
