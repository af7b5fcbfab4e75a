/* Which spans are recorded. */
#include "trace/sampler.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/options.h"

/* ---- ratios ---- */

/* The threshold of OpenTelemetry Python: ids whose low 64 bits lie below round(ratio * 2^64), so
 * that services in different languages keep the same traces. Python rounds halves to the even
 * number. */
static uint64_t bound_of(double ratio)
{
    const double exact = ratio * 18446744073709551616.0;
    const uint64_t whole = (uint64_t)exact;
    const double rest = exact - (double)whole; /* 0 from 2^53 on: the conversion loses nothing */
    return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
}

static impact__rule rule_of_ratio(double ratio)
{
    if (ratio >= 1)
        return (impact__rule){.kind = IMPACT__RULE_ALL};
    if (!(ratio > 0)) /* not a number is none */
        return (impact__rule){.kind = IMPACT__RULE_NONE};
    return (impact__rule){.kind = IMPACT__RULE_RATIO, .bound = bound_of(ratio)};
}

/* ---- what a sampler says for one kind of parent ---- */

static bool is_sampled(impact__parent_kind parent)
{
    return parent == IMPACT__PARENT_LOCAL_SAMPLED || parent == IMPACT__PARENT_REMOTE_SAMPLED;
}

/* What the specification has where a delegate is not set. */
static impact_sampler default_for(impact__parent_kind parent)
{
    return parent == IMPACT__PARENT_NONE || is_sampled(parent) ? impact_sampler_always_on()
                                                               : impact_sampler_always_off();
}

static impact_sampler delegate_of(const impact_parent_samplers *parents, impact__parent_kind parent)
{
    const impact_sampler *const delegates[] = {
        [IMPACT__PARENT_NONE] = &parents->root,
        [IMPACT__PARENT_LOCAL_NOT_SAMPLED] = &parents->local_not_sampled,
        [IMPACT__PARENT_LOCAL_SAMPLED] = &parents->local_sampled,
        [IMPACT__PARENT_REMOTE_NOT_SAMPLED] = &parents->remote_not_sampled,
        [IMPACT__PARENT_REMOTE_SAMPLED] = &parents->remote_sampled,
    };
    const impact_sampler *delegate = delegates[parent];
    return delegate->kind == IMPACT_SAMPLER_UNSET ? default_for(parent) : *delegate;
}

/* One step down: parent-based samplers are seen through. */
static bool see_through(impact_sampler *sampler, impact__parent_kind parent)
{
    impact_parent_samplers parents;
    switch (sampler->kind) {
    case IMPACT_SAMPLER_UNSET:
        *sampler = default_for(parent);
        return true;
    case IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON:
    case IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF:
    case IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO:
        *sampler =
            parent != IMPACT__PARENT_NONE
                ? default_for(parent)
                : impact_sampler_of((impact_sampler_kind)(sampler->kind -
                                                          IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON +
                                                          IMPACT_SAMPLER_ALWAYS_ON),
                                    sampler->ratio);
        return true;
    default:
        if (!sampler->parents || !impact__struct_read(&parents, sizeof parents, sampler->parents))
            return false;
        *sampler = delegate_of(&parents, parent);
        return true;
    }
}

static bool is_parent_based(const impact_sampler *sampler)
{
    return sampler->kind == IMPACT_SAMPLER_UNSET ||
           (sampler->kind >= IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON &&
            sampler->kind <= IMPACT_SAMPLER_PARENT_BASED);
}

static bool rule_of_user(impact__rule *rule, impact_user_sampler *user)
{
    impact_user_sampler read;
    if (!user || !impact__struct_read(&read, sizeof read, user) || !read.should_sample)
        return false;
    *rule = (impact__rule){
        .kind = IMPACT__RULE_USER, .user = user, .should_sample = read.should_sample};
    return true;
}

