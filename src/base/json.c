/* JSON text, written piece by piece. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Beside what JSON itself wants: what HTML would take for its own. */
static const char html[] = "<>&";

static bool is_plain(unsigned char c, const char *escaped_too)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' &&
           (!*escaped_too || !strchr(escaped_too, c));
}

static size_t plain_prefix(impact_text text, const char *escaped_too)
{
    size_t i = 0;
    while (i < text.size && is_plain((unsigned char)text.data[i], escaped_too))
        i++;
    return i;
}

/* C1: a terminal may obey them. */
static bool is_control(const char *sequence)
{
    return (unsigned char)sequence[0] == 0xC2 && (unsigned char)sequence[1] < 0xA0;
}

static void escape(impact__buffer *buffer, unsigned char c)
{
    switch (c) {
    case '"':
        impact__buffer_append_string(buffer, "\\\"");
        return;
    case '\\':
        impact__buffer_append_string(buffer, "\\\\");
        return;
    case '\b':
        impact__buffer_append_string(buffer, "\\b");
        return;
    case '\f':
        impact__buffer_append_string(buffer, "\\f");
        return;
    case '\n':
        impact__buffer_append_string(buffer, "\\n");
        return;
    case '\r':
        impact__buffer_append_string(buffer, "\\r");
        return;
    case '\t':
        impact__buffer_append_string(buffer, "\\t");
        return;
    default:
        impact__buffer_printf(buffer, "\\u%04x", c);
    }
}

/* A character that is not plain; how many bytes it has. */
static size_t append_special(impact__buffer *buffer, impact_text text)
{
    assert(text.size > 0);
    const size_t sequence = impact__utf8_sequence(text);
    if (sequence == 0)
        impact__buffer_append_string(buffer, "\xEF\xBF\xBD");
    else if (sequence == 1)
        escape(buffer, (unsigned char)text.data[0]);
    else if (sequence == 2 && is_control(text.data))
        escape(buffer, (unsigned char)text.data[1]); /* U+0080 to U+009F: the second byte */
    else
        impact__buffer_append(buffer, text.data, sequence);
    return sequence ? sequence : 1;
}

static void append_string(impact__buffer *buffer, impact_text text, const char *escaped_too)
{
    assert(text.data || text.size == 0);
    impact__buffer_append_char(buffer, '"');
    while (text.size) {
        const size_t plain = plain_prefix(text, escaped_too);
        impact__buffer_append(buffer, text.data, plain);
        text = impact_text_from(text.data + plain, text.size - plain);
        if (!text.size)
            break;
        const size_t special = append_special(buffer, text);
        text = impact_text_from(text.data + special, text.size - special);
    }
    impact__buffer_append_char(buffer, '"');
}

void impact__json_string(impact__buffer *buffer, impact_text text)
{
    append_string(buffer, text, "");
}

void impact__json_html_string(impact__buffer *buffer, impact_text text)
{
    append_string(buffer, text, html);
}

/* Four digits of three bytes; `=` stands for what is missing. */
static void append_base64_group(impact__buffer *buffer, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint32_t bits = (uint32_t)bytes[0] << 16 | (size > 1 ? (uint32_t)bytes[1] << 8 : 0) |
                          (size > 2 ? bytes[2] : 0);
    const char group[4] = {
        digits[bits >> 18],
        digits[bits >> 12 & 63],
        size > 1 ? digits[bits >> 6 & 63] : '=',
        size > 2 ? digits[bits & 63] : '=',
    };
    impact__buffer_append(buffer, group, sizeof group);
}

void impact__json_base64(impact__buffer *buffer, impact_text bytes)
{
    assert(bytes.data || bytes.size == 0);
    impact__buffer_append_char(buffer, '"');
    for (size_t i = 0; i < bytes.size; i += 3)
        append_base64_group(buffer, (const unsigned char *)bytes.data + i, bytes.size - i);
    impact__buffer_append_char(buffer, '"');
}

/* The fewest digits, from 15 on, that read back the same: every double does with 17. */
static void format_double(char *text, size_t size, double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, size, "%.*g", digits,
                       value); /* it fits: 24 bytes and a decimal point */
        if (strtod(text, NULL) == value)
            return;
    }
}

/* The locale's decimal point, which may be several bytes ("\xD9\xAB" in Pashto), becomes a dot. */
static void write_number(impact__buffer *buffer, const char *text)
{
    static const char of_numbers[] = "+-0123456789e";
    const size_t whole = strspn(text, of_numbers);
    impact__buffer_append(buffer, text, whole);
    const char *rest = text + whole + strcspn(text + whole, of_numbers);
    if (text[whole])
        impact__buffer_append_char(buffer, '.');
    else if (!memchr(text, 'e', whole))
        impact__buffer_append_string(buffer, ".0"); /* a double stays one */
    impact__buffer_append_string(buffer, rest);
}

void impact__json_double(impact__buffer *buffer, double value)
{
    if (!isfinite(value)) {
        impact__buffer_append_string(buffer, "null");
        return;
    }
    char text[64];
    format_double(text, sizeof text, value);
    write_number(buffer, text);
}
