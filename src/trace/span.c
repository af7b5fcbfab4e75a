/* Spans from start to end: parent, ids, sampling, and the way into the queue. */
#include <impact/span.h>

#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/fork.h"
#include "trace/access.h"
#include "trace/context.h"
#include "trace/default.h"
#include "trace/events.h"
#include "trace/finish.h"
#include "trace/provider.h"
#include "trace/recorder.h"
#include "trace/room.h"
#include "trace/sampler.h"
#include "trace/span_time.h"

/* ---- start ---- */

typedef struct start {
    const char *name;
    const impact_span_options *options;
} start;

static const impact_span_options no_options = {.size = sizeof no_options};

/* The options of a caller that was compiled when they were others. */
static const impact_span_options *read_options(impact_span_options *room,
                                               const impact_span_options *options)
{
    if (impact__struct_read(room, sizeof *room, options))
        return room;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "options", "span",
                              "a span begins without its options: they have none of the sizes that "
                              "are known, or set what is not");
    return &no_options;
}

static inline const impact_span_options *whole_options(impact_span_options *room,
                                                       const impact_span_options *options)
{
    if (!options)
        return &no_options;
    return options->size == sizeof *options ? options : read_options(room, options);
}

/* Borrowed; NULL for a root. `room` is for the identity of one that the program made: close it. */
static const impact__identity *parent_of(impact__thread_state *state, impact__identity *room,
                                         const impact_span_options *options)
{
    if (options->is_root)
        return NULL;
    if (!options->parent)
        return impact__context_identity(state, options->context);
    if (!impact_span_context_is_valid(options->parent))
        return NULL;
    *room = impact__identity_of(options->parent);
    return room;
}

/* A new span's, but for what the sampler has to say. It has a share of the parent's trace state, for that
 * belongs to the trace. Filled where it lies: ids that were just written are not read in one piece, which
 * stalls. */
static inline void make_identity(impact__identity *identity, const impact__id_generator *ids,
                                 impact__random *random, const impact__identity *parent)
{
    identity->is_remote = false;
    identity->trace_state = NULL;
    if (parent) {
        identity->trace_id = parent->trace_id;
        identity->trace_flags = parent->trace_flags & IMPACT_TRACE_FLAG_RANDOM;
        if (parent->trace_state)
            identity->trace_state = impact__shared_retain(parent->trace_state);
    }
    identity->span_id = impact__id_new_span(ids, random);
    if (parent)
        return;
    identity->trace_id = impact__id_new_trace(ids, random);
    identity->trace_flags = impact__id_flags(ids);
}

static void set_parent(impact__span *span, const impact__identity *parent)
{
    span->has_parent = parent != NULL;
    span->is_parent_remote = parent && parent->is_remote;
    if (parent)
        span->parent_span_id = parent->span_id;
}

static void make_empty(impact__span *span)
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
}

static impact_span_kind kind_of(const impact_span_options *options)
{
    const bool is_known =
        options->kind > IMPACT_SPAN_KIND_UNSET && options->kind <= IMPACT_SPAN_KIND_CONSUMER;
    return is_known ? options->kind : IMPACT_SPAN_KIND_INTERNAL;
}

static impact_text name_of(const start *given)
{
    const size_t size = given->options->name_size;
    return size ? impact_text_from(given->name, size) : impact_text_of(given->name);
}

/* Of spans that are recorded only: nothing was copied before. */
static void begin_recording(impact__span *span, impact__thread_state *state, const start *given)
{
    const impact_span_options *options = given->options;
    const uint64_t now = impact__span_time_of(span->provider, state); /* before the anchor */
    span->anchor_ns = state->clock.anchor_ns;
    impact__provider_prefetch(span->provider);
    span->kind = (uint8_t)kind_of(options);
    span->start_unix_ns = options->start_unix_ns ? options->start_unix_ns : now + span->anchor_ns;
    make_empty(span);
    impact__span_record_name(span, name_of(given));
    if (span->trace_state)
        impact__span_record_trace_state(span);
    if (options->attributes)
        impact__span_record_attributes(span, options->attributes, options->attribute_count);
    for (size_t i = 0; options->links && i < options->link_count; i++)
        impact__span_record_link(span, &options->links[i]);
}

