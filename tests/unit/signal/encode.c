/* The pieces of a span: what was measured is written, no byte more, and it reads back. */
#include "signal/encode.h"

#include "signal/encode_short.h"

#include "support/check.h"
#include "support/tracing.h"

static uint8_t room[70000];

/* The written bytes as text, checked against the size that was foretold. */
static impact_text written(const uint8_t *end, size_t foretold)
{
    CHECK_EQUAL(end - room, foretold);
    return impact_text_from((const char *)room, (size_t)(end - room));
}

static impact__string string_of(const char *text, uint32_t limit)
{
    return impact__string_of(impact_text_of(text), limit);
}

TEST(text_is_cut_by_characters_and_repaired)
{
    CHECK_EQUAL(string_of("abc", IMPACT__ANY_LENGTH).size, 3);
    CHECK_EQUAL(string_of("abc", 0).size, 0);
    CHECK_EQUAL(string_of("abc", 2).size, 2);
    CHECK_EQUAL(string_of("abc", 3).size, 3);
    CHECK_EQUAL(string_of("\xC3\xA9\xC3\xA9", 1).size, 2);
    CHECK_EQUAL(string_of("a\xFF", IMPACT__ANY_LENGTH).size, 4);
    CHECK_EQUAL(string_of("\xFF\xFF", 1).size, 3);
    CHECK_EQUAL(string_of("a\xE2\x82", 2).size, 4); /* a cut sequence: its first byte is one */
    const impact__string repaired = string_of("a\xFF"
                                              "b",
                                              IMPACT__ANY_LENGTH);
    const impact_text field =
        written(impact__write_string(room, 5, &repaired), impact__field_size(5, repaired.size));
    CHECK(field.size == 7 && memcmp(field.data + 2,
                                    "a\xEF\xBF\xBD"
                                    "b",
                                    5) == 0);
}

static void check_key_value(const impact_attribute *a)
{
    impact__key_value kv;
    impact_text key;
    impact_value_view value;
    REQUIRE(impact__key_value_of(&kv, a, IMPACT__ANY_LENGTH));
    const impact_text field = written(impact__write_key_value(room, IMPACT__SPAN_ATTRIBUTES, &kv),
                                      impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, &kv));
    impact_message_walk walk = impact_message_walk_of(field, IMPACT__SPAN_ATTRIBUTES);
    CHECK(impact_attribute_view_next(&walk, &key, &value));
    CHECK(key.size == a->key.size && memcmp(key.data, a->key.data, key.size) == 0);
    CHECK(!impact_attribute_view_next(&walk, &key, &value) && walk.rest.size == 0);
}

TEST(attributes_of_all_types_and_sizes_are_written_as_measured)
{
    static char text[20000];
    static int64_t integers[500];
    static double reals[500];
    static bool booleans[500];
    static impact_text strings[500];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < 500; i++) {
        integers[i] = (int64_t)(UINT64_C(1) << i % 64);
        strings[i] = impact_text_from(text, i);
    }
    for (size_t size = 1; size < sizeof text; size = size * 5 / 4 + 1) {
        impact_attribute a = impact_string_n("k", text, size);
        check_key_value(&a);
        a.key = impact_text_from(text, size);
        check_key_value(&a);
    }
    for (size_t count = 0; count <= 300; count += 7) {
        const impact_attribute arrays[] = {
            impact_ints("k", integers, count), impact_doubles("k", reals, count),
            impact_bools("k", booleans, count), impact_strings("k", strings, count)};
        for (int i = 0; i < 4; i++)
            check_key_value(&arrays[i]);
    }
}

TEST(what_has_no_key_no_value_or_no_text_for_a_key_is_not_writable)
{
    impact__key_value kv;
    impact_attribute hollow = impact_strings("k", NULL, 0);
    hollow.value.count = 1;
    const impact_attribute refused[] = {impact_int("", 1),
                                        impact_int("\xFF", 1),
                                        impact_string("k", NULL),
                                        {.key = {"k", 1}, .value.type = (impact_value_type)99},
                                        hollow};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!impact__key_value_of(&kv, &refused[i], IMPACT__ANY_LENGTH));
    CHECK(impact__is_ignored(&refused[0]) && !impact__is_ignored(&refused[1]));
    CHECK(impact__is_ignored(&refused[2]) && !impact__is_ignored(&refused[3]));
}

TEST(a_key_that_has_a_size_and_no_text_is_ignored)
{
    uint8_t to[impact__short_size];
    impact__key_value kv;
    impact_attribute hollow = impact_int("k", 1);
    hollow.key.data = NULL;
    CHECK(impact__is_ignored(&hollow));
    CHECK(!impact__key_value_of(&kv, &hollow, IMPACT__ANY_LENGTH));
    CHECK(impact__write_short(to, IMPACT__SPAN_ATTRIBUTES, &hollow, IMPACT__ANY_LENGTH) == NULL);
    const impact_attribute attributes[] = {impact_int("k", 1), hollow};
    impact__attribute_list list = {.attributes = attributes,
                                   .count = 2,
                                   .count_limit = 9,
                                   .value_length_limit = IMPACT__ANY_LENGTH};
    impact__attribute_list_measure(&list, 1);
    const impact_text fields = written(impact__write_attribute_list(room, 1, &list), list.size);
    CHECK(has_int(impact_message_walk_of(fields, 1), "k", 1));
    CHECK_EQUAL(list.dropped, 0);
}

