/* Samplers of the program's own: what they are asked, and what comes of what they say. */
#include <impact/sampler.h>

#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <impact/context.h>
#include <impact/id_generator.h>
#include <impact/processor.h>

#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/tracing.h"

static tracing t;
static impact_span_view view;

/* A sampler that says what the test wants, and keeps what it was asked. */
typedef struct witness {
    impact_user_sampler base; /* first: a pointer to it is a pointer to this */
    impact_sampling_result says;
    bool keeps_state; /* the parent's trace state goes on */
    int asked;
    int closed;
    impact_sampling_request request; /* the last one */
    impact_span_context parent;
} witness;

static void decide(impact_user_sampler *sampler, const impact_sampling_request *request,
                   impact_sampling_result *result)
{
    witness *w = (witness *)sampler;
    const impact_text state = result->trace_state;
    w->asked++;
    w->request = *request;
    if (request->parent)
        w->parent = *request->parent;
    CHECK_EQUAL(result->decision, IMPACT_SAMPLING_DROP);
    *result = w->says;
    if (w->keeps_state)
        result->trace_state = state;
}

static void close_witness(impact_user_sampler *sampler)
{
    ((witness *)sampler)->closed++;
}

static witness witness_of(impact_sampling_decision decision)
{
    return (witness){
        .base = {.size = sizeof(impact_user_sampler),
                 .should_sample = decide,
                 .close = close_witness},
        .says = {.size = sizeof(impact_sampling_result), .decision = decision},
        .keeps_state = true,
    };
}

static bool open_with(witness *w)
{
    return tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&w->base)));
}

static const impact_span_context remote = {.trace_id = {{9}},
                                           .span_id = {{8}},
                                           .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
                                           .is_remote = true,
                                           .trace_state = {"l=1"}};

TEST(a_sampler_is_asked_with_all_that_the_span_starts_with)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_AND_SAMPLE);
    REQUIRE(open_with(&w));
    const impact_link link = {.context = &remote};
    impact_span *span = impact_span_start(
        t.tracer, "name that is longer",
        IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_SERVER, .parent = &remote, .links = &link,
                            .link_count = 1, .name_size = 4,
                            IMPACT_ATTRIBUTES(impact_int("a", 1), impact_int("b", 2))));
    CHECK_EQUAL(w.asked, 1);
    CHECK(memcmp(&w.request.trace_id, &remote.trace_id, sizeof remote.trace_id) == 0);
    CHECK(is_text(w.request.name, "name"));
    CHECK_EQUAL(w.request.kind, IMPACT_SPAN_KIND_SERVER);
    CHECK_EQUAL(w.request.attribute_count, 2);
    CHECK_EQUAL(w.request.link_count, 1);
    CHECK(w.request.parent && w.parent.is_remote);
    CHECK_STRING(w.parent.trace_state.text, "l=1");
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.context.trace_state, "l=1"));
    CHECK_EQUAL(count_attributes(view.attributes), 2);
    tracing_close(&t);
    CHECK_EQUAL(w.closed, 1);
}

TEST(of_a_root_a_sampler_sees_no_parent_and_the_new_trace_id)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_AND_SAMPLE);
    REQUIRE(open_with(&w));
    impact_span *span = impact_span_start(t.tracer, "root", NULL);
    CHECK(w.request.parent == NULL);
    CHECK_EQUAL(w.request.kind, IMPACT_SPAN_KIND_INTERNAL);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(memcmp(&w.request.trace_id, &view.context.trace_id, sizeof view.context.trace_id) == 0);
    tracing_close(&t);
}

/* What the last question's context had in it. */
static struct {
    impact_span_context span;
    void *value;
    const struct impact_baggage *baggage;
} found;

static const char key;

