/* The decoder: what is written is read, in any order; what is broken is absent or false. */
#include <impact/span_view.h>

#include "support/check.h"
#include "support/message.h"

static const uint8_t trace_id[16] = {1, 2, 3, [15] = 16};
static const uint8_t span_id[8] = {9, [7] = 8};
static const uint8_t parent_id[8] = {7, [7] = 1};

static message whole_span(void)
{
    message span = {.size = 0};
    message_bytes(&span, 1, trace_id, sizeof trace_id);
    message_bytes(&span, 2, span_id, sizeof span_id);
    message_string(&span, 3, "a=1");
    message_bytes(&span, 4, parent_id, sizeof parent_id);
    message_fixed32(&span, 16, 0x303);
    message_varint(&span, 6, 3);
    message_fixed64(&span, 7, 1000);
    message_fixed64(&span, 8, 2500);
    message_varint(&span, 10, 4);
    message_varint(&span, 12, 5);
    message_varint(&span, 14, 6);
    message_string(&span, 5, "checkout");
    message status = {.size = 0};
    message_string(&status, 2, "broken");
    message_varint(&status, 3, 2);
    message_nested(&span, 15, &status);
    return span;
}

static bool is_text(impact_text text, const char *should)
{
    return text.size == strlen(should) && memcmp(text.data, should, text.size) == 0;
}

static void check_whole_span(const impact_span_view *view)
{
    CHECK(memcmp(view->context.trace_id.bytes, trace_id, sizeof trace_id) == 0);
    CHECK(memcmp(view->context.span_id.bytes, span_id, sizeof span_id) == 0);
    CHECK(memcmp(view->parent_span_id.bytes, parent_id, sizeof parent_id) == 0);
    CHECK(is_text(view->context.trace_state, "a=1"));
    CHECK_EQUAL(view->context.trace_flags, 3);
    CHECK(view->has_parent);
    CHECK(view->is_parent_remote);
    CHECK(is_text(view->name, "checkout"));
    CHECK_EQUAL(view->kind, IMPACT_SPAN_KIND_CLIENT);
    CHECK_EQUAL(view->start_unix_ns, 1000);
    CHECK_EQUAL(view->end_unix_ns, 2500);
    CHECK_EQUAL(view->dropped_attribute_count, 4);
    CHECK_EQUAL(view->dropped_event_count, 5);
    CHECK_EQUAL(view->dropped_link_count, 6);
    CHECK_EQUAL(view->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK(is_text(view->status_description, "broken"));
}

TEST(every_field_of_a_span_is_read)
{
    const message span = whole_span();
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&span)));
    check_whole_span(&view);
}

TEST(fields_may_come_in_any_order)
{
    const message span = whole_span();
    message turned = {.size = 0};
    impact_text rest = message_text(&span);
    impact__field field;
    while (rest.size) { /* each field before all that were */
        const char *begin = rest.data;
        REQUIRE(impact__read_field(&field, &rest));
        const size_t size = (size_t)(rest.data - begin);
        memmove(turned.data + size, turned.data, turned.size);
        memcpy(turned.data, begin, size);
        turned.size += size;
    }
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&turned)));
    check_whole_span(&view);
}

TEST(the_last_scalar_wins_and_unknown_fields_are_skipped)
{
    message span = whole_span();
    message_string(&span, 5, "renamed");
    message_varint(&span, 99, 1);
    message_string(&span, 100, "later version");
    message_varint(&span, 7, 3); /* a known number with another wire type */
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&span)));
    CHECK(is_text(view.name, "renamed"));
    CHECK_EQUAL(view.start_unix_ns, 1000);
}

TEST(a_parent_is_remote_only_where_the_span_says_that_it_knows)
{
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, impact_text_from("\x85\x01\x00\x02\x00\x00", 6)));
    CHECK(!view.is_parent_remote);
    REQUIRE(impact_span_view_parse(&view, impact_text_from("\x85\x01\x00\x03\x00\x00", 6)));
    CHECK(view.is_parent_remote);
}

TEST(an_attribute_field_that_is_a_number_is_no_attribute)
{
    impact_span_view view;
    impact_text key;
    impact_value_view value;
    REQUIRE(impact_span_view_parse(&view, impact_text_from("\x48\x01", 2)));
    CHECK(!impact_attribute_view_next(&view.attributes, &key, &value));
}

