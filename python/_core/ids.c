/* Ids from a generator in Python, and the limits of spans: what else a provider is made with. */
#include "core.h"

/* All zero, which the core replaces by a random one, when the generator has none. Its thread holds
 * the GIL: spans of this provider are started from Python only. */
static void id_generate(impact_id_generator *generator, uint8_t *bytes, size_t size,
                        attribute_name method)
{
    const provider_object *self = generator->userdata;
    sampling_call *held = sampling_call_hold();
    PyObject *number =
        PyObject_CallMethodObjArgs(self->id_generator, self->state->names[method], NULL);
    sampling_call_resume(held);
    if (!number)
        PyErr_WriteUnraisable(self->id_generator);
    else
        (void)id_bytes_read(self->state, bytes, size, number); /* or it stays zero */
    Py_XDECREF(number);
}

static impact_trace_id new_trace_id(impact_id_generator *generator)
{
    impact_trace_id id = {{0}};
    id_generate(generator, id.bytes, sizeof id.bytes, NAME_GENERATE_TRACE_ID);
    return id;
}

static impact_span_id new_span_id(impact_id_generator *generator)
{
    impact_span_id id = {{0}};
    id_generate(generator, id.bytes, sizeof id.bytes, NAME_GENERATE_SPAN_ID);
    return id;
}

/* Generators of older versions of opentelemetry-sdk do not say. */
static bool is_random(core_state *state, PyObject *generator)
{
    PyObject *answer =
        PyObject_CallMethodObjArgs(generator, state->names[NAME_IS_TRACE_ID_RANDOM], NULL);
    const bool is_true = answer && PyObject_IsTrue(answer) == 1;
    PyErr_Clear();
    Py_XDECREF(answer);
    return is_true;
}

impact_id_generator *ids_ask_python(provider_object *self, PyObject *generator)
{
    self->id_generator = Py_NewRef(generator);
    self->core_id_generator = (impact_id_generator){.size = sizeof self->core_id_generator,
                                                    .new_trace_id = new_trace_id,
                                                    .new_span_id = new_span_id,
                                                    .is_random = is_random(self->state, generator),
                                                    .userdata = self};
    return &self->core_id_generator;
}

bool limits_read(impact_span_limits *limits, uint32_t *event_value_length, PyObject *given)
{
    *limits = (impact_span_limits){0};
    *event_value_length = 0;
    return given == Py_None ||
           PyArg_ParseTuple(given, "IIIIIII", &limits->attribute_limit, &limits->event_limit,
                            &limits->link_limit, &limits->event_attribute_limit,
                            &limits->link_attribute_limit, &limits->value_length_limit,
                            event_value_length);
}
