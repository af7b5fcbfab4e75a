/* Contexts: made from one another, kept, and made current. */
#include "trace/context.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "process/diagnostics.h"
#include "trace/access.h"

typedef struct impact__context_value {
    impact__shared shared; /* first */
    const void *key;
    void *value;
    void (*release)(void *value); /* may be NULL */
} context_value;

static impact_context root; /* nobody counts its owners */

static void say_no_memory(void)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "context", "memory",
                              "no memory for a context: what should be in it is not");
}

/* ---- making ---- */

static void context_close(void *thing)
{
    assert(thing);
    impact_context *context = thing;
    impact__identity_close(&context->identity);
    impact__shared_release(context->baggage);
    for (size_t i = 0; i < context->value_count; i++)
        impact__shared_release(context->values[i]);
    impact__free(NULL, context);
}

static void add_values_but(impact_context *to, const impact_context *from, const void *key)
{
    for (size_t i = 0; i < from->value_count; i++)
        if (from->values[i]->key != key)
            to->values[to->value_count++] = impact__shared_retain(from->values[i]);
}

/* A copy of `base` with room for one value more, and without the one under `key`; NULL: no
 * memory. */
static impact_context *derive(const impact_context *base, const void *key)
{
    impact_context *made =
        impact__alloc(NULL, sizeof *made + (base->value_count + 1) * sizeof *made->values);
    if (!made) {
        say_no_memory();
        return NULL;
    }
    impact__shared_open(made, context_close);
    made->span = base->span;
    made->identity = impact__identity_copy(&base->identity);
    made->baggage = impact__shared_retain(base->baggage);
    add_values_but(made, base, key);
    return made;
}

static void set_span(impact_context *context, impact_span *span, impact__identity identity)
{
    impact__identity_close(&context->identity);
    context->span = span;
    context->identity = identity;
}

/* What a span's frame says, as a context that the frame has from now on. */
static const impact_context *make_whole(impact__scope_frame *frame)
{
    assert(!frame->is_whole);
    const impact_context *base = frame->context ? frame->context : &root;
    impact_context *made = derive(base, NULL);
    if (!made)
        return base;
    set_span(made, frame->span, frame->identity); /* the frame's share becomes the context's */
    frame->context = made;
    frame->is_whole = true;
    return made;
}

const impact_context *impact__context_or_current(const impact_context *context)
{
    if (context)
        return context;
    impact__thread_state *state = impact__thread_state_peek();
    impact__scope_frame *frame = state ? impact__scopes_top(&state->scopes) : NULL;
    if (!frame)
        return &root;
    return frame->is_whole ? frame->context : make_whole(frame);
}

/* ---- owners ---- */

const impact_context *impact_context_root(void)
{
    return &root;
}

const impact_context *impact_context_current(void)
{
    return impact_context_retain(NULL);
}

const impact_context *impact_context_retain(const impact_context *context)
{
    return impact__shared_retain(impact__context_or_current(context));
}

void impact_context_release(const impact_context *context)
{
    impact__shared_release(context);
}

/* ---- with something more ---- */

const impact_context *impact_context_with_span(const impact_context *context, impact_span *span)
{
    const impact_context *base = impact__context_or_current(context);
    impact_context *made = derive(base, NULL);
    if (!made)
        return impact__shared_retain(base);
    set_span(made, span, impact__context_identity_of(span));
    return made;
}

const impact_context *impact__context_with_identity(const impact_context *context,
                                                    impact__identity identity)
{
    const impact_context *base = impact__context_or_current(context);
    impact_context *made = derive(base, NULL);
    if (!made) {
        impact__identity_close(&identity);
        return impact__shared_retain(base);
    }
    set_span(made, NULL, identity);
    return made;
}

const impact_context *impact_context_with_span_context(const impact_context *context,
                                                       const impact_span_context *span_context)
{
    const impact__identity none = {.trace_state = NULL};
    return impact__context_with_identity(context, impact_span_context_is_valid(span_context)
                                                      ? impact__identity_of(span_context)
                                                      : none);
}

const impact_context *impact_context_with_baggage(const impact_context *context,
                                                  const struct impact_baggage *baggage)
{
    const impact_context *base = impact__context_or_current(context);
    impact_context *made = derive(base, NULL);
    if (!made)
        return impact__shared_retain(base);
    impact__shared_release(made->baggage);
    made->baggage = impact__shared_retain(baggage);
    return made;
}

const impact_context_key *impact_context_key_create(const char *name)
{
    enum { key_limit = 256 };
    static impact_context_key keys[key_limit];
    static atomic_uint key_count;
    unsigned number = atomic_load_explicit(&key_count, memory_order_relaxed);
    do {
        if (number == key_limit)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&key_count, &number, number + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    impact_context_key *key = &keys[number];
    (void)snprintf(key->name, sizeof key->name, "%s", name ? name : ""); /* cut */
    return key;
}

static void value_close(void *thing)
{
    context_value *value = thing;
    if (value->release)
        value->release(value->value);
    impact__free(NULL, value);
}

static context_value *value_open(const void *key, void *value, void (*release)(void *value))
{
    assert(key);
    context_value *made = impact__alloc(NULL, sizeof *made);
    if (!made) {
        say_no_memory();
        return NULL;
    }
    impact__shared_open(made, value_close);
    made->key = key;
    made->value = value;
    made->release = release;
    return made;
}

/* NULL: there is no room for it, or no memory. */
static impact_context *derive_with_value(const impact_context *base, context_value *value)
{
    impact_context *made = derive(base, value->key);
    if (made && made->value_count < impact__context_value_limit) {
        made->values[made->value_count++] = impact__shared_retain(value);
        return made;
    }
    if (made)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "context", "values",
                                  "a context has %d values: one more is not taken",
                                  impact__context_value_limit);
    impact__shared_release(made);
    return NULL;
}

