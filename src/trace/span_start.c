/* Spans start: parent, ids, sampling, and a slot. */
#include "base/options.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/fork.h"
#include "trace/access.h"
#include "trace/census.h"
#include "trace/context.h"
#include "trace/default.h"
#include "trace/delivery.h"
#include "trace/events.h"
#include "trace/judge.h"
#include "trace/open_span.h"
#include "trace/recorder.h"
#include "trace/room.h"
#include "trace/span_time.h"

/* ---- options ---- */

/* Of a caller that was compiled when they were others, too; NULL: they cannot be read. */
static const impact_span_options *whole_options(impact_span_options *room,
                                                const impact_span_options *options)
{
    if (options->size == sizeof *options)
        return options;
    if (impact__struct_read(room, sizeof *room, options))
        return room;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "options", "span",
                              "a span begins without its options: they have none of the sizes that "
                              "are known, or set what is not");
    return NULL;
}

/* ---- parent and ids ---- */

/* Where a span starts that was given no options. */
static inline const impact__identity *current_parent(impact__thread_state *state)
{
    const impact__scope_frame *frame = impact__scopes_top(&state->scopes);
    return frame && impact__identity_is_valid(&frame->identity) ? &frame->identity : NULL;
}

/* Borrowed; NULL for a root. `room` is for the identity of one that the program made: close it. */
static const impact__identity *parent_of(impact__thread_state *state, impact__identity *room,
                                         const impact_span_options *options)
{
    if (!options)
        return current_parent(state);
    if (options->is_root)
        return NULL;
    if (!options->parent)
        return impact__context_identity(state, options->context);
    if (!impact_span_context_is_valid(options->parent))
        return NULL;
    *room = impact__identity_of(options->parent);
    return room;
}

/* The sampler adds to the flags. The trace state belongs to the trace: it has a share of its
 * parent's. */
static inline void inherit(impact__newborn *span, const impact__identity *parent)
{
    impact__ids_set_trace_id(&span->ids, &parent->trace_id);
    span->trace_flags = parent->trace_flags & IMPACT_TRACE_FLAG_RANDOM;
    span->trace_state = parent->trace_state ? impact__shared_retain(parent->trace_state) : NULL;
}

static inline void begin_life(impact__newborn *span, impact__random *random,
                              const impact__identity *parent)
{
    impact__ids_draw(&span->ids, random, !parent);
    span->trace_flags = IMPACT_TRACE_FLAG_RANDOM;
    span->trace_state = NULL;
    if (parent)
        inherit(span, parent);
}

/* With ids that the program's own code makes. */
__attribute__((noinline)) static impact__newborn
begin_life_as_asked(const impact__id_generator *generator, impact__random *random,
                    const impact__identity *parent)
{
    impact__newborn span = {.trace_state = NULL};
    impact__ids_ask(&span.ids, generator, random, !parent);
    span.trace_flags = impact__id_flags(generator);
    if (parent)
        inherit(&span, parent);
    return span;
}

static inline void set_parent(impact__span *span, const impact__identity *parent)
{
    span->has_parent = parent != NULL;
    span->is_parent_remote = false;
    if (!parent)
        return;
    span->is_parent_remote = parent->is_remote;
    impact__census_count(IMPACT__CENSUS_LOCAL_CHILD + parent->is_remote);
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
    impact__span_record_attributes(span, said->attributes, said->attribute_count);
    impact_context_release(said->context);
}

/* A processor wants the context that the span starts in. */
static void show_start(impact_tracer_provider *provider, impact_span *span,
                       const impact__start *start)
{
    const int held = impact__cancel_hold(); /* as in delivery.c */
    const impact_context *context = impact__start_context(start);
    impact__provider_on_start(provider, span, context);
    impact_context_release(context);
    impact__cancel_release(held);
}

/* It is kept while it is open, if it is exported at all. */
static void keep_open(impact_span *span)
{
    impact__access access;
    impact__access_share_own((uintptr_t)span);
    impact__span *live = impact__access_begin_slowly(&access, (uintptr_t)span);
    if (!live)
        return;
    impact__open_span_begin(live);
    impact__access_end_slowly(&access, live);
}

__attribute__((noinline)) static void follow_start(impact_tracer_provider *provider,
                                                   impact_span *span, const impact__start *start)
{
    if (impact__processors_want(&provider->processors, IMPACT__HOOK_OPEN))
        keep_open(span);
    if (impact__provider_wants_starts(provider))
        show_start(provider, span, start);
    else
        impact__provider_on_start(provider, span, NULL);
}