static void look_into_context(impact_user_sampler *sampler, const impact_sampling_request *request,
                              impact_sampling_result *result)
{
    (void)sampler;
    found.span = impact_context_span_context(request->context);
    found.value = impact_context_value(request->context, &key);
    found.baggage = impact_context_baggage(request->context);
    CHECK((request->parent != NULL) == impact_span_context_is_valid(&found.span));
    result->decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
}

TEST(a_sampler_sees_the_context_that_a_span_starts_in)
{
    impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = look_into_context};
    int value = 7;
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&sampler))));
    const impact_context *context =
        impact_context_with_value(impact_context_root(), &key, &value, NULL);
    impact_span_end(impact_span_start(t.tracer, "in it", IMPACT_SPAN_OPTIONS(.context = context)));
    CHECK(found.value == &value && !impact_span_context_is_valid(&found.span));
    impact_span_end(impact_span_start(t.tracer, "with a parent",
                                      IMPACT_SPAN_OPTIONS(.context = context, .parent = &remote)));
    CHECK(found.value == &value && found.span.is_remote);
    CHECK(memcmp(&found.span.span_id, &remote.span_id, sizeof remote.span_id) == 0);
    impact_span *outer = impact_span_start(t.tracer, "outer", NULL);
    CHECK(found.value == NULL && !impact_span_context_is_valid(&found.span));
    const impact_span_context of_outer = impact_span_context_of(outer);
    const impact_scope scope = impact_scope_enter(outer);
    impact_span_end(impact_span_start(t.tracer, "in the current one", NULL));
    CHECK(memcmp(&found.span.span_id, &of_outer.span_id, sizeof of_outer.span_id) == 0);
    impact_span_end(impact_span_start(t.tracer, "root", IMPACT_SPAN_OPTIONS(.is_root = true)));
    CHECK(!impact_span_context_is_valid(&found.span));
    impact_scope_leave(scope);
    impact_span_end(outer);
    impact_context_release(context);
    tracing_close(&t);
}

static void *take(void *userdata, size_t size)
{
    (void)userdata;
    return malloc(size);
}

static void spoil(void *userdata, void *memory)
{
    volatile uint8_t *bytes = memory; /* or the compiler writes nothing: it is freed */
    (void)userdata;
    for (size_t i = 0; memory && i < malloc_usable_size(memory); i++)
        bytes[i] = 0xDD;
    free(memory);
}

static void *move(void *userdata, void *memory, size_t size)
{
    const size_t before = memory ? malloc_usable_size(memory) : 0;
    void *moved = malloc(size);
    if (moved && memory)
        memcpy(moved, memory, before < size ? before : size);
    if (moved)
        spoil(userdata, memory);
    return moved;
}

/* Whatever grows moves, and where it was is nothing of use. */
static const impact_allocator moving = {take, move, spoil, NULL};

/* More scopes than there is room for: what lies there moves. */
static void enter_many_scopes(void)
{
    enum { many = 3000 };
    static impact_scope scopes[many];
    for (int i = 0; i < many; i++)
        scopes[i] = impact_scope_enter(NULL);
    for (int i = many; i > 0; i--)
        impact_scope_leave(scopes[i - 1]);
}

static void decide_amid_scopes(impact_user_sampler *sampler, const impact_sampling_request *request,
                               impact_sampling_result *result)
{
    (void)sampler, (void)request;
    enter_many_scopes();
    result->decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
}

static impact_span_id make_id_amid_scopes(impact_id_generator *generator)
{
    static atomic_uchar last;
    (void)generator;
    enter_many_scopes();
    return (impact_span_id){{1, [7] = atomic_fetch_add(&last, 1)}};
}

static impact_trace_id make_trace_id(impact_id_generator *generator)
{
    (void)generator;
    return (impact_trace_id){{7}};
}

