/* B3: both forms are read, one is written; and the debug flag goes on. */
#include "propagate/formats.h"
#include "support/carrier.h"
#include "support/check.h"
#include "support/faults.h"

#define TRACE  "463ac35c9f6413ad48485a3953bb6124"
#define PARENT "0020000000000001"

static const impact_propagator *const b3 = &impact__propagator_b3;
static const impact_propagator *const multi = &impact__propagator_b3multi;

static const char *single(const char *value)
{
    const impact_span_context found = carrier_read_one(b3, "b3", value);
    return carrier_shown(&found);
}

TEST(a_single_header_is_read)
{
    CHECK_STRING(single(TRACE "-" PARENT "-1"), TRACE "-" PARENT "-01");
    CHECK_STRING(single(TRACE "-" PARENT "-0"), TRACE "-" PARENT "-00");
    CHECK_STRING(single(TRACE "-" PARENT "-d"), TRACE "-" PARENT "-01");
    CHECK_STRING(single(TRACE "-" PARENT), TRACE "-" PARENT "-00");
    CHECK_STRING(single(" " TRACE "-" PARENT "-1-05e3ac9a4f6e3b90 "), TRACE "-" PARENT "-01");
    CHECK_STRING(single("463AC35C9F6413AD48485A3953BB6124-" PARENT "-1"), TRACE "-" PARENT "-01");
}

TEST(a_trace_id_of_64_bits_is_padded)
{
    CHECK_STRING(single("48485a3953bb6124-" PARENT "-1"),
                 "000000000000000048485a3953bb6124-" PARENT "-01");
}

