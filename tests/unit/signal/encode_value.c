/* Values of every shape: what is written is as long as was measured, and reads back as it was. */
#include "signal/encode_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/span_view.h>

#include "support/check.h"

enum { room_size = 1 << 20, random_rounds = 20000 };

static uint8_t room[room_size];

/* ---- a value as text, once as it was given and once as it reads back ---- */

typedef struct line {
    char text[1 << 16];
    size_t size;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(to->text + to->size, sizeof to->text - to->size, format, arguments);
    va_end(arguments);
    to->size += (size_t)size < sizeof to->text - to->size ? (size_t)size : 0;
}

static void add_text(line *to, char kind, impact_text text)
{
    add(to, "%c'%.*s'", kind, (int)text.size, text.size ? text.data : "");
}

static void add_view(line *to, impact_value_view view);

static void add_items(line *to, impact_value_view view)
{
    impact_text key;
    impact_value_view item;
    const bool is_map = view.type == IMPACT_VALUE_MAP;
    add(to, is_map ? "{" : "[");
    while (is_map ? impact_attribute_view_next(&view.items, &key, &item)
                  : impact_value_view_next(&view.items, &item)) {
        if (is_map)
            add(to, "%.*s:", (int)key.size, key.data);
        add_view(to, item);
        add(to, ",");
    }
    CHECK_EQUAL(view.items.rest.size, 0);
    add(to, is_map ? "}" : "]");
}

static void add_view(line *to, impact_value_view view)
{
    if (view.type == IMPACT_VALUE_ARRAY || view.type == IMPACT_VALUE_MAP)
        add_items(to, view);
    else if (view.type == IMPACT_VALUE_STRING)
        add_text(to, 's', view.string);
    else if (view.type == IMPACT_VALUE_BYTES)
        add_text(to, 'b', view.string);
    else if (view.type == IMPACT_VALUE_INT)
        add(to, "%" PRId64, view.integer);
    else if (view.type == IMPACT_VALUE_DOUBLE)
        add(to, "%a", view.real);
    else if (view.type == IMPACT_VALUE_BOOL)
        add(to, view.boolean ? "true" : "false");
    else
        add(to, "null");
}

/* Written, read back, and put into words. */
static const char *round_trip(impact_value value, uint32_t limit)
{
    static line back;
    size_t size = 0;
    back.size = 0;
    back.text[0] = 0;
    if (!impact__value_is_writable(&value) || !impact__value_measure(&size, &value, limit))
        return "refused";
    if (size + 16 > room_size)
        return "too large for this test";
    /* An ArrayValue of this one item, so that its length stands before it. */
    uint8_t *at = impact__write_varint(room, IMPACT__TAG(1, IMPACT__WIRE_LENGTH));
    at = impact__write_varint(at, size);
    at[size] = 0x5A;
    CHECK(impact__write_value(at, size, &value, limit) == at + size);
    CHECK_EQUAL(at[size], 0x5A);
    impact_message_walk walk =
        impact_message_walk_of(impact_text_from((char *)room, (size_t)(at - room) + size), 1);
    impact_value_view view;
    CHECK(impact_value_view_next(&walk, &view) && walk.rest.size == 0);
    add_view(&back, view);
    return back.text;
}

/* ---- shapes ---- */

TEST(scalars_bytes_and_null_come_back)
{
    CHECK_STRING(round_trip(impact_value_null(), IMPACT__ANY_LENGTH), "null");
    CHECK_STRING(round_trip(impact_value_bool(true), IMPACT__ANY_LENGTH), "true");
    CHECK_STRING(round_trip(impact_value_int(INT64_MIN), IMPACT__ANY_LENGTH),
                 "-9223372036854775808");
    CHECK_STRING(round_trip(impact_value_double(0.5), IMPACT__ANY_LENGTH), "0x1p-1");
    CHECK_STRING(round_trip(impact_value_string("a"), IMPACT__ANY_LENGTH), "s'a'");
    CHECK_STRING(round_trip(impact_value_string(""), IMPACT__ANY_LENGTH), "s''");
    CHECK_STRING(round_trip(impact_value_bytes("a\xFF", 2), IMPACT__ANY_LENGTH), "b'a\xFF'");
    CHECK_STRING(round_trip(impact_value_bytes("", 0), IMPACT__ANY_LENGTH), "b''");
    CHECK_STRING(round_trip(impact_value_string(NULL), IMPACT__ANY_LENGTH), "refused");
    CHECK_STRING(round_trip(impact_value_bytes(NULL, 3), IMPACT__ANY_LENGTH), "refused");
}