/* ---- sampling ---- */

/* What becomes of a span. */
typedef struct verdict {
    bool is_recording;
    const impact_attribute *attributes; /* of the sampler; borrowed from it, or from the context */
    size_t attribute_count;
    const impact_context *context; /* owned; NULL unless a sampler of the program's own was asked */
} verdict;

/* A span that is about to start, as a sampler of the program's own is told of it. */
static impact_sampling_request request_of(const impact__identity *identity, const start *given)
{
    const impact_span_options *options = given->options;
    return (impact_sampling_request){
        .size = sizeof(impact_sampling_request),
        .trace_id = identity->trace_id,
        .name = name_of(given),
        .kind = kind_of(options),
        .attributes = options->attributes,
        .attribute_count = options->attributes ? options->attribute_count : 0,
        .links = options->links,
        .link_count = options->links ? options->link_count : 0,
    };
}

/* Where a span starts. Owned. */
static const impact_context *context_of(const impact_span_options *options)
{
    if (options->is_root)
        return impact_context_with_span(options->context, NULL);
    if (options->parent)
        return impact_context_with_span_context(options->context, options->parent);
    return impact_context_retain(options->context);
}

/* Spans that the sampler starts are not recorded. */
static impact_sampling_result ask(const impact__rule *rule, impact__thread_state *state,
                                  const impact_sampling_request *request)
{
    impact_sampling_result result = {.size = sizeof result};
    if (request->parent)
        result.trace_state = impact_trace_state_text(&request->parent->trace_state);
    const int held = impact__cancel_hold(); /* as in deliver */
    state->suppressed++;
    impact__rule_ask(rule, request, &result);
    state->suppressed--;
    impact__cancel_release(held);
    return result;
}

/* A sampler's. It leaves the parent's as it is by giving it back. */
static void set_trace_state(impact__identity *identity, impact_text trace_state)
{
    if (impact__text_equal(trace_state, impact__shared_text_of(identity->trace_state)))
        return;
    impact__shared_text *kept =
        impact__identity_keep_trace_state(trace_state); /* maybe of its own */
    impact__identity_close(identity);
    identity->trace_state = kept;
}

/* Apart, so that the samplers that come with the library do not pay for it. */
__attribute__((noinline)) static verdict
judge_as_asked(impact__identity *identity, const impact__rule *rule, impact__thread_state *state,
               const impact__identity *parent, const start *given)
{
    const impact_context *context = context_of(given->options);
    impact_sampling_request request = request_of(identity, given);
    impact_span_context shown;
    request.context = context;
    if (parent) {
        impact__identity_show(&shown, parent);
        request.parent = &shown;
    }
    const impact_sampling_result result = ask(rule, state, &request);
    set_trace_state(identity, result.trace_state);
    if (result.decision == IMPACT_SAMPLING_RECORD_AND_SAMPLE)
        identity->trace_flags |= IMPACT_TRACE_FLAG_SAMPLED;
    return (verdict){
        .is_recording = result.decision == IMPACT_SAMPLING_RECORD_AND_SAMPLE ||
                        result.decision == IMPACT_SAMPLING_RECORD_ONLY,
        .attributes = result.attributes,
        .attribute_count = result.attributes ? result.attribute_count : 0,
        .context = context,
    };
}

static verdict judge(impact__identity *identity, const impact__sampler *sampler,
                     impact__thread_state *state, const impact__identity *parent,
                     const start *given)
{
    const impact__rule *rule = impact__sampler_rule(sampler, parent);
    if (__builtin_expect(rule->kind == IMPACT__RULE_USER, 0))
        return judge_as_asked(identity, rule, state, parent, given);
    const bool is_sampled = impact__rule_samples(rule, &identity->trace_id);
    identity->trace_flags |= is_sampled ? IMPACT_TRACE_FLAG_SAMPLED : 0;
    return (verdict){.is_recording = is_sampled};
}

/* What the sampler of the program's own has to add; then it may be let go of. */
static void record_verdict(impact__span *span, const verdict *said)
{
    if (said->is_recording)
        impact__span_record_attributes(span, said->attributes, said->attribute_count);
    impact_context_release(said->context);
}

