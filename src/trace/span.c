/* Spans from start to end: parent, ids, sampling, and the way into the queue. */
#include "trace/span.h"

#include "base/alloc.h"
#include "process/fork.h"
#include "trace/context.h"
#include "trace/default.h"
#include "trace/provider.h"
#include "trace/sampler.h"
#include "trace/slot.h"
#include "trace/thread_state.h"
#include "trace/trace_state.h"

/* ---- start ---- */

static const impact_span_options no_options = {.size = sizeof no_options};

/* The options of a caller that was compiled when they were fewer: the others are zero. */
static const impact_span_options *widened(impact_span_options *room,
                                          const impact_span_options *options)
{
    *room = no_options;
    memcpy(room, options, options->size);
    return room;
}

static inline const impact_span_options *whole_options(impact_span_options *room,
                                                       const impact_span_options *options)
{
    if (!options)
        return &no_options;
    return options->size >= sizeof *options ? options : widened(room, options);
}

/* NULL for a root. */
static const impact_span_context *parent_of(const impact__thread_state *state,
                                            const impact_span_options *options)
{
    if (options->is_root)
        return NULL;
    if (options->parent)
        return impact_span_context_is_valid(options->parent) ? options->parent : NULL;
    const impact_span *current = impact__context_current(state);
    return current ? &current->context : NULL;
}

/* 8 random bytes, not all zero. */
static inline void write_random(uint8_t *to, impact__random *random)
{
    uint64_t bits;
    do {
        bits = impact__random_next(random);
    } while (!bits);
    memcpy(to, &bits, sizeof bits);
}

static void set_ids(impact_span *span, const impact_span_context *parent, impact__random *random)
{
    write_random(span->context.span_id.bytes, random);
    if (parent) {
        span->context.trace_id = parent->trace_id;
        span->context.trace_flags = parent->trace_flags & IMPACT_TRACE_FLAG_RANDOM;
        return;
    }
    write_random(span->context.trace_id.bytes, random);
    write_random(span->context.trace_id.bytes + 8, random);
    span->context.trace_flags = IMPACT_TRACE_FLAG_RANDOM;
}

/* The parent's trace state belongs to the trace, so a child carries a copy of it. */
static void inherit_trace_state(impact_span *span, impact_text state)
{
    char room[impact__trace_state_limit];
    span->context.trace_state = impact_text_from(NULL, 0);
    if (state.size == 0)
        return;
    state = impact__trace_state_to_send(room, state);
    if (state.size == 0)
        return;
    if (!span->trace_state)
        span->trace_state = impact__alloc(NULL, impact__trace_state_limit);
    if (!span->trace_state)
        return; /* W3C 3.3.1.5 permits to drop it */
    memcpy(span->trace_state, state.data, state.size);
    span->context.trace_state = impact_text_from(span->trace_state, state.size);
}

static void set_parent(impact_span *span, const impact_span_context *parent)
{
    span->has_parent = parent != NULL;
    span->is_parent_remote = parent && parent->is_remote;
    if (parent)
        span->parent_span_id = parent->span_id;
    inherit_trace_state(span, parent ? parent->trace_state : impact_text_from(NULL, 0));
}

static void make_empty(impact_span *span)
{
    span->size = impact__span_head_room;
    span->name_size = 0;
    span->status_offset = 0;
    span->status = IMPACT_SPAN_STATUS_UNSET;
    span->attribute_count = 0;
    span->event_count = 0;
    span->link_count = 0;
    span->dropped_attribute_count = 0;
    span->dropped_event_count = 0;
    span->dropped_link_count = 0;
}

static impact_span_kind kind_of(const impact_span_options *options)
{
    const bool is_known =
        options->kind > IMPACT_SPAN_KIND_UNSET && options->kind <= IMPACT_SPAN_KIND_CONSUMER;
    return is_known ? options->kind : IMPACT_SPAN_KIND_INTERNAL;
}