/* A child in a scope that lies in memory which moves. */
static void check_child_of_scope(const impact_trace_options *options)
{
    impact_allocator_set_default(&moving);
    REQUIRE(tracing_open(&t, options));
    impact_span *outer = impact_span_start(t.tracer, "outer", NULL);
    const impact_span_context of_outer = impact_span_context_of(outer);
    const impact_scope scope = impact_scope_enter(NULL);
    for (int i = 1; i < impact__scope_first_count; i++)
        (void)impact_scope_enter(NULL);
    (void)impact_scope_enter(outer);
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "inner", NULL), &view));
    CHECK(view.has_parent);
    CHECK(memcmp(&view.parent_span_id, &of_outer.span_id, sizeof of_outer.span_id) == 0);
    CHECK(memcmp(&view.context.trace_id, &of_outer.trace_id, sizeof of_outer.trace_id) == 0);
    impact_scope_leave(scope);
    impact_span_end(outer);
    tracing_close(&t);
}

TEST(a_parent_stays_the_parent_while_a_sampler_enters_scopes)
{
    impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = decide_amid_scopes};
    check_child_of_scope(IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&sampler)));
}

TEST(a_parent_stays_the_parent_while_an_id_generator_enters_scopes)
{
    impact_id_generator generator = {.size = sizeof generator,
                                     .new_trace_id = make_trace_id,
                                     .new_span_id = make_id_amid_scopes};
    check_child_of_scope(IMPACT_TRACE_OPTIONS(.id_generator = &generator));
}

TEST(a_sampler_adds_attributes_and_sets_the_trace_state)
{
    const impact_attribute added[] = {impact_string("sampler", "mine"), impact_int("a", 9)};
    witness w = witness_of(IMPACT_SAMPLING_RECORD_AND_SAMPLE);
    w.keeps_state = false;
    w.says.attributes = added;
    w.says.attribute_count = 2;
    w.says.trace_state = impact_text_of("m=2,l=1");
    REQUIRE(open_with(&w));
    impact_span *span = impact_span_start(
        t.tracer, "a",
        IMPACT_SPAN_OPTIONS(.parent = &remote, IMPACT_ATTRIBUTES(impact_int("a", 1))));
    const impact_span_context of_span = impact_span_context_of(span);
    CHECK_STRING(of_span.trace_state.text, "m=2,l=1");
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(has_string(view.attributes, "sampler", "mine") && has_int(view.attributes, "a", 9));
    CHECK(is_text(view.context.trace_state, "m=2,l=1"));
    w.says.trace_state = impact_text_from(NULL, 0); /* it takes the state away */
    span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.context.trace_state.size, 0);
    tracing_close(&t);
}

TEST(a_span_that_is_dropped_carries_its_context_on)
{
    witness w = witness_of(IMPACT_SAMPLING_DROP);
    REQUIRE(open_with(&w));
    impact_span *span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    const impact_span_context context = impact_span_context_of(span);
    CHECK(!impact_span_is_recording(span) && !impact_span_context_is_sampled(&context));
    CHECK(memcmp(&context.trace_id, &remote.trace_id, sizeof context.trace_id) == 0);
    CHECK_STRING(context.trace_state.text, "l=1");
    impact_span_end(span);
    CHECK_EQUAL(tracing_count(&t), 0);
    tracing_close(&t);
}

TEST(a_span_that_is_only_recorded_is_not_exported_by_the_simple_processor)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_ONLY);
    fake_exporter fake;
    impact_span_processor *simple = NULL;
    REQUIRE(impact_simple_processor_open(&simple, fake_exporter_open(&fake), NULL) == IMPACT_OK);
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&w.base),
                                                  .processors = &simple, .processor_count = 1)));
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    CHECK(impact_span_is_recording(span));
    impact_span_end(span);
    CHECK_EQUAL(fake.spans, 0);
    w.says.decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
    impact_span_end(impact_span_start(t.tracer, "b", NULL));
    CHECK_EQUAL(fake.spans, 1);
    tracing_close(&t);
}