TEST(parts_of_a_status_are_merged)
{
    message span = whole_span();
    message status = {.size = 0};
    message_varint(&status, 3, 1);
    message_nested(&span, 15, &status);
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&span)));
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_OK);
    CHECK(is_text(view.status_description, "broken"));
}

TEST(an_empty_message_is_a_span_of_defaults)
{
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, impact_text_from(NULL, 0)));
    CHECK_EQUAL(view.context.trace_flags, 0);
    CHECK(!view.has_parent);
    CHECK(!view.is_parent_remote);
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_UNSET);
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_UNSET);
    CHECK_EQUAL(view.name.size, 0);
}

TEST(ids_of_a_wrong_size_and_unknown_enums_read_as_unset)
{
    message span = whole_span();
    message_bytes(&span, 1, trace_id, 15);
    message_bytes(&span, 4, "", 0);
    message_varint(&span, 6, 6);
    message_varint(&span, 16, 1);
    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&span)));
    const uint8_t zero[16] = {0};
    CHECK(memcmp(view.context.trace_id.bytes, zero, sizeof zero) == 0);
    CHECK(!view.has_parent);
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_UNSET);
    CHECK_EQUAL(view.context.trace_flags, 3);
}

TEST(every_cut_of_a_span_is_refused_or_shorter_and_leaves_the_view)
{
    const message span = whole_span();
    size_t refused = 0;
    for (size_t size = 0; size < span.size; size++) {
        impact_span_view view = {.start_unix_ns = 42};
        const bool is_read =
            impact_span_view_parse(&view, impact_text_from((const char *)span.data, size));
        if (!is_read)
            CHECK_EQUAL(view.start_unix_ns, 42);
        refused += !is_read;
    }
    /* Only a cut between two fields is a message: 13 fields have 13 such places before their end.
     */
    CHECK_EQUAL(refused, span.size - 13);
}

TEST(a_broken_status_makes_no_span)
{
    message span = {.size = 0};
    message_string(&span, 15, "\x1a\x7f");
    impact_span_view view;
    CHECK(!impact_span_view_parse(&view, message_text(&span)));
}

TEST(all_value_types_are_read)
{
    message list = {.size = 0};
    message value = message_string_value("text");
    message_attribute(&list, 9, "string", &value);
    value.size = 0;
    message_varint(&value, 2, 1);
    message_attribute(&list, 9, "bool", &value);
    value.size = 0;
    message_varint(&value, 3, (uint64_t)INT64_MIN);
    message_attribute(&list, 9, "int", &value);
    value.size = 0;
    message_double(&value, 4, -2.5);
    message_attribute(&list, 9, "double", &value);

    impact_message_walk walk = impact_message_walk_of(message_text(&list), 9);
    impact_text key;
    impact_value_view view;
    REQUIRE(impact_attribute_view_next(&walk, &key, &view));
    CHECK(is_text(key, "string") && view.type == IMPACT_VALUE_STRING);
    CHECK(is_text(view.string, "text"));
    REQUIRE(impact_attribute_view_next(&walk, &key, &view));
    CHECK(is_text(key, "bool") && view.type == IMPACT_VALUE_BOOL && view.boolean);
    REQUIRE(impact_attribute_view_next(&walk, &key, &view));
    CHECK(is_text(key, "int") && view.type == IMPACT_VALUE_INT && view.integer == INT64_MIN);
    REQUIRE(impact_attribute_view_next(&walk, &key, &view));
    CHECK(is_text(key, "double") && view.type == IMPACT_VALUE_DOUBLE);
    CHECK(view.real < -2.4 && view.real > -2.6);
    CHECK(!impact_attribute_view_next(&walk, &key, &view));
}

/* An AnyValue that holds an ArrayValue of `count` times `item`. */
static message array_value(const message *item, size_t count)
{
    message array = {.size = 0};
    for (size_t i = 0; i < count; i++)
        message_nested(&array, 1, item);
    message value = {.size = 0};
    message_nested(&value, 5, &array);
    return value;
}

/* The value that stands as attribute "k"; read from `list`, which keeps its bytes. */
static impact_value_view read_back(message *list, const message *value)
{
    *list = (message){.size = 0};
    message_attribute(list, 9, "k", value);
    impact_message_walk walk = impact_message_walk_of(message_text(list), 9);
    impact_text key;
    impact_value_view view = {.type = IMPACT_VALUE_NONE};
    CHECK(impact_attribute_view_next(&walk, &key, &view));
    return view;
}