/* Of sampled spans only: nothing was copied before. */
static void begin_recording(impact_span *span, impact__thread_state *state, const char *name,
                            const impact_span_options *options)
{
    const uint64_t now = impact__thread_state_now(state, &span->anchor_ns);
    impact__queue_prefetch(&span->provider->queue);
    span->is_recording = true;
    span->kind = (uint8_t)kind_of(options);
    span->start_unix_ns = options->start_unix_ns ? options->start_unix_ns : now;
    make_empty(span);
    impact__span_record_name(span, options->name_size ? impact_text_from(name, options->name_size)
                                                      : impact_text_of(name));
    if (span->context.trace_state.size)
        impact__span_record_trace_state(span);
    if (options->attribute_count)
        impact_span_set_all(span, options->attributes, options->attribute_count);
    for (size_t i = 0; options->links && i < options->link_count; i++)
        impact_span_add_link(span, &options->links[i]);
}

/* A provider that is switched off hands contexts through (trace/api "Behavior of the API in the
 * absence of an installed SDK"). */
static impact_span *carry_parent(impact__thread_state *state, const impact_span_context *parent)
{
    impact_span *span = parent ? impact__slot_take(&state->slots) : NULL;
    if (!span)
        return NULL;
    span->context = *parent;
    inherit_trace_state(span, parent->trace_state);
    span->is_recording = false;
    return span;
}

/* Apart from impact_span_start, so that a program without a provider pays for a test and no more. */
__attribute__((noinline)) static impact_span *start_with(impact_tracer_provider *provider,
                                                         impact_tracer *tracer, const char *name,
                                                         const impact_span_options *options)
{
    impact__thread_state *state = impact__thread_state_get();
    if (!state || state->suppressed) {
        if (!state)
            impact__provider_count_no_memory(provider);
        return NULL;
    }
    impact_span_options room;
    options = whole_options(&room, options);
    const impact_span_context *parent = parent_of(state, options);
    if (provider->is_disabled)
        return carry_parent(state, parent);
    impact_span *span = impact__slot_take(&state->slots);
    if (!span) {
        impact__provider_count_no_memory(provider);
        return NULL;
    }
    span->provider = provider;
    span->tracer = tracer;
    span->generation = impact__fork_generation();
    span->is_recording = false;
    span->context.is_remote = false;
    set_ids(span, parent, impact__thread_state_random(state));
    set_parent(span, parent);
    if (impact__sampler_decide(&provider->sampler, parent, &span->context.trace_id)) {
        span->context.trace_flags |= IMPACT_TRACE_FLAG_SAMPLED;
        begin_recording(span, state, name, options);
    }
    return span;
}

impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                               const impact_span_options *options)
{
    impact_tracer_provider *provider = impact__tracer_provider_of(tracer);
    return provider ? start_with(provider, tracer, name, options) : NULL;
}

/* ---- end ---- */

void impact_span_end_at(impact_span *span, uint64_t end_unix_ns)
{
    if (!span)
        return;
    impact__thread_state *state = impact__thread_state_get();
    if (!state) { /* a thread without memory: all that can be done is to count */
        if (span->is_recording && span->generation == impact__fork_generation())
            impact__provider_count_no_memory(span->provider);
        impact__slot_free(span);
        return;
    }
    if (state->scope_depth)
        impact__context_forget(state, span);
    /* One that was begun before a fork is the parent's to export. */
    if (span->is_recording && span->generation == impact__fork_generation()) {
        impact__span_finish(span, end_unix_ns ? end_unix_ns
                                              : impact__clock_monotonic_ns() + span->anchor_ns);
        impact__provider_put(span->provider, span);
    }
    impact__slot_give(&state->slots, span);
}

void impact_span_end(impact_span *span)
{
    impact_span_end_at(span, 0);
}

/* ---- questions ---- */

bool impact_span_is_recording(const impact_span *span)
{
    return span && span->is_recording;
}

impact_span_context impact_span_context_of(const impact_span *span)
{
    return span ? span->context : (impact_span_context){0};
}
