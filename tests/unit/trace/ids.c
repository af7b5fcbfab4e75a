/* Ids: random ones are never zero, and a program's own generator is asked for all others. */
#include "trace/ids.h"

#include <stddef.h>

#include "support/check.h"
#include "support/tracing.h"

static tracing t;

typedef struct counter {
    impact_id_generator base; /* first: a pointer to it is a pointer to this */
    uint8_t next;             /* 0: it gives ids that are none */
    int closed;
} counter;

static impact_trace_id count_trace(impact_id_generator *generator)
{
    counter *c = (counter *)generator;
    return c->next ? (impact_trace_id){{[0] = 0xA0, [15] = c->next++}} : (impact_trace_id){{0}};
}

static impact_span_id count_span(impact_id_generator *generator)
{
    counter *c = (counter *)generator;
    return c->next ? (impact_span_id){{[0] = 0xB0, [7] = c->next++}} : (impact_span_id){{0}};
}

static void close_counter(impact_id_generator *generator)
{
    ((counter *)generator)->closed++;
}

static counter counter_of(uint8_t first, bool is_random)
{
    return (counter){.base = {.size = sizeof(impact_id_generator),
                              .new_trace_id = count_trace,
                              .new_span_id = count_span,
                              .is_random = is_random,
                              .close = close_counter},
                     .next = first};
}

TEST(a_generator_gives_the_ids_of_spans_and_traces)
{
    counter c = counter_of(1, false);
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)));
    impact_span *root = impact_span_start(t.tracer, "root", NULL);
    const impact_span_context parent = impact_span_context_of(root);
    CHECK_EQUAL(parent.span_id.bytes[0], 0xB0);
    CHECK_EQUAL(parent.span_id.bytes[7], 1);
    CHECK_EQUAL(parent.trace_id.bytes[0], 0xA0);
    CHECK_EQUAL(parent.trace_id.bytes[15], 2);
    impact_span *child =
        impact_span_start(t.tracer, "child", IMPACT_SPAN_OPTIONS(.parent = &parent));
    const impact_span_context context = impact_span_context_of(child);
    CHECK(memcmp(&context.trace_id, &parent.trace_id, sizeof parent.trace_id) == 0);
    CHECK_EQUAL(context.span_id.bytes[7], 3); /* no trace id was asked for */
    impact_span_end(child);
    impact_span_end(root);
    tracing_close(&t);
    CHECK_EQUAL(c.closed, 1);
}

TEST(a_trace_says_that_its_id_is_random_when_the_generator_does)
{
    for (int is_random = 0; is_random < 2; is_random++) {
        counter c = counter_of(1, is_random);
        REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)));
        impact_span *span = impact_span_start(t.tracer, "a", NULL);
        const uint8_t flags = impact_span_context_of(span).trace_flags;
        CHECK_EQUAL((flags & IMPACT_TRACE_FLAG_RANDOM) != 0, is_random);
        CHECK(flags & IMPACT_TRACE_FLAG_SAMPLED);
        impact_span_end(span);
        tracing_close(&t);
    }
    REQUIRE(tracing_open(&t, NULL)); /* our own are */
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    CHECK(impact_span_context_of(span).trace_flags & IMPACT_TRACE_FLAG_RANDOM);
    impact_span_end(span);
    tracing_close(&t);
}

TEST(a_child_says_of_its_trace_what_the_parent_said)
{
    counter c = counter_of(1, true);
    const impact_span_context parent = {.trace_id = {{1}}, .span_id = {{2}}, .trace_flags = 1};
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)));
    impact_span *span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &parent));
    CHECK_EQUAL(impact_span_context_of(span).trace_flags, IMPACT_TRACE_FLAG_SAMPLED);
    impact_span_end(span);
    tracing_close(&t);
}

TEST(an_id_that_is_none_is_made_random)
{
    counter c = counter_of(0, false);
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)));
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    const impact_span_context context = impact_span_context_of(span);
    CHECK(impact_span_context_is_valid(&context));
    impact_span_end(span);
    tracing_close(&t);
}

TEST(a_generator_that_lacks_a_function_is_refused_and_not_taken)
{
    impact_tracer_provider *provider = NULL;
    counter c = counter_of(1, true);
    c.base.new_span_id = NULL;
    CHECK_EQUAL(
        impact_tracer_provider_open(&provider, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)),
        IMPACT_EINVAL);
    c = counter_of(1, true);
    c.base.new_trace_id = NULL;
    CHECK_EQUAL(
        impact_tracer_provider_open(&provider, IMPACT_TRACE_OPTIONS(.id_generator = &c.base)),
        IMPACT_EINVAL);
    CHECK_EQUAL(c.closed, 0);
}

TEST(a_generator_of_another_size_is_read_by_the_one_rule)
{
    struct {
        impact_id_generator known;
        uint64_t later;
    } larger = {.known = counter_of(1, true).base};
    impact_id_generator smaller = counter_of(1, true).base;
    impact__id_generator generator;
    larger.known.size = sizeof larger;
    CHECK(impact__id_generator_open(&generator, &larger.known) && generator.is_random);
    larger.later = 1;
    CHECK(!impact__id_generator_open(&generator, &larger.known));
    smaller.size = offsetof(impact_id_generator, is_random);
    CHECK(impact__id_generator_open(&generator, &smaller) && !generator.is_random);
    impact__id_generator_close(&generator); /* its close was not read */
    CHECK(impact__id_generator_open(&generator, NULL) && !generator.of);
    impact__id_generator_close(&generator);
}
