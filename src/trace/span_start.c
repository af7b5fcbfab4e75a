/* Spans start: parent, ids, sampling, and a slot. */
#include "base/options.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/fork.h"
#include "trace/access.h"
#include "trace/context.h"
#include "trace/default.h"
#include "trace/delivery.h"
#include "trace/events.h"
#include "trace/judge.h"
#include "trace/recorder.h"
#include "trace/room.h"
#include "trace/span_time.h"

/* ---- options ---- */

/* The options of a caller that was compiled when they were others. */
__attribute__((noinline)) static const impact_span_options *
read_options(impact_span_options *room, const impact_span_options *options)
{
    if (impact__struct_read(room, sizeof *room, options))
        return room;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "options", "span",
                              "a span begins without its options: they have none of the sizes that "
                              "are known, or set what is not");
    return NULL;
}

static inline const impact_span_options *whole_options(impact_span_options *room,
                                                       const impact_span_options *options)
{
    const bool is_whole = !options || options->size == sizeof *options;
    return is_whole ? options : read_options(room, options);
}

/* ---- parent and ids ---- */

/* Borrowed; NULL for a root. `room` is for the identity of one that the program made: close it. */
static inline const impact__identity *parent_of(impact__thread_state *state, impact__identity *room,
                                                const impact_span_options *options)
{
    if (!options)
        return impact__scopes_top(&state->scopes) ? impact__context_identity(state, NULL) : NULL;
    if (options->is_root)
        return NULL;
    if (!options->parent)
        return impact__context_identity(state, options->context);
    if (!impact_span_context_is_valid(options->parent))
        return NULL;
    *room = impact__identity_of(options->parent);
    return room;
}

/* All but what the sampler has to say. It has a share of the parent's trace state, for that belongs
 * to the trace. */
static inline void begin_life(impact__newborn *span, const impact__id_generator *generator,
                              impact__random *random, const impact__identity *parent)
{
    span->trace_state = NULL;
    if (parent) {
        impact__ids_set_trace_id(&span->ids, &parent->trace_id);
        span->trace_flags = parent->trace_flags & IMPACT_TRACE_FLAG_RANDOM;
        if (parent->trace_state)
            span->trace_state = impact__shared_retain(parent->trace_state);
    }
    span->ids.span = impact__id_new_span(generator, random); /* the program's own code, perhaps */
    if (parent)
        return;
    impact__id_new_trace(&span->ids, generator, random);
    span->trace_flags = impact__id_flags(generator);
}

static inline void set_parent(impact__span *span, const impact__identity *parent)
{
    span->has_parent = parent != NULL;
    span->is_parent_remote = parent && parent->is_remote;
    if (parent)
        span->parent_span_id = parent->span_id;
}

/* ---- recording ---- */

static inline void make_empty(impact__span *span)
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
    span->cut_count = 0;
    impact__room_set_short_end(span);
    impact__room_set_short_count(span);
}

static void record_options(impact__span *span, const impact__start *start)
{
    const impact_span_options *options = start->options;
    span->kind = (uint8_t)impact__start_kind(start);
    if (options->start_unix_ns)
        span->start_unix_ns = options->start_unix_ns;
    if (options->attributes)
        impact__span_record_attributes(span, options->attributes, options->attribute_count);
    for (size_t i = 0; options->links && i < options->link_count; i++)
        impact__span_record_link(span, &options->links[i]);
}

/* Of spans that are recorded only: nothing was copied before. */
static inline void begin_recording(impact__span *span, impact__thread_state *state,
                                   const impact__start *start)
{
    const uint64_t now = impact__span_time_of(span->provider, state); /* before the anchor */
    span->anchor_ns = state->clock.anchor_ns;
    span->start_unix_ns = now + span->anchor_ns;
    span->kind = IMPACT_SPAN_KIND_INTERNAL;
    impact__provider_prefetch(span->provider);
    make_empty(span);
    impact__span_record_name(span, impact__start_name(start));
    if (span->trace_state)
        impact__span_record_trace_state(span);
    if (start->options)
        record_options(span, start);
}

/* What the sampler of the program's own has to add; then it may be let go of. */
static void record_verdict(impact__span *span, const impact__verdict *said)
{
    if (said->is_recording)
        impact__span_record_attributes(span, said->attributes, said->attribute_count);
    impact_context_release(said->context);
}

/* A processor wants the context that the span starts in. */
__attribute__((noinline)) static void show_start(impact_tracer_provider *provider,
                                                 impact_span *span, const impact__start *start)
{
    const int held = impact__cancel_hold(); /* as in delivery.c */
    const impact_context *context = impact__start_context(start);
    impact__provider_on_start(provider, span, context);
    impact_context_release(context);
    impact__cancel_release(held);
}

