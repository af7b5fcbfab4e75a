/* Text: UTF-8 held to an independent decoder over all prefixes, hex, percent-encoding, numbers. */
#include "base/text.h"

#include <stdlib.h>

#include "support/check.h"

static impact_text text_of(const char *string)
{
    return impact_text_of(string);
}

/* ---- UTF-8 ---- */

/* Decode by arithmetic, as RFC 3629 3 defines it, and refuse what encodes otherwise: shorter forms,
 * surrogates, numbers beyond U+10FFFF. Shares nothing with the table of first bytes that is tested.
 */
static size_t reference_sequence(const unsigned char *p, size_t size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size && p[0] < 0x80)
        return 1;
    for (size_t length = 2; length <= 4 && length <= size; length++) {
        const unsigned marker = (0xF00u >> length) & 0xFF; /* 110xxxxx, 1110xxxx, 11110xxx */
        if ((p[0] & ((0xFF80u >> length) & 0xFF)) != marker)
            continue;
        uint32_t number = p[0] & (0x7Fu >> length);
        for (size_t i = 1; i < length; i++) {
            if (p[i] / 64 != 2)
                return 0;
            number = number * 64 + p[i] % 64;
        }
        const bool is_surrogate = number >= 0xD800 && number <= 0xDFFF;
        return number < smallest[length] || number > 0x10FFFF || is_surrogate ? 0 : length;
    }
    return 0;
}

static size_t count_differences(const unsigned char *p, size_t size)
{
    const impact_text text = impact_text_from((const char *)p, size);
    return impact__utf8_sequence(text) != reference_sequence(p, size);
}

TEST(each_sequence_of_up_to_three_bytes_is_judged_as_the_rfc_does)
{
    size_t differences = 0;
    for (uint32_t number = 0; number < 1u << 24; number++) {
        const unsigned char p[] = {(unsigned char)(number >> 16), (unsigned char)(number >> 8),
                                   (unsigned char)number};
        differences += count_differences(p, 3);
        differences += number % 256 ? 0 : count_differences(p, 2);
        differences += number % 65536 ? 0 : count_differences(p, 1);
    }
    CHECK_EQUAL(differences, 0);
}

/* Of the fourth byte only its class matters: the borders of each are tried. */
TEST(each_sequence_of_four_bytes_is_judged_as_the_rfc_does)
{
    static const unsigned char last[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    size_t differences = 0;
    for (uint32_t number = 0; number < 1u << 19; number++)
        for (size_t i = 0; i < sizeof last; i++) {
            const unsigned char p[] = {(unsigned char)(0xF0 | number >> 16), /* F0 to F7 */
                                       (unsigned char)(number >> 8), (unsigned char)number,
                                       last[i]};
            differences += count_differences(p, 4);
        }
    CHECK_EQUAL(differences, 0);
}

TEST(the_valid_prefix_ends_before_the_first_ill_formed_byte)
{
    CHECK_EQUAL(impact__utf8_valid_prefix(text_of(NULL)), 0);
    CHECK_EQUAL(impact__utf8_valid_prefix(text_of("abc")), 3);
    CHECK_EQUAL(impact__utf8_valid_prefix(text_of("sixteen letters.\xC3\xA4ther")), 22);
    CHECK_EQUAL(impact__utf8_valid_prefix(text_of("a\xE2\x82")), 1);
    CHECK_EQUAL(impact__utf8_valid_prefix(text_of("\xE2\x82\xAC\xED\xA0\x80")), 3);
    CHECK_EQUAL(impact__utf8_valid_prefix(impact_text_from("a\0b", 3)), 3);
}

/* The bytes are copied to the end of a piece of memory, so that a sanitizer sees a read past them.
 */
TEST(an_ill_formed_byte_is_found_at_each_place)
{
    for (size_t size = 1; size <= 40; size++)
        for (size_t at = 0; at < size; at++) {
            char *bytes = malloc(size);
            REQUIRE(bytes);
            memset(bytes, 'x', size);
            bytes[at] = '\x80';
            CHECK_EQUAL(impact__utf8_valid_prefix(impact_text_from(bytes, size)), at);
            free(bytes);
        }
}

TEST(characters_are_counted_not_bytes)
{
    const impact_text text = text_of("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z");
    static const size_t sizes[] = {0, 1, 3, 6, 10, 11, 11};
    for (size_t limit = 0; limit < 7; limit++)
        CHECK_EQUAL(impact__utf8_prefix_of_characters(text, limit), sizes[limit]);
    CHECK_EQUAL(impact__utf8_prefix_of_characters(text_of(""), 3), 0);
}

static const struct {
    const char *broken;
    const char *repaired;
} repairs[] = {
    {"", ""},
    {"whole \xC3\xA4", "whole \xC3\xA4"},
    {"\xFF", "\xEF\xBF\xBD"},
    {"a\x80\x80z", "a\xEF\xBF\xBD\xEF\xBF\xBDz"},
    {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xF0\x9F\x98\xE2\x82\xAC", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xE2\x82\xAC"},
};

TEST(each_ill_formed_byte_is_replaced)
{
    for (size_t i = 0; i < sizeof repairs / sizeof *repairs; i++) {
        char to[64] = "";
        const impact_text broken = text_of(repairs[i].broken);
        const size_t size = impact__utf8_repaired_size(broken);
        CHECK_EQUAL(size, strlen(repairs[i].repaired));
        impact__utf8_repair(to, broken);
        CHECK_STRING(to, repairs[i].repaired);
    }
}

/* ---- hex and percent-encoding ---- */

TEST(hex_goes_both_ways_for_each_byte)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t in = (uint8_t)byte;
        char digits[3] = "";
        char should[3];
        uint8_t out = (uint8_t)~in;
        impact__hex_format(digits, &in, 1);
        (void)snprintf(should, sizeof should, "%02x", byte);
        CHECK_STRING(digits, should);
        CHECK(impact__hex_parse(&out, 1, digits) && out == in);
    }
}

