/* Samplers: those of the core by name, and one that asks a sampler in Python.
 *
 * DESIGN: a sampler in Python wants the very objects that start_span was given, of which the core
 * knows nothing. They lie in a sampling_call on the stack of the thread that starts the span, which
 * is the one that the core asks on, with the GIL held throughout. */
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

static _Thread_local sampling_call *current_call;

void sampling_call_begin(sampling_call *call, PyObject *const *values)
{
    memset(call, 0, sizeof *call);
    attribute_list_fill(&call->attributes, NULL, NULL);
    call->values = values;
    call->outer = current_call;
    current_call = call;
}

void sampling_call_end(sampling_call *call)
{
    current_call = call->outer;
    attribute_list_clear(&call->attributes);
    held_text_clear(&call->trace_state);
}

sampling_call *sampling_call_hold(void)
{
    return current_call;
}

void sampling_call_resume(sampling_call *held)
{
    current_call = held;
}

static PyObject *argument(const sampling_call *call, int index)
{
    return call->values[index] ? call->values[index] : Py_None;
}

/* (decision, attributes, trace state): see ask_sampler. A new reference; NULL with an exception. */
static PyObject *answer_of(const provider_object *self, const sampling_call *call,
                           const impact_sampling_request *request)
{
    PyObject *trace_id = trace_id_object(&request->trace_id);
    PyObject *answer =
        trace_id
            ? PyObject_CallFunctionObjArgs(
                  self->state->python[ASK_SAMPLER], self->sampler, argument(call, ARGUMENT_CONTEXT),
                  trace_id, argument(call, ARGUMENT_NAME), argument(call, ARGUMENT_KIND),
                  argument(call, ARGUMENT_ATTRIBUTES), argument(call, ARGUMENT_LINKS), NULL)
            : NULL;
    Py_XDECREF(trace_id);
    return answer;
}

/* The span is not recorded when this is not what it should be. */
static bool answer_read(sampling_call *call, core_state *state, impact_sampling_result *result,
                        PyObject *answer)
{
    int decision = 0;
    PyObject *attributes = NULL;
    PyObject *trace_state = NULL;
    if (!PyArg_ParseTuple(answer, "iOO", &decision, &attributes, &trace_state))
        return false;
    attribute_list_fill_copied(&call->attributes, state, attributes); /* the answer goes first */
    call->trace_state = held_text_of(trace_state);
    result->decision = (impact_sampling_decision)decision;
    result->attributes = call->attributes.items;
    result->attribute_count = call->attributes.count;
    result->trace_state = call->trace_state.text;
    return true;
}

/* What the sampler does may switch to another greenlet of this thread, and that may start a span:
 * the call is looked up once, before. */
static void should_sample(impact_user_sampler *sampler, const impact_sampling_request *request,
                          impact_sampling_result *result)
{
    const provider_object *self = sampler->userdata;
    sampling_call *call = current_call;
    if (!call)
        return; /* no span of ours: it is dropped */
    PyObject *answer = answer_of(self, call, request);
    if (!answer || !answer_read(call, self->state, result, answer))
        PyErr_WriteUnraisable(self->sampler);
    Py_XDECREF(answer);
}

impact_sampler sampler_ask_python(provider_object *self, PyObject *sampler)
{
    self->sampler = Py_NewRef(sampler);
    self->core_sampler = (impact_user_sampler){
        .size = sizeof self->core_sampler, .should_sample = should_sample, .userdata = self};
    return impact_sampler_user(&self->core_sampler);
}