static inline void tell_of_start(impact_tracer_provider *provider, impact_span *span,
                                 const impact__start *start)
{
    if (impact__processors_want(&provider->processors, IMPACT__HOOK_OPEN | IMPACT__HOOK_START))
        follow_start(provider, span, start);
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

/* Once the thread has random numbers of this process. NULL, and counted: no memory. */
static inline impact__span *take_slot(impact__thread_state *state, impact_tracer_provider *provider)
{
    impact__span *span = impact__slot_take(&state->slots, state->generation);
    if (__builtin_expect(!span, 0))
        impact__provider_count_no_memory(provider);
    return span;
}

/* It has an identity, and was judged. */
static inline impact_span *start_recording(impact__thread_state *state, impact__span *span,
                                           const impact__start *start, const impact__verdict *said)
{
    begin_recording(span, state, start);
    if (__builtin_expect(said->context != NULL, 0))
        record_verdict(span, said);
    impact_span *name = impact__access_open(state, span, true);
    tell_of_start(span->provider, name, start);
    return name;
}

/* A context and nothing else. */
static inline impact_span *start_context(impact__thread_state *state, impact__span *span,
                                         const impact__newborn *made)
{
    impact__span_set_ids(span, &made->ids, made->trace_flags, made->trace_state);
    return impact__access_open(state, span, false);
}

/* Of a plain provider, and by a rule that takes none: that is known before there are ids. */
__attribute__((noinline)) static impact_span *start_unsampled(impact__thread_state *state,
                                                              impact_tracer_provider *provider,
                                                              const impact__identity *parent)
{
    impact__random *random = impact__thread_state_random(state);
    impact__span *span = take_slot(state, provider);
    if (!span)
        return NULL;
    impact__newborn made;
    begin_life(&made, random, parent);
    impact__census_count(IMPACT__CENSUS_DROPPED + (unsigned)impact__origin_of(parent));
    return start_context(state, span, &made);
}

__attribute__((noinline)) static impact_span *
start_judged(impact__thread_state *state, impact_tracer_provider *provider, impact_tracer *tracer,
             const impact__identity *parent, const impact__start start)
{
    impact__random *random = impact__thread_state_random(state);
    impact__span *span = take_slot(state, provider);
    if (!span)
        return NULL;
    impact__newborn made;
    impact__identity kept;
    if (__builtin_expect(parent && !provider->is_plain, 0)) {
        kept = *parent; /* what lies there may move while the program's code runs */
        parent = &kept; /* its trace state is kept by the newborn */
    }
    if (__builtin_expect(provider->ids.of != NULL, 0))
        made = begin_life_as_asked(&provider->ids, random, parent);
    else
        begin_life(&made, random, parent);
    const impact__verdict said = impact__judge(&made, &provider->sampler, state, parent, &start);
    if (!said.is_recording) {
        impact__census_count(IMPACT__CENSUS_DROPPED + (unsigned)impact__origin_of(parent));
        impact_context_release(said.context);
        return start_context(state, span, &made);
    }
    impact__span_set_ids(span, &made.ids, made.trace_flags, made.trace_state);
    span->provider = provider;
    span->tracer = tracer;
    set_parent(span, parent);
    return start_recording(state, span, &start, &said);
}

static inline impact_span *start_under(impact__thread_state *state,
                                       impact_tracer_provider *provider, impact_tracer *tracer,
                                       const impact__identity *parent, const impact__start start)
{
    const bool is_plain = provider && provider->is_plain;
    if (__builtin_expect(!is_plain, 0) && (!provider || provider->is_disabled))
        return carry(state, parent);
    const impact__rule *rule = impact__sampler_rule(&provider->sampler, parent);
    if (rule->kind == IMPACT__RULE_NONE && is_plain)
        return start_unsampled(state, provider, parent);
    return start_judged(state, provider, tracer, parent, start);
}

/* ---- who is asked ---- */

static inline impact_span *start_current(impact__thread_state *state,
                                         impact_tracer_provider *provider, impact_tracer *tracer,
                                         const char *name)
{
    const impact__start start = {name, NULL};
    return start_under(state, provider, tracer, current_parent(state), start);
}

static impact_span *start_with_options(impact__thread_state *state,
                                       impact_tracer_provider *provider, impact_tracer *tracer,
                                       const char *name, const impact_span_options *options)
{
    impact_span_options whole;
    impact__identity room;
    room.trace_state = NULL;
    const impact__start start = {name, whole_options(&whole, options)};
    const impact__identity *parent = parent_of(state, &room, start.options);
    impact_span *span = start_under(state, provider, tracer, parent, start);
    impact__identity_close(&room);
    return span;
}

/* With options, as the first of its thread, or where nothing is traced. */
__attribute__((noinline)) static impact_span *start_any(impact_tracer_provider *provider,
                                                        impact_tracer *tracer, const char *name,
                                                        const impact_span_options *options)
{
    impact__thread_state *state = impact__thread_state_get();
    if (!state && provider)
        impact__provider_count_no_memory(provider);
    if (!state || state->suppressed)
        return NULL;
    return options ? start_with_options(state, provider, tracer, name, options)
                   : start_current(state, provider, tracer, name);
}

/* It may be shut down and freed at any moment: what is used is what is loaded in here. */
__attribute__((noinline)) static impact_span *
start_with_default(impact_tracer *tracer, const char *name, const impact_span_options *options)
{
    impact__grace_thread *section = impact__grace_enter();
    impact_span *span = start_any(impact__tracer_provider_of(NULL), tracer, name, options);
    impact__grace_leave(section);
    return span;
}

/* There may be a parent, which is handed through. */
static inline bool may_have_parent(const impact_span_options *options)
{
    const impact__thread_state *state = impact__thread_state_peek();
    return __builtin_expect(options != NULL, 0) ||
           (state && __builtin_expect(state->scopes.depth != 0, 0));
}

/* All that is rare stands apart, so that what is not costs its tests and no more. Without a
 * provider it is the first 64 bytes, one line of the cache. */
__attribute__((aligned(64))) impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                                                            const impact_span_options *options)
{
    if (__builtin_expect(tracer && tracer->provider, 0)) {
        impact__thread_state *state = impact__thread_state_peek();
        if (__builtin_expect(state && !state->suppressed && !options, 1))
            return start_current(state, tracer->provider, tracer, name);
        return start_any(tracer->provider, tracer, name, options);
    }
    if (__builtin_expect(impact__tracer_provider_of(NULL) != NULL, 0))
        return start_with_default(tracer, name, options);
    return may_have_parent(options) ? start_any(NULL, tracer, name, options) : NULL;
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