/* ---- the span ---- */

/* Without a provider, and with one that is switched off, a context is handed through (trace/api "Behavior
 * of the API in the absence of an installed SDK"). NULL for a root: it would have nothing. */
static impact_span *carry(impact__thread_state *state, const impact__identity *parent)
{
    impact__span *span = parent ? impact__slot_take(&state->slots) : NULL;
    if (!span)
        return NULL;
    const impact__identity identity = impact__identity_copy(parent);
    impact__span_set_identity(span, &identity);
    return impact__access_open(state, span, false);
}

/* A processor wants the context that the span starts in. */
__attribute__((noinline)) static void
show_start(impact_tracer_provider *provider, impact_span *span, const impact_span_options *options)
{
    const int held = impact__cancel_hold(); /* as in deliver */
    const impact_context *context = context_of(options);
    impact__provider_on_start(provider, span, context);
    impact_context_release(context);
    impact__cancel_release(held);
}

static inline void tell_of_start(impact_tracer_provider *provider, impact_span *span,
                                 const impact_span_options *options)
{
    if (impact__provider_wants_starts(provider))
        show_start(provider, span, options);
    else
        impact__provider_on_start(provider, span, NULL);
}

static impact_span *start_child(impact__thread_state *state, impact_tracer_provider *provider,
                                impact_tracer *tracer, const impact__identity *parent,
                                const start *given)
{
    impact__span *span = impact__slot_take(&state->slots);
    if (!span) {
        impact__provider_count_no_memory(provider);
        return NULL;
    }
    impact__identity identity;
    set_parent(span, parent); /* first: what lies there may move while the program's code runs */
    make_identity(&identity, &provider->ids, impact__thread_state_random(state), parent);
    const verdict said = judge(&identity, &provider->sampler, state, parent, given);
    impact__span_set_identity(span, &identity);
    span->provider = provider;
    span->tracer = tracer;
    if (said.is_recording)
        begin_recording(span, state, given);
    if (said.context)
        record_verdict(span, &said);
    impact_span *name = impact__access_open(state, span, said.is_recording);
    if (said.is_recording)
        tell_of_start(provider, name, given->options);
    return name;
}

/* Apart from impact_span_start, so that a program without a provider pays for a test and no more. */
__attribute__((noinline)) static impact_span *start_with(impact_tracer_provider *provider,
                                                         impact_tracer *tracer, const char *name,
                                                         const impact_span_options *options)
{
    impact__thread_state *state = impact__thread_state_get();
    if (!state || state->suppressed) {
        if (!state && provider)
            impact__provider_count_no_memory(provider);
        return NULL;
    }
    impact_span_options whole;
    const start given = {name, whole_options(&whole, options)};
    impact__identity room = {.trace_state = NULL};
    const impact__identity *parent = parent_of(state, &room, given.options);
    const bool is_carried = !provider || provider->is_disabled;
    impact_span *span =
        is_carried ? carry(state, parent) : start_child(state, provider, tracer, parent, &given);
    impact__identity_close(&room);
    return span;
}

/* Nothing to hand through. */
static inline bool is_root(const impact_span_options *options)
{
    const impact__thread_state *state = impact__thread_state_peek();
    return !options && (!state || !state->scopes.depth);
}

impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                               const impact_span_options *options)
{
    if (tracer && tracer->provider)
        return start_with(tracer->provider, tracer, name, options);
    if (!impact__tracer_provider_of(NULL))
        return is_root(options) ? NULL : start_with(NULL, tracer, name, options);
    /* It may be shut down and freed at any moment: what is used is what is loaded in here. */
    impact__grace_thread *section = impact__grace_enter();
    impact_span *span = start_with(impact__tracer_provider_of(NULL), tracer, name, options);
    impact__grace_leave(section);
    return span;
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

/* ---- end ---- */

static uint64_t end_of(const impact__span *span, uint64_t end_unix_ns)
{
    if (!end_unix_ns)
        end_unix_ns = impact__span_time_now(span);
    return end_unix_ns >= span->start_unix_ns ? end_unix_ns : span->start_unix_ns;
}

static void say_it_has_no_duration(void)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "span", "times",
                              "a span ends before its start: it is shown without a duration");
}

