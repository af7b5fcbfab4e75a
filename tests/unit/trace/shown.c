/* Spans that are read in their own process: a copy of a live one, and what is shown of an ended
 * one. */
#include <impact/span.h>

#include <string.h>

#include "support/check.h"
#include "support/tracing.h"

typedef struct kept_span {
    char bytes[512];
    size_t size;
    int count;
} kept_span;

static void keep(void *userdata, impact_text span)
{
    kept_span *kept = userdata;
    kept->count++;
    kept->size = span.size;
    if (span.size <= sizeof kept->bytes)
        memcpy(kept->bytes, span.data, span.size);
}

TEST(a_live_span_can_be_read_and_goes_on)
{
    tracing t;
    impact_span_view view;
    char bytes[512] = {'x'};
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = impact_span_start(t.tracer, "checkout", NULL);
    impact_span_set(span, impact_int("a", 1));
    const size_t size = impact_span_copy(span, NULL, 0);
    REQUIRE(size > 0 && size <= sizeof bytes);
    CHECK_EQUAL(impact_span_copy(span, bytes, size - 1), size);
    CHECK_EQUAL(bytes[0], 'x');
    CHECK_EQUAL(impact_span_copy(span, bytes, sizeof bytes), size);
    REQUIRE(impact_span_view_parse(&view, impact_text_from(bytes, size)));
    CHECK(is_text(view.name, "checkout"));
    CHECK(view.start_unix_ns > 0);
    CHECK_EQUAL(view.end_unix_ns, 0);
    CHECK_EQUAL(count_attributes(view.attributes), 1);
    impact_span_set(span, impact_int("b", 2));
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.name, "checkout"));
    CHECK_EQUAL(count_attributes(view.attributes), 2);
    CHECK_EQUAL(impact_span_copy(span, bytes, sizeof bytes), 0);
    tracing_close(&t);
}

TEST(what_is_shown_of_a_span_that_ends_is_what_is_exported)
{
    tracing t;
    impact_span_view view;
    kept_span kept = {.count = 0};
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = impact_span_start(t.tracer, "checkout", NULL);
    impact_span_set(span, impact_int("a", 1));
    impact_span_end_showing(span, 0, keep, &kept);
    impact_span_end_showing(span, 0, keep, &kept); /* it is over */
    CHECK_EQUAL(kept.count, 1);
    REQUIRE(tracing_count(&t) == 1 && tracing_read(&t, &view, 0));
    impact_span_view shown;
    REQUIRE(impact_span_view_parse(&shown, impact_text_from(kept.bytes, kept.size)));
    CHECK(is_text(shown.name, "checkout"));
    CHECK_EQUAL(shown.end_unix_ns, view.end_unix_ns);
    CHECK(memcmp(&shown.context.span_id, &view.context.span_id, sizeof view.context.span_id) == 0);
    tracing_close(&t);
}

TEST(of_a_span_that_records_nothing_nothing_is_shown)
{
    tracing t;
    kept_span kept = {.count = 0};
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_always_off())));
    impact_span *span = impact_span_start(t.tracer, "checkout", NULL);
    CHECK_EQUAL(impact_span_copy(span, kept.bytes, sizeof kept.bytes), 0);
    impact_span_end_showing(span, 0, keep, &kept);
    CHECK_EQUAL(kept.count, 0);
    tracing_close(&t);
}
