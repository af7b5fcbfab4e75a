/* How threads get in and out of an interpreter: what gives the GIL away while it is in the core,
 * and what the core's own threads call Python with.
 *
 * DESIGN: PyGILState_Ensure() knows the main interpreter only; a process may have several, each
 * with a GIL of its own. So each object that is called back keeps its interpreter, and a thread of
 * the core makes itself a thread state there for the time of the call. A thread that has given the
 * GIL away itself is called back with the state that it has, which is found again. */
#include "core.h"

/* What this thread gave the GIL away with, while it is in the core. */
static _Thread_local PyThreadState *given_away;

/* Whose call into the core keeps the GIL, on this thread. */
static _Thread_local PyInterpreterState *caller;

/* The interpreter that this thread of the core was in last: what it says next is of that visit. */
static _Thread_local PyInterpreterState *visited;

void call_begin(void)
{
    caller = PyInterpreterState_Get();
}

void call_end(void)
{
    caller = NULL;
}

void gil_give_away(void)
{
    given_away = PyEval_SaveThread();
}

void gil_take_back(void)
{
    PyThreadState *thread = given_away;
    given_away = NULL;
    PyEval_RestoreThread(thread);
}

static PyThreadState *given_away_by(PyInterpreterState *interpreter)
{
    return given_away && PyThreadState_GetInterpreter(given_away) == interpreter ? given_away
                                                                                 : NULL;
}

bool gil_enter(gil_visit *visit, PyInterpreterState *interpreter)
{
    if (!Py_IsInitialized())
        return false; /* the process ends, and a thread of the core outlives its interpreter */
    visit->outer = given_away;
    visited = interpreter;
    PyThreadState *mine = given_away_by(interpreter);
    visit->made = mine ? NULL : PyThreadState_New(interpreter);
    if (!mine && !visit->made)
        return false;
    given_away = NULL;
    PyEval_RestoreThread(mine ? mine : visit->made);
    return true;
}

void gil_leave(const gil_visit *visit)
{
    if (visit->made)
        PyThreadState_Clear(visit->made);
    PyThreadState *thread = PyEval_SaveThread();
    given_away = visit->outer;
    if (visit->made)
        PyThreadState_Delete(thread);
}

/* Until Python 3.12 the thread's own state tells only the interpreter that it was in first. */
PyInterpreterState *interpreter_of_this_thread(void)
{
    if (caller || !Py_IsInitialized())
        return caller;
    PyThreadState *thread = given_away ? given_away : PyGILState_GetThisThreadState();
    return thread ? PyThreadState_GetInterpreter(thread) : visited;
}
