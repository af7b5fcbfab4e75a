/* Ids from a generator in Python, and the limits of spans: what else a provider is made with. */
#include "core.h"

#include <sys/random.h>

/* What is no id leaves `bytes` zero, which the core replaces by a random one. False with an
 * exception that is meant for the program. */
static bool id_ask(const provider_object *self, uint8_t *bytes, size_t size, attribute_name method)
{
    PyObject *number =
        PyObject_CallMethodObjArgs(self->id_generator, self->state->names[method], NULL);
    if (!number)
        return error_forget(self->id_generator);
    (void)id_bytes_read(self->state, bytes, size, number); /* or it stays zero */
    Py_DECREF(number);
    return !PyErr_Occurred();
}

/* A sampler in Python is told the trace's id, which the core does not make before it is asked. */
static void trace_id_draw(impact_trace_id *id)
{
    if (getrandom(id->bytes, sizeof id->bytes, 0) != (ssize_t)sizeof id->bytes)
        *id = (impact_trace_id){{0}};
}

bool ids_ask_python(span_answers *answers, const provider_object *self, bool is_root)
{
    impact_trace_id *trace_id = &answers->trace_id;
    impact_span_id *span_id = &answers->span_id;
    if (is_root && !self->id_generator)
        trace_id_draw(trace_id);
    if (!self->id_generator)
        return true;
    return id_ask(self, span_id->bytes, sizeof span_id->bytes, NAME_GENERATE_SPAN_ID) &&
           (!is_root ||
            id_ask(self, trace_id->bytes, sizeof trace_id->bytes, NAME_GENERATE_TRACE_ID));
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
