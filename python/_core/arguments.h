/* What becomes of the arguments of methods: flags, times, text, attributes, and exceptions. */
#ifndef IMPACT_PYTHON_ARGUMENTS_H
#define IMPACT_PYTHON_ARGUMENTS_H

/* Py_LIMITED_API is the build's: 3.10, wherever the interpreter has one. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>
#include <impact/span_view.h>
#include <impact/status.h>

typedef struct core_state core_state; /* core.h */

/* ---- arguments ---- */

/* The function and flags of a fast method in a PyMethodDef. */
#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

/* The docstring of a method or type: what inspect makes a signature of, and what it does. */
#define DOC(signature, text) signature "\n--\n\n" text

/* Put the arguments of a fast method where their names say; those that are absent stay as they are.
 * `names` ends with NULL. False with a TypeError: too many, twice, unknown, or the first is absent.
 * */
bool arguments_read(const char *const *names, PyObject **values, PyObject *const *arguments,
                    Py_ssize_t count, PyObject *keyword_names);

/* Nanoseconds from an int, of which 0 becomes 1; 0 ("now") from None, NULL or anything that is no
 * such number. */
uint64_t unix_ns_of(PyObject *value);

/* As Python's `if`; true for NULL and for what cannot be told. An exception that is set afterwards
 * is meant for the program. */
bool flag_of(PyObject *flag);

/* Milliseconds from an int, cut to what fits; false with an exception when it is no number. */
bool timeout_ms_of(uint32_t *timeout_ms, PyObject *value);

/* Raise what a status means. */
void raise_status(impact_status status, const char *what);

/* A name for the core, which takes it up to its first null character; NULL with an error for one
 * that has such a character, or is no text. Borrowed from `name`. */
const char *name_text(PyObject *name);

/* Text of a str, and what keeps it alive. Lone surrogates are replaced; other objects are str()-ed.
 * */
typedef struct held_text {
    impact_text text;
    PyObject *owner; /* owned */
} held_text;

/* What cannot be text at all is empty. An exception that is set afterwards is meant for the
 * program. Release with held_text_clear. */
held_text held_text_of(PyObject *value);
void held_text_clear(held_text *held);

/* The exception that is set, put aside while other Python code runs. */
typedef struct held_error {
    PyObject *type; /* these are owned */
    PyObject *error;
    PyObject *traceback;
} held_error;

held_error held_error_take(void);
void held_error_restore(held_error held);
void held_error_drop(held_error held);

/* Set it again, unless another one is set, which takes its place: it is meant for the program. */
void held_error_settle(held_error held);

/* Say what went wrong in Python code that is no business of the caller's, and forget it. False: it
 * is no Exception (SystemExit, KeyboardInterrupt, a greenlet's Timeout), so it is meant for the
 * program, and stays set. */
bool error_forget(PyObject *where);

/* Forget it without a word, if there is one, unless it is meant for the program. */
void error_clear(void);

/* None; NULL when an exception is set. */
PyObject *none_or_raised(void);

/* ---- values ---- */

#define ATTRIBUTES_INLINE 16

/* Attributes converted for one call. They borrow from Python objects that the list keeps alive. */
typedef struct attribute_list {
    impact_attribute *items;
    size_t count;
    PyObject *owner;            /* owned: the plain dict, when one had to be made */
    struct array_block *arrays; /* owned: items of arrays */
    impact_attribute inline_items[ATTRIBUTES_INLINE];
} attribute_list;

/* Convert a mapping (None and NULL: none). What cannot be converted is left out. An exception that
 * is set afterwards is meant for the program. */
void attribute_list_fill(attribute_list *list, core_state *state, PyObject *mapping);
/* The same of a copy: while Python code runs, which may change or free the mapping. */
void attribute_list_fill_copied(attribute_list *list, core_state *state, PyObject *mapping);

/* The same for one key and value. */
void attribute_list_fill_one(attribute_list *list, core_state *state, PyObject *key,
                             PyObject *value);
void attribute_list_clear(attribute_list *list);

/* A dict of the attributes of an encoded Resource; NULL with an exception. */
PyObject *resource_attributes(impact_text resource);

/* The attributes of a walk, as a mapping that cannot be changed; likewise. */
PyObject *attributes_object(impact_message_walk walk);

#endif
