/* What is recorded is what is read back: values, replacement at every place, limits, order. */
#include <math.h>
#include <stdlib.h>

#include "support/check.h"
#include "support/tracing.h"
#include "trace/live_span.h"

static tracing t;
static impact_span_view view;
static impact_value_view value;

static const impact_span_context other = {
    .trace_id = {{9}}, .span_id = {{8}}, .trace_flags = 1, .trace_state = {"l=1"}};

static impact_span *begin(void)
{
    return impact_span_start(t.tracer, "span", NULL);
}

static bool open_with(impact_span_limits limits)
{
    return tracing_open(&t, IMPACT_TRACE_OPTIONS(.limits = limits));
}

/* One attribute, written and read back into `value`. */
static bool round_trip(impact_attribute attribute)
{
    impact_span *span = begin();
    impact_span_set(span, attribute);
    return tracing_end(&t, span, &view) && count_attributes(view.attributes) == 1 &&
           find_attribute(view.attributes, "key", &value) && view.dropped_attribute_count == 0;
}

static bool is_double(double should)
{
    return value.type == IMPACT_VALUE_DOUBLE && memcmp(&value.real, &should, sizeof should) == 0;
}

TEST(scalars_come_back_as_they_were)
{
    static const int64_t integers[] = {0, 1, -1, 127, 128, INT64_MAX, INT64_MIN};
    static const double reals[] = {
        0.0, -0.0, 1.5, (double)NAN, -1e308, 5e-324, (double)INFINITY, -(double)INFINITY};
    REQUIRE(tracing_open(&t, NULL));
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        CHECK(round_trip(impact_int("key", integers[i])) && value.type == IMPACT_VALUE_INT &&
              value.integer == integers[i]);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        CHECK(round_trip(impact_double("key", reals[i])) && is_double(reals[i]));
    for (int i = 0; i < 2; i++)
        CHECK(round_trip(impact_bool("key", i)) && value.type == IMPACT_VALUE_BOOL &&
              value.boolean == i);
    tracing_close(&t);
}

TEST(strings_of_every_size_come_back)
{
    static char text[20000];
    memset(text, 'x', sizeof text);
    REQUIRE(tracing_open(&t, NULL));
    for (size_t size = 0; size < sizeof text; size += size < 300 ? 1 : 997) {
        CHECK(round_trip(impact_string_n("key", text, size)));
        CHECK_EQUAL(value.type, IMPACT_VALUE_STRING);
        CHECK(value.string.size == size && (!size || memcmp(value.string.data, text, size) == 0));
    }
    CHECK(round_trip(impact_string_n("key", "a\0b", 3)) && value.string.size == 3);
    tracing_close(&t);
}

TEST(keys_of_every_size_come_back)
{
    char key[300];
    REQUIRE(tracing_open(&t, NULL));
    for (size_t size = 1; size < sizeof key; size++) {
        memset(key, 'k', size);
        key[size] = 0;
        impact_span *span = begin();
        impact_span_set(span, impact_int(key, 5));
        impact_span_set(span, impact_int(key, 6));
        REQUIRE(tracing_end(&t, span, &view));
        CHECK(has_int(view.attributes, key, 6));
        if (size + 1 == sizeof key)
            break;
    }
    tracing_close(&t);
}

TEST(arrays_come_back_item_by_item)
{
    static const int64_t integers[] = {INT64_MIN, 0, 300};
    static const double reals[] = {1.5, -0.0};
    static const bool booleans[] = {true, false};
    const impact_text strings[] = {
        impact_text_of("a"), {NULL, 0}, {NULL, 7}, impact_text_of("\xFF")};
    impact_value_view item;
    REQUIRE(tracing_open(&t, NULL));
    REQUIRE(round_trip(impact_ints("key", integers, 3)));
    CHECK_EQUAL(value.type, IMPACT_VALUE_ARRAY);
    for (int i = 0; i < 3; i++)
        CHECK(impact_value_view_next(&value.items, &item) && item.integer == integers[i]);
    CHECK(!impact_value_view_next(&value.items, &item));
    REQUIRE(round_trip(impact_doubles("key", reals, 2)));
    for (int i = 0; i < 2; i++)
        CHECK(impact_value_view_next(&value.items, &item) && !memcmp(&item.real, &reals[i], 8));
    REQUIRE(round_trip(impact_bools("key", booleans, 2)));
    for (int i = 0; i < 2; i++)
        CHECK(impact_value_view_next(&value.items, &item) && item.boolean == booleans[i]);
    static const char *const read_back[] = {"a", "", "", "\xEF\xBF\xBD"};
    REQUIRE(round_trip(impact_strings("key", strings, 4)));
    for (int i = 0; i < 4; i++)
        CHECK(impact_value_view_next(&value.items, &item) && is_text(item.string, read_back[i]));
    tracing_close(&t);
}

