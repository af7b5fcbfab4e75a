/* What is to be done before a process ends, whatever comes into it.
 *
 * DESIGN: a handler of a signal may raise between any two instructions of Python, also before the
 * first one of a function, where no `try` of it holds. So who calls it is in C, and calls again. */
#include "core.h"

#define TURN_LIMIT 8 /* each but the first takes a signal */

static const char *const names[] = {"function", "dropped", NULL};

/* Whether an exception that was raised meanwhile is of no interest to who called. */
static bool is_dropped(held_error raised, PyObject *dropped)
{
    return dropped && raised.type && PyErr_GivenExceptionMatches(raised.type, dropped);
}

PyObject *ending_insist(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                        PyObject *keyword_names)
{
    (void)module; /* a function of the module, not of its state */
    PyObject *values[] = {NULL, NULL};
    if (!arguments_read(names, values, arguments, count, keyword_names))
        return NULL;
    held_error raised = {NULL, NULL, NULL};
    PyObject *done = PyObject_CallNoArgs(values[0]);
    for (int turn = 1; !done && turn < TURN_LIMIT; turn++) {
        held_error_drop(raised);
        raised = held_error_take();
        done = PyObject_CallNoArgs(values[0]);
    }
    if (is_dropped(raised, values[1]))
        held_error_drop(raised);
    else
        held_error_settle(raised);
    Py_XDECREF(done);
    return none_or_raised();
}
