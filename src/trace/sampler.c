/* Which spans are recorded. */
#include "trace/sampler.h"

/* The threshold of OpenTelemetry Python: ids whose low 64 bits lie below round(ratio * 2^64), so that
 * services in different languages keep the same traces. Python rounds halves to the even number. */
static uint64_t bound_of(double ratio)
{
    const double exact = ratio * 18446744073709551616.0;
    const uint64_t whole = (uint64_t)exact;
    const double rest = exact - (double)whole; /* 0 from 2^53 on: the conversion loses nothing */
    return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
}

static void set_ratio(impact__sampler *sampler, double ratio)
{
    sampler->root = ratio >= 1   ? IMPACT__SAMPLE_ALL
                    : ratio <= 0 ? IMPACT__SAMPLE_NONE
                                 : IMPACT__SAMPLE_RATIO;
    if (sampler->root == IMPACT__SAMPLE_RATIO)
        sampler->bound = bound_of(ratio);
}

bool impact__sampler_of(impact__sampler *sampler, impact_sampler options)
{
    impact__sampler made = {.root = IMPACT__SAMPLE_ALL};
    made.is_parent_based = options.kind == IMPACT_SAMPLER_UNSET ||
                           options.kind >= IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON;
    switch (options.kind) {
    case IMPACT_SAMPLER_UNSET:
    case IMPACT_SAMPLER_ALWAYS_ON:
    case IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON:
        break;
    case IMPACT_SAMPLER_ALWAYS_OFF:
    case IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF:
        made.root = IMPACT__SAMPLE_NONE;
        break;
    case IMPACT_SAMPLER_TRACE_ID_RATIO:
    case IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO:
        if (!(options.ratio >= 0 && options.ratio <= 1)) /* this way round, NaN is refused too */
            return false;
        set_ratio(&made, options.ratio);
        break;
    default:
        return false;
    }
    *sampler = made;
    return true;
}

static uint64_t low_bits(const impact_trace_id *id)
{
    uint64_t bits = 0;
    for (int i = 8; i < 16; i++)
        bits = bits << 8 | id->bytes[i];
    return bits;
}

bool impact__sampler_decide(const impact__sampler *sampler, const impact_span_context *parent,
                            const impact_trace_id *trace_id)
{
    if (parent && sampler->is_parent_based)
        return impact_span_context_is_sampled(parent);
    if (sampler->root == IMPACT__SAMPLE_RATIO)
        return low_bits(trace_id) < sampler->bound;
    return sampler->root == IMPACT__SAMPLE_ALL;
}