TEST(empty_arrays_are_recorded)
{
    REQUIRE(tracing_open(&t, NULL));
    const impact_attribute empty[] = {impact_ints("key", NULL, 0), impact_doubles("key", NULL, 9),
                                      impact_bools("key", NULL, 0), impact_strings("key", NULL, 0)};
    for (size_t i = 0; i < 4; i++) {
        impact_value_view item;
        CHECK(round_trip(empty[i]) && value.type == IMPACT_VALUE_ARRAY);
        CHECK(!impact_value_view_next(&value.items, &item));
    }
    tracing_close(&t);
}

TEST(values_that_are_not_utf8_are_repaired)
{
    REQUIRE(tracing_open(&t, NULL));
    CHECK(round_trip(impact_string("key", "a\xFFz")) && is_text(value.string, "a\xEF\xBF\xBDz"));
    CHECK(round_trip(impact_string("key", "\xC3\xA9\xED\xA0\x80")) &&
          is_text(value.string, "\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
    tracing_close(&t);
}

TEST(what_cannot_be_kept_is_dropped_and_counted_and_what_says_nothing_is_ignored)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_attribute unknown = impact_int("key", 1);
    unknown.value.type = (impact_value_type)99;
    impact_attribute hollow = impact_ints("key", NULL, 0);
    hollow.value.count = 3;
    impact_attribute bare = impact_string("bare", "");
    bare.value.string = NULL;
    bare.value.count = 7;
    impact_span *span = begin();
    impact_span_set(span, impact_int("bad\xFFkey", 1));
    impact_span_set(span, unknown);
    impact_span_set(span, hollow);
    impact_span_set(span, impact_int("", 1));
    impact_span_set(span, impact_int(NULL, 1));
    impact_span_set(span, impact_string("none", NULL));
    impact_span_set(span, bare);
    impact_span_set_all(span, NULL, 5);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.dropped_attribute_count, 3);
    CHECK_EQUAL(count_attributes(view.attributes), 1);
    CHECK(has_string(view.attributes, "bare", ""));
    tracing_close(&t);
}

TEST(the_lists_of_events_and_links_drop_and_ignore_as_spans_do)
{
    impact_event_view event;
    impact_link_view link;
    REQUIRE(open_with((impact_span_limits){.event_attribute_limit = 2, .link_attribute_limit = 1}));
    const impact_attribute list[] = {
        impact_int("a", 1), impact_string("a", NULL), impact_int("", 1),     impact_int("b", 1),
        impact_int("b", 2), impact_int("bad\xFF", 1), impact_int("over", 1),
    };
    impact_span *span = begin();
    impact_span_add_event(span, "event", 7, list, sizeof list / sizeof *list);
    impact_span_add_link(span, &(impact_link){&other, list, sizeof list / sizeof *list});
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK_EQUAL(event.unix_ns, 7);
    CHECK(has_int(event.attributes, "a", 1) && has_int(event.attributes, "b", 2));
    CHECK_EQUAL(count_attributes(event.attributes), 2);
    CHECK_EQUAL(event.dropped_attribute_count, 2); /* the bad key, and one over the limit */
    REQUIRE(impact_link_view_next(&view.links, &link));
    CHECK(has_int(link.attributes, "a", 1));
    CHECK_EQUAL(link.dropped_attribute_count, 3);
    CHECK(memcmp(&link.context.trace_id, &other.trace_id, 16) == 0);
    CHECK(is_text(link.context.trace_state, "l=1"));
    tracing_close(&t);
}

/* ---- replacement ---- */

enum { attribute_count = 9 };

static char big_text[3000];

/* Values of many sizes and types, by number. */
static impact_attribute variant(const char *key, int number)
{
    static const int64_t integers[] = {1, 2, 3};
    switch (number) {
    case 0:
        return impact_int(key, 1);
    case 1:
        return impact_int(key, INT64_MIN);
    case 2:
        return impact_string(key, "");
    case 3:
        return impact_string_n(key, big_text, 48);
    case 4:
        return impact_string_n(key, big_text, 130);
    case 5:
        return impact_string_n(key, big_text, sizeof big_text);
    case 6:
        return impact_bool(key, true);
    case 7:
        return impact_double(key, 2.5);
    default:
        return impact_ints(key, integers, 3);
    }
}

