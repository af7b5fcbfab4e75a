/* The short way writes exactly what the long way writes, for everything that it takes. */
#include "signal/encode_short.h"

#include "signal/encode.h"

#include "support/check.h"

enum { rounds = 200000 };

static uint64_t random_state = 42;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % limit;
}

static char key_room[64];
static char text_room[64];

static void fill(char *room, size_t size)
{
    for (size_t i = 0; i < size; i++)
        room[i] = (char)(random_below(40) ? 1 + random_below(127) : random_below(256));
}

static impact_attribute generate(void)
{
    static const int64_t integers[] = {0, 1, -1, 127, 128, INT64_MAX, INT64_MIN};
    impact_attribute a = {.value.type = (impact_value_type)random_below(15)};
    a.key = impact_text_from(key_room, random_below(52));
    fill(key_room, a.key.size);
    if (a.value.type == IMPACT_VALUE_STRING) {
        a.value.count = random_below(52);
        a.value.string = random_below(50) ? text_room : NULL;
        fill(text_room, a.value.count);
    } else if (a.value.type == IMPACT_VALUE_BOOL) {
        a.value.boolean = random_below(2);
    } else if (a.value.type == IMPACT_VALUE_INT) {
        a.value.integer = random_below(2) ? integers[random_below(7)] : (int64_t)random_state;
    } else if (a.value.type == IMPACT_VALUE_DOUBLE) {
        uint64_t bits = random_state ^ random_state << 31;
        memcpy(&a.value.real, &bits, sizeof bits);
    }
    return a;
}

/* True when the short way took it. */
static bool check_one(const impact_attribute *a, uint32_t limit)
{
    uint8_t one_pass[impact__short_size + 1];
    uint8_t measured[impact__short_size + 64];
    one_pass[impact__short_size] = 0x5A;
    const uint8_t *end_of_pass = impact__write_short(one_pass, IMPACT__SPAN_ATTRIBUTES, a, limit);
    CHECK_EQUAL(one_pass[impact__short_size], 0x5A);
    if (!end_of_pass)
        return false;
    impact__key_value kv;
    const bool is_writable = impact__key_value_of(&kv, a, limit);
    CHECK(is_writable);
    if (!is_writable)
        return true;
    const size_t size = (size_t)(end_of_pass - one_pass);
    CHECK(size <= impact__short_size);
    CHECK_EQUAL(size, impact__key_value_field_size(IMPACT__SPAN_ATTRIBUTES, &kv));
    const uint8_t *end = impact__write_key_value(measured, IMPACT__SPAN_ATTRIBUTES, &kv);
    CHECK_EQUAL(size, end - measured);
    CHECK(memcmp(one_pass, measured, size) == 0);
    return true;
}

static bool is_short(const impact_attribute *a, uint32_t limit)
{
    uint8_t room[impact__short_size];
    return impact__write_short(room, IMPACT__SPAN_ATTRIBUTES, a, limit) != NULL;
}

TEST(both_ways_write_the_same)
{
    static const uint32_t limits[] = {0, 1, 10, 48, 100, IMPACT__ANY_LENGTH};
    int taken = 0;
    for (int i = 0; i < rounds; i++) {
        const impact_attribute a = generate();
        taken += check_one(&a, limits[random_below(6)]);
    }
    CHECK(taken > rounds / 20); /* the property was tried */
}

TEST(both_ways_write_the_same_event)
{
    static const char letters[] = "the name of an event that has no attributes at all, and is long";
    for (size_t size = 0; size < sizeof letters; size++) {
        uint8_t one_pass[impact__short_size];
        uint8_t measured[impact__short_size + 64];
        const impact_text name = {letters, size};
        const uint64_t when = UINT64_MAX / 3 * (size % 4);
        const uint8_t *end = impact__write_short_event(one_pass, IMPACT__SPAN_EVENTS, name, when);
        CHECK((end != NULL) == (size > 0 && size <= impact__short_string_limit));
        if (!end)
            continue;
        impact__event event = {.unix_ns = when,
                               .name = impact__string_of(name, IMPACT__ANY_LENGTH)};
        CHECK_EQUAL(impact__event_field_size(&event), end - one_pass);
        CHECK_EQUAL(impact__write_event(measured, &event) - measured, end - one_pass);
        CHECK(memcmp(one_pass, measured, (size_t)(end - one_pass)) == 0);
    }
}

TEST(an_event_whose_name_is_not_ascii_is_not_short)
{
    uint8_t to[impact__short_size];
    CHECK(!impact__write_short_event(to, IMPACT__SPAN_EVENTS, impact_text_of("caf\xC3\xA9"), 1));
    CHECK(!impact__write_short_event(to, IMPACT__SPAN_EVENTS, impact_text_of("\x80"), 1));
}

TEST(the_largest_short_attribute_fills_its_room)
{
    char key[impact__short_key_limit + 1] = "";
    char text[impact__short_string_limit + 1] = "";
    memset(key, 'k', impact__short_key_limit);
    memset(text, 't', impact__short_string_limit);
    const impact_attribute a = impact_string(key, text);
    uint8_t to[impact__short_size];
    REQUIRE(check_one(&a, IMPACT__ANY_LENGTH));
    CHECK_EQUAL(impact__write_short(to, IMPACT__SPAN_ATTRIBUTES, &a, IMPACT__ANY_LENGTH) - to,
                impact__short_size);
}

TEST(what_needs_care_is_not_short)
{
    char long_text[64];
    memset(long_text, 'x', sizeof long_text);
    const impact_attribute others[] = {
        impact_int("", 1),
        impact_int("\xC3\xA9", 1),
        impact_string("k", "\xC3\xA9"),
        impact_string("k", NULL),
        impact_null("k"),
        impact_bytes("k", "b", 1),
        impact_array("k", NULL, 0),
        impact_map("k", NULL, 0),
        impact_string_n("k", long_text, impact__short_string_limit + 1),
        impact_ints("k", NULL, 0),
        {.key = {long_text, impact__short_key_limit + 1}, .value.type = IMPACT_VALUE_INT},
        {.key = {"k", 1}, .value = {.type = IMPACT_VALUE_STRING, .count = 3}},
        {.key = {"k", 1}, .value.type = (impact_value_type)99},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!is_short(&others[i], IMPACT__ANY_LENGTH));
    const impact_attribute eleven = impact_string("k", "12345678901");
    CHECK(!is_short(&eleven, 10));
    CHECK(is_short(&eleven, 11));
}
