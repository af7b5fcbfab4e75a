/* Sampling: the table of kinds and parents, and the ratio's bound. */
#include "trace/sampler.h"

#include <float.h>
#include <unistd.h>
#include <math.h>

#include "support/check.h"
#include "support/faults.h"

static impact_trace_id id_with_low_bits(uint64_t bits)
{
    impact_trace_id id = {{0xff, 0xff}}; /* the high half must not matter */
    for (int i = 15; i >= 8; i--, bits >>= 8)
        id.bytes[i] = (uint8_t)bits;
    return id;
}

static impact__sampler opened(impact_sampler options)
{
    impact__sampler sampler = {.user_count = 0};
    CHECK(impact__sampler_open(&sampler, &options));
    return sampler;
}

static bool samples(const impact__sampler *sampler, const impact_span_context *parent,
                    const impact_trace_id *id)
{
    impact__identity identity = {.trace_state = NULL};
    if (parent)
        identity = impact__identity_of(parent);
    return impact__rule_samples(impact__sampler_rule(sampler, parent ? &identity : NULL),
                                impact__low_bits(id));
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
        const impact__sampler sampler = opened(impact_sampler_of(r->kind, r->ratio));
        CHECK_EQUAL(samples(&sampler, NULL, &id), r->of_root);
        CHECK_EQUAL(samples(&sampler, &sampled, &id), r->of_sampled);
        CHECK_EQUAL(samples(&sampler, &unsampled, &id), r->of_unsampled);
    }
}

static void check_bound(double ratio, uint64_t bound)
{
    const impact__sampler sampler = opened(impact_sampler_ratio(ratio));
    const impact_trace_id below = id_with_low_bits(bound - 1);
    const impact_trace_id at = id_with_low_bits(bound);
    CHECK(!bound || samples(&sampler, NULL, &below));
    CHECK(!samples(&sampler, NULL, &at));
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
    const impact__sampler sampler = opened(impact_sampler_ratio(0.25));
    uint64_t bits = 1;
    int kept = 0;
    for (int i = 0; i < 100000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const impact_trace_id id = id_with_low_bits(bits);
        kept += samples(&sampler, NULL, &id);
    }
    CHECK(kept > 24000 && kept < 26000);
}

static impact_sampler parent_based(const impact_parent_samplers *parents)
{
    return impact_sampler_parent_based(parents);
}

TEST(what_is_no_ratio_and_no_kind_is_refused)
{
    const impact_user_sampler cannot_decide = {.size = sizeof cannot_decide};
    const impact_sampler refused[] = {
        impact_sampler_ratio(-0.01),
        impact_sampler_ratio(1.01),
        impact_sampler_ratio((double)NAN),
        impact_sampler_of(IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, (double)NAN),
        impact_sampler_of(IMPACT_SAMPLER_PARENT_BASED_TRACE_ID_RATIO, (double)INFINITY),
        impact_sampler_of((impact_sampler_kind)9, 0),
        impact_sampler_of((impact_sampler_kind)-1, 0),
        impact_sampler_parent_based(NULL),
        parent_based(IMPACT_PARENT_SAMPLERS(.root = impact_sampler_ratio(2))),
        parent_based(IMPACT_PARENT_SAMPLERS(.local_sampled = impact_sampler_user(NULL))),
        parent_based(&(const impact_parent_samplers){.size = 0}),
        impact_sampler_user(NULL),
        impact_sampler_user((impact_user_sampler *)&cannot_decide),
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        impact__sampler sampler = {.user_count = 42};
        CHECK(!impact__sampler_open(&sampler, &refused[i]));
        CHECK_EQUAL(sampler.user_count, 42); /* untouched */
    }
}

TEST(other_kinds_do_not_look_at_the_ratio)
{
    (void)opened(impact_sampler_of(IMPACT_SAMPLER_ALWAYS_ON, (double)NAN));
    (void)opened(impact_sampler_of(IMPACT_SAMPLER_UNSET, -5));
}

/* ---- samplers in one another ---- */

/* Five letters: no parent, then local and remote ones that are not sampled and are; '+' is
 * sampled. */