TEST(hex_is_lower_case_digits_only)
{
    size_t accepted = 0;
    for (int c = 0; c < 256; c++) {
        uint8_t out[1];
        const char high[2] = {(char)c, '0'};
        const char low[2] = {'0', (char)c};
        const bool is_digit = c && strchr("0123456789abcdef", c);
        CHECK_EQUAL(impact__hex_parse(out, 1, high), is_digit);
        CHECK_EQUAL(impact__hex_parse(out, 1, low), is_digit);
        accepted += is_digit;
    }
    CHECK_EQUAL(accepted, 16);
}

static const struct {
    const char *encoded;
    const char *decoded; /* NULL: refused */
    bool plus_is_space;
} percents[] = {
    {"", "", false},
    {"plain", "plain", false},
    {"%41%7a%7A", "Azz", false},
    {"a+b%2B", "a+b+", false},
    {"a+b%2B", "a b+", true},
    {"%C3%A4", "\xC3\xA4", false},
    {"%25%32%35", "%25", false},
    {"%", NULL, false},
    {"a%4", NULL, false},
    {"%g0", NULL, false},
    {"%0g", NULL, false},
    {"%%41", NULL, false},
    {"%-1", NULL, false},
    {"% 1", NULL, false},
    {"%0x", NULL, false},
};

TEST(percent_signs_are_decoded_once_or_refused)
{
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        char to[32] = "";
        size_t size = 99;
        const bool done = impact__percent_decode(to, &size, text_of(percents[i].encoded),
                                                 percents[i].plus_is_space);
        CHECK_EQUAL(done, percents[i].decoded != NULL);
        CHECK_EQUAL(size, done ? strlen(percents[i].decoded) : 99);
        CHECK(!done || memcmp(to, percents[i].decoded, size) == 0);
    }
}

TEST(a_nul_can_be_encoded_and_all_bytes_come_back)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char encoded[4];
        char to[3];
        size_t size = 0;
        (void)snprintf(encoded, sizeof encoded, "%%%02X", byte);
        CHECK(impact__percent_decode(to, &size, text_of(encoded), true));
        CHECK(size == 1 && (unsigned char)to[0] == byte);
    }
}

TEST(text_is_decoded_in_its_own_place)
{
    char text[] = "a%20b+c%2";
    size_t size = 0;
    CHECK(impact__percent_decode(text, &size, impact_text_from(text, 7), true));
    CHECK(size == 5 && memcmp(text, "a b c", 5) == 0);
}

/* ---- comparison ---- */

TEST(equal_texts_have_the_same_bytes)
{
    CHECK(impact__text_equal(text_of(""), text_of(NULL)));
    CHECK(impact__text_equal_string(text_of("ab"), "ab"));
    CHECK(!impact__text_equal_string(text_of("ab"), "aB"));
    CHECK(!impact__text_equal_string(text_of("ab"), "a"));
    CHECK(!impact__text_equal_string(text_of("a"), NULL));
    CHECK(!impact__text_equal(impact_text_from("a\0b", 3), impact_text_from("a\0c", 3)));
}

TEST(only_the_case_of_ascii_letters_is_ignored)
{
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char of_a = (char)a;
            const char of_b = (char)b;
            const bool letters = (a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z';
            CHECK_EQUAL(impact__text_equal_ignoring_case(impact_text_from(&of_a, 1),
                                                         impact_text_from(&of_b, 1)),
                        a == b || (letters && a < 128 && b < 128));
        }
    CHECK(!impact__text_equal_ignoring_case(text_of("ab"), text_of("abc")));
    CHECK(impact__text_equal_ignoring_case(text_of(""), text_of(NULL)));
}

