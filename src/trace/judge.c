/* Samplers of the program's own are asked about a span that is about to start. */
#include "trace/judge.h"

#include "base/text.h"
#include "base/thread.h"
#include "trace/census.h"

const impact_context *impact__start_context(const impact__start *start)
{
    const impact_span_options *options = start->options;
    if (!options)
        return impact_context_retain(NULL);
    if (options->is_root)
        return impact_context_with_span(options->context, NULL);
    if (options->parent)
        return impact_context_with_span_context(options->context, options->parent);
    return impact_context_retain(options->context);
}

/* A span that is about to start, as a sampler is told of it. */
static impact_sampling_request request_of(const impact__newborn *span, const impact__start *start)
{
    const impact_span_options *options = start->options;
    impact_sampling_request request = {
        .size = sizeof(impact_sampling_request),
        .trace_id = impact__ids_trace_id(&span->ids),
        .name = impact__start_name(start),
        .kind = impact__start_kind(start),
    };
    if (options && options->attributes) {
        request.attributes = options->attributes;
        request.attribute_count = options->attribute_count;
    }
    if (options && options->links) {
        request.links = options->links;
        request.link_count = options->link_count;
    }
    return request;
}

/* Spans that the sampler starts are not recorded. */
static impact_sampling_result ask(const impact__rule *rule, impact__thread_state *state,
                                  const impact_sampling_request *request)
{
    impact_sampling_result result = {.size = sizeof result};
    if (request->parent)
        result.trace_state = impact_trace_state_text(&request->parent->trace_state);
    const int held = impact__cancel_hold(); /* as in delivery.c */
    state->suppressed++;
    impact__rule_ask(rule, request, &result);
    state->suppressed--;
    impact__cancel_release(held);
    return result;
}

/* A sampler's. It leaves the parent's as it is by giving it back. */
static void set_trace_state(impact__newborn *span, impact_text trace_state)
{
    if (impact__text_equal(trace_state, impact__shared_text_of(span->trace_state)))
        return;
    impact__shared_text *kept =
        impact__identity_keep_trace_state(trace_state); /* maybe of its own */
    impact__shared_release(span->trace_state);
    span->trace_state = kept;
}

void impact__judge_as_asked(impact__verdict *verdict, impact__newborn *span,
                            const impact__rule *rule, impact__thread_state *state,
                            const impact__identity *parent, const impact__start *start)
{
    const impact_context *context = impact__start_context(start);
    impact_sampling_request request = request_of(span, start);
    impact_span_context shown;
    request.context = context;
    if (parent) {
        impact__identity_show(&shown, parent);
        request.parent = &shown;
    }
    const impact_sampling_result result = ask(rule, state, &request);
    set_trace_state(span, result.trace_state);
    if (result.decision == IMPACT_SAMPLING_RECORD_ONLY)
        impact__census_count(IMPACT__CENSUS_RECORDED_ONLY + (unsigned)impact__origin_of(parent));
    if (result.decision == IMPACT_SAMPLING_RECORD_AND_SAMPLE)
        span->trace_flags |= IMPACT_TRACE_FLAG_SAMPLED;
    *verdict = (impact__verdict){
        .is_recording = result.decision == IMPACT_SAMPLING_RECORD_AND_SAMPLE ||
                        result.decision == IMPACT_SAMPLING_RECORD_ONLY,
        .attributes = result.attributes,
        .attribute_count = result.attributes ? result.attribute_count : 0,
        .context = context,
    };
}
