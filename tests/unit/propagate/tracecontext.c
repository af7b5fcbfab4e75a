/* The W3C headers: what is read, what is refused, and what is written. */
#include <impact/propagation.h>

#include "propagate/formats.h"
#include "support/carrier.h"
#include "support/check.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

/* The context that the two fields give; all zero without one. */
static const impact_context *extract(const char *traceparent, const char *tracestate)
{
    carrier c = {.count = 0};
    carrier_add(&c, "traceparent", traceparent);
    carrier_add(&c, "tracestate", tracestate);
    return carrier_extract(&impact__propagator_tracecontext, &c);
}

static void inject(carrier *c, const impact_span_context *span_context)
{
    const impact_context *context =
        impact_context_with_span_context(impact_context_root(), span_context);
    carrier_inject(&impact__propagator_tracecontext, c, context);
    impact_context_release(context);
}

static bool parses(const char *text)
{
    impact_span_context context = {.trace_flags = 77};
    const bool is_parsed = impact_traceparent_parse(&context, impact_text_of(text));
    CHECK(is_parsed || (context.trace_flags == 77 && !context.is_remote)); /* untouched */
    return is_parsed;
}

TEST(a_traceparent_is_read)
{
    impact_span_context context;
    char text[IMPACT_TRACEPARENT_SIZE];
    const char *const header = "00-" TRACE "-" PARENT "-01";
    REQUIRE(impact_traceparent_parse(&context, impact_text_of(header)));
    CHECK(context.is_remote);
    CHECK_EQUAL(context.trace_flags, 1);
    CHECK_EQUAL(context.trace_id.bytes[0], 0x4b);
    CHECK_EQUAL(context.span_id.bytes[7], 0xb7);
    CHECK_STRING(context.trace_state.text, "");
    impact_traceparent_format(text, &context);
    CHECK_STRING(text, header);
}

TEST(flags_that_are_not_known_are_not_kept)
{
    impact_span_context context;
    REQUIRE(impact_traceparent_parse(&context, impact_text_of("00-" TRACE "-" PARENT "-ff")));
    CHECK_EQUAL(context.trace_flags, IMPACT_TRACE_FLAG_SAMPLED | IMPACT_TRACE_FLAG_RANDOM);
    REQUIRE(impact_traceparent_parse(&context, impact_text_of("00-" TRACE "-" PARENT "-fc")));
    CHECK_EQUAL(context.trace_flags, 0);
}

TEST(a_higher_version_may_go_on_after_a_dash)
{
    CHECK(parses("01-" TRACE "-" PARENT "-01"));
    CHECK(parses("cc-" TRACE "-" PARENT "-01-what-comes-later"));
    CHECK(!parses("cc-" TRACE "-" PARENT "-01.what"));
    CHECK(!parses("00-" TRACE "-" PARENT "-01-what"));
    CHECK(!parses("ff-" TRACE "-" PARENT "-01"));
}

TEST(what_is_no_traceparent_is_refused)
{
    static const char *const refused[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-0g",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "_01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "0g-" TRACE "-" PARENT "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-" PARENT "-01,00-" TRACE "-" PARENT "-01",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!parses(refused[i]));
}

TEST(every_cut_of_a_traceparent_is_refused)
{
    const char *const header = "00-" TRACE "-" PARENT "-01";
    impact_span_context context;
    for (size_t size = 0; size < strlen(header); size++)
        CHECK(!impact_traceparent_parse(&context, impact_text_from(header, size)));
}

static bool keeps_state(const char *tracestate)
{
    const impact_context *context = extract(" 00-" TRACE "-" PARENT "-01\t", tracestate);
    const impact_span_context found = impact_context_span_context(context);
    CHECK(impact_span_context_is_valid(&found)); /* the traceparent holds all the same */
    const bool is_kept = found.trace_state.text[0] != 0;
    impact_context_release(context);
    return is_kept;
}

TEST(a_trace_state_that_is_well_formed_is_kept)
{
    CHECK(keeps_state("a=1"));
    CHECK(keeps_state("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
    CHECK(keeps_state("a=1 , \tb=2,,c=3,"));
    CHECK(keeps_state("0a@b-_*/=x y"));
    CHECK(keeps_state("a= leading"));
}

TEST(a_trace_state_with_one_bad_member_is_void)
{
    static const char *const refused[] = {
        "",      " ",    ",",     "a",      "a=",      "=1",         "A=1",      "a=1,b",
        "a=1=2", "_a=1", "a b=1", "a=\x7f", "a=1,B=2", "a=\xC3\xA9", "a=1\nb=2", "a=1;b",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i], "a=1;b") != 0) /* a semicolon is a character as others */
            CHECK(!keeps_state(refused[i]));
    CHECK(keeps_state("a=1;b"));
}

TEST(a_trace_state_has_limits)
{
    char text[600] = "";
    for (int i = 0; i < 33; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "k%d=v,", i);
    CHECK(!keeps_state(text)); /* 33 members */
    *strstr(text, ",k32") = 0;
    CHECK(keeps_state(text)); /* 32 */
    (void)snprintf(text, sizeof text, "k=%0256d", 1);
    CHECK(keeps_state(text));
    (void)snprintf(text, sizeof text, "k=%0257d", 1);
    CHECK(!keeps_state(text));
    (void)snprintf(text, sizeof text, "%0256d=v", 1);
    CHECK(keeps_state(text));
    (void)snprintf(text, sizeof text, "%0257d=v", 1);
    CHECK(!keeps_state(text));
}

TEST(without_a_traceparent_nothing_is_extracted)
{
    const impact_context *context = extract(NULL, "a=1");
    CHECK(context == impact_context_root()); /* the same: nothing was made */
    impact_context_release(context);
}