TEST(arrays_are_mixed_and_nested)
{
    const int64_t integers[] = {1, -1};
    const impact_text strings[] = {{"a", 1}, {NULL, 7}};
    const bool booleans[] = {true, false};
    const double reals[] = {0.5};
    CHECK_STRING(round_trip(impact_value_array(IMPACT_VALUES(
                                impact_value_int(1), impact_value_string("two"),
                                impact_value_null(), impact_value_string(NULL),
                                impact_value_array(IMPACT_VALUES(impact_value_bool(false))),
                                impact_value_array(NULL, 0), impact_value_map(NULL, 5))),
                            IMPACT__ANY_LENGTH),
                 "[1,s'two',null,null,[false,],[],{},]");
    CHECK_STRING(round_trip(impact_value_array(IMPACT_VALUES(
                                impact_value_ints(integers, 2), impact_value_strings(strings, 2),
                                impact_value_bools(booleans, 2), impact_value_doubles(reals, 1))),
                            IMPACT__ANY_LENGTH),
                 "[[1,-1,],[s'a',s'',],[true,false,],[0x1p-1,],]");
}

TEST(a_map_has_its_members_in_order)
{
    const impact_value order = impact_value_map(IMPACT_MEMBERS(
        impact_int("id", 7), impact_null("parent"),
        impact_map("from", IMPACT_MEMBERS(impact_string("city", "Delft"))),
        impact_array("lines", IMPACT_VALUES(impact_value_map(IMPACT_MEMBERS(impact_int("n", 1))),
                                            impact_value_bytes("x", 1)))));
    CHECK_STRING(round_trip(order, IMPACT__ANY_LENGTH),
                 "{id:7,parent:null,from:{city:s'Delft',},lines:[{n:1,},b'x',],}");
}

TEST(in_a_map_the_last_of_a_key_wins_and_what_says_nothing_is_ignored)
{
    CHECK_STRING(round_trip(impact_value_map(IMPACT_MEMBERS(
                                impact_int("a", 1), impact_int("", 2), impact_int("b", 3),
                                impact_string("b", NULL), impact_int("a", 4),
                                impact_attribute_of(NULL, impact_value_int(5)))),
                            IMPACT__ANY_LENGTH),
                 "{b:3,a:4,}");
    impact_attribute hollow = impact_int("k", 1);
    hollow.key = impact_text_from(NULL, 0);
    hollow.key.size = 7;
    CHECK_STRING(round_trip(impact_value_map(&hollow, 1), IMPACT__ANY_LENGTH), "{}");
}

TEST(what_is_not_utf8_is_repaired_in_keys_and_strings_at_any_depth)
{
    CHECK_STRING(round_trip(impact_value_map(IMPACT_MEMBERS(impact_array(
                                "k\xFF", IMPACT_VALUES(impact_value_string("v\xC3"))))),
                            IMPACT__ANY_LENGTH),
                 "{k\xEF\xBF\xBD:[s'v\xEF\xBF\xBD',],}");
}

TEST(the_length_limit_holds_for_strings_and_bytes_at_any_depth_and_not_for_keys)
{
    const impact_text strings[] = {{"abcd", 4}};
    CHECK_STRING(
        round_trip(
            impact_value_map(IMPACT_MEMBERS(
                impact_string("key", "\xC3\xA9\xC3\xA9\xC3\xA9"), impact_bytes("b", "abc", 3),
                impact_array("list", IMPACT_VALUES(impact_value_string("abc"),
                                                   impact_value_strings(strings, 1))))),
            2),
        "{key:s'\xC3\xA9\xC3\xA9',b:b'ab',list:[s'ab',[s'ab',],],}");
    CHECK_STRING(round_trip(impact_value_bytes("abc", 3), 2), "b'ab'");
}

