/* The baggage header: what is read, what is left out, and what is written. */
#include "propagate/baggage_header.h"

#include <stdlib.h>

#include <impact/baggage.h>

#include "signal/baggage.h"
#include "support/check.h"
#include "support/faults.h"

/* What is written of what was read; NULL when nothing was. */
static const char *round_of(const char *header)
{
    static char written[IMPACT_BAGGAGE_SIZE];
    const impact_baggage *baggage = NULL;
    if (impact_baggage_parse(&baggage, impact_text_of(header)) != IMPACT_OK)
        return NULL;
    CHECK_EQUAL(impact_baggage_format(written, baggage), strlen(written));
    impact_baggage_release(baggage);
    return written;
}

/* The value of "k" in a header, with its metadata; "(none)" when it is not there. */
static const char *value_in(const char *header)
{
    static char shown[256];
    const impact_baggage *baggage = NULL;
    (void)snprintf(shown, sizeof shown, "(none)");
    if (impact_baggage_parse(&baggage, impact_text_of(header)) != IMPACT_OK)
        return shown;
    impact_text name, value, metadata;
    for (size_t i = 0; impact_baggage_at(&name, &value, &metadata, baggage, i); i++)
        if (name.size == 1 && name.data[0] == 'k')
            (void)snprintf(shown, sizeof shown, "%.*s|%.*s", (int)value.size, value.data,
                           (int)metadata.size, metadata.size ? metadata.data : "");
    impact_baggage_release(baggage);
    return shown;
}

TEST(members_are_read_with_blanks_and_properties)
{
    CHECK_STRING(value_in("k=v"), "v|");
    CHECK_STRING(value_in(" a=1 , k \t=\t v ; p = 1 ;q "), "v|p = 1 ;q");
    CHECK_STRING(value_in("k="), "|");
    CHECK_STRING(value_in("k=a=b"), "a=b|");
    CHECK_STRING(value_in("k=1,k=2"), "2|");
    CHECK_STRING(value_in("k=1;,,"), "1|");
}

TEST(values_are_percent_decoded_utf8)
{
    CHECK_STRING(value_in("k=Am%C3%A9lie%20%25%2c"), "Am\xC3\xA9lie %,|");
    CHECK_STRING(value_in("k=a+b"), "a+b|");
    CHECK_STRING(value_in("k=%FF%41"), "\xEF\xBF\xBD"
                                       "A|");
}

TEST(an_ill_formed_member_is_left_out_and_the_others_stay)
{
    static const char *const left_out[] = {"k",          "k k=1",   "=1",    "k=%4",   "k=%zz",
                                           "k=\xC3\xA9", "k=\"1\"", "k=a b", "k=a\\b", ""};
    char header[64];
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        (void)snprintf(header, sizeof header, "a=1,%s,b=2", left_out[i]);
        CHECK_STRING(round_of(header), "a=1,b=2");
        CHECK_STRING(round_of(left_out[i]), NULL);
    }
    CHECK_STRING(value_in("k=1;a=\x01"), "1|"); /* metadata that no header can hold */
}

TEST(what_is_written_can_be_read_by_all)
{
    CHECK_STRING(round_of("k=v;p=1, a=2"), "k=v;p=1,a=2");
    CHECK_STRING(round_of("k=%2B%25%20%c3%a9%22%5C%3b"), "k=%2B%25%20%C3%A9%22%5C%3B");
    CHECK_STRING(round_of("k=!#$&'()*/:<=>?@[]^_`{|}~-."), "k=!#$&'()*/:<=>?@[]^_`{|}~-.");
}

TEST(what_no_header_can_hold_is_not_written)
{
    char written[IMPACT_BAGGAGE_SIZE];
    const impact_baggage *one = NULL;
    const impact_baggage *two = NULL;
    REQUIRE(impact_baggage_set(&one, NULL, impact_text_of("not a token"), impact_text_of("1"),
                               impact_text_of(NULL)) == IMPACT_OK);
    REQUIRE(impact_baggage_set(&two, one, impact_text_of("b"), impact_text_of("2"),
                               impact_text_of("x\r\nSet-Cookie: y")) == IMPACT_OK);
    CHECK_EQUAL(impact_baggage_format(written, two), 3);
    CHECK_STRING(written, "b=2");
    impact_baggage_release(one);
    impact_baggage_release(two);
}

