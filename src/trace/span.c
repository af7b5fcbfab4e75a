/* Spans from start to end: parent, ids, sampling, and the way into the queue. */
#include "trace/span.h"

#include "base/options.h"
#include "process/diagnostics.h"
#include "process/fork.h"
#include "trace/context.h"
#include "trace/default.h"
#include "trace/provider.h"
#include "trace/sampler.h"
#include "trace/slot.h"
#include "trace/thread_state.h"

/* ---- start ---- */

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

static void set_ids(impact_span *span, const impact__identity *parent, impact__random *random)
{
    const impact__id_generator *ids = &span->provider->ids;
    span->identity.span_id = impact__id_new_span(ids, random);
    span->identity.trace_id = parent ? parent->trace_id : impact__id_new_trace(ids, random);
    span->identity.trace_flags =
        parent ? parent->trace_flags & IMPACT_TRACE_FLAG_RANDOM : impact__id_flags(ids);
}

static void set_parent(impact_span *span, const impact__identity *parent)
{
    span->has_parent = parent != NULL;
    span->is_parent_remote = parent && parent->is_remote;
    if (parent)
        span->parent_span_id = parent->span_id;
    span->identity.trace_state = parent ? impact__shared_retain(parent->trace_state) : NULL;
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

static impact_text name_of(const char *name, const impact_span_options *options)
{
    return options->name_size ? impact_text_from(name, options->name_size) : impact_text_of(name);
}

/* Of sampled spans only: nothing was copied before. */
static void begin_recording(impact_span *span, impact__thread_state *state, impact_text name,
                            const impact_span_options *options)
{
    const uint64_t now = impact__thread_state_now(state, &span->anchor_ns);
    impact__queue_prefetch(&span->provider->queue);
    span->is_recording = true;
    span->kind = (uint8_t)kind_of(options);
    span->start_unix_ns = options->start_unix_ns ? options->start_unix_ns : now;
    make_empty(span);
    impact__span_record_name(span, name);
    if (span->identity.trace_state)
        impact__span_record_trace_state(span);
    if (options->attribute_count)
        impact_span_set_all(span, options->attributes, options->attribute_count);
    for (size_t i = 0; options->links && i < options->link_count; i++)
        impact_span_add_link(span, &options->links[i]);
}

/* A span that is about to start, as a sampler of the program's own is told of it. */
static impact_sampling_request request_of(const impact_span *span,
                                          const impact_span_context *parent, const char *name,
                                          const impact_span_options *options)
{
    return (impact_sampling_request){
        .size = sizeof(impact_sampling_request),
        .parent = parent,
        .trace_id = span->identity.trace_id,
        .name = name_of(name, options),
        .kind = kind_of(options),
        .attributes = options->attributes,
        .attribute_count = options->attributes ? options->attribute_count : 0,
        .links = options->links,
        .link_count = options->links ? options->link_count : 0,
    };
}

/* Spans that the sampler starts are not recorded. */
static impact_sampling_result ask(const impact__rule *rule, impact__thread_state *state,
                                  const impact_sampling_request *request)
{
    impact_sampling_result result = {.size = sizeof result};
    if (request->parent)
        result.trace_state = request->parent->trace_state;
    state->suppressed++;
    impact__rule_ask(rule, request, &result);
    state->suppressed--;
    return result;
}

/* A sampler's. It leaves the parent's as it is by giving it back. */
static void set_trace_state(impact_span *span, impact_text trace_state)
{
    const impact_text own = impact__shared_text_of(span->identity.trace_state);
    if (trace_state.data == own.data && trace_state.size == own.size)
        return;
    impact__identity_close(&span->identity);
    span->identity.trace_state = impact__identity_keep_trace_state(trace_state);
}

/* Apart, so that the samplers that come with the library do not pay for it. */
__attribute__((noinline)) static void begin_as_asked(impact_span *span, const impact__rule *rule,
                                                     impact__thread_state *state,
                                                     const impact_sampling_request *request,
                                                     const impact_span_options *options)
{
    const impact_sampling_result result = ask(rule, state, request);
    set_trace_state(span, result.trace_state);
    if (result.decision == IMPACT_SAMPLING_RECORD_AND_SAMPLE)
        span->identity.trace_flags |= IMPACT_TRACE_FLAG_SAMPLED;
    else if (result.decision != IMPACT_SAMPLING_RECORD_ONLY)
        return;
    begin_recording(span, state, request->name, options);
    impact_span_set_all(span, result.attributes, result.attribute_count);
}

/* A provider that is switched off hands contexts through (trace/api "Behavior of the API in the
 * absence of an installed SDK"). */
static impact_span *carry_parent(impact__thread_state *state, const impact__identity *parent)
{
    impact_span *span = parent ? impact__slot_take(&state->slots) : NULL;
    if (!span)
        return NULL;
    span->identity = impact__identity_copy(parent);
    span->is_recording = false;
    return span;
}

/* What it is, and whether it is recorded. */
static void begin(impact_span *span, impact__thread_state *state, const impact__identity *parent,
                  const char *name, const impact_span_options *options)
{
    impact_span_context shown;
    if (parent)
        shown = impact__identity_show(parent);
    const impact_span_context *context = parent ? &shown : NULL;
    const impact__rule *rule = impact__sampler_rule(&span->provider->sampler, context);
    if (__builtin_expect(rule->kind == IMPACT__RULE_USER, 0)) {
        const impact_sampling_request request = request_of(span, context, name, options);
        begin_as_asked(span, rule, state, &request, options);
    } else if (impact__rule_samples(rule, &span->identity.trace_id)) {
        span->identity.trace_flags |= IMPACT_TRACE_FLAG_SAMPLED;
        begin_recording(span, state, name_of(name, options), options);
    }
}

static impact_span *open_slot(impact_tracer_provider *provider, impact__thread_state *state,
                              const impact__identity *parent)
{
    impact_span *span = impact__slot_take(&state->slots);
    if (!span) {
        impact__provider_count_no_memory(provider);
        return NULL;
    }
    span->provider = provider;
    span->generation = impact__fork_generation();
    span->is_recording = false;
    span->identity.is_remote = false;
    set_ids(span, parent, impact__thread_state_random(state));
    set_parent(span, parent);
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
    impact_span_options whole;
    options = whole_options(&whole, options);
    impact__identity room = {.trace_state = NULL};
    const impact__identity *parent = parent_of(state, &room, options);
    impact_span *span =
        provider->is_disabled ? carry_parent(state, parent) : open_slot(provider, state, parent);
    if (span && !provider->is_disabled) {
        span->tracer = tracer;
        begin(span, state, parent, name, options);
    }
    impact__identity_close(&room);
    return span;
}

impact_span *impact_span_start(impact_tracer *tracer, const char *name,
                               const impact_span_options *options)
{
    impact_tracer_provider *provider = impact__tracer_provider_of(tracer);
    return provider ? start_with(provider, tracer, name, options) : NULL;
}

bool impact_tracer_is_enabled(const impact_tracer *tracer)
{
    const impact_tracer_provider *provider = impact__tracer_provider_of(tracer);
    const impact__thread_state *state = impact__thread_state_peek();
    return provider && impact__provider_wants_spans(provider) && !(state && state->suppressed);
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
    if (state->scopes.depth)
        impact__context_forget(state, span);
    /* One that was begun before a fork is the parent's to export. */
    if (span->is_recording && span->generation == impact__fork_generation()) {
        impact__span_finish(span, end_unix_ns ? end_unix_ns
                                              : impact__clock_monotonic_ns() + span->anchor_ns);
        if (span->identity.trace_flags & IMPACT_TRACE_FLAG_SAMPLED) /* or it is only recorded */
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
    return span ? impact__identity_show(&span->identity) : (impact_span_context){0};
}