TEST(the_comparison_in_constant_time_compares)
{
    const impact_text secret = text_of("correct horse");
    CHECK(impact__text_equal_in_constant_time(secret, text_of("correct horse")));
    CHECK(!impact__text_equal_in_constant_time(secret, text_of("correct horsf")));
    CHECK(!impact__text_equal_in_constant_time(secret, text_of("dorrect horse")));
    CHECK(!impact__text_equal_in_constant_time(secret, text_of("correct")));
    CHECK(!impact__text_equal_in_constant_time(secret, text_of("correct horsecorrect horse")));
    CHECK(!impact__text_equal_in_constant_time(secret, text_of(NULL)));
    CHECK(!impact__text_equal_in_constant_time(text_of(NULL), secret));
    CHECK(!impact__text_equal_in_constant_time(text_of("aa"), text_of("aaaa")));
    CHECK(impact__text_equal_in_constant_time(text_of(""), text_of(NULL)));
    for (int bit = 0; bit < 8; bit++) {
        const char a = 'a';
        const char b = (char)('a' ^ 1 << bit);
        CHECK(
            !impact__text_equal_in_constant_time(impact_text_from(&a, 1), impact_text_from(&b, 1)));
    }
}

/* ---- trim, split, numbers ---- */

TEST(blanks_and_tabs_are_trimmed_and_nothing_else)
{
    CHECK(impact__text_equal_string(impact__text_trim(text_of(" \ta b\t ")), "a b"));
    CHECK(impact__text_equal_string(impact__text_trim(text_of("\na\r")), "\na\r"));
    CHECK_EQUAL(impact__text_trim(text_of(" \t ")).size, 0);
    CHECK_EQUAL(impact__text_trim(text_of(NULL)).size, 0);
}

/* The parts of `text`, each in brackets. */
static const char *split(impact_text text)
{
    static char parts[64];
    size_t size = 0;
    impact_text part;
    while (impact__text_split(&part, &text, ','))
        size += (size_t)snprintf(parts + size, sizeof parts - size, "[%.*s]", (int)part.size,
                                 part.data);
    parts[size] = 0;
    return parts;
}

TEST(a_text_is_split_into_one_part_more_than_it_has_separators)
{
    CHECK_STRING(split(text_of("a")), "[a]");
    CHECK_STRING(split(text_of("a,,b")), "[a][][b]");
    CHECK_STRING(split(text_of(",")), "[][]");
    CHECK_STRING(split(text_of("a,")), "[a][]");
    CHECK_STRING(split(text_of(",a")), "[][a]");
    CHECK_STRING(split(text_of("")), "[]");
    CHECK_STRING(split(text_of(NULL)), "");
    CHECK_STRING(split(impact_text_from("a,b,c", 3)), "[a][b]");
    CHECK_STRING(split(impact_text_from("a,b,c", 2)), "[a][]");
}

static bool reads(const char *text, uint64_t most, uint64_t should)
{
    uint64_t value = ~should;
    return impact__text_parse_uint(&value, text_of(text), most) && value == should;
}

static bool refuses(const char *text, uint64_t most)
{
    uint64_t value = 4711;
    return !impact__text_parse_uint(&value, text_of(text), most) && value == 4711;
}

TEST(numbers_are_read_up_to_the_most_allowed)
{
    CHECK(reads("0", 0, 0));
    CHECK(reads("007", 7, 7));
    CHECK(reads("18446744073709551615", UINT64_MAX, UINT64_MAX));
    CHECK(refuses("18446744073709551616", UINT64_MAX));
    CHECK(refuses("18446744073709551620", UINT64_MAX));
    CHECK(refuses("99999999999999999999", UINT64_MAX));
    CHECK(refuses("184467440737095516150", UINT64_MAX));
    for (uint64_t most = 0; most < 130; most++)
        for (uint64_t number = 0; number < 1300; number++) {
            char text[8];
            (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
            CHECK(number <= most ? reads(text, most, number) : refuses(text, most));
        }
}

TEST(what_is_not_a_number_is_refused)
{
    static const char *const texts[] = {"",    " 1",  "1 ", "+1", "-1", "1.0",
                                        "0x1", "1e3", "/",  ":",  "1a"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(refuses(texts[i], UINT64_MAX));
    CHECK(refuses(NULL, UINT64_MAX));
}

TEST(an_encoded_byte_that_is_cut_is_none_whatever_stands_behind)
{
    char to[4];
    size_t size = 9;
    CHECK(!impact__percent_decode(to, &size, impact_text_from("%41", 1), false));
    CHECK(!impact__percent_decode(to, &size, impact_text_from("%41", 2), false));
    CHECK_EQUAL(size, 9);
    CHECK(impact__percent_decode(to, &size, impact_text_from("%41", 3), false));
    CHECK(size == 1 && to[0] == 'A');
}