TEST(what_cannot_be_said_is_refused_alone_and_null_inside)
{
    impact_value unknown = impact_value_int(1);
    unknown.type = (impact_value_type)99;
    CHECK_STRING(round_trip(unknown, IMPACT__ANY_LENGTH), "refused");
    static const impact_value_type containers[] = {
        IMPACT_VALUE_STRING_ARRAY, IMPACT_VALUE_BOOL_ARRAY, IMPACT_VALUE_INT_ARRAY,
        IMPACT_VALUE_DOUBLE_ARRAY, IMPACT_VALUE_ARRAY,      IMPACT_VALUE_MAP};
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        const impact_value hollow = impact_value_of(containers[i], 3);
        CHECK_STRING(round_trip(hollow, IMPACT__ANY_LENGTH), "refused");
        CHECK_STRING(round_trip(impact_value_array(&hollow, 1), IMPACT__ANY_LENGTH), "[null,]");
    }
    CHECK_STRING(round_trip(impact_value_array(&unknown, 1), IMPACT__ANY_LENGTH), "[null,]");
}

/* ---- bounds ---- */

/* `depth` arrays in one another around a number. */
static impact_value nested(impact_value *levels, size_t depth)
{
    levels[0] = impact_value_int(7);
    for (size_t i = 1; i <= depth; i++)
        levels[i] = impact_value_array(&levels[i - 1], 1);
    return levels[depth];
}

TEST(what_lies_deeper_than_the_limit_is_null)
{
    impact_value levels[100];
    const char *fits = round_trip(nested(levels, IMPACT_VALUE_DEPTH_LIMIT), IMPACT__ANY_LENGTH);
    CHECK(strstr(fits, "[7,]") != NULL);
    for (size_t depth = IMPACT_VALUE_DEPTH_LIMIT + 1; depth < 100; depth++) {
        const char *cut = round_trip(nested(levels, depth), IMPACT__ANY_LENGTH);
        CHECK(strstr(cut, "[null,]") != NULL && strstr(cut, "7") == NULL);
        CHECK_EQUAL(strspn(cut, "["), IMPACT_VALUE_DEPTH_LIMIT);
    }
}

/* The text of a field with room for so many bytes, of "häh", whose last byte is no UTF-8. */
static const char *cut_to(size_t field_size)
{
    static char written[16];
    impact__string string = impact__string_of(impact_text_of("h\xC3\xA4h\xFF"), UINT32_MAX);
    impact__string_cut(&string, 1, field_size);
    const uint8_t *end = impact__write_string((uint8_t *)written, 1, &string);
    CHECK(end == (uint8_t *)written + 2 + string.size && 2 + string.size <= field_size);
    written[2 + string.size] = '\0';
    return written + 2;
}

TEST(a_string_is_cut_to_as_many_whole_characters_as_have_room)
{
    CHECK_STRING(cut_to(2 + 1), "h");
    CHECK_STRING(cut_to(2 + 2), "h");
    CHECK_STRING(cut_to(2 + 3), "h\xC3\xA4");
    CHECK_STRING(cut_to(2 + 4), "h\xC3\xA4h");
    CHECK_STRING(cut_to(2 + 6), "h\xC3\xA4h");
    CHECK_STRING(cut_to(2 + 7), "h\xC3\xA4h\xEF\xBF\xBD");
}

TEST(a_value_that_holds_itself_is_refused)
{
    impact_value items[2];
    items[0] = items[1] = impact_value_array(items, 2);
    CHECK_STRING(round_trip(items[0], IMPACT__ANY_LENGTH), "refused");
    items[0] = items[1] = impact_value_array(items, 1); /* this one is only deep */
    CHECK(strstr(round_trip(items[0], IMPACT__ANY_LENGTH), "[null,]") != NULL);
}

TEST(a_value_over_the_size_limit_is_refused_and_one_below_is_not)
{
    const size_t size = impact__value_size_limit;
    char *text = malloc(size);
    REQUIRE(text != NULL);
    memset(text, 'x', size);
    impact_value value = impact_value_bytes(text, size - 5);
    size_t measured = 0;
    CHECK(impact__value_measure(&measured, &value, IMPACT__ANY_LENGTH) && measured == size);
    value.count++;
    CHECK(!impact__value_measure(&measured, &value, IMPACT__ANY_LENGTH));
    const impact_value list = impact_value_array(&value, 1);
    CHECK(!impact__value_measure(&measured, &list, IMPACT__ANY_LENGTH));
    CHECK(impact__value_measure(&measured, &list, 100) && measured < 120);
    free(text);
}