static bool rule_of(impact__rule *rule, impact_sampler sampler, impact__parent_kind parent)
{
    for (int depth = 0; is_parent_based(&sampler); depth++)
        if (depth > impact__sampler_depth_limit || !see_through(&sampler, parent))
            return false;
    switch (sampler.kind) {
    case IMPACT_SAMPLER_ALWAYS_ON:
        *rule = (impact__rule){.kind = IMPACT__RULE_ALL};
        return true;
    case IMPACT_SAMPLER_ALWAYS_OFF:
        *rule = (impact__rule){.kind = IMPACT__RULE_NONE};
        return true;
    case IMPACT_SAMPLER_TRACE_ID_RATIO:
        *rule = rule_of_ratio(sampler.ratio);
        return sampler.ratio >= 0 && sampler.ratio <= 1; /* this way round, NaN is refused too */
    case IMPACT_SAMPLER_USER:
        return rule_of_user(rule, sampler.user);
    default:
        return false;
    }
}

/* ---- a provider's sampler ---- */

static bool take_user(impact__sampler *to, impact_user_sampler *user)
{
    assert(to->user_count <= impact__user_sampler_limit);
    impact__rule rule;
    for (size_t i = 0; i < to->user_count; i++)
        if (to->users[i] == user)
            return true;
    if (to->user_count == impact__user_sampler_limit || !rule_of_user(&rule, user))
        return false;
    to->users[to->user_count++] = user;
    return true;
}

/* All that are user-written, also those that no parent leads to. */
/* NOLINTNEXTLINE(misc-no-recursion): impact__sampler_depth_limit deep at most */
static bool take_all(impact__sampler *to, const impact_sampler *sampler, int depth)
{
    assert(depth <= impact__sampler_depth_limit);
    impact_parent_samplers parents;
    if (sampler->kind == IMPACT_SAMPLER_USER)
        return take_user(to, sampler->user);
    if (sampler->kind != IMPACT_SAMPLER_PARENT_BASED)
        return true;
    if (depth == impact__sampler_depth_limit || !sampler->parents ||
        !impact__struct_read(&parents, sizeof parents, sampler->parents))
        return false;
    for (int i = 0; i < IMPACT__PARENT_KIND_COUNT; i++) {
        const impact_sampler delegate = delegate_of(&parents, (impact__parent_kind)i);
        if (!take_all(to, &delegate, depth + 1))
            return false;
    }
    return true;
}

bool impact__sampler_open(impact__sampler *sampler, const impact_sampler *options)
{
    impact__sampler made = {.user_count = 0};
    if (!take_all(&made, options, 0))
        return false;
    for (int i = 0; i < IMPACT__PARENT_KIND_COUNT; i++)
        if (!rule_of(&made.rules[i], *options, (impact__parent_kind)i))
            return false;
    *sampler = made;
    return true;
}

void impact__sampler_close(impact__sampler *sampler)
{
    for (size_t i = 0; i < sampler->user_count; i++) {
        impact_user_sampler read;
        if (impact__struct_read(&read, sizeof read, sampler->users[i]) && read.close)
            read.close(sampler->users[i]);
    }
    sampler->user_count = 0;
}

bool impact__sampler_is_off(const impact__sampler *sampler)
{
    for (int i = 0; i < IMPACT__PARENT_KIND_COUNT; i++)
        if (sampler->rules[i].kind != IMPACT__RULE_NONE)
            return false;
    return true;
}

/* ---- asking ---- */

void impact__rule_ask(const impact__rule *rule, const impact_sampling_request *request,
                      impact_sampling_result *result)
{
    if (rule->kind == IMPACT__RULE_USER)
        rule->should_sample(rule->user, request, result);
    else if (impact__rule_samples(rule, impact__low_bits(&request->trace_id)))
        result->decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
    else
        result->decision = IMPACT_SAMPLING_DROP;
}

static impact__parent_kind kind_of_parent(const impact_span_context *parent)
{
    return parent ? impact__parent_kind_of(parent->is_remote, parent->trace_flags)
                  : IMPACT__PARENT_NONE;
}