static void say_what_was_cut(const impact__span *span)
{
    impact_diagnostics_report(
        IMPACT_SEVERITY_WARNING, "span", "room",
        "a span has more than its room of %u bytes: %u of its texts and values were cut or dropped",
        span->provider->limits.span_bytes, span->cut_count);
}

/* What was begun before a fork is the parent's to export. */
static bool is_to_be_exported(const impact__span *span, const impact_span *name)
{
    return ((uintptr_t)name & IMPACT__NAME_RECORDING) &&
           atomic_load_explicit(&span->process, memory_order_relaxed) == impact__fork_generation();
}

static bool is_sampled(const impact__span *span)
{
    return atomic_load_explicit(&span->id_flags, memory_order_relaxed) & IMPACT_TRACE_FLAG_SAMPLED;
}

static void give_back(impact__span *span)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state)
        impact__slot_give(&state->slots, span);
    else
        impact__slot_give_to_pool(span);
}

/* Processors may record into it once more, at an end that is fixed, and so without its being worked at:
 * the access is begun again. NULL: it was ended meanwhile. */
__attribute__((noinline)) static impact__span *
show_ending(impact__access *access, impact__span *live, impact_span *name, uint64_t *end_unix_ns)
{
    impact_tracer_provider *provider = live->provider;
    *end_unix_ns = end_of(live, *end_unix_ns);
    impact__grace_span_started(provider->hold); /* it stays, whatever others do with the span */
    impact__access_end(access, live);
    const int held = impact__cancel_hold(); /* as below */
    impact__provider_on_ending(provider, name);
    impact__cancel_release(held);
    impact__grace_span_ended(provider->hold);
    return impact__access_begin_any(access, (uintptr_t)name);
}

/* A processor may wait, and a thread must not be cancelled there: the provider would wait for the end of
 * the span for ever. */
static void deliver(const impact__span *span)
{
    impact_tracer_provider *provider = span->provider;
    const bool is_shown = impact__processors_want(&provider->processors, IMPACT__HOOK_END);
    const int held = is_shown ? impact__cancel_hold() : 0;
    impact__provider_on_end(provider, span->bytes + span->record_offset,
                            span->size - span->record_offset, span->tracer, is_sampled(span));
    if (is_shown)
        impact__cancel_release(held);
}

void impact_span_end_at(impact_span *span, uint64_t end_unix_ns)
{
    impact__access access;
    impact__span *live = span ? impact__access_begin_any(&access, (uintptr_t)span) : NULL;
    if (!live)
        return;
    const bool is_exported = is_to_be_exported(live, span);
    if (is_exported && impact__provider_wants_endings(live->provider))
        live = show_ending(&access, live, span, &end_unix_ns);
    if (!live)
        return;
    const bool is_backwards = is_exported && end_unix_ns && end_unix_ns < live->start_unix_ns;
    if (is_exported)
        impact__span_finish(live, end_of(live, end_unix_ns));
    impact__shared_text *trace_state = impact__access_finish(&access, live);
    /* From here on nobody else has the slot, and what is called may take its time. */
    if (is_backwards)
        say_it_has_no_duration();
    if (is_exported && live->cut_count)
        say_what_was_cut(live);
    if (is_exported)
        deliver(live);
    else if ((uintptr_t)span & IMPACT__NAME_RECORDING) /* the parent exports it; here it is over */
        impact__grace_span_ended(live->provider->hold);
    impact__shared_release(trace_state);
    give_back(live);
}

void impact_span_end(impact_span *span)
{
    impact_span_end_at(span, 0);
}

/* ---- questions ---- */

bool impact_span_is_recording(const impact_span *span)
{
    return ((uintptr_t)span & IMPACT__NAME_RECORDING) && impact__access_is_live(span);
}

impact_span_context impact_span_context_of(const impact_span *span)
{
    impact_span_context shown;
    impact__identity identity = impact__context_identity_of(span);
    impact__identity_show(&shown, &identity);
    impact__identity_close(&identity);
    return shown;
}