TEST(a_span_that_is_only_recorded_is_recording_and_not_exported)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_ONLY);
    REQUIRE(open_with(&w));
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    const impact_span_context context = impact_span_context_of(span);
    CHECK(impact_span_is_recording(span) && !impact_span_context_is_sampled(&context));
    impact_span_set(span, impact_int("a", 1));
    impact_span_end(span);
    CHECK_EQUAL(tracing_count(&t), 0);
    CHECK_EQUAL(stats_of(t.provider).ended, 0);
    tracing_close(&t);
}

/* Counts, by number: starts, ends. */
static int told[2];

static void take_start(impact_span_processor *processor, impact_span *span,
                       const impact_context *parent)
{
    (void)processor;
    (void)parent;
    told[0] += impact_span_is_recording(span);
}

static void take_end(impact_span_processor *processor, const impact_ended_span *span)
{
    (void)processor;
    told[1] += span != NULL;
}

static void close_nothing(impact_span_processor *processor)
{
    (void)processor;
}

TEST(processors_see_a_span_that_is_only_recorded)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_ONLY);
    impact_span_processor processor = {.size = sizeof processor,
                                       .on_start = take_start,
                                       .on_end = take_end,
                                       .close = close_nothing};
    REQUIRE(open_with(&w));
    CHECK_EQUAL(impact_tracer_provider_add_processor(t.provider, &processor), IMPACT_OK);
    impact_span_end(impact_span_start(t.tracer, "a", NULL));
    CHECK_EQUAL(told[0], 1);
    CHECK_EQUAL(told[1], 1);
    CHECK_EQUAL(tracing_count(&t), 0);
    tracing_close(&t);
}

TEST(a_decision_that_is_none_drops)
{
    witness w = witness_of((impact_sampling_decision)7);
    REQUIRE(open_with(&w));
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    CHECK(span && !impact_span_is_recording(span));
    impact_span_end(span);
    tracing_close(&t);
}

/* ---- within others ---- */

TEST(a_parent_based_sampler_asks_one_of_the_program_s_own_for_its_parents_only)
{
    witness w = witness_of(IMPACT_SAMPLING_RECORD_AND_SAMPLE);
    REQUIRE(tracing_open(
        &t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_parent_based(
                                     IMPACT_PARENT_SAMPLERS(.root = impact_sampler_user(&w.base),
                                                            .remote_sampled =
                                                                impact_sampler_user(&w.base))))));
    impact_span *root = impact_span_start(t.tracer, "root", NULL);
    CHECK_EQUAL(w.asked, 1);
    const impact_span_context parent = impact_span_context_of(root);
    impact_span_end(impact_span_start(t.tracer, "child", IMPACT_SPAN_OPTIONS(.parent = &parent)));
    CHECK_EQUAL(w.asked, 1);
    impact_span_end(impact_span_start(t.tracer, "server", IMPACT_SPAN_OPTIONS(.parent = &remote)));
    CHECK_EQUAL(w.asked, 2);
    impact_span_end(root);
    CHECK_EQUAL(tracing_count(&t), 3);
    tracing_close(&t);
    CHECK_EQUAL(w.closed, 1); /* once, though it stands twice */
}

static void pass_on(impact_user_sampler *sampler, const impact_sampling_request *request,
                    impact_sampling_result *result)
{
    const bool is_health = is_text(request->name, "health");
    if (!is_health)
        CHECK(impact_sampler_decide(sampler->userdata, request, result));
}

TEST(a_sampler_may_pass_the_question_on)
{
    impact_sampler always = impact_sampler_always_on();
    impact_user_sampler filter = {
        .size = sizeof filter, .should_sample = pass_on, .userdata = &always};
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&filter))));
    impact_span_end(impact_span_start(t.tracer, "health", NULL));
    impact_span_end(impact_span_start(t.tracer, "work", NULL));
    CHECK_EQUAL(tracing_count(&t), 1);
    tracing_close(&t); /* without a close there is nothing to call */
}