static void check_variant(impact_message_walk attributes, const char *key, int number)
{
    const impact_attribute should = variant(key, number);
    REQUIRE(find_attribute(attributes, key, &value));
    const bool is_array = should.value.type == IMPACT_VALUE_INT_ARRAY;
    CHECK_EQUAL(value.type, is_array ? IMPACT_VALUE_ARRAY : should.value.type);
    if (should.value.type == IMPACT_VALUE_STRING)
        CHECK(value.string.size == should.value.count &&
              memcmp(value.string.data, should.value.string, should.value.count) == 0);
    if (should.value.type == IMPACT_VALUE_INT)
        CHECK(value.integer == should.value.integer);
}

/* Attributes around an event, a link and a status; then one of them gets another value. */
static void check_replacement(int place, int before, int after)
{
    impact_event_view event;
    impact_link_view link;
    char key[] = "k0";
    impact_span *span = begin();
    for (int i = 0; i < attribute_count; i++) {
        key[1] = (char)('0' + i);
        impact_span_set(span, variant(key, i == place ? before : i));
        if (i == 2)
            impact_span_add_event(span, "event", 0, NULL, 0);
        if (i == 4)
            impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "first");
        if (i == 6)
            impact_span_add_link(span, &(impact_link){.context = &other});
    }
    key[1] = (char)('0' + place);
    impact_span_set(span, variant(key, after));
    impact_span_set_name(span, "another name");
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "second, and longer");
    impact_span_set_name_n(span, big_text, 500);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_attributes(view.attributes), attribute_count);
    for (int i = 0; i < attribute_count; i++) {
        key[1] = (char)('0' + i);
        check_variant(view.attributes, key, i == place ? after : i);
    }
    CHECK_EQUAL(view.name.size, 500);
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_ERROR);
    CHECK(is_text(view.status_description, "second, and longer"));
    CHECK(impact_event_view_next(&view.events, &event) && is_text(event.name, "event"));
    CHECK(impact_link_view_next(&view.links, &link));
    CHECK_EQUAL(view.dropped_attribute_count + view.dropped_event_count + view.dropped_link_count,
                0);
}

TEST(a_key_set_again_replaces_its_value_at_every_place)
{
    memset(big_text, 'b', sizeof big_text);
    REQUIRE(tracing_open(&t, NULL));
    for (int place = 0; place < attribute_count; place++)
        for (int before = 0; before <= 8; before++)
            for (int after = 0; after <= 8; after++)
                check_replacement(place, before, after);
    tracing_close(&t);
}

TEST(a_name_is_replaced_before_and_after_attributes)
{
    memset(big_text, 'b', sizeof big_text);
    REQUIRE(tracing_open(&t, NULL));
    for (size_t first = 0; first < 300; first += 33)
        for (size_t second = 0; second < 300; second += 29) {
            impact_span *span = begin();
            impact_span_set_name_n(span, big_text, first);
            impact_span_set(span, impact_int("a", 1));
            impact_span_set_status(span, IMPACT_SPAN_STATUS_OK, NULL);
            impact_span_set_name_n(span, big_text, second);
            impact_span_set(span, impact_string("a", "changed"));
            REQUIRE(tracing_end(&t, span, &view));
            CHECK_EQUAL(view.name.size, second);
            CHECK(has_string(view.attributes, "a", "changed"));
            CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_OK);
        }
    impact_span *span = begin();
    impact_span_set_name(span, NULL);
    impact_span_set_name(span, "n\xFF");
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.name, "n\xEF\xBF\xBD"));
    tracing_close(&t);
}

/* ---- limits ---- */

TEST(counts_have_limits_and_what_is_over_them_is_counted)
{
    char key[16];
    REQUIRE(
        open_with((impact_span_limits){.attribute_limit = 3, .event_limit = 2, .link_limit = 1}));
    impact_span *span = begin();
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        impact_span_set(span, impact_int(key, i));
        impact_span_add_event(span, key, 0, NULL, 0);
        impact_span_add_link(span, &(impact_link){.context = &other});
    }
    impact_span_set(span, impact_int("k0", 100)); /* replaced, though the span is full */
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_attributes(view.attributes), 3);
    CHECK(has_int(view.attributes, "k0", 100) && has_int(view.attributes, "k2", 2));
    CHECK_EQUAL(view.dropped_attribute_count, 7);
    CHECK_EQUAL(view.dropped_event_count, 8);
    CHECK_EQUAL(view.dropped_link_count, 9);
    tracing_close(&t);
}

