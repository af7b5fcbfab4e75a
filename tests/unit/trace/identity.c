/* What outlives a span: its context, its trace state with it. */
#include <stdio.h>

#include <impact/trace.h>

#include "support/tracing.h"

static const impact_span_context remote = {
    .trace_id = {{0x0a, [15] = 0x0b}},
    .span_id = {{0x0c, [7] = 0x0d}},
    .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
    .is_remote = true,
    .trace_state = {"a=1,b=2"},
};

static impact_span_context of_a_span_that_has_ended(const tracing *t)
{
    impact_span *span = impact_span_start(t->tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    const impact_span_context context = impact_span_context_of(span);
    impact_span_end(span);
    return context;
}

TEST(a_span_context_outlives_its_span_with_its_trace_state)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    const impact_span_context over = of_a_span_that_has_ended(&t);
    for (int i = 0; i < 100; i++) /* what its memory was is another's by now */
        (void)of_a_span_that_has_ended(&t);
    CHECK_STRING(over.trace_state.text, "a=1,b=2");
    const impact_span_context copy = over;
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "b", IMPACT_SPAN_OPTIONS(.parent = &copy)),
                        &view));
    CHECK(view.has_parent && memcmp(&view.parent_span_id, &over.span_id, sizeof over.span_id) == 0);
    CHECK(is_text(view.context.trace_state, "a=1,b=2"));
    tracing_close(&t);
}

TEST(a_trace_state_without_an_end_is_read_up_to_its_room)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    struct {
        impact_span_context parent;
        char behind[64];
    } given = {.parent = remote};
    memset(given.parent.trace_state.text, 'a', IMPACT_TRACE_STATE_SIZE);
    memset(given.behind, 'b', sizeof given.behind);
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &given.parent)), &view));
    CHECK(view.has_parent);
    CHECK_EQUAL(view.context.trace_state.size, 0);
    CHECK_EQUAL(impact_trace_state_text(&given.parent.trace_state).size, 0);
    tracing_close(&t);
}

static impact_trace_state made_by_hand(const char *text)
{
    impact_trace_state state = {.text = ""};
    (void)snprintf(state.text, sizeof state.text, "%s", text);
    return state;
}

TEST(a_trace_state_made_by_hand_is_exported_when_it_is_valid_only)
{
    static const char *const refused[] = {"NOT=valid,,,==", "a=\xFF", "a=1\n", "a", ","};
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        impact_span_context parent = remote;
        parent.trace_state = made_by_hand(refused[i]);
        REQUIRE(tracing_end(
            &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &parent)), &view));
        CHECK(memcmp(&view.context.trace_id, &remote.trace_id, sizeof remote.trace_id) == 0);
        CHECK_EQUAL(view.context.trace_state.size, 0);
    }
    tracing_close(&t);
}

TEST(a_long_trace_state_is_inherited_up_to_512_characters)
{
    tracing t;
    impact_span_view view;
    char state[600];
    REQUIRE(tracing_open(&t, NULL));
    impact_span_context parent = remote;
    (void)snprintf(state, sizeof state, "a=%0256d,b=%0251d,c=1", 1, 1);
    REQUIRE(impact_trace_state_parse(&parent.trace_state, impact_text_of(state)));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &parent)), &view));
    CHECK_EQUAL(view.context.trace_state.size, 258 + 1 + 3);
    (void)snprintf(state, sizeof state, "a=%0126d,b=%0126d,c=%0126d,d=%0123d,e=1", 1, 1, 1, 1);
    REQUIRE(impact_trace_state_parse(&parent.trace_state, impact_text_of(state)));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &parent)), &view));
    CHECK_EQUAL(view.context.trace_state.size, 512);
    tracing_close(&t);
}
