/* Sampling: the table of kinds and parents, and the ratio's bound. */
#include "trace/sampler.h"

#include <float.h>
#include <math.h>

#include "support/check.h"

static impact_trace_id id_with_low_bits(uint64_t bits)
{
    impact_trace_id id = {{0xff, 0xff}}; /* the high half must not matter */
    for (int i = 15; i >= 8; i--, bits >>= 8)
        id.bytes[i] = (uint8_t)bits;
    return id;
}

static impact__sampler made(impact_sampler_kind kind, double ratio)
{
    impact__sampler sampler = {0};
    CHECK(impact__sampler_of(&sampler, impact_sampler_of(kind, ratio)));
    return sampler;
}

/* Decisions for: no parent, a parent that is sampled, one that is not. */
typedef struct row {
    impact_sampler_kind kind;
    double ratio;
    bool of_root;
    bool of_sampled;
    bool of_unsampled;
} row;

TEST(every_kind_decides_as_its_name_says)
{
    static const row table[] = {
        {IMPACT_SAMPLER_UNSET, 0, true, true, false},
        {IMPACT_SAMPLER_ALWAYS_ON, 0, true, true, true},
        {IMPACT_SAMPLER_ALWAYS_OFF, 0, false, false, false},
        {IMPACT_SAMPLER_TRACE_ID_RATIO, 0, false, false, false},
        {IMPACT_SAMPLER_TRACE_ID_RATIO, 1, true, true, true},
        {IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON, 0, true, true, false},
        {IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF, 0, false, true, false},
        {IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, 0, false, true, false},
        {IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, 1, true, true, false},
    };
    const impact_span_context sampled = {.trace_flags = IMPACT_TRACE_FLAG_SAMPLED};
    const impact_span_context unsampled = {.trace_flags = IMPACT_TRACE_FLAG_RANDOM};
    const impact_trace_id id = id_with_low_bits(UINT64_MAX);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const row *r = &table[i];
        const impact__sampler sampler = made(r->kind, r->ratio);
        CHECK_EQUAL(impact__sampler_decide(&sampler, NULL, &id), r->of_root);
        CHECK_EQUAL(impact__sampler_decide(&sampler, &sampled, &id), r->of_sampled);
        CHECK_EQUAL(impact__sampler_decide(&sampler, &unsampled, &id), r->of_unsampled);
    }
}

static void check_bound(double ratio, uint64_t bound)
{
    const impact__sampler sampler = made(IMPACT_SAMPLER_TRACE_ID_RATIO, ratio);
    const impact_trace_id below = id_with_low_bits(bound - 1);
    const impact_trace_id at = id_with_low_bits(bound);
    CHECK(!bound || impact__sampler_decide(&sampler, NULL, &below));
    CHECK(!impact__sampler_decide(&sampler, NULL, &at));
}

/* The bounds are what Python prints for round(ratio * 2**64). */
TEST(a_ratio_has_the_bound_of_opentelemetry_python)
{
    check_bound(0.5, UINT64_C(9223372036854775808));
    check_bound(0.25, UINT64_C(4611686018427387904));
    check_bound(0.1, UINT64_C(1844674407370955264));
    check_bound(0.001, UINT64_C(18446744073709552));
    check_bound(1e-5, UINT64_C(184467440737096));
    check_bound(1e-10, UINT64_C(1844674407));
    check_bound(ldexp(1.5, -64), 2); /* halves to the even number */
    check_bound(ldexp(2.5, -64), 2);
    check_bound(ldexp(3.5, -64), 4);
    check_bound(ldexp(0.5, -64), 0);
    check_bound(DBL_MIN, 0);
    check_bound(1 - DBL_EPSILON / 2, UINT64_MAX - 2047);
}

TEST(a_ratio_keeps_about_its_share)
{
    const impact__sampler sampler = made(IMPACT_SAMPLER_TRACE_ID_RATIO, 0.25);
    uint64_t bits = 1;
    int kept = 0;
    for (int i = 0; i < 100000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const impact_trace_id id = id_with_low_bits(bits);
        kept += impact__sampler_decide(&sampler, NULL, &id);
    }
    CHECK(kept > 24000 && kept < 26000);
}

TEST(what_is_no_ratio_and_no_kind_is_refused)
{
    static const impact_sampler refused[] = {
        {IMPACT_SAMPLER_TRACE_ID_RATIO, -0.01},
        {IMPACT_SAMPLER_TRACE_ID_RATIO, 1.01},
        {IMPACT_SAMPLER_TRACE_ID_RATIO, (double)NAN},
        {IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, (double)NAN},
        {IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, (double)INFINITY},
        {(impact_sampler_kind)7, 0},
        {(impact_sampler_kind)-1, 0},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        impact__sampler sampler = {.bound = 42};
        CHECK(!impact__sampler_of(&sampler, refused[i]));
        CHECK_EQUAL(sampler.bound, 42); /* untouched */
    }
}

TEST(other_kinds_do_not_look_at_the_ratio)
{
    impact__sampler sampler;
    CHECK(impact__sampler_of(&sampler, impact_sampler_of(IMPACT_SAMPLER_ALWAYS_ON, (double)NAN)));
    CHECK(impact__sampler_of(&sampler, impact_sampler_of(IMPACT_SAMPLER_UNSET, -5)));
}
