/* Identities: who a span is, in the form of the core, and as a SpanContext when asked for. */
#include "core.h"

#include <string.h>

span_identity *span_identity_new(const impact_span_context *context, PyObject *span_context)
{
    const impact_text state = impact_trace_state_text(&context->trace_state);
    span_identity *identity = PyMem_Malloc(sizeof *identity + state.size + 1);
    if (!identity)
        return NULL;
    identity->owner_count = 1;
    identity->span_context = Py_XNewRef(span_context);
    identity->trace_id = context->trace_id;
    identity->span_id = context->span_id;
    identity->trace_flags = context->trace_flags;
    identity->is_remote = context->is_remote;
    memcpy(identity->trace_state, state.data, state.size);
    identity->trace_state[state.size] = '\0';
    return identity;
}

span_identity *span_identity_retain(span_identity *identity)
{
    identity->owner_count++;
    return identity;
}

void span_identity_release(span_identity *identity)
{
    if (!identity || --identity->owner_count > 0)
        return;
    Py_XDECREF(identity->span_context);
    PyMem_Free(identity);
}

void span_identity_show(impact_span_context *context, const span_identity *identity)
{
    context->trace_id = identity->trace_id;
    context->span_id = identity->span_id;
    context->trace_flags = identity->trace_flags;
    context->is_remote = identity->is_remote;
    /* from a text of the same size */
    memcpy(context->trace_state.text, identity->trace_state, strlen(identity->trace_state) + 1);
}

/* Making it may run Python code, and so let another thread do the same: the first one counts. */
PyObject *span_identity_object(core_state *state, span_identity *identity)
{
    if (identity->span_context)
        return Py_NewRef(identity->span_context);
    impact_span_context context;
    span_identity_show(&context, identity);
    PyObject *made = span_context_make(state, &context);
    if (!identity->span_context)
        identity->span_context = Py_XNewRef(made);
    Py_XDECREF(made);
    return Py_XNewRef(identity->span_context);
}