TEST(what_is_not_valid_leaves_the_context_as_it_was)
{
    const impact_span_context before = {.trace_id = {{1}}, .span_id = {{2}}};
    const impact_context *context =
        impact_context_with_span_context(impact_context_root(), &before);
    carrier c = {.count = 0};
    carrier_add(&c, "traceparent", "00-" TRACE "-0000000000000000-01");
    const impact_context *after = impact__propagator_tracecontext.extract(
        &impact__propagator_tracecontext, context, &carrier_getter, &c);
    CHECK(after == context);
    impact_context_release(after);
    impact_context_release(context);
}

TEST(with_two_traceparents_there_is_none)
{
    carrier c = {.count = 0};
    carrier_add(&c, "traceparent", "cc-" TRACE "-" PARENT "-01-later");
    carrier_add(&c, "traceparent", "cc-" TRACE "-" PARENT "-01-later");
    const impact_context *context = carrier_extract(&impact__propagator_tracecontext, &c);
    CHECK(context == impact_context_root());
}

TEST(trace_states_in_several_fields_are_one_list_in_their_order)
{
    carrier c = {.count = 0};
    carrier_add(&c, "traceparent", "00-" TRACE "-" PARENT "-00");
    carrier_add(&c, "tracestate", "foo=1,bar=2");
    carrier_add(&c, "tracestate", "");
    carrier_add(&c, "tracestate", "rojo=1, congo=2");
    carrier_add(&c, "TraceState", "baz=3");
    const impact_context *context = carrier_extract(&impact__propagator_tracecontext, &c);
    carrier sent = {.count = 0};
    carrier_inject(&impact__propagator_tracecontext, &sent, context);
    CHECK_STRING(carrier_value(&sent, "tracestate"), "foo=1,bar=2,rojo=1,congo=2,baz=3");
    impact_context_release(context);
}

TEST(what_was_extracted_is_injected)
{
    const impact_context *context = extract("00-" TRACE "-" PARENT "-03", "a=1,b=2");
    carrier sent = {.count = 0};
    carrier_inject(&impact__propagator_tracecontext, &sent, context);
    CHECK_EQUAL(sent.count, 2);
    CHECK_STRING(carrier_value(&sent, "traceparent"), "00-" TRACE "-" PARENT "-03");
    CHECK_STRING(carrier_value(&sent, "tracestate"), "a=1,b=2");
    impact_context_release(context);
}

TEST(nothing_is_injected_of_an_invalid_context)
{
    carrier c = {.count = 0};
    carrier_inject(&impact__propagator_tracecontext, &c, impact_context_root());
    CHECK_EQUAL(c.count, 0);
}

/* Twenty-seven members in 566 bytes. */
TEST(a_trace_state_above_512_characters_is_propagated_without_its_last_members)
{
    char state[600] = "";
    for (int i = 0; i < 27; i++)
        (void)snprintf(state + strlen(state), sizeof state - strlen(state), "%sk%02d=%016d",
                       i ? "," : "", i, i);
    CHECK_EQUAL(strlen(state), 27 * 20 + 26);
    const impact_context *context = extract("00-" TRACE "-" PARENT "-01", state);
    carrier sent = {.count = 0};
    carrier_inject(&impact__propagator_tracecontext, &sent, context);
    const char *kept = carrier_value(&sent, "tracestate");
    REQUIRE(kept);
    CHECK_EQUAL(strlen(kept), 24 * 20 + 23);
    CHECK(strncmp(kept, state, strlen(kept)) == 0);
    impact_context_release(context);
}

TEST(a_trace_state_made_by_hand_is_injected_when_it_is_valid_only)
{
    static const char *const refused[] = {
        "NOT=valid,,,==", "a=1\r\nSet-Cookie: x", "a=\xC3\xA9", "a", "a=1,b", ",",
    };
    impact_span_context made = {.trace_id = {{1}}, .span_id = {{1}}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        carrier sent = {.count = 0};
        (void)snprintf(made.trace_state.text, sizeof made.trace_state.text, "%s", refused[i]);
        inject(&sent, &made);
        CHECK_EQUAL(sent.count, 1);
    }
    carrier sent = {.count = 0};
    made.trace_state = (impact_trace_state){" a=1 ,, b=2"};
    inject(&sent, &made);
    CHECK_STRING(carrier_value(&sent, "tracestate"), "a=1,b=2");
}

/* The cases of the W3C's own tests that are not above (w3c/trace-context, test/test.py). */
TEST(a_trace_state_is_kept_or_void_as_the_w3cs_tests_have_it)
{
    static const char *const kept[] = {
        "foo=1,foo=1",
        "foo=1,foo=2",
        "foo@=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "foo=1 \t , \t bar=2, \t baz=3",
        "foo=1\t \t,\t \tbar=2,\t \tbaz=3",
        "\t foo=1 \t",
        "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/="
        " !\"#$%&'()*+-./"
        "0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
    };
    static const char *const refused[] = {"foo =1",       "FOO=1",       "foo.bar=1",
                                          "@foo=1,bar=2", "foo=bar=baz", "foo=,bar=3"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        CHECK(keeps_state(kept[i]));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!keeps_state(refused[i]));
}

TEST(null_parses_and_formats_nothing)
{
    impact_span_context context = {.trace_id = {{1}}, .span_id = {{1}}};
    char text[IMPACT_TRACEPARENT_SIZE];
    CHECK(!impact_traceparent_parse(NULL, impact_text_of("00-" TRACE "-" PARENT "-03")));
    CHECK(!impact_traceparent_parse(&context, (impact_text){NULL, 55}));
    impact_traceparent_format(text, NULL);
    CHECK_STRING(text, "00-00000000000000000000000000000000-0000000000000000-00");
    impact_traceparent_format(NULL, &context);
}