TEST(of_a_header_8192_characters_and_180_members_are_read)
{
    static char header[20000];
    const impact_baggage *baggage = NULL;
    header[0] = 0;
    for (int i = 0; i < 200; i++)
        (void)snprintf(header + strlen(header), sizeof header - strlen(header), "k%d=v,", i);
    REQUIRE(impact_baggage_parse(&baggage, impact_text_of(header)) == IMPACT_OK);
    CHECK_EQUAL(impact_baggage_count(baggage), 180);
    impact_baggage_release(baggage);
    (void)snprintf(header, sizeof header, "a=%04094d,b=%04093d", 1, 2);
    CHECK_EQUAL(strlen(header), 8192);
    CHECK_STRING(round_of(header), header);
    (void)snprintf(header, sizeof header, "a=%04094d,b=%04094d", 1, 2);
    CHECK_EQUAL(strlen(round_of(header)), 4096);
    (void)snprintf(header, sizeof header, "a=%08191d", 1);
    CHECK_STRING(round_of(header), NULL);
}

TEST(members_that_end_with_the_8192nd_character_are_read_whatever_follows)
{
    static char header[20000];
    (void)snprintf(header, sizeof header, "a=%04094d,b=%04093d,c=3", 1, 2);
    CHECK_EQUAL(strlen(round_of(header)), 8192);
    (void)snprintf(header, sizeof header, "a=%04094d,b=%04094d,c=3", 1, 2);
    CHECK_EQUAL(strlen(round_of(header)), 4096);
}

TEST(a_value_of_more_than_8192_characters_is_not_decoded)
{
    static char encoded[8193];
    char room[IMPACT_BAGGAGE_SIZE];
    impact_text value = {"untouched", 9};
    memset(encoded, 'x', sizeof encoded);
    CHECK(!impact__baggage_value_decode(&value, room, impact_text_from(encoded, 8193)));
    CHECK_EQUAL(value.size, 9);
    CHECK(impact__baggage_value_decode(&value, room, impact_text_from(encoded, 8192)));
    CHECK_EQUAL(value.size, 8192);
}

TEST(a_member_without_room_does_not_keep_the_others_out)
{
    static char value[9000];
    char written[IMPACT_BAGGAGE_SIZE];
    const impact_baggage *one = NULL;
    const impact_baggage *two = NULL;
    memset(value, '%', sizeof value - 1);
    REQUIRE(impact_baggage_set(&one, NULL, impact_text_of("large"), impact_text_of(value),
                               impact_text_of(NULL)) == IMPACT_OK);
    REQUIRE(impact_baggage_set(&two, one, impact_text_of("b"), impact_text_of("2"),
                               impact_text_of(NULL)) == IMPACT_OK);
    CHECK_EQUAL(impact_baggage_format(written, two), 3);
    CHECK_STRING(written, "b=2");
    impact_baggage_release(one);
    impact_baggage_release(two);
}

TEST(without_memory_a_header_is_not_read)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact_baggage *baggage = NULL;
        const impact_status status = impact_baggage_parse(&baggage, impact_text_of("a=1,b=2"));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((baggage != NULL) == !f.injected);
        impact_baggage_release(baggage);
        impact_allocator_set_default(NULL);
    }
}

TEST(null_is_no_header)
{
    const impact_baggage *baggage = NULL;
    char written[IMPACT_BAGGAGE_SIZE] = "before";
    CHECK_EQUAL(impact_baggage_parse(NULL, impact_text_of("a=1")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_parse(&baggage, impact_text_of(NULL)), IMPACT_ENOENT);
    CHECK_EQUAL(impact_baggage_parse(&baggage, (impact_text){NULL, 3}), IMPACT_ENOENT);
    CHECK_EQUAL(impact_baggage_format(written, NULL), 0);
    CHECK_STRING(written, "");
    CHECK_EQUAL(impact_baggage_format(NULL, NULL), 0);
}
