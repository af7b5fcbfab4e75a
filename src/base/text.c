/* Bytes as text. */
#include "base/text.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
enum { replacement_size = 3 };

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* RFC 3629 4: the first byte tells the size, the second byte's range excludes overlong forms,
 * surrogates and what lies above U+10FFFF. */
static size_t multibyte_sequence(const unsigned char *p, size_t size)
{
    assert(size > 0);
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    const size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (size < length)
        return 0;
    const unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(p[i]))
            return 0;
    return length;
}

size_t impact__utf8_sequence(impact_text text)
{
    if (!text.size)
        return 0;
    const unsigned char *p = (const unsigned char *)text.data;
    return p[0] < 0x80 ? 1 : multibyte_sequence(p, text.size);
}

static size_t ascii_prefix(const char *data, size_t size)
{
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < size && (unsigned char)data[i] < 0x80)
        i++;
    return i;
}

size_t impact__utf8_valid_prefix(impact_text text)
{
    assert(text.data || text.size == 0);
    size_t i = 0;
    while (i < text.size) {
        i += ascii_prefix(text.data + i, text.size - i);
        if (i == text.size)
            break;
        const size_t sequence =
            impact__utf8_sequence(impact_text_from(text.data + i, text.size - i));
        if (!sequence)
            break;
        i += sequence;
    }
    return i;
}

size_t impact__utf8_prefix_of_characters(impact_text text, size_t limit)
{
    assert(text.data || text.size == 0);
    size_t size = 0;
    for (size_t characters = 0; size < text.size && characters < limit; characters++) {
        const size_t sequence =
            impact__utf8_sequence(impact_text_from(text.data + size, text.size - size));
        size += sequence ? sequence : 1;
    }
    return size;
}

size_t impact__utf8_repaired_size(impact_text text)
{
    assert(text.data || text.size == 0);
    size_t size = 0;
    for (size_t i = 0; i < text.size;) {
        const size_t valid =
            impact__utf8_valid_prefix(impact_text_from(text.data + i, text.size - i));
        size += valid;
        i += valid;
        if (i == text.size)
            break;
        size += replacement_size;
        i++;
    }
    return size;
}

void impact__utf8_repair(char *to, impact_text text)
{
    assert(text.data || text.size == 0);
    for (size_t i = 0; i < text.size;) {
        const size_t valid =
            impact__utf8_valid_prefix(impact_text_from(text.data + i, text.size - i));
        memcpy(to, text.data + i, valid);
        to += valid;
        i += valid;
        if (i == text.size)
            break;
        memcpy(to, replacement, replacement_size);
        to += replacement_size;
        i++;
    }
}

void impact__hex_format(char *to, const uint8_t *bytes, size_t size)
{
    assert(to && (bytes || size == 0));
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static int lower_case_hex_value(char c)
{
    return impact__is_digit(c) || impact__is_lower_case(c) ? impact__hex_value(c) : -1;
}

bool impact__hex_parse(uint8_t *bytes, size_t size, const char *digits)
{
    assert(bytes && digits);
    for (size_t i = 0; i < size; i++) {
        const int high = lower_case_hex_value(digits[2 * i]);
        const int low = lower_case_hex_value(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool impact__percent_decode(char *to, size_t *size, impact_text text, bool plus_is_space)
{
    assert(to || text.size == 0);
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.size - i < 3)
                return false;
            const int high = impact__hex_value(text.data[i + 1]);
            const int low = impact__hex_value(text.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        to[written++] = c;
    }
    *size = written;
    return true;
}

bool impact__text_equal(impact_text a, impact_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool impact__text_equal_string(impact_text a, const char *b)
{
    return impact__text_equal(a, impact_text_of(b));
}

bool impact__text_equal_ignoring_case(impact_text a, impact_text b)
{
    assert(a.data || a.size == 0);
    assert(b.data || b.size == 0);
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (impact__to_lower_case(a.data[i]) != impact__to_lower_case(b.data[i]))
            return false;
    return true;
}

bool impact__text_begins_with(impact_text text, const char *prefix)
{
    const impact_text begin = impact_text_of(prefix);
    return text.size >= begin.size &&
           impact__text_equal_ignoring_case(impact_text_from(text.data, begin.size), begin);
}

bool impact__text_equal_in_constant_time(impact_text a, impact_text b)
{
    /* Of another size, b is compared with itself: the same work, and no index that needs a
     * division, whose time depends on its operands. Volatile: no early end may be found by the
     * compiler. */
    const char *mine = a.size == b.size ? a.data : b.data;
    volatile unsigned char difference = a.size != b.size;
    for (size_t i = 0; i < b.size; i++)
        difference = (unsigned char)(difference | (unsigned char)(mine[i] ^ b.data[i]));
    return difference == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_white_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static impact_text without_ends(impact_text text, bool (*is_to_go)(char c))
{
    assert(text.data || text.size == 0);
    while (text.size && is_to_go(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && is_to_go(text.data[text.size - 1]))
        text.size--;
    return text;
}

impact_text impact__text_trim(impact_text text)
{
    return without_ends(text, is_blank);
}

impact_text impact__text_strip(impact_text text)
{
    return without_ends(text, is_white_space);
}

bool impact__text_split(impact_text *part, impact_text *rest, char separator)
{
    if (!rest->data)
        return false;
    const char *end = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    if (!end) {
        *part = *rest;
        *rest = impact_text_from(NULL, 0);
        return true;
    }
    *part = impact_text_from(rest->data, (size_t)(end - rest->data));
    *rest = impact_text_from(end + 1, rest->size - part->size - 1);
    return true;
}

bool impact__text_parse_uint(uint64_t *value, impact_text text, uint64_t most)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!impact__is_digit(text.data[i]))
            return false;
        const uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (digit > most || number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (!text.size)
        return false;
    *value = number;
    return true;
}
