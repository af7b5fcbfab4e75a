/* Samplers: those of the core by name, and one in Python, which is asked with the very objects that
 * start_span was given. */
#include "core.h"

#include <string.h>

/* ---- the core's own ---- */

static bool form_read(sampler_form *form, impact_sampler *sampler, PyObject *given);

/* Of the five kinds of parent, in the order of impact_parent_samplers. */
static bool parents_read(sampler_form *form, impact_sampler *sampler, PyObject *given)
{
    if (form->parent_count == SAMPLER_LIMIT || PyTuple_Size(given) != 5) {
        PyErr_SetString(PyExc_ValueError, "too many samplers lie in one another");
        return false;
    }
    impact_parent_samplers *parents = &form->parents[form->parent_count++];
    impact_sampler *const places[] = {&parents->root, &parents->remote_sampled,
                                      &parents->remote_not_sampled, &parents->local_sampled,
                                      &parents->local_not_sampled};
    *parents = (impact_parent_samplers){.size = sizeof *parents};
    for (Py_ssize_t i = 0; i < 5; i++) {
        if (!form_read(form, places[i], PyTuple_GetItem(given, i)))
            return false;
    }
    *sampler = impact_sampler_parent_based(parents);
    return true;
}

/* The recursion ends at the limit above. */
static bool form_read(sampler_form *form, impact_sampler *sampler, PyObject *given)
{
    const char *name = NULL;
    double ratio = 0;
    PyObject *parents = NULL;
    if (!PyArg_ParseTuple(given, "sdO", &name, &ratio, &parents))
        return false;
    if (PyTuple_Check(parents))
        return parents_read(form, sampler, parents);
    if (strcmp(name, "always_on") == 0)
        *sampler = impact_sampler_always_on();
    else if (strcmp(name, "always_off") == 0)
        *sampler = impact_sampler_always_off();
    else
        *sampler = impact_sampler_ratio(ratio);
    return true;
}

bool sampler_form_read(sampler_form *form, PyObject *given)
{
    memset(form, 0, sizeof *form);
    return given == Py_None || form_read(form, &form->sampler, given);
}

/* ---- one in Python ---- */

static PyObject *or_none(PyObject *value)
{
    return value ? value : Py_None;
}

/* (decision, attributes, trace state): see ask_sampler. A new reference; NULL with an exception. */
static PyObject *answer_of(const span_answers *answers, const provider_object *self,
                           const span_parent *parent, PyObject *const *values)
{
    PyObject *trace_id =
        trace_id_object(parent->is_valid ? &parent->context.trace_id : &answers->trace_id);
    PyObject *answer =
        trace_id
            ? PyObject_CallFunctionObjArgs(self->state->python[ASK_SAMPLER], self->sampler,
                                           or_none(values[ARGUMENT_CONTEXT]), trace_id,
                                           values[ARGUMENT_NAME], or_none(values[ARGUMENT_KIND]),
                                           or_none(values[ARGUMENT_ATTRIBUTES]),
                                           or_none(values[ARGUMENT_LINKS]), NULL)
            : NULL;
    Py_XDECREF(trace_id);
    return answer;
}

/* False with an exception: it is not what it should be, and the span is not recorded. */
static bool answer_read(span_answers *answers, core_state *state, PyObject *answer)
{
    int decision = 0;
    PyObject *attributes = NULL;
    PyObject *trace_state = NULL;
    if (!PyArg_ParseTuple(answer, "iOO", &decision, &attributes, &trace_state))
        return false;
    attribute_list_fill_copied(&answers->attributes, state, attributes); /* the answer goes first */
    if (trace_state != Py_None)
        answers->trace_state = held_text_of(trace_state);
    answers->decision = (impact_sampling_decision)decision;
    return true;
}

bool sampler_ask_python(span_answers *answers, const provider_object *self,
                        const span_parent *parent, PyObject *const *values)
{
    PyObject *answer = answer_of(answers, self, parent, values);
    const bool is_read = answer && answer_read(answers, self->state, answer) && !PyErr_Occurred();
    Py_XDECREF(answer);
    return is_read || error_forget(self->sampler);
}