TEST(values_are_cut_by_characters)
{
    const impact_text items[] = {impact_text_of("abcd"),
                                 impact_text_of("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9")};
    impact_value_view item;
    REQUIRE(open_with((impact_span_limits){.value_length_limit = 3}));
    CHECK(round_trip(impact_string("key", "abc")) && is_text(value.string, "abc"));
    CHECK(round_trip(impact_string("key", "abcd")) && is_text(value.string, "abc"));
    CHECK(round_trip(impact_string("key", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z")) &&
          is_text(value.string, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    CHECK(round_trip(impact_string("key", "\xFF\xFF\xFF\xFF")) &&
          is_text(value.string, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
    REQUIRE(round_trip(impact_strings("key", items, 2)));
    CHECK(impact_value_view_next(&value.items, &item) && is_text(item.string, "abc"));
    CHECK(impact_value_view_next(&value.items, &item) &&
          is_text(item.string, "\xC3\xA9\xC3\xA9\xC3\xA9"));
    tracing_close(&t);
}

/* 0 is "not set", so code says 0 by name. */
TEST(a_limit_that_code_says_is_zero_keeps_nothing)
{
    const impact_attribute one = impact_int("k", 1);
    impact_event_view event;
    REQUIRE(open_with((impact_span_limits){.attribute_limit = IMPACT_ZERO,
                                           .link_limit = IMPACT_ZERO,
                                           .event_attribute_limit = IMPACT_ZERO}));
    impact_span *span = begin();
    impact_span_set(span, one);
    impact_span_add_link(span, &(impact_link){.context = &other});
    impact_span_add_event(span, "event", 0, &one, 1);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_attributes(view.attributes), 0);
    CHECK_EQUAL(view.dropped_attribute_count, 1);
    CHECK_EQUAL(view.dropped_link_count, 1);
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK_EQUAL(count_attributes(event.attributes), 0);
    CHECK_EQUAL(event.dropped_attribute_count, 1);
    tracing_close(&t);
    REQUIRE(open_with((impact_span_limits){.value_length_limit = IMPACT_ZERO}));
    CHECK(round_trip(impact_string("key", "text")) && is_text(value.string, ""));
    CHECK(round_trip(impact_int("key", 7)) && value.integer == 7);
    tracing_close(&t);
}

TEST(a_link_without_ids_is_recorded_where_it_says_something)
{
    const impact_span_context nothing = {.is_remote = true};
    const impact_span_context with_state = {.trace_state = {"a=1"}};
    const impact_attribute why = impact_string("why", "it began elsewhere");
    impact_link_view link;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_add_link(span, &(impact_link){&nothing, &why, 1});
    impact_span_add_link(span, &(impact_link){&with_state, NULL, 0});
    impact_span_add_link(span, &(impact_link){&nothing, NULL, 0});
    impact_span_add_link(span, &(impact_link){NULL, &why, 1});
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_link_view_next(&view.links, &link));
    CHECK(has_string(link.attributes, "why", "it began elsewhere") && link.context.is_remote);
    REQUIRE(impact_link_view_next(&view.links, &link));
    CHECK(is_text(link.context.trace_state, "a=1"));
    REQUIRE(impact_link_view_next(&view.links, &link));
    CHECK(has_string(link.attributes, "why", "it began elsewhere"));
    CHECK(!impact_link_view_next(&view.links, &link));
    CHECK_EQUAL(view.dropped_link_count, 0);
    tracing_close(&t);
}

TEST(names_are_cut_at_4096_characters)
{
    static char name[5000];
    memset(name, 'n', sizeof name);
    REQUIRE(tracing_open(&t, NULL));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, name, IMPACT_SPAN_OPTIONS(.name_size = 5000)), &view));
    CHECK_EQUAL(view.name.size, 4096);
    tracing_close(&t);
}

/* ---- status, events, links ---- */

static void check_status(impact_span *span, impact_span_status status, const char *description)
{
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(view.status, status);
    CHECK(is_text(view.status_description, description));
}

TEST(status_follows_the_rules_of_the_specification)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_set_status(span, IMPACT_SPAN_STATUS_UNSET, "ignored");
    impact_span_set_status(span, (impact_span_status)3, "ignored");
    check_status(span, IMPACT_SPAN_STATUS_UNSET, "");
    span = begin();
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "broken \xFF");
    impact_span_set_status(span, IMPACT_SPAN_STATUS_UNSET, NULL); /* ignored */
    check_status(span, IMPACT_SPAN_STATUS_ERROR, "broken \xEF\xBF\xBD");
    span = begin();
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "broken");
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, NULL);
    check_status(span, IMPACT_SPAN_STATUS_ERROR, "");
    span = begin();
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "broken");
    impact_span_set_status(span, IMPACT_SPAN_STATUS_OK, "kept for errors only");
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "too late: ok is final");
    check_status(span, IMPACT_SPAN_STATUS_OK, "");
    tracing_close(&t);
}

