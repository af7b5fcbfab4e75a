/* ASCII: each predicate over all bytes, against the lists of RFC 20. */
#include "base/ascii.h"

#include <stddef.h>

#include "base/bytes.h"
#include "support/check.h"

static const char digits[] = "0123456789";
static const char small[] = "abcdefghijklmnopqrstuvwxyz";
static const char large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool stands_in(const char *list, int byte)
{
    return byte && strchr(list, byte) != NULL;
}

TEST(every_byte_is_what_it_is)
{
    for (int byte = 0; byte < 256; byte++) {
        const char c = (char)byte;
        const bool is_letter = stands_in(small, byte) || stands_in(large, byte);
        CHECK_EQUAL(impact__is_digit(c), stands_in(digits, byte));
        CHECK_EQUAL(impact__is_lower_case(c), stands_in(small, byte));
        CHECK_EQUAL(impact__is_letter(c), is_letter);
        CHECK_EQUAL(impact__is_alphanumeric(c), is_letter || stands_in(digits, byte));
        CHECK_EQUAL(impact__is_alphanumeric_or(c, "-_"),
                    is_letter || stands_in(digits, byte) || byte == '-' || byte == '_');
    }
}

TEST(letters_change_their_case_and_nothing_else_does)
{
    for (int byte = 0; byte < 256; byte++) {
        const char c = (char)byte;
        const char *is_small = byte ? strchr(small, byte) : NULL;
        const char *is_large = byte ? strchr(large, byte) : NULL;
        CHECK_EQUAL(impact__to_lower_case(c), is_large ? small[is_large - large] : c);
        CHECK_EQUAL(impact__to_upper_case(c), is_small ? large[is_small - small] : c);
    }
}

TEST(hex_digits_have_a_value_in_either_case)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; byte++) {
        const char *in_lower = byte ? strchr(lower, byte) : NULL;
        const char *in_upper = byte ? strchr(upper, byte) : NULL;
        const ptrdiff_t value = in_lower ? in_lower - lower : in_upper ? in_upper - upper : -1;
        CHECK_EQUAL(impact__hex_value((char)byte), value);
    }
}

TEST(bytes_are_zero_when_all_are)
{
    char bytes[3] = {0};
    CHECK(impact__is_zero(bytes, 3) && impact__is_zero(bytes, 0));
    for (int i = 0; i < 3; i++) {
        memset(bytes, 0, sizeof bytes);
        bytes[i] = (char)0x80;
        CHECK(!impact__is_zero(bytes, 3));
    }
}

TEST(the_smaller_of_two_sizes)
{
    CHECK_EQUAL(impact__smaller(1, 2), 1);
    CHECK_EQUAL(impact__smaller(2, 1), 1);
    CHECK_EQUAL(impact__smaller(2, 2), 2);
}