TEST(every_length_of_content_is_measured_right)
{
    static impact_value items[20000];
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        items[i] = impact_value_null();
    for (size_t count = 0; count < 20000; count += count < 300 ? 1 : 997) {
        const impact_value inner = impact_value_array(items, count);
        const impact_attribute member = impact_attribute_of("k", inner);
        size_t size = 0;
        const impact_value value = impact_value_map(&member, 1);
        REQUIRE(impact__value_measure(&size, &value, IMPACT__ANY_LENGTH) && size <= room_size);
        CHECK(impact__write_value(room, size, &value, IMPACT__ANY_LENGTH) == room + size);
    }
}

/* ---- any value ---- */

static uint64_t random_state = 7;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % limit;
}

typedef struct pool {
    impact_value values[4096];
    impact_attribute members[4096];
    size_t value_count;
    size_t member_count;
} pool;

static impact_value scalar(void)
{
    static const char text[] = "abcdefgh";
    switch (random_below(6)) {
    case 0:
        return impact_value_null();
    case 1:
        return impact_value_bool(random_below(2));
    case 2:
        return impact_value_double((double)random_below(1000) / 8);
    case 3:
        return impact_value_string_n(text, random_below(9));
    case 4:
        return impact_value_bytes(text, random_below(9));
    default:
        return impact_value_int((int64_t)(random_state << random_below(40)));
    }
}

static impact_value any(pool *from, unsigned depth)
{
    const size_t count = random_below(6);
    const uint64_t kind = depth < 6 ? random_below(4) : 9;
    if (kind == 0 && from->value_count + count <= 4096) {
        impact_value *items = from->values + from->value_count;
        from->value_count += count;
        for (size_t i = 0; i < count; i++)
            items[i] = any(from, depth + 1);
        return impact_value_array(items, count);
    }
    if (kind == 1 && from->member_count + count <= 4096) {
        static const char *const keys[] = {"a", "b", "c", "d", ""};
        impact_attribute *members = from->members + from->member_count;
        from->member_count += count;
        for (size_t i = 0; i < count; i++)
            members[i] = impact_attribute_of(keys[random_below(5)], any(from, depth + 1));
        return impact_value_map(members, count);
    }
    return scalar();
}

static void add_value(line *to, const impact_value *value);

/* By hand, and not as the encoder does it: a member is said when no later one has its key. */
static void add_members(line *to, const impact_value *map)
{
    add(to, "{");
    for (size_t i = 0; i < map->count; i++) {
        bool is_last = map->members[i].key.size > 0;
        for (size_t j = i + 1; j < map->count; j++)
            is_last = is_last && strcmp(map->members[i].key.data, map->members[j].key.data) != 0;
        if (!is_last)
            continue;
        add(to, "%s:", map->members[i].key.data);
        add_value(to, &map->members[i].value);
        add(to, ",");
    }
    add(to, "}");
}

static void add_value(line *to, const impact_value *value)
{
    if (value->type == IMPACT_VALUE_MAP) {
        add_members(to, value);
    } else if (value->type == IMPACT_VALUE_ARRAY) {
        add(to, "[");
        for (size_t i = 0; i < value->count; i++) {
            add_value(to, &value->items[i]);
            add(to, ",");
        }
        add(to, "]");
    } else {
        add_view(to,
                 (impact_value_view){.type = value->type,
                                     .string = {value->string, value->count},
                                     .boolean = value->type == IMPACT_VALUE_BOOL && value->boolean,
                                     .integer = value->integer,
                                     .real = value->real});
    }
}

TEST(any_value_reads_back_as_it_was_given)
{
    static pool from;
    static line given;
    size_t nested_count = 0;
    for (int i = 0; i < random_rounds; i++) {
        from.value_count = from.member_count = 0;
        const impact_value value = any(&from, 0);
        given.size = 0;
        given.text[0] = 0;
        add_value(&given, &value);
        const char *back = round_trip(value, IMPACT__ANY_LENGTH);
        nested_count += from.value_count > 4;
        if (strcmp(back, given.text) != 0) {
            CHECK_STRING(back, given.text);
            return;
        }
    }
    CHECK(nested_count > random_rounds / 20); /* the property was tried */
}
