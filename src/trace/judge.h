/* What becomes of a span that is about to start: the sampler decides, before anything is copied. */
#ifndef IMPACT_TRACE_JUDGE_H
#define IMPACT_TRACE_JUDGE_H

#include <stdbool.h>

#include <impact/context.h>
#include <impact/span.h>

#include "trace/ids.h"
#include "trace/sampler.h"
#include "trace/thread_state.h"

/* How it was started. */
typedef struct impact__start {
    const char *name;
    const impact_span_options *options; /* NULL: none */
} impact__start;

static inline impact_text impact__start_name(const impact__start *start)
{
    const size_t size = start->options ? start->options->name_size : 0;
    return size ? impact_text_from(start->name, size) : impact_text_of(start->name);
}

static inline impact_span_kind impact__start_kind(const impact__start *start)
{
    const impact_span_kind kind = start->options ? start->options->kind : IMPACT_SPAN_KIND_UNSET;
    const bool is_known = kind > IMPACT_SPAN_KIND_UNSET && kind <= IMPACT_SPAN_KIND_CONSUMER;
    return is_known ? kind : IMPACT_SPAN_KIND_INTERNAL;
}

/* Where it starts. Owned. */
const impact_context *impact__start_context(const impact__start *start);

/* Its own ids, and what it has from its parent. */
typedef struct impact__newborn {
    impact__ids ids;
    uint8_t trace_flags;
    impact__shared_text *trace_state; /* owned */
} impact__newborn;

typedef struct impact__verdict {
    bool is_recording;
    const impact_attribute *attributes; /* of the sampler; borrowed from it, or from the context */
    size_t attribute_count;
    const impact_context *context; /* owned; NULL unless a sampler of the program's own was asked */
} impact__verdict;

/* Ask a sampler of the program's own. */
void impact__judge_as_asked(impact__verdict *verdict, impact__newborn *span,
                            const impact__rule *rule, impact__thread_state *state,
                            const impact__identity *parent, const impact__start *start);

static inline impact__verdict impact__judge(impact__newborn *span, const impact__sampler *sampler,
                                            impact__thread_state *state,
                                            const impact__identity *parent,
                                            const impact__start *start)
{
    const impact__rule *rule = impact__sampler_rule(sampler, parent);
    if (__builtin_expect(rule->kind == IMPACT__RULE_USER, 0)) {
        /* Copies: what no other function gets to see can stay in registers. */
        impact__newborn asked = *span;
        impact__verdict verdict;
        impact__judge_as_asked(&verdict, &asked, rule, state, parent, start);
        *span = asked;
        return verdict;
    }
    const bool is_sampled = impact__rule_samples(rule, be64toh(span->ids.trace_end));
    span->trace_flags |= is_sampled ? IMPACT_TRACE_FLAG_SAMPLED : 0;
    return (impact__verdict){.is_recording = is_sampled};
}

#endif