TEST(an_array_is_walked_and_each_item_has_its_own_type)
{
    message list;
    const message text = message_string_value("a");
    const message inner = array_value(&text, 2);
    message number = {.size = 0};
    message_varint(&number, 3, 5);
    message array = {.size = 0};
    message_nested(&array, 1, &inner);
    message_nested(&array, 1, &number);
    message_string(&array, 1, ""); /* an AnyValue without a value */
    message value = {.size = 0};
    message_nested(&value, 5, &array);
    impact_value_view view = read_back(&list, &value);
    impact_value_view item;
    impact_value_view leaf;
    REQUIRE(view.type == IMPACT_VALUE_ARRAY && impact_value_view_next(&view.items, &item));
    CHECK_EQUAL(item.type, IMPACT_VALUE_ARRAY);
    for (int i = 0; i < 2; i++)
        CHECK(impact_value_view_next(&item.items, &leaf) && is_text(leaf.string, "a"));
    CHECK(!impact_value_view_next(&item.items, &leaf));
    CHECK(impact_value_view_next(&view.items, &item) && item.type == IMPACT_VALUE_INT);
    CHECK(impact_value_view_next(&view.items, &item) && item.type == IMPACT_VALUE_NULL);
    CHECK(!impact_value_view_next(&view.items, &item));
}

TEST(a_map_is_walked_as_attributes_are)
{
    message list;
    const message text = message_string_value("v");
    message map = {.size = 0};
    message_attribute(&map, 1, "first", &text);
    message_attribute(&map, 1, "second", &text);
    message value = {.size = 0};
    message_nested(&value, 6, &map);
    impact_value_view view = read_back(&list, &value);
    impact_text key;
    impact_value_view member;
    REQUIRE(view.type == IMPACT_VALUE_MAP);
    CHECK(impact_attribute_view_next(&view.items, &key, &member) && is_text(key, "first"));
    CHECK(impact_attribute_view_next(&view.items, &key, &member) && is_text(key, "second"));
    CHECK(is_text(member.string, "v"));
    CHECK(!impact_attribute_view_next(&view.items, &key, &member));
}

TEST(bytes_and_null_are_read_and_the_last_of_several_kinds_wins)
{
    message list;
    message value = {.size = 0};
    CHECK_EQUAL(read_back(&list, &value).type, IMPACT_VALUE_NULL);
    message_varint(&value, 99, 1); /* of a later version */
    CHECK_EQUAL(read_back(&list, &value).type, IMPACT_VALUE_NULL);
    message_bytes(&value, 7, "\0\xFF", 2);
    const impact_value_view view = read_back(&list, &value);
    CHECK(view.type == IMPACT_VALUE_BYTES && view.string.size == 2);
    CHECK(memcmp(view.string.data, "\0\xFF", 2) == 0);
    message_varint(&value, 3, 5);
    CHECK_EQUAL(read_back(&list, &value).type, IMPACT_VALUE_INT);
}

TEST(an_attribute_without_a_value_is_null)
{
    message attribute = {.size = 0};
    message_string(&attribute, 1, "k");
    message list = {.size = 0};
    message_nested(&list, 9, &attribute);
    impact_message_walk walk = impact_message_walk_of(message_text(&list), 9);
    impact_text key;
    impact_value_view view = {.type = IMPACT_VALUE_NONE};
    CHECK(impact_attribute_view_next(&walk, &key, &view) && is_text(key, "k"));
    CHECK_EQUAL(view.type, IMPACT_VALUE_NULL);
}

TEST(a_container_that_is_no_message_makes_no_value)
{
    for (uint32_t field = 5; field <= 6; field++) {
        message value = {.size = 0};
        message_string(&value, field, "\x0a\x7f");
        message list = {.size = 0};
        message_attribute(&list, 9, "k", &value);
        impact_message_walk walk = impact_message_walk_of(message_text(&list), 9);
        impact_text key;
        impact_value_view view;
        CHECK(!impact_attribute_view_next(&walk, &key, &view));
    }
}

