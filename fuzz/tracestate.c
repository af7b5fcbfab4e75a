/* tracestate: what is extracted can be sent, and is extracted from there unchanged; what is changed is
 * valid. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/propagation.h>
#include <impact/trace_state.h>

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

/* What was injected is extracted, and injected again, unchanged. */
static void check_round(carrier *c, impact_span_context *context)
{
    c->sent[0] = 0;
    impact_propagation_inject(context, set, c);
    const impact_text sent = impact_text_of(c->sent);
    check_sendable(sent);
    char before[sizeof c->sent];
    memcpy(before, c->sent, sizeof before);
    c->state = impact_text_of(before);
    if (!impact_propagation_extract(context, get, c) || context->trace_state.size != sent.size)
        abort();
    impact_propagation_inject(context, set, c);
    if (strcmp(c->sent, before) != 0)
        abort();
}

static bool has_key(impact_text state, impact_text key, impact_text should)
{
    impact_text value;
    return impact_trace_state_get(&value, state, key) && value.size == should.size &&
           memcmp(value.data, should.data, value.size) == 0;
}

/* The first byte says where the text is parted into key, value and state. */
static void check_operations(const char *data, size_t size)
{
    const size_t key_size = size ? (unsigned char)data[0] % size : 0;
    const impact_text key = impact_text_from(data, key_size);
    const impact_text value = impact_text_from(data + key_size, (size - key_size) / 2);
    const impact_text state =
        impact_text_from(value.data + value.size, size - key_size - value.size);
    const impact_text one = impact_text_of("1");
    impact_trace_state made = {.text = ""};
    if (impact_trace_state_add(&made, state, key, value) == IMPACT_OK &&
        !has_key(impact_trace_state_text(&made), key, value))
        abort();
    if (impact_trace_state_update(&made, state, key, one) == IMPACT_OK &&
        (!has_key(impact_trace_state_text(&made), key, one) || made.text[key.size] != '='))
        abort();
    if (impact_trace_state_delete(&made, state, key) == IMPACT_OK &&
        has_key(impact_trace_state_text(&made), key, one))
        abort();
    impact_trace_state again;
    check_sendable(impact_trace_state_text(&made));
    if (!impact_trace_state_parse(&again, impact_trace_state_text(&made)) ||
        strcmp(again.text, made.text) != 0)
        abort(); /* always valid */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    carrier c = {.state = impact_text_from((const char *)data, size)};
    impact_span_context context;
    if (!impact_propagation_extract(&context, get, &c))
        abort(); /* the traceparent holds, whatever the state */
    check_round(&c, &context);
    context.trace_state = impact_text_from((const char *)data, size); /* as a program might */
    check_round(&c, &context);
    check_operations((const char *)data, size);
    return 0;
}