TEST(a_list_has_each_key_once_and_the_last_value)
{
    const impact_attribute attributes[] = {impact_int("a", 1), impact_int("b", 1),
                                           impact_string("a", "two"), impact_int("c", 1)};
    impact__attribute_list list = {.attributes = attributes,
                                   .count = 4,
                                   .count_limit = 2,
                                   .value_length_limit = IMPACT__ANY_LENGTH};
    impact__attribute_list_measure(&list, 1);
    const impact_text fields = written(impact__write_attribute_list(room, 1, &list), list.size);
    const impact_message_walk walk = impact_message_walk_of(fields, 1);
    CHECK(has_int(walk, "b", 1) && has_string(walk, "a", "two"));
    CHECK_EQUAL(count_attributes(walk), 2);
    CHECK_EQUAL(list.dropped, 1);
}

TEST(a_list_goes_on_from_its_defaults)
{
    const impact_attribute defaults[] = {impact_int("a", 1), impact_int("b", 1)};
    const impact_attribute attributes[] = {impact_int("c", 1), impact_int("a", 2)};
    impact__attribute_list list = {.defaults = defaults,
                                   .default_count = 2,
                                   .attributes = attributes,
                                   .count = 2,
                                   .count_limit = 9,
                                   .value_length_limit = IMPACT__ANY_LENGTH};
    impact__attribute_list_measure(&list, 1);
    const impact_text fields = written(impact__write_attribute_list(room, 1, &list), list.size);
    const impact_message_walk walk = impact_message_walk_of(fields, 1);
    CHECK(has_int(walk, "a", 2) && has_int(walk, "b", 1) && has_int(walk, "c", 1));
    CHECK_EQUAL(count_attributes(walk), 3);
    CHECK_EQUAL(list.dropped, 0);
}

TEST(a_list_is_looked_at_up_to_its_limit)
{
    static impact_attribute many[impact__list_count_limit + 10];
    static char keys[impact__list_count_limit + 10][12];
    for (int i = 0; i < impact__list_count_limit + 10; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%d", i);
        many[i] = impact_int(keys[i], i);
    }
    impact__attribute_list list = {.attributes = many,
                                   .count = impact__list_count_limit + 10,
                                   .count_limit = UINT32_MAX,
                                   .value_length_limit = IMPACT__ANY_LENGTH};
    impact__attribute_list_measure(&list, 1);
    const impact_text fields = written(impact__write_attribute_list(room, 1, &list), list.size);
    CHECK_EQUAL(count_attributes(impact_message_walk_of(fields, 1)), impact__list_count_limit);
    CHECK_EQUAL(list.dropped, 10);
    list = (impact__attribute_list){.defaults = many,
                                    .default_count = 3,
                                    .attributes = many + 3,
                                    .count = impact__list_count_limit + 7,
                                    .count_limit = UINT32_MAX,
                                    .value_length_limit = IMPACT__ANY_LENGTH};
    impact__attribute_list_measure(&list, 1);
    const impact_text again = written(impact__write_attribute_list(room, 1, &list), list.size);
    CHECK_EQUAL(count_attributes(impact_message_walk_of(again, 1)), impact__list_count_limit);
    CHECK_EQUAL(list.dropped, 10);
}

TEST(events_links_and_status_are_written_as_measured)
{
    static char text[300];
    memset(text, 'x', sizeof text);
    const impact_span_context context = {
        .trace_id = {{1}}, .span_id = {{2}}, .trace_flags = 3, .is_remote = true};
    const impact_attribute attributes[] = {impact_int("a", 1), impact_int("\xFF", 1)};
    for (size_t size = 0; size < sizeof text; size += 3) {
        const impact__attribute_list list = {.attributes = attributes,
                                             .count = 2,
                                             .count_limit = 9,
                                             .value_length_limit = IMPACT__ANY_LENGTH};
        impact__event event = {
            .unix_ns = 5,
            .name = impact__string_of(impact_text_from(text, size), IMPACT__ANY_LENGTH),
            .attributes = list};
        const size_t event_size = impact__event_field_size(&event);
        (void)written(impact__write_event(room, &event), event_size);
        impact__link link = {.context = &context, .trace_state = {text, size}, .attributes = list};
        const size_t link_size = impact__link_field_size(&link);
        const impact_text field = written(impact__write_link(room, &link), link_size);
        impact_message_walk walk = impact_message_walk_of(field, IMPACT__SPAN_LINKS);
        impact_link_view view;
        REQUIRE(impact_link_view_next(&walk, &view));
        CHECK(view.context.is_remote && view.context.trace_flags == 3);
        CHECK_EQUAL(view.context.trace_state.size, size);
        CHECK_EQUAL(view.dropped_attribute_count, 1);
        const impact__string description =
            impact__string_of(impact_text_from(text, size), IMPACT__ANY_LENGTH);
        (void)written(impact__write_status(room, IMPACT_SPAN_STATUS_ERROR, &description),
                      impact__status_field_size(&description));
    }
}
