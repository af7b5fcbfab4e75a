/* The room of a span: what does not fit is cut, not lost; what says that something went wrong has
 * room. */
#include "trace/room.h"

#include <stdlib.h>

#include <impact/diagnostics.h>

#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"

static tracing t;
static impact_span_view view;
static impact_value_view value;

static const impact_span_context other = {.trace_id = {{9}}, .span_id = {{8}}};

static impact_span *begin(void)
{
    return impact_span_start(t.tracer, "span", NULL);
}

static bool open_with(impact_span_limits limits)
{
    return tracing_open(&t, IMPACT_TRACE_OPTIONS(.limits = limits));
}

static char *text_of(char c, size_t size)
{
    char *text = malloc(size + 1);
    memset(text, c, size);
    text[size] = 0;
    return text;
}

static int said;

static void count_said(impact_severity severity, const char *message, uint64_t suppressed,
                       void *userdata)
{
    (void)severity;
    (void)userdata;
    said += check_contains(message, "room") ? 1 + (int)suppressed : 0;
}

TEST(a_value_that_does_not_fit_is_cut_to_the_room_counted_and_said_once)
{
    char *text = text_of('x', 40000);
    REQUIRE(open_with((impact_span_limits){.span_bytes = 100000}));
    impact_diagnostics_set_callback(count_said, NULL);
    impact_span *span = begin();
    impact_span_set(span, impact_string_n("a", text, 40000));
    impact_span_set(span, impact_string_n("b", text, 40000));
    impact_span_set(span, impact_string_n("c", text, 40000)); /* cut */
    impact_span_set(span, impact_string_n("d", text, 40000)); /* nothing would be left of it */
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(said, 1);
    CHECK_EQUAL(view.dropped_attribute_count, 1);
    CHECK(find_attribute(view.attributes, "b", &value) && value.string.size == 40000);
    CHECK(find_attribute(view.attributes, "c", &value) && value.string.size > 4000 &&
          value.string.size < 6000);
    impact_diagnostics_set_callback(NULL, NULL);
    free(text);
    tracing_close(&t);
}

TEST(text_is_cut_at_the_border_of_a_character)
{
    char *text = text_of(0, 3000);
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    for (int pad = 0; pad < 6; pad++) {
        REQUIRE(open_with((impact_span_limits){.span_bytes = 1024}));
        impact_span *span = begin();
        impact_span_set(span, impact_string_n("pad", "xxxxxx", (size_t)pad));
        impact_span_set(span, impact_string_n("text", text, 3000));
        REQUIRE(tracing_end(&t, span, &view));
        REQUIRE(find_attribute(view.attributes, "text", &value));
        CHECK(value.string.size > 600 && value.string.size % 3 == 0);
        CHECK(memcmp(value.string.data, text, value.string.size) == 0);
        tracing_close(&t);
    }
    free(text);
}

TEST(text_that_is_not_utf8_is_cut_to_what_it_takes_repaired)
{
    char *text = text_of('\xFF', 3000);
    REQUIRE(open_with((impact_span_limits){.span_bytes = 1024}));
    impact_span *span = begin();
    impact_span_set(span, impact_string_n("text", text, 3000));
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(find_attribute(view.attributes, "text", &value));
    CHECK(value.string.size > 600 && value.string.size < 1024 && value.string.size % 3 == 0);
    free(text);
    tracing_close(&t);
}

TEST(texts_and_bytes_within_a_value_are_cut_to_one_length)
{
    char *text = text_of('x', 30000);
    const impact_text texts[] = {impact_text_from(text, 30000), impact_text_of("short"),
                                 impact_text_from(text, 30000)};
    impact_value_view item;
    REQUIRE(open_with((impact_span_limits){.span_bytes = 20000}));
    impact_span *span = begin();
    impact_span_set(span, impact_strings("array", texts, 3));
    impact_span_set(span, impact_bytes("none", text, 30000)); /* no room is left */
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(find_attribute(view.attributes, "array", &value));
    CHECK(impact_value_view_next(&value.items, &item) && item.string.size > 8000);
    CHECK(impact_value_view_next(&value.items, &item) && is_text(item.string, "short"));
    CHECK(impact_value_view_next(&value.items, &item) && item.string.size > 8000);
    span = begin();
    impact_span_set(span, impact_bytes("bytes", text, 30000));
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(find_attribute(view.attributes, "bytes", &value) && value.string.size > 16000);
    free(text);
    tracing_close(&t);
}

static impact_text attribute_of(impact_event_view event, const char *key)
{
    impact_value_view found = {.type = IMPACT_VALUE_NONE};
    return find_attribute(event.attributes, key, &found) ? found.string : impact_text_of(NULL);
}