TEST(events_and_links_come_in_their_order)
{
    impact_event_view event;
    impact_link_view link;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    for (uint8_t i = 1; i <= 9; i++) {
        const impact_span_context context = {
            .trace_id = {{i}}, .span_id = {{i}}, .is_remote = i == 9};
        const char name[] = {(char)('0' + i), 0};
        impact_span_add_event(span, name, i, NULL, 0);
        impact_span_add_link(span, &(impact_link){.context = &context});
    }
    REQUIRE(tracing_end(&t, span, &view));
    for (uint8_t i = 1; i <= 9; i++) {
        REQUIRE(impact_event_view_next(&view.events, &event));
        CHECK(event.name.data[0] == '0' + i && event.unix_ns == i);
        REQUIRE(impact_link_view_next(&view.links, &link));
        CHECK_EQUAL(link.context.trace_id.bytes[0], i);
        CHECK_EQUAL(link.context.is_remote, i == 9);
    }
    CHECK(!impact_event_view_next(&view.events, &event));
    CHECK(!impact_link_view_next(&view.links, &link));
    tracing_close(&t);
}

TEST(links_to_nowhere_are_ignored)
{
    const impact_span_context invalid = {.trace_id = {{1}}};
    impact_link_view link;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_add_link(span, NULL);
    impact_span_add_link(span, &(impact_link){0});
    impact_span_add_link(span, &(impact_link){.context = &invalid});
    impact_span_add_event(span, NULL, 0, NULL, 0);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(!impact_link_view_next(&view.links, &link));
    CHECK_EQUAL(view.dropped_link_count + view.dropped_event_count, 0);
    tracing_close(&t);
}

TEST(a_links_trace_state_that_is_not_text_is_left_out)
{
    impact_link_view link;
    impact_span_context context = other;
    context.trace_state = (impact_trace_state){"l=\xFF"};
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_add_link(span, &(impact_link){.context = &context});
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_link_view_next(&view.links, &link));
    CHECK_EQUAL(link.context.trace_state.size, 0);
    tracing_close(&t);
}

TEST(an_exception_is_an_event_with_what_is_known_of_it)
{
    impact_event_view event;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin();
    impact_span_record_exception(span, "Type", "message", "stack", NULL, 0);
    impact_span_record_exception(span, NULL, "message", NULL, NULL, 0);
    impact_span_record_exception(span, NULL, NULL, NULL, NULL, 3);
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK(is_text(event.name, "exception"));
    CHECK(event.unix_ns >= view.start_unix_ns && event.unix_ns <= view.end_unix_ns);
    CHECK(has_string(event.attributes, "exception.type", "Type"));
    CHECK(has_string(event.attributes, "exception.message", "message"));
    CHECK(has_string(event.attributes, "exception.stacktrace", "stack"));
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK_EQUAL(count_attributes(event.attributes), 1);
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK_EQUAL(count_attributes(event.attributes), 0);
    tracing_close(&t);
}

TEST(an_exception_takes_attributes_and_they_win_over_its_own)
{
    impact_event_view event;
    REQUIRE(open_with((impact_span_limits){.event_attribute_limit = 4}));
    impact_span *span = begin();
    impact_span_record_exception(span, "Type", "message", NULL,
                                 IMPACT_MEMBERS(impact_string("exception.message", "better"),
                                                impact_string("exception.type", NULL),
                                                impact_int("n", 1), impact_int("o", 2),
                                                impact_int("over the limit", 3)));
    REQUIRE(tracing_end(&t, span, &view));
    REQUIRE(impact_event_view_next(&view.events, &event));
    CHECK(has_string(event.attributes, "exception.type", "Type"));
    CHECK(has_string(event.attributes, "exception.message", "better"));
    CHECK(has_int(event.attributes, "n", 1) && has_int(event.attributes, "o", 2));
    CHECK_EQUAL(count_attributes(event.attributes), 4);
    CHECK_EQUAL(event.dropped_attribute_count, 1);
    tracing_close(&t);
}
