/* The W3C headers: what is read, what is refused, and what is written. */
#include <impact/propagation.h>

#include "support/check.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

typedef struct carrier {
    const char *traceparent;
    const char *tracestate;
    char sent[2][600]; /* what inject set: traceparent, tracestate */
    int sets;
} carrier;

static impact_text get(void *userdata, const char *name)
{
    const carrier *c = userdata;
    return impact_text_of(strcmp(name, "traceparent") == 0 ? c->traceparent : c->tracestate);
}

static void set(void *userdata, const char *name, const char *value)
{
    carrier *c = userdata;
    c->sets++;
    (void)snprintf(c->sent[strcmp(name, "traceparent") != 0], sizeof c->sent[0], "%s", value);
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
    CHECK_EQUAL(context.trace_state.size, 0);
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
    carrier c = {.traceparent = " 00-" TRACE "-" PARENT "-01\t", .tracestate = tracestate};
    impact_span_context context;
    CHECK(impact_propagation_extract(&context, get, &c)); /* the traceparent holds all the same */
    return context.trace_state.size > 0;
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
    carrier c = {.tracestate = "a=1"};
    impact_span_context context = {.trace_flags = 77};
    CHECK(!impact_propagation_extract(&context, get, &c));
    CHECK_EQUAL(context.trace_flags, 77);
}

TEST(what_was_extracted_is_injected)
{
    carrier c = {.traceparent = "00-" TRACE "-" PARENT "-03", .tracestate = "a=1,b=2"};
    impact_span_context context;
    REQUIRE(impact_propagation_extract(&context, get, &c));
    impact_propagation_inject(&context, set, &c);
    CHECK_EQUAL(c.sets, 2);
    CHECK_STRING(c.sent[0], c.traceparent);
    CHECK_STRING(c.sent[1], c.tracestate);
}

TEST(nothing_is_injected_of_an_invalid_context)
{
    carrier c = {0};
    impact_propagation_inject(NULL, set, &c);
    impact_propagation_inject(&(impact_span_context){.trace_id = {{1}}}, set, &c);
    CHECK_EQUAL(c.sets, 0);
}

/* Twenty-seven members in 566 bytes, as three systems' users had. */
TEST(a_trace_state_above_512_characters_is_propagated_without_its_last_members)
{
    char state[600] = "";
    for (int i = 0; i < 27; i++)
        (void)snprintf(state + strlen(state), sizeof state - strlen(state), "%sk%02d=%016d",
                       i ? "," : "", i, i);
    CHECK_EQUAL(strlen(state), 27 * 20 + 26);
    carrier c = {.traceparent = "00-" TRACE "-" PARENT "-01", .tracestate = state};
    impact_span_context context;
    REQUIRE(impact_propagation_extract(&context, get, &c));
    impact_propagation_inject(&context, set, &c);
    CHECK_EQUAL(strlen(c.sent[1]), 24 * 20 + 23);
    CHECK(strncmp(c.sent[1], state, strlen(c.sent[1])) == 0);
}

TEST(a_trace_state_made_by_hand_is_injected_when_it_is_valid_only)
{
    static const char *const refused[] = {
        "NOT=valid,,,==", "a=1\r\nSet-Cookie: x", "a=\xC3\xA9", "a", "a=1,b", ",",
    };
    impact_span_context context = {.trace_id = {{1}}, .span_id = {{1}}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        carrier c = {0};
        context.trace_state = impact_text_of(refused[i]);
        impact_propagation_inject(&context, set, &c);
        CHECK_EQUAL(c.sets, 1);
    }
    carrier c = {0};
    context.trace_state = impact_text_of(" a=1 ,, b=2");
    impact_propagation_inject(&context, set, &c);
    CHECK_STRING(c.sent[1], "a=1,b=2");
}

TEST(null_extracts_injects_and_formats_nothing)
{
    carrier c = {.traceparent = "00-" TRACE "-" PARENT "-03"};
    impact_span_context context = {.trace_id = {{1}}, .span_id = {{1}}};
    char text[IMPACT_TRACEPARENT_SIZE];
    CHECK(!impact_propagation_extract(NULL, get, &c));
    CHECK(!impact_propagation_extract(&context, NULL, &c));
    impact_propagation_inject(&context, NULL, &c);
    CHECK_EQUAL(c.sets, 0);
    CHECK(!impact_traceparent_parse(NULL, impact_text_of(c.traceparent)));
    CHECK(!impact_traceparent_parse(&context, (impact_text){NULL, 55}));
    impact_traceparent_format(text, NULL);
    CHECK_STRING(text, "00-00000000000000000000000000000000-0000000000000000-00");
    impact_traceparent_format(NULL, &context);
}
