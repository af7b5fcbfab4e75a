/* Which spans are recorded (OpenTelemetry specification, trace/sdk "Sampling").
 *
 * DESIGN: whatever samplers are put together, only the kind of the parent chooses between them, and
 * the ratio's bound is known beforehand. So a sampler is made flat when its provider opens: a rule
 * for each kind of parent. A span asks one rule, which is a comparison unless it is somebody's own.
 */
#ifndef IMPACT_TRACE_SAMPLER_H
#define IMPACT_TRACE_SAMPLER_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <impact/sampler.h>
#include <impact/span_context.h>

#include "trace/identity.h"

typedef enum impact__parent_kind {
    IMPACT__PARENT_NONE,
    IMPACT__PARENT_LOCAL_NOT_SAMPLED,
    IMPACT__PARENT_LOCAL_SAMPLED,
    IMPACT__PARENT_REMOTE_NOT_SAMPLED,
    IMPACT__PARENT_REMOTE_SAMPLED,
    IMPACT__PARENT_KIND_COUNT
} impact__parent_kind;

typedef enum impact__rule_kind {
    IMPACT__RULE_ALL,
    IMPACT__RULE_NONE,
    IMPACT__RULE_RATIO,
    IMPACT__RULE_USER
} impact__rule_kind;

typedef struct impact__rule {
    impact__rule_kind kind;
    uint64_t bound;            /* of a ratio: trace ids whose low bits lie below it are sampled */
    impact_user_sampler *user; /* as its maker gave it */
    void (*should_sample)(impact_user_sampler *sampler, const impact_sampling_request *request,
                          impact_sampling_result *result);
} impact__rule;

enum {
    impact__sampler_depth_limit = 8, /* parent-based samplers in one another */
    impact__user_sampler_limit = 16, /* different ones in one sampler */
};

typedef struct impact__sampler {
    impact__rule rules[IMPACT__PARENT_KIND_COUNT];
    impact_user_sampler *users[impact__user_sampler_limit]; /* owned, each once */
    size_t user_count;
} impact__sampler;

/* Take what `options` say. False, and `sampler` is untouched and nothing is taken: a kind is
 * unknown, a ratio not within 0 and 1, there are too many, or one that is user-written cannot
 * decide. */
bool impact__sampler_open(impact__sampler *sampler, const impact_sampler *options);
/* Accepts one that is all zero. */
void impact__sampler_close(impact__sampler *sampler);

/* No span is sampled or recorded, whatever its parent. */
bool impact__sampler_is_off(const impact__sampler *sampler);

static inline impact__parent_kind impact__parent_kind_of(bool is_remote, uint8_t trace_flags)
{
    const int first =
        is_remote ? IMPACT__PARENT_REMOTE_NOT_SAMPLED : IMPACT__PARENT_LOCAL_NOT_SAMPLED;
    return (impact__parent_kind)(first + ((trace_flags & IMPACT_TRACE_FLAG_SAMPLED) != 0));
}

/* `parent` is NULL for a root. */
static inline const impact__rule *impact__sampler_rule(const impact__sampler *sampler,
                                                       const impact__identity *parent)
{
    return parent ? &sampler->rules[impact__parent_kind_of(parent->is_remote, parent->trace_flags)]
                  : &sampler->rules[IMPACT__PARENT_NONE];
}

/* What a ratio compares: the low half of a trace id. */
static inline uint64_t impact__low_bits(const impact_trace_id *id)
{
    uint64_t bits;
    memcpy(&bits, id->bytes + 8, sizeof bits);
    return be64toh(bits);
}

/* Of a rule that is nobody's own; `low_bits` are those of the trace id. */
static inline bool impact__rule_samples(const impact__rule *rule, uint64_t low_bits)
{
    if (rule->kind == IMPACT__RULE_RATIO)
        return low_bits < rule->bound;
    return rule->kind == IMPACT__RULE_ALL;
}

/* Ask somebody's own. */
void impact__rule_ask(const impact__rule *rule, const impact_sampling_request *request,
                      impact_sampling_result *result);

#endif