static const char *decisions(impact_sampler options)
{
    static char text[6];
    const impact__sampler sampler = opened(options);
    const impact_trace_id middle = id_with_low_bits(UINT64_C(1) << 63);
    for (int i = 0; i < 5; i++) {
        const impact_span_context parent = {
            .trace_flags = i == 2 || i == 4 ? IMPACT_TRACE_FLAG_SAMPLED : 0, .is_remote = i > 2};
        text[i] = samples(&sampler, i ? &parent : NULL, &middle) ? '+' : '-';
    }
    return text;
}

TEST(a_parent_based_sampler_asks_the_delegate_of_the_parent)
{
    const impact_sampler on = impact_sampler_always_on();
    const impact_sampler off = impact_sampler_always_off();
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS())), "+-+-+");
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS(.root = off))), "--+-+");
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS(.local_not_sampled = on))), "+++-+");
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS(.local_sampled = off))), "+---+");
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS(.remote_not_sampled = on))),
                 "+-+++");
    CHECK_STRING(decisions(parent_based(IMPACT_PARENT_SAMPLERS(.remote_sampled = off))), "+-+--");
    CHECK_STRING(decisions(parent_based(
                     IMPACT_PARENT_SAMPLERS(.root = impact_sampler_ratio(0.4),
                                            .remote_sampled = impact_sampler_ratio(0.4),
                                            .local_not_sampled = impact_sampler_ratio(0.6)))),
                 "-++--");
}

TEST(a_delegate_may_be_parent_based_itself)
{
    const impact_parent_samplers inner = {.size = sizeof inner,
                                          .root = impact_sampler_always_off(),
                                          .remote_not_sampled = impact_sampler_always_on()};
    const impact_sampler inside = parent_based(&inner);
    CHECK_STRING(decisions(parent_based(
                     IMPACT_PARENT_SAMPLERS(.root = inside, .remote_not_sampled = inside,
                                            .local_not_sampled = impact_sampler_of(
                                                IMPACT_SAMPLER_PARENT_BASED_ALWAYS_ON, 0)))),
                 "--+++");
}

TEST(samplers_lie_at_most_eight_deep_and_one_in_itself_is_refused)
{
    impact_parent_samplers levels[10];
    for (int i = 0; i < 10; i++)
        levels[i] = (impact_parent_samplers){.size = sizeof *levels,
                                             .root = i ? impact_sampler_parent_based(&levels[i - 1])
                                                       : impact_sampler_always_off()};
    CHECK_STRING(decisions(impact_sampler_parent_based(&levels[7])), "--+-+");
    impact__sampler sampler;
    const impact_sampler nine = impact_sampler_parent_based(&levels[8]);
    CHECK(!impact__sampler_open(&sampler, &nine));
    levels[0].root = impact_sampler_parent_based(&levels[0]);
    const impact_sampler circle = impact_sampler_parent_based(&levels[0]);
    CHECK(!impact__sampler_open(&sampler, &circle));
}

TEST(a_sampler_is_off_when_no_parent_leads_to_a_span)
{
    const impact__sampler off = opened(impact_sampler_always_off());
    const impact__sampler zero = opened(impact_sampler_ratio(0));
    const impact__sampler by_parent =
        opened(impact_sampler_of(IMPACT_SAMPLER_PARENT_BASED_ALWAYS_OFF, 0));
    CHECK(impact__sampler_is_off(&off) && impact__sampler_is_off(&zero));
    CHECK(!impact__sampler_is_off(&by_parent));
}

/* ---- asking and describing ---- */

TEST(a_sampler_can_be_asked_by_value)
{
    const impact_span_context remote = {.trace_flags = 0, .is_remote = true};
    const impact_sampling_request root = {.size = sizeof root, .trace_id = id_with_low_bits(0)};
    const impact_sampling_request child = {.size = sizeof child, .parent = &remote};
    impact_sampling_result result = {.size = sizeof result, .trace_state = {"a=1", 3}};
    const impact_sampler ratio = impact_sampler_ratio(0.5);
    const impact_sampler unset = impact_sampler_of(IMPACT_SAMPLER_UNSET, 0);
    CHECK(impact_sampler_decide(&ratio, &root, &result));
    CHECK_EQUAL(result.decision, IMPACT_SAMPLING_RECORD_AND_SAMPLE);
    CHECK(impact_sampler_decide(&unset, &child, &result));
    CHECK_EQUAL(result.decision, IMPACT_SAMPLING_DROP);
    CHECK_EQUAL(result.trace_state.size, 3); /* as it was */
}