TEST(what_is_no_single_header_is_refused)
{
    static const char *const refused[] = {
        "",
        "0", /* deny, without a trace to deny */
        "1",
        "d",
        TRACE,
        TRACE "-",
        TRACE "-" PARENT "-x",
        TRACE "-" PARENT "-11",
        TRACE "-" PARENT "-1-05e3ac9a4f6e3b90-x",
        TRACE "-" PARENT "0-1",
        TRACE "0-" PARENT "-1",
        "g" TRACE "-" PARENT "-1",
        "463ac35c9f6413ad48485a3953bb612-" PARENT "-1",
        "00000000000000000000000000000000-" PARENT "-1",
        TRACE "-0000000000000000-1",
        TRACE "-" PARENT "-1," TRACE "-" PARENT "-1",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_STRING(single(refused[i]), "none");
}

static const char *several(const char *trace, const char *span, const char *sampled,
                           const char *flags)
{
    carrier c = {.count = 0};
    carrier_add(&c, "X-B3-TraceId", trace);
    carrier_add(&c, "X-B3-SpanId", span);
    carrier_add(&c, "X-B3-Sampled", sampled);
    carrier_add(&c, "X-B3-Flags", flags);
    const impact_context *context = carrier_extract(b3, &c);
    const impact_span_context found = impact_context_span_context(context);
    const char *shown = carrier_shown(&found);
    impact_context_release(context);
    return shown;
}

TEST(several_headers_are_read)
{
    CHECK_STRING(several(TRACE, PARENT, "1", NULL), TRACE "-" PARENT "-01");
    CHECK_STRING(several(TRACE, PARENT, "true", NULL), TRACE "-" PARENT "-01");
    CHECK_STRING(several(TRACE, PARENT, "0", NULL), TRACE "-" PARENT "-00");
    CHECK_STRING(several(TRACE, PARENT, "false", "0"), TRACE "-" PARENT "-00");
    CHECK_STRING(several(TRACE, PARENT, NULL, NULL), TRACE "-" PARENT "-00");
    CHECK_STRING(several(TRACE, PARENT, NULL, "1"), TRACE "-" PARENT "-01");
    CHECK_STRING(several("48485a3953bb6124", PARENT, "1", NULL),
                 "000000000000000048485a3953bb6124-" PARENT "-01");
    CHECK_STRING(several(TRACE, NULL, "1", NULL), "none");
    CHECK_STRING(several(NULL, PARENT, "1", NULL), "none");
    CHECK_STRING(several(TRACE, PARENT, "maybe", NULL), "none");
}

TEST(the_single_header_wins_unless_it_is_not_valid)
{
    carrier c = {.count = 0};
    carrier_add(&c, "x-b3-traceid", TRACE);
    carrier_add(&c, "x-b3-spanid", PARENT);
    carrier_add(&c, "b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1");
    const impact_context *context = carrier_extract(multi, &c);
    impact_span_context found = impact_context_span_context(context);
    CHECK_STRING(carrier_shown(&found), "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01");
    impact_context_release(context);
    (void)snprintf(c.fields[2].value, sizeof c.fields[2].value, "0");
    context = carrier_extract(multi, &c);
    found = impact_context_span_context(context);
    CHECK_STRING(carrier_shown(&found), TRACE "-" PARENT "-00");
    impact_context_release(context);
}

/* What one form makes of a single header with that state. */
static void pass_on(carrier *sent, const impact_propagator *propagator, const char *state)
{
    carrier c = {.count = 0};
    char value[80];
    (void)snprintf(value, sizeof value, TRACE "-" PARENT "-%s", state);
    carrier_add(&c, "b3", value);
    const impact_context *context = carrier_extract(propagator, &c);
    *sent = (carrier){.count = 0};
    carrier_inject(propagator, sent, context);
    impact_context_release(context);
}

TEST(each_form_writes_its_own_headers)
{
    carrier sent;
    pass_on(&sent, b3, "1");
    CHECK_EQUAL(sent.count, 1);
    CHECK_STRING(carrier_value(&sent, "b3"), TRACE "-" PARENT "-1");
    pass_on(&sent, b3, "0");
    CHECK_STRING(carrier_value(&sent, "b3"), TRACE "-" PARENT "-0");
    pass_on(&sent, multi, "1");
    CHECK_EQUAL(sent.count, 3); /* never the parent's id */
    CHECK_STRING(carrier_value(&sent, "x-b3-traceid"), TRACE);
    CHECK_STRING(carrier_value(&sent, "x-b3-spanid"), PARENT);
    CHECK_STRING(carrier_value(&sent, "x-b3-sampled"), "1");
    pass_on(&sent, multi, "0");
    CHECK_STRING(carrier_value(&sent, "x-b3-sampled"), "0");
}

TEST(debug_is_passed_on)
{
    carrier sent;
    pass_on(&sent, b3, "d");
    CHECK_STRING(carrier_value(&sent, "b3"), TRACE "-" PARENT "-d");
    pass_on(&sent, multi, "d");
    CHECK_STRING(carrier_value(&sent, "x-b3-flags"), "1");
    CHECK_STRING(carrier_value(&sent, "x-b3-sampled"), NULL); /* debug implies it */
}

TEST(debug_of_a_context_before_is_not_that_of_the_next)
{
    carrier debug = {.count = 0};
    carrier plain = {.count = 0};
    carrier sent = {.count = 0};
    carrier_add(&debug, "b3", TRACE "-" PARENT "-d");
    carrier_add(&plain, "b3", TRACE "-" PARENT "-0");
    const impact_context *first = carrier_extract(b3, &debug);
    const impact_context *second = b3->extract(b3, first, &carrier_getter, &plain);
    carrier_inject(b3, &sent, second);
    CHECK_STRING(carrier_value(&sent, "b3"), TRACE "-" PARENT "-0");
    impact_context_release(second);
    impact_context_release(first);
}

TEST(nothing_is_written_without_a_span)
{
    carrier sent = {.count = 0};
    carrier_inject(b3, &sent, impact_context_root());
    carrier_inject(multi, &sent, impact_context_root());
    CHECK_EQUAL(sent.count, 0);
}

TEST(without_memory_the_context_is_whole_or_as_it_was)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        carrier c = {.count = 0};
        carrier_add(&c, "b3", TRACE "-" PARENT "-d");
        const impact_context *context = carrier_extract(b3, &c);
        const impact_span_context found = impact_context_span_context(context);
        CHECK(f.injected || impact_span_context_is_valid(&found));
        impact_context_release(context);
        impact_allocator_set_default(NULL);
    }
}

TEST(without_a_getter_or_setter_nothing_happens)
{
    CHECK(b3->extract(b3, impact_context_root(), NULL, NULL) == impact_context_root());
    b3->inject(b3, impact_context_root(), NULL, NULL);
    multi->inject(multi, impact_context_root(), NULL, NULL);
}