static inline void tell_of_start(impact_tracer_provider *provider, impact_span *span,
                                 const impact__start *start)
{
    if (impact__provider_wants_starts(provider))
        show_start(provider, span, start);
    else
        impact__provider_on_start(provider, span, NULL);
}

/* ---- the span ---- */

/* Without a provider, and with one that is switched off, a context is handed through (trace/api
 * "Behavior of the API in the absence of an installed SDK"). NULL for a root: it would have
 * nothing. */
static impact_span *carry(impact__thread_state *state, const impact__identity *parent)
{
    impact__span *span =
        parent ? impact__slot_take(&state->slots, impact__fork_generation()) : NULL;
    if (!span)
        return NULL;
    const impact__identity identity = impact__identity_copy(parent);
    impact__span_set_identity(span, &identity);
    return impact__access_open(state, span, false);
}

static inline impact_span *start_child(impact__thread_state *state,
                                       impact_tracer_provider *provider, impact_tracer *tracer,
                                       const impact__identity *parent, const impact__start *start)
{
    impact__span *span = impact__slot_take(&state->slots, impact__fork_generation());
    if (__builtin_expect(!span, 0)) {
        impact__provider_count_no_memory(provider);
        return NULL;
    }
    set_parent(span, parent); /* first: what lies there may move while the program's code runs */
    impact__newborn made;
    impact__identity kept;
    if (__builtin_expect(parent && provider->ids.of, 0)) {
        kept = *parent; /* its trace state is kept by the newborn */
        parent = &kept;
    }
    begin_life(&made, &provider->ids, impact__thread_state_random(state), parent);
    const impact__verdict said = impact__judge(&made, &provider->sampler, state, parent, start);
    impact__span_set_ids(span, &made.ids, made.trace_flags, made.trace_state);
    span->provider = provider;
    span->tracer = tracer;
    if (said.is_recording)
        begin_recording(span, state, start);
    if (__builtin_expect(said.context != NULL, 0))
        record_verdict(span, &said);
    impact_span *name = impact__access_open(state, span, said.is_recording);
    if (said.is_recording)
        tell_of_start(provider, name, start);
    return name;
}

/* Apart from impact_span_start, so that a program without a provider pays for a test and no
 * more. */
__attribute__((noinline)) static impact_span *start_with(impact_tracer_provider *provider,
                                                         impact_tracer *tracer, const char *name,
                                                         const impact_span_options *options)
{
    impact__thread_state *state = impact__thread_state_get();
    if (__builtin_expect(!state || state->suppressed, 0)) {
        if (!state && provider)
            impact__provider_count_no_memory(provider);
        return NULL;
    }
    impact_span_options whole;
    impact__identity room;
    room.trace_state = NULL;
    const impact__start start = {name, whole_options(&whole, options)};
    const impact__identity *parent = parent_of(state, &room, start.options);
    const bool is_carried = !provider || provider->is_disabled;
    impact_span *span =
        is_carried ? carry(state, parent) : start_child(state, provider, tracer, parent, &start);
    impact__identity_close(&room);
    return span;
}

/* Nothing to hand through. */
static inline bool is_root(const impact_span_options *options)
{
    const impact__thread_state *state = impact__thread_state_peek();
    return !options && (!state || !state->scopes.depth);
}

/* It may be shut down and freed at any moment: what is used is what is loaded in here. */
__attribute__((noinline)) static impact_span *
start_with_default(impact_tracer *tracer, const char *name, const impact_span_options *options)
{
    impact__grace_thread *section = impact__grace_enter();
    impact_span *span = start_with(impact__tracer_provider_of(NULL), tracer, name, options);
    impact__grace_leave(section);
    return span;
}

impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                               const impact_span_options *options)
{
    if (tracer && tracer->provider)
        return start_with(tracer->provider, tracer, name, options);
    if (impact__tracer_provider_of(NULL))
        return start_with_default(tracer, name, options);
    return is_root(options) ? NULL : start_with(NULL, tracer, name, options);
}

bool impact_tracer_is_enabled(const impact_tracer *tracer)
{
    const impact__thread_state *state = impact__thread_state_peek();
    impact__grace_thread *section = impact__grace_enter();
    const impact_tracer_provider *provider = impact__tracer_provider_of(tracer);
    const bool is_wanted = provider && impact__provider_wants_spans(provider);
    impact__grace_leave(section);
    return is_wanted && !(state && state->suppressed);
}