static void trace_itself(impact_user_sampler *sampler, const impact_sampling_request *request,
                         impact_sampling_result *result)
{
    (void)request;
    const impact_span *span = impact_span_start(sampler->userdata, "in the sampler", NULL);
    CHECK(!impact_span_is_recording(span));
    result->decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
}

TEST(a_span_that_is_started_in_a_sampler_is_not_recorded)
{
    impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = trace_itself};
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&sampler))));
    sampler.userdata = t.tracer;
    impact_span_end(impact_span_start(t.tracer, "work", NULL));
    CHECK_EQUAL(tracing_count(&t), 1);
    tracing_close(&t);
}

/* ---- who owns it ---- */

TEST(a_provider_that_is_not_opened_takes_no_sampler)
{
    witness w = witness_of(IMPACT_SAMPLING_DROP);
    impact_tracer_provider *provider = NULL;
    const impact_sampler sampler = impact_sampler_parent_based(
        IMPACT_PARENT_SAMPLERS(.root = impact_sampler_user(&w.base),
                               .local_sampled = impact_sampler_ratio(2)));
    CHECK_EQUAL(impact_tracer_provider_open(&provider, IMPACT_TRACE_OPTIONS(.sampler = sampler)),
                IMPACT_EINVAL);
    CHECK_EQUAL(w.closed, 0);
}

TEST(a_sampler_that_no_parent_leads_to_is_closed_too)
{
    witness w = witness_of(IMPACT_SAMPLING_DROP);
    const impact_parent_samplers inner = {.size = sizeof inner,
                                          .root = impact_sampler_user(&w.base)};
    REQUIRE(tracing_open(
        &t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_parent_based(IMPACT_PARENT_SAMPLERS(
                                         .remote_sampled = impact_sampler_parent_based(&inner))))));
    tracing_close(&t);
    CHECK_EQUAL(w.closed, 1);
    CHECK_EQUAL(w.asked, 0);
}

TEST(a_sampler_of_another_size_is_read_by_the_one_rule)
{
    struct {
        impact_user_sampler known;
        uint64_t later;
    } larger = {.known = {.size = sizeof larger, .should_sample = decide}};
    impact_user_sampler smaller = {.size = offsetof(impact_user_sampler, close),
                                   .should_sample = pass_on,
                                   .close = close_witness}; /* not read */
    impact_tracer_provider *provider = NULL;
    larger.later = 1;
    CHECK_EQUAL(impact_tracer_provider_open(
                    &provider, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&larger.known))),
                IMPACT_EINVAL);
    larger.later = 0;
    REQUIRE(impact_tracer_provider_open(
                &provider, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&larger.known))) ==
            IMPACT_OK);
    impact_tracer_provider_close(provider);
    REQUIRE(impact_tracer_provider_open(
                &provider, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&smaller))) ==
            IMPACT_OK);
    impact_tracer_provider_close(provider);
}

TEST(a_sampler_is_asked_whatever_memory_does)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        witness w = witness_of(IMPACT_SAMPLING_RECORD_AND_SAMPLE);
        w.keeps_state = false;
        w.says.trace_state = impact_text_of("m=2");
        const size_t fail_at = atomic_exchange(&f.fail_at, 0);
        impact_allocator_set_default(&f.allocator);
        REQUIRE(open_with(&w));
        impact__thread_state_release();
        atomic_store(&f.count, 0);
        atomic_store(&f.fail_at, fail_at);
        impact_span *span =
            impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
        CHECK_EQUAL(w.asked, span != NULL);
        impact_span_end(span);
        atomic_store(&f.fail_at, 0);
        CHECK_EQUAL(impact_tracer_provider_flush(t.provider, tracing_timeout_ms), IMPACT_OK);
        CHECK_EQUAL(stats_of(t.provider).ended, 1);
        tracing_close_all(&t, &f);
        atomic_store(&f.fail_at, fail_at);
    }
}
