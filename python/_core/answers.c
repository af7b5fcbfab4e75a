/* What Python's sampler and generator of ids said of a span, on its way to the core.
 *
 * DESIGN: they are asked before the core is, and the core, which asks in its turn, hears what they
 * have said. So no Python code runs while the core starts a span: it may raise what is meant for
 * the program, and it may go on in another greenlet of the same thread. */
#include "core.h"

#include <string.h>

static _Thread_local const span_answers *shown;

void answers_show(const span_answers *answers)
{
    shown = answers;
}

bool answers_ask(span_answers *answers, const provider_object *self, const span_parent *parent,
                 PyObject *const *values)
{
    memset(answers, 0, sizeof *answers);
    attribute_list_fill(&answers->attributes, NULL, NULL);
    if (ids_ask_python(answers, self, !parent->is_valid) &&
        (!self->sampler || sampler_ask_python(answers, self, parent, values)))
        return true;
    answers_clear(answers);
    return false;
}

void answers_clear(span_answers *answers)
{
    attribute_list_clear(&answers->attributes);
    held_text_clear(&answers->trace_state);
}

/* ---- what the core asks ---- */

/* Of a span that is not started from Python nothing is known: it is dropped. */
static void should_sample(impact_user_sampler *sampler, const impact_sampling_request *request,
                          impact_sampling_result *result)
{
    (void)sampler; /* the answer is there; likewise below */
    (void)request;
    if (!shown)
        return;
    result->decision = shown->decision;
    result->attributes = shown->attributes.items;
    result->attribute_count = shown->attributes.count;
    if (shown->trace_state.owner)
        result->trace_state = shown->trace_state.text;
}

static impact_trace_id new_trace_id(impact_id_generator *generator)
{
    (void)generator;
    return shown ? shown->trace_id : (impact_trace_id){{0}};
}

static impact_span_id new_span_id(impact_id_generator *generator)
{
    (void)generator;
    return shown ? shown->span_id : (impact_span_id){{0}};
}

impact_sampler sampler_of_answers(provider_object *self)
{
    self->core_sampler =
        (impact_user_sampler){.size = sizeof self->core_sampler, .should_sample = should_sample};
    return impact_sampler_user(&self->core_sampler);
}

/* Those that are not from a generator are random. Generators of older versions of opentelemetry-sdk
 * do not say. */
static bool is_random(const provider_object *self)
{
    if (!self->id_generator)
        return true;
    PyObject *answer = PyObject_CallMethodObjArgs(
        self->id_generator, self->state->names[NAME_IS_TRACE_ID_RANDOM], NULL);
    const bool is_true = answer && PyObject_IsTrue(answer) == 1;
    error_clear();
    Py_XDECREF(answer);
    return is_true;
}

impact_id_generator *ids_of_answers(provider_object *self)
{
    self->core_id_generator = (impact_id_generator){.size = sizeof self->core_id_generator,
                                                    .new_trace_id = new_trace_id,
                                                    .new_span_id = new_span_id,
                                                    .is_random = is_random(self)};
    return &self->core_id_generator;
}