TEST(what_is_no_sampler_drops)
{
    const impact_sampler none = impact_sampler_ratio(7);
    const impact_sampler on = impact_sampler_always_on();
    const impact_sampling_request request = {.size = sizeof request};
    impact_sampling_result result = {.size = sizeof result,
                                     .decision = IMPACT_SAMPLING_RECORD_ONLY};
    CHECK(!impact_sampler_decide(&none, &request, &result));
    CHECK_EQUAL(result.decision, IMPACT_SAMPLING_DROP);
    CHECK(!impact_sampler_decide(NULL, &request, &result));
    CHECK(!impact_sampler_decide(&on, NULL, &result));
    CHECK(!impact_sampler_decide(&on, &request, NULL));
}

static const char *described(impact_sampler sampler)
{
    static char text[400];
    CHECK_EQUAL(impact_sampler_describe(text, sizeof text, &sampler), strlen(text));
    return text;
}

static void decide_nothing(impact_user_sampler *sampler, const impact_sampling_request *request,
                           impact_sampling_result *result)
{
    (void)sampler;
    (void)request;
    (void)result;
}

TEST(a_sampler_that_lies_in_itself_drops_when_it_is_asked_by_value)
{
    impact_parent_samplers parents = {.size = sizeof parents};
    const impact_sampler in_itself = parent_based(&parents);
    const impact_sampling_request request = {.size = sizeof request};
    impact_sampling_result result = {.size = sizeof result,
                                     .decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE};
    parents.root = in_itself;
    (void)alarm(60);
    CHECK(!impact_sampler_decide(&in_itself, &request, &result));
    CHECK_EQUAL(result.decision, IMPACT_SAMPLING_DROP);
}

TEST(samplers_are_described_as_opentelemetry_python_does)
{
    impact_user_sampler mine = {
        .size = sizeof mine, .description = "Mine{1}", .should_sample = decide_nothing};
    CHECK_STRING(described(impact_sampler_always_on()), "AlwaysOnSampler");
    CHECK_STRING(described(impact_sampler_always_off()), "AlwaysOffSampler");
    CHECK_STRING(described(impact_sampler_ratio(0.1)), "TraceIdRatioBased{0.1}");
    CHECK_STRING(described(parent_based(
                     IMPACT_PARENT_SAMPLERS(.root = impact_sampler_user(&mine),
                                            .remote_not_sampled = impact_sampler_ratio(0.25)))),
                 "ParentBased{root:Mine{1},remoteParentSampled:AlwaysOnSampler,"
                 "remoteParentNotSampled:TraceIdRatioBased{0.25},"
                 "localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}");
    CHECK_STRING(described(impact_sampler_of(IMPACT_SAMPLER_UNSET, 0)),
                 described(parent_based(IMPACT_PARENT_SAMPLERS())));
    mine.description = NULL;
    CHECK_STRING(described(impact_sampler_user(&mine)), "UserSampler");
    CHECK_STRING(described(impact_sampler_of((impact_sampler_kind)99, 0)), "");
}

TEST(a_description_is_cut_to_its_room_and_its_size_is_told)
{
    char text[7] = "xxxxxx";
    const impact_sampler on = impact_sampler_always_on();
    CHECK_EQUAL(impact_sampler_describe(text, sizeof text, &on), 15);
    CHECK_STRING(text, "Always");
    CHECK_EQUAL(impact_sampler_describe(NULL, 0, &on), 15);
    CHECK_EQUAL(impact_sampler_describe(text, sizeof text, NULL), 0);
    CHECK_STRING(text, "");
}

TEST(a_description_needs_memory_and_without_it_is_empty)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        char text[400];
        const impact_sampler sampler = parent_based(IMPACT_PARENT_SAMPLERS());
        impact_allocator_set_default(&f.allocator);
        const size_t size = impact_sampler_describe(text, sizeof text, &sampler);
        CHECK_EQUAL(size, strlen(text));
        CHECK((size == 0) == atomic_load(&f.injected));
    }
    impact_allocator_set_default(NULL);
}
