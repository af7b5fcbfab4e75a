/* tracestate: what is extracted can be sent, and is extracted from there unchanged; what is changed
 * is valid. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/propagation.h>
#include <impact/trace_state.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct carrier {
    impact_text state;
    char sent[IMPACT_TRACE_STATE_SIZE];
} carrier;

static impact_text get(void *userdata, const char *name)
{
    static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const carrier *c = userdata;
    if (strcmp(name, "traceparent") == 0)
        return impact_text_of(parent);
    return strcmp(name, "tracestate") == 0 ? c->state : impact_text_of(NULL);
}

static void set(void *userdata, const char *name, const char *value)
{
    carrier *c = userdata;
    if (strcmp(name, "tracestate") == 0)
        memcpy(c->sent, value, strlen(value) + 1);
}

static const impact_carrier_getter getter = {.size = sizeof getter, .get = get};

/* What the state of a message becomes on its way through this process. */
static void pass_on(carrier *c)
{
    c->sent[0] = 0;
    const impact_context *context = impact_propagation_extract(impact_context_root(), &getter, c);
    const impact_span_context found = impact_context_span_context(context);
    if (!impact_span_context_is_valid(&found))
        abort(); /* the traceparent holds, whatever the state */
    impact_propagation_inject(context, set, c);
    impact_context_release(context);
}

static void check_sendable(impact_text state)
{
    if (state.size > 512)
        abort();
    for (size_t i = 0; i < state.size; i++)
        if ((state.data[i] < 0x20 || state.data[i] > 0x7E) && state.data[i] != '\t')
            abort();
}

/* What was sent is sent on unchanged. */
static void check_round(carrier *c)
{
    char before[IMPACT_TRACE_STATE_SIZE];
    pass_on(c);
    check_sendable(impact_text_of(c->sent));
    memcpy(before, c->sent, sizeof before);
    c->state = impact_text_of(before);
    pass_on(c);
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
    check_round(&c);
    check_operations((const char *)data, size);
    return 0;
}
