/* Jaeger: its ids lack zeros, and its baggage is a field each. */
#include "propagate/formats.h"

#include <string.h>

#include <impact/baggage.h>

#include "support/carrier.h"
#include "support/check.h"
#include "support/faults.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static const impact_propagator *const jaeger = &impact__propagator_jaeger;

static const char *read_header(const char *value)
{
    const impact_span_context found = carrier_read_one(jaeger, "uber-trace-id", value);
    return carrier_shown(&found);
}

TEST(a_header_is_read_with_or_without_its_zeros)
{
    CHECK_STRING(read_header(TRACE ":" SPAN ":0:1"), TRACE "-" SPAN "-01");
    CHECK_STRING(read_header(TRACE ":" SPAN ":0:00"), TRACE "-" SPAN "-00");
    CHECK_STRING(read_header(TRACE ":f067aa0ba902b7:" SPAN ":3"), TRACE "-" SPAN "-01");
    CHECK_STRING(read_header("a3ce929d0e0e4736:1:0:0"),
                 "0000000000000000a3ce929d0e0e4736-0000000000000001-00");
    CHECK_STRING(read_header(TRACE "%3A" SPAN "%3A0%3a01"), TRACE "-" SPAN "-01");
    CHECK_STRING(read_header(TRACE ":" SPAN "::ff"), TRACE "-" SPAN "-01");
}

TEST(what_is_no_header_is_refused)
{
    static const char *const refused[] = {
        "",
        TRACE,
        TRACE ":" SPAN ":0",
        TRACE ":" SPAN ":0:",
        TRACE ":" SPAN ":0:1:1",
        TRACE ":" SPAN ":0:001",
        TRACE ":" SPAN ":0:g",
        "0" TRACE ":" SPAN ":0:1",
        TRACE ":0" SPAN ":0:1",
        ":" SPAN ":0:1",
        "0:" SPAN ":0:1",
        TRACE ":0:0:1",
        TRACE "%3" SPAN "%3A0%3A1",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_STRING(read_header(refused[i]), "none");
}

static bool has(const impact_context *context, const char *name, const char *should)
{
    impact_text value;
    return impact_baggage_get(&value, impact_context_baggage(context), impact_text_of(name)) &&
           value.size == strlen(should) && memcmp(value.data, should, value.size) == 0;
}

TEST(baggage_is_read_of_fields_with_its_prefix_and_added_to_what_is_there)
{
    carrier c = {.count = 0};
    carrier_add(&c, "uberctx-user", "Am%C3%A9lie");
    carrier_add(&c, "UberCtx-kind", "a b"); /* ill-formed: a blank */
    carrier_add(&c, "uberctx-", "no name");
    carrier_add(&c, "user", "other");
    const impact_baggage *before = NULL;
    CHECK_EQUAL(impact_baggage_set(&before, NULL, impact_text_of("there"), impact_text_of("1"),
                                   impact_text_of(NULL)),
                IMPACT_OK);
    const impact_context *base = impact_context_with_baggage(impact_context_root(), before);
    const impact_context *context = jaeger->extract(jaeger, base, &carrier_getter, &c);
    CHECK(has(context, "user", "Am\xC3\xA9lie") && has(context, "there", "1"));
    CHECK_EQUAL(impact_baggage_count(impact_context_baggage(context)), 2);
    CHECK_EQUAL(impact_baggage_count(impact_context_baggage(base)), 1);
    carrier sent = {.count = 0};
    carrier_inject(jaeger, &sent, context);
    CHECK_EQUAL(sent.count, 2);
    CHECK_STRING(carrier_value(&sent, "uberctx-user"), "Am%C3%A9lie");
    CHECK_STRING(carrier_value(&sent, "uberctx-there"), "1");
    impact_context_release(context);
    impact_context_release(base);
    impact_baggage_release(before);
}

TEST(what_was_read_is_written_with_all_its_zeros)
{
    carrier c = {.count = 0};
    carrier sent = {.count = 0};
    carrier_add(&c, "uber-trace-id", "a3ce929d0e0e4736:1:0:1");
    const impact_context *context = carrier_extract(jaeger, &c);
    carrier_inject(jaeger, &sent, context);
    CHECK_STRING(carrier_value(&sent, "uber-trace-id"),
                 "0000000000000000a3ce929d0e0e4736:0000000000000001:0:01");
    impact_context_release(context);
}

TEST(a_name_that_no_field_can_have_is_not_written)
{
    const impact_baggage *baggage = NULL;
    CHECK_EQUAL(impact_baggage_set(&baggage, NULL, impact_text_of("a\r\nb"), impact_text_of("1"),
                                   impact_text_of(NULL)),
                IMPACT_OK);
    const impact_context *context = impact_context_with_baggage(impact_context_root(), baggage);
    carrier sent = {.count = 0};
    carrier_inject(jaeger, &sent, context);
    CHECK_EQUAL(sent.count, 0);
    impact_context_release(context);
    impact_baggage_release(baggage);
}

/* Baggage of one name, and a carrier into which it was injected. */
static size_t count_sent_of(size_t name_size)
{
    char name[256];
    memset(name, 'n', sizeof name);
    const impact_baggage *baggage = NULL;
    CHECK_EQUAL(impact_baggage_set(&baggage, NULL, impact_text_from(name, name_size),
                                   impact_text_of("1"), impact_text_of(NULL)),
                IMPACT_OK);
    const impact_context *context = impact_context_with_baggage(impact_context_root(), baggage);
    carrier sent = {.count = 0};
    carrier_inject(jaeger, &sent, context);
    const impact_context *came = carrier_extract(jaeger, &sent);
    CHECK_EQUAL(impact_baggage_count(impact_context_baggage(came)), sent.count);
    impact_context_release(came);
    impact_context_release(context);
    impact_baggage_release(baggage);
    return sent.count;
}

TEST(a_name_of_247_bytes_has_room_behind_the_prefix_and_a_longer_one_is_not_written)
{
    CHECK_EQUAL(count_sent_of(1), 1);
    CHECK_EQUAL(count_sent_of(247), 1);
    CHECK_EQUAL(count_sent_of(248), 0);
}

TEST(without_memory_what_can_be_is_read_and_nothing_leaks)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        carrier c = {.count = 0};
        carrier_add(&c, "uber-trace-id", TRACE ":" SPAN ":0:1");
        carrier_add(&c, "uberctx-a", "1");
        carrier_add(&c, "uberctx-b", "2");
        const impact_context *context = carrier_extract(jaeger, &c);
        CHECK(f.injected || has(context, "b", "2"));
        impact_context_release(context);
        impact_allocator_set_default(NULL);
    }
}

TEST(without_a_getter_or_setter_nothing_happens)
{
    jaeger->inject(jaeger, impact_context_root(), NULL, NULL);
    CHECK(jaeger->extract(jaeger, impact_context_root(), NULL, NULL) == impact_context_root());
}
