/* tracestate: what is extracted can be sent, and is extracted from there unchanged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/propagation.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct carrier {
    impact_text state;
    char sent[600];
} carrier;

static impact_text get(void *userdata, const char *name)
{
    static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const carrier *c = userdata;
    return strcmp(name, "tracestate") == 0 ? c->state : impact_text_of(parent);
}

static void set(void *userdata, const char *name, const char *value)
{
    carrier *c = userdata;
    if (strcmp(name, "tracestate") == 0)
        memcpy(c->sent, value, strlen(value) + 1);
}

static void check_sendable(impact_text state)
{
    if (state.size > 512)
        abort();
    for (size_t i = 0; i < state.size; i++)
        if ((state.data[i] < 0x20 || state.data[i] > 0x7E) && state.data[i] != '\t')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    carrier c = {.state = impact_text_from((const char *)data, size)};
    impact_span_context context;
    if (!impact_propagation_extract(&context, get, &c))
        abort(); /* the traceparent holds, whatever the state */
    check_sendable(context.trace_state);
    const impact_text extracted = context.trace_state;
    impact_propagation_inject(&context, set, &c);
    c.state = impact_text_of(c.sent);
    if (!impact_propagation_extract(&context, get, &c) ||
        context.trace_state.size != extracted.size ||
        (extracted.size && memcmp(context.trace_state.data, extracted.data, extracted.size) != 0))
        abort();
    context.trace_state = impact_text_from((const char *)data, size); /* as a program might */
    c.sent[0] = 0;
    impact_propagation_inject(&context, set, &c);
    check_sendable(impact_text_of(c.sent));
    return 0;
}