TEST(a_full_span_has_room_for_an_exception_and_its_status)
{
    char *text = text_of('x', 2 << 20);
    impact_event_view event;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_set(span, impact_string("before", text));
    for (int i = 0; i < 100; i++)
        impact_span_add_event(span, "filler", 0, NULL, 0);
    impact_span_record_exception(span, "ValueError", text, text, NULL, 0);
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, text);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_ERROR);
    CHECK(view.status_description.size > 30000 && view.status_description.size < 33000);
    impact_event_view last = {.name = impact_text_of(NULL)};
    while (impact_event_view_next(&view.events, &event))
        last = event;
    CHECK(is_text(last.name, "exception"));
    CHECK(is_text(attribute_of(last, "exception.type"), "ValueError"));
    CHECK(attribute_of(last, "exception.message").size > 60000);
    CHECK(attribute_of(last, "exception.stacktrace").size > 60000);
    free(text);
    tracing_close(&t);
}

TEST(a_status_of_300_kb_is_kept_whole_and_a_value_too)
{
    char *text = text_of('x', 300000);
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_set(span, impact_string("value", text));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, text);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.status_description.size, 300000);
    CHECK(find_attribute(view.attributes, "value", &value) && value.string.size == 300000);
    free(text);
    tracing_close(&t);
}

TEST(an_event_whose_attributes_do_not_fit_is_kept_without_them)
{
    impact_attribute many[100];
    char keys[100][40];
    impact_event_view event;
    REQUIRE(open_with((impact_span_limits){.span_bytes = 1024}));
    for (int i = 0; i < 100; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "a.key.of.some.length.%d", i);
        many[i] = impact_int(keys[i], i);
    }
    impact_span *span = begin();
    impact_span_add_event(span, "event", 0, many, 100);
    impact_span_add_link(span, &(impact_link){&other, many, 100});
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK(is_text(event.name, "event") && event.dropped_attribute_count == 100);
    impact_link_view link;
    CHECK(impact_link_view_next(&view.links, &link) && link.dropped_attribute_count == 100);
    tracing_close(&t);
}

TEST(a_name_that_does_not_fit_is_cut_and_a_replaced_one_gives_its_room_back)
{
    char *text = text_of('n', 4000);
    REQUIRE(open_with((impact_span_limits){.span_bytes = 2048}));
    impact_span *span = impact_span_start(t.tracer, text, NULL);
    impact_span_set_name(span, "short");
    impact_span_set(span, impact_string_n("a", text, 1000));
    impact_span_set_name(span, text);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(view.name.size > 400 && view.name.size < 700);
    CHECK(find_attribute(view.attributes, "a", &value) && value.string.size == 1000);
    free(text);
    tracing_close(&t);
}

TEST(the_room_of_a_span_has_bounds)
{
    char *text = text_of('x', 20 << 20);
    REQUIRE(open_with((impact_span_limits){.span_bytes = 1}));
    impact_span *span = begin();
    impact_span_set(span, impact_string("a", text));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, text);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(view.status == IMPACT_SPAN_STATUS_ERROR && view.status_description.size > 10);
    CHECK(find_attribute(view.attributes, "a", &value) && value.string.size > 700);
    tracing_close(&t);
    free(text);
}

TEST(a_status_needs_no_memory)
{
    faults f;
    char *text = text_of('x', 5000);
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    f.fails_for_good = true;
    atomic_store(&f.fail_at, atomic_load(&f.count) + 1);
    for (int i = 0; i < 100; i++)
        impact_span_add_event(span, "until it is full", 1, NULL, 0);
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, text);
    atomic_store(&f.fail_at, 0);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_ERROR);
    free(text);
    tracing_close_all(&t, &f);
    faults_close(&f);
}

static size_t count_events(const impact_span_view *of)
{
    impact_message_walk walk = of->events;
    impact_event_view event;
    size_t count = 0;
    while (impact_event_view_next(&walk, &event))
        count++;
    return count;
}

TEST(an_exception_has_a_place_in_a_span_that_is_full_of_events)
{
    const impact_attribute type = impact_string("exception.type", "ValueError");
    REQUIRE(open_with((impact_span_limits){.event_limit = 3}));
    impact_span *span = begin();
    for (int i = 0; i < 5; i++)
        impact_span_add_event(span, "event", 0, NULL, 0);
    impact_span_record_exception(span, "ValueError", "bad", NULL, NULL, 0);
    impact_span_add_event(span, "event", 0, &type, 1);
    for (int i = 0; i < 20; i++)
        impact_span_add_event(span, "exception", 0, &type, 1);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_events(&view), 3 + 8);
    CHECK_EQUAL(view.dropped_event_count, 2 + 1 + 13);
    tracing_close(&t);
}

TEST(where_no_event_is_wanted_an_exception_is_none_either)
{
    REQUIRE(open_with((impact_span_limits){.event_limit = IMPACT_ZERO}));
    impact_span *span = begin();
    impact_span_record_exception(span, "ValueError", "bad", NULL, NULL, 0);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_events(&view), 0);
    CHECK_EQUAL(view.dropped_event_count, 1);
    tracing_close(&t);
}