const impact_context *impact_context_with_value(const impact_context *context, const void *key,
                                                void *value, void (*release)(void *value))
{
    const impact_context *base = impact__context_or_current(context);
    context_value *boxed = key ? value_open(key, value, release) : NULL;
    if (!boxed) {
        const impact_context *kept = impact__shared_retain(base);
        if (release)
            release(value);
        return kept;
    }
    const impact_context *made = derive_with_value(base, boxed);
    if (!made)
        made = impact__shared_retain(base);
    impact__shared_release(boxed);
    return made;
}

/* ---- what is in one ---- */

static impact__scope_frame *current_frame(void)
{
    impact__thread_state *state = impact__thread_state_peek();
    return state ? impact__scopes_top(&state->scopes) : NULL;
}

impact_span *impact_context_span(const impact_context *context)
{
    const impact__scope_frame *frame = context ? NULL : current_frame();
    if (context)
        return context->span;
    return frame ? frame->span : NULL;
}

void impact__context_show(impact_span_context *shown, const impact_context *context)
{
    const impact__scope_frame *frame = context ? NULL : current_frame();
    if (!context)
        context = &root;
    impact__identity_show(shown, frame ? &frame->identity : &context->identity);
}

impact_span_context impact_context_span_context(const impact_context *context)
{
    impact_span_context shown;
    impact__context_show(&shown, context);
    return shown;
}

/* Where baggage and values are. */
static const impact_context *rest_of(const impact_context *context)
{
    const impact__scope_frame *frame = context ? NULL : current_frame();
    if (frame)
        context = frame->context;
    return context ? context : &root;
}

const struct impact_baggage *impact_context_baggage(const impact_context *context)
{
    return rest_of(context)->baggage;
}

void *impact_context_value(const impact_context *context, const void *key)
{
    context = rest_of(context);
    for (size_t i = 0; i < context->value_count; i++)
        if (context->values[i]->key == key)
            return context->values[i]->value;
    return NULL;
}

const impact__identity *impact__context_identity(impact__thread_state *state,
                                                 const impact_context *context)
{
    const impact__scope_frame *frame = impact__scopes_top(&state->scopes);
    if (!context && !frame)
        return NULL;
    const impact__identity *identity = context ? &context->identity : &frame->identity;
    return impact__identity_is_valid(identity) ? identity : NULL;
}

impact__identity impact__context_identity_of(const impact_span *span)
{
    impact__identity identity = {.trace_state = NULL};
    const impact__thread_state *state = impact__thread_state_peek();
    if (!span || impact__access_identity(&identity, span) || !state)
        return identity;
    for (uint32_t i = state->scopes.depth; i > 0; i--)
        if (state->scopes.frames[i - 1].span == span)
            return impact__identity_copy(&state->scopes.frames[i - 1].identity);
    return identity;
}

/* ---- the current one ---- */

static impact__scope_frame *push(impact__thread_state *state)
{
    impact__scope_frame *frame = state ? impact__scopes_push(&state->scopes) : NULL;
    if (!frame)
        say_no_memory();
    return frame;
}

impact_scope impact_context_attach(const impact_context *context)
{
    const impact_context *attached = impact_context_retain(context);
    impact__thread_state *state = impact__thread_state_get();
    impact__scope_frame *frame = push(state);
    if (!frame) {
        impact__shared_release(attached);
        return (impact_scope){0};
    }
    frame->is_whole = true;
    frame->span = attached->span;
    frame->identity = attached->identity;
    frame->context = attached;
    return impact__scopes_top_scope(&state->scopes);
}

bool impact_context_detach(impact_scope scope)
{
    impact__thread_state *state = impact__thread_state_peek();
    const impact__scope_answer answer =
        state ? impact__scopes_leave(&state->scopes, scope) : IMPACT__SCOPE_UNKNOWN;
    if (answer == IMPACT__SCOPE_WAS_NOT_LAST)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "context", "order",
                                  "a context was detached before others that were attached later: "
                                  "they are detached too");
    if (answer == IMPACT__SCOPE_UNKNOWN && scope.serial)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "context", "twice",
                                  "a context was detached that is not attached to this thread");
    return answer == IMPACT__SCOPE_WAS_LAST;
}

impact_span *impact_span_current(void)
{
    return impact_context_span(NULL);
}

impact_scope impact_scope_enter(impact_span *span)
{
    impact__thread_state *state = impact__thread_state_get();
    const impact__scope_frame *below = state ? impact__scopes_top(&state->scopes) : NULL;
    const impact_context *context = below ? below->context : NULL;
    impact__identity identity = impact__context_identity_of(span);
    impact__scope_frame *frame = push(state);
    if (!frame) {
        impact__identity_close(&identity);
        return (impact_scope){0};
    }
    frame->is_whole = false;
    frame->span = span;
    frame->identity = identity;
    frame->context = context;
    return impact__scopes_top_scope(&state->scopes);
}

void impact_scope_leave(impact_scope scope)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state)
        (void)impact__scopes_leave(&state->scopes, scope); /* one that was left is left */
}
