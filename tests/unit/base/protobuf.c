/* The protobuf wire format: the examples of protobuf.dev, the borders, and what is malformed. */
#include "base/protobuf.h"

#include "support/check.h"

static uint8_t space[64];

static bool is_written(const uint8_t *end, const void *bytes, size_t size)
{
    return (size_t)(end - space) == size && memcmp(space, bytes, size) == 0;
}

static impact_text bytes_of(const void *data, size_t size)
{
    return impact_text_from(data, size);
}

TEST(varints_are_written_as_the_specification_shows)
{
    CHECK(is_written(impact__write_varint(space, 0), "\0", 1));
    CHECK(is_written(impact__write_varint(space, 1), "\1", 1));
    CHECK(is_written(impact__write_varint(space, 150), "\x96\x01", 2));
    CHECK(is_written(impact__write_varint(space, UINT64_MAX),
                     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10));
}

TEST(the_size_of_a_varint_is_what_is_written)
{
    for (int bit = 0; bit < 64; bit++)
        for (int less = 0; less < 2; less++) {
            const uint64_t value = (UINT64_C(1) << bit) - (uint64_t)less;
            CHECK_EQUAL(impact__varint_size(value), impact__write_varint(space, value) - space);
        }
    CHECK_EQUAL(impact__varint_size(UINT64_MAX), IMPACT__VARINT_SIZE_MOST);
}

TEST(fixed_numbers_are_little_endian)
{
    CHECK(is_written(impact__write_fixed64(space, UINT64_C(0x0102030405060708)),
                     "\x08\x07\x06\x05\x04\x03\x02\x01", 8));
    CHECK(is_written(impact__write_fixed32(space, UINT32_C(0xf1020304)), "\x04\x03\x02\xf1", 4));
}

TEST(a_field_is_tag_length_and_bytes)
{
    CHECK(is_written(impact__write_field(space, 2, "testing", 7), "\x12\x07testing", 9));
    CHECK_EQUAL(impact__field_size(2, 7), 9);
    CHECK(is_written(impact__write_field(space, 16, NULL, 0), "\x82\x01\x00", 3));
    CHECK_EQUAL(impact__field_size(16, 0), 3);
    CHECK_EQUAL(impact__field_size(536870911, 128), 5 + 2 + 128);
}

TEST(fields_are_read_one_after_the_other)
{
    static const char message[] = "\x08\x96\x01" /* 1: 150 */
                                  "\x12\x02hi"   /* 2: "hi" */
                                  "\x19\x08\x07\x06\x05\x04\x03\x02\x01"
                                  "\x25\x04\x03\x02\xf1";
    impact_text rest = bytes_of(message, sizeof message - 1);
    impact__field field = {0};
    CHECK(impact__read_field(&field, &rest) && field.number == 1 && field.value == 150);
    CHECK_EQUAL(field.wire_type, IMPACT__WIRE_VARINT);
    CHECK(impact__read_field(&field, &rest) && field.number == 2 && field.bytes.size == 2);
    CHECK(field.bytes.data == message + 5);
    CHECK(impact__read_field(&field, &rest) && field.value == UINT64_C(0x0102030405060708));
    CHECK_EQUAL(field.wire_type, IMPACT__WIRE_FIXED64);
    CHECK(impact__read_field(&field, &rest) && field.value == UINT32_C(0xf1020304));
    CHECK_EQUAL(field.wire_type, IMPACT__WIRE_FIXED32);
    CHECK_EQUAL(rest.size, 0);
    CHECK(!impact__read_field(&field, &rest));
}

TEST(what_is_written_reads_back)
{
    for (int bit = 0; bit < 64; bit++) {
        const uint64_t value = UINT64_MAX >> bit;
        uint8_t *end = impact__write_varint(space, IMPACT__TAG(536870911, IMPACT__WIRE_VARINT));
        end = impact__write_varint(end, value);
        impact_text rest = bytes_of(space, (size_t)(end - space));
        impact__field field = {0};
        CHECK(impact__read_field(&field, &rest));
        CHECK(field.number == 536870911 && field.value == value && rest.size == 0);
    }
}

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
} malformed[] = {
    {"field number 0", "\x00\x01", 2},
    {"a tag that does not end", "\x88", 1},
    {"a tag of more than 32 bits", "\x88\x80\x80\x80\x10\x01", 6},
    {"a varint that does not end", "\x08\x80", 2},
    {"a varint of 11 bytes", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
    {"no value", "\x08", 1},
    {"7 bytes of fixed64", "\x09\1\2\3\4\5\6\7", 8},
    {"3 bytes of fixed32", "\x0d\1\2\3", 4},
    {"a length beyond the end", "\x12\x03hi", 4},
    {"a length of 2^64 - 1", "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi", 13},
    {"a group's start", "\x0b", 1},
    {"a group's end", "\x0c", 1},
    {"wire type 6", "\x0e\x01", 2},
    {"wire type 7", "\x0f\x01", 2},
};

TEST(malformed_bytes_are_refused_and_nothing_is_moved)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        impact_text rest = bytes_of(malformed[i].bytes, malformed[i].size);
        impact__field field = {.number = 77};
        if (impact__read_field(&field, &rest))
            check_failed(__FILE__, __LINE__, "%s was read", malformed[i].name);
        CHECK(rest.data == malformed[i].bytes && rest.size == malformed[i].size);
        CHECK_EQUAL(field.number, 77);
    }
}

TEST(the_null_text_has_no_fields)
{
    impact_text rest = impact_text_of(NULL);
    impact__field field;
    CHECK(!impact__read_field(&field, &rest));
}