bool impact_sampler_decide(const impact_sampler *sampler, const impact_sampling_request *request,
                           impact_sampling_result *result)
{
    impact_sampling_request read;
    impact__rule rule;
    if (!result || result->size < offsetof(impact_sampling_result, attributes))
        return false;
    result->decision = IMPACT_SAMPLING_DROP;
    if (!sampler || !request || !impact__struct_read(&read, sizeof read, request) ||
        !rule_of(&rule, *sampler, kind_of_parent(read.parent)))
        return false;
    impact__rule_ask(&rule, request, result);
    return true;
}

/* ---- descriptions ---- */

static void describe(impact__buffer *to, const impact_sampler *sampler, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): impact__sampler_depth_limit deep at most */
static void describe_parents(impact__buffer *to, const impact_sampler *sampler, int depth)
{
    static const char *const names[] = {
        [IMPACT__PARENT_NONE] = "root:",
        [IMPACT__PARENT_REMOTE_SAMPLED] = ",remoteParentSampled:",
        [IMPACT__PARENT_REMOTE_NOT_SAMPLED] = ",remoteParentNotSampled:",
        [IMPACT__PARENT_LOCAL_SAMPLED] = ",localParentSampled:",
        [IMPACT__PARENT_LOCAL_NOT_SAMPLED] = ",localParentNotSampled:",
    };
    static const impact__parent_kind order[] = {
        IMPACT__PARENT_NONE, IMPACT__PARENT_REMOTE_SAMPLED, IMPACT__PARENT_REMOTE_NOT_SAMPLED,
        IMPACT__PARENT_LOCAL_SAMPLED, IMPACT__PARENT_LOCAL_NOT_SAMPLED};
    impact__buffer_append_string(to, "ParentBased{");
    for (int i = 0; i < IMPACT__PARENT_KIND_COUNT && depth < impact__sampler_depth_limit; i++) {
        impact_sampler delegate = *sampler;
        if (!see_through(&delegate, order[i]))
            break;
        impact__buffer_append_string(to, names[order[i]]);
        describe(to, &delegate, depth + 1);
    }
    impact__buffer_append_char(to, '}');
}

static void describe_user(impact__buffer *to, const impact_user_sampler *user)
{
    impact_user_sampler read;
    const bool is_described =
        user && impact__struct_read(&read, sizeof read, user) && read.description;
    impact__buffer_append_string(to, is_described ? read.description : "UserSampler");
}

/* NOLINTNEXTLINE(misc-no-recursion): see describe_parents */
static void describe(impact__buffer *to, const impact_sampler *sampler, int depth)
{
    if (is_parent_based(sampler)) {
        describe_parents(to, sampler, depth);
    } else if (sampler->kind == IMPACT_SAMPLER_TRACE_ID_RATIO) {
        impact__buffer_append_string(to, "TraceIdRatioBased{");
        impact__json_double(to, sampler->ratio);
        impact__buffer_append_char(to, '}');
    } else if (sampler->kind == IMPACT_SAMPLER_USER) {
        describe_user(to, sampler->user);
    } else if (sampler->kind == IMPACT_SAMPLER_ALWAYS_ON) {
        impact__buffer_append_string(to, "AlwaysOnSampler");
    } else if (sampler->kind == IMPACT_SAMPLER_ALWAYS_OFF) {
        impact__buffer_append_string(to, "AlwaysOffSampler");
    }
}

size_t impact_sampler_describe(char *text, size_t size, const impact_sampler *sampler)
{
    impact__buffer whole = IMPACT__BUFFER(NULL);
    if (sampler)
        describe(&whole, sampler, 0);
    const size_t needed = whole.has_failed ? 0 : whole.size;
    const size_t kept = needed < size ? needed : size - (size > 0);
    if (kept)
        memcpy(text, whole.data, kept);
    if (size)
        text[kept] = 0;
    impact__buffer_close(&whole);
    return needed;
}
