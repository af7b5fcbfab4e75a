/* JSON text, written piece by piece. */
#include "base/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static size_t plain_prefix(impact_text text)
{
    size_t i = 0;
    while (i < text.size && is_plain((unsigned char)text.data[i]))
        i++;
    return i;
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

void impact__json_string(impact__buffer *buffer, impact_text text)
{
    impact__buffer_append_char(buffer, '"');
    for (size_t i = 0; i < text.size;) {
        const impact_text rest = impact_text_from(text.data + i, text.size - i);
        const size_t plain = plain_prefix(rest);
        impact__buffer_append(buffer, rest.data, plain);
        i += plain;
        if (i == text.size)
            break;
        const impact_text special = impact_text_from(text.data + i, text.size - i);
        const size_t sequence = impact__utf8_sequence(special);
        if (sequence == 0)
            impact__buffer_append_string(buffer, "\xEF\xBF\xBD");
        else if (sequence == 1)
            escape(buffer, (unsigned char)special.data[0]);
        else
            impact__buffer_append(buffer, special.data, sequence);
        i += sequence ? sequence : 1;
    }
    impact__buffer_append_char(buffer, '"');
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