TEST(events_and_links_are_read)
{
    message event = {.size = 0};
    message_string(&event, 2, "retry");
    message_fixed64(&event, 1, 77);
    message_string_attribute(&event, 3, "k", "v");
    message_varint(&event, 4, 2);
    message link = {.size = 0};
    message_bytes(&link, 1, trace_id, sizeof trace_id);
    message_bytes(&link, 2, span_id, sizeof span_id);
    message_string(&link, 3, "b=2");
    message_string_attribute(&link, 4, "k", "v");
    message_varint(&link, 5, 3);
    message_fixed32(&link, 6, 0x301);
    message span = {.size = 0};
    message_nested(&span, 13, &link);
    message_nested(&span, 11, &event);
    message_nested(&span, 11, &event);

    impact_span_view view;
    REQUIRE(impact_span_view_parse(&view, message_text(&span)));
    impact_event_view e;
    REQUIRE(impact_event_view_next(&view.events, &e));
    CHECK(is_text(e.name, "retry"));
    CHECK_EQUAL(e.unix_ns, 77);
    CHECK_EQUAL(e.dropped_attribute_count, 2);
    impact_text key;
    impact_value_view value;
    CHECK(impact_attribute_view_next(&e.attributes, &key, &value) && is_text(key, "k"));
    CHECK(impact_event_view_next(&view.events, &e));
    CHECK(!impact_event_view_next(&view.events, &e));
    impact_link_view l;
    REQUIRE(impact_link_view_next(&view.links, &l));
    CHECK(memcmp(l.context.trace_id.bytes, trace_id, sizeof trace_id) == 0);
    CHECK(memcmp(l.context.span_id.bytes, span_id, sizeof span_id) == 0);
    CHECK(is_text(l.context.trace_state, "b=2"));
    CHECK(l.context.is_remote);
    CHECK_EQUAL(l.context.trace_flags, 1);
    CHECK_EQUAL(l.dropped_attribute_count, 3);
    CHECK(impact_attribute_view_next(&l.attributes, &key, &value) && is_text(value.string, "v"));
    CHECK(!impact_link_view_next(&view.links, &l));
}

TEST(a_resource_and_a_scope_are_read)
{
    const message resource = message_resource("orders");
    impact_message_walk walk;
    impact_text key;
    impact_value_view value;
    REQUIRE(impact_resource_view_parse(&walk, message_text(&resource)));
    REQUIRE(impact_attribute_view_next(&walk, &key, &value));
    CHECK(is_text(key, "service.name") && is_text(value.string, "orders"));
    message scope = {.size = 0};
    message_string(&scope, 1, "lib");
    message_string(&scope, 2, "1.2");
    impact_scope_view view;
    REQUIRE(impact_scope_view_parse(&view, message_text(&scope)));
    CHECK(is_text(view.name, "lib") && is_text(view.version, "1.2"));
    CHECK(!impact_attribute_view_next(&view.attributes, &key, &value));
    CHECK(!impact_scope_view_parse(&view, impact_text_of("\x0a\x09short")));
    CHECK(!impact_resource_view_parse(&walk, impact_text_of("\x0a\x09short")));
}

TEST(a_broken_item_ends_its_walk_as_false)
{
    message list = {.size = 0};
    message_string(&list, 1, "\x0a\x7f");
    impact_message_walk walk = impact_message_walk_of(message_text(&list), 1);
    impact_text key = impact_text_of("kept");
    impact_value_view value = {.type = IMPACT_VALUE_INT};
    CHECK(!impact_attribute_view_next(&walk, &key, &value));
    CHECK(is_text(key, "kept") && value.type == IMPACT_VALUE_INT);
}

TEST(nothing_is_read_into_null)
{
    const message list = message_resource("x");
    impact_message_walk walk = impact_message_walk_of(message_text(&list), 1);
    impact_text text;
    impact_value_view value;
    impact_event_view event;
    impact_link_view link;
    CHECK(!impact_span_view_parse(NULL, message_text(&list)));
    CHECK(!impact_resource_view_parse(NULL, message_text(&list)));
    CHECK(!impact_scope_view_parse(NULL, message_text(&list)));
    CHECK(!impact_attribute_view_next(NULL, &text, &value));
    CHECK(!impact_attribute_view_next(&walk, NULL, &value));
    CHECK(!impact_attribute_view_next(&walk, &text, NULL));
    CHECK(!impact_event_view_next(NULL, &event) && !impact_event_view_next(&walk, NULL));
    CHECK(!impact_link_view_next(NULL, &link) && !impact_link_view_next(&walk, NULL));
    CHECK(!impact_value_view_next(NULL, &value) && !impact_value_view_next(&walk, NULL));
    CHECK(!impact_message_walk_next(NULL, &text) && !impact_message_walk_next(&walk, NULL));
}
