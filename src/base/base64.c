/* Base64, read. */
#include "base/base64.h"

#include <assert.h>
#include <stdint.h>

/* -1: it is no digit. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding fills the last four. */
static impact_text without_padding(impact_text text)
{
    for (int i = 0; i < 2 && text.size % 4 == (i ? 3 : 0) && text.size; i++) {
        if (text.data[text.size - 1] != '=')
            break;
        text.size--;
    }
    return text;
}

bool impact__base64_decode(char *to, size_t *size, impact_text text)
{
    assert(text.data || text.size == 0);
    const impact_text digits = without_padding(text);
    uint32_t bits = 0;
    size_t written = 0;
    if (digits.size % 4 == 1)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        const int value = digit_value(digits.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4) /* each digit but the first of four ends a byte */
            to[written++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xFF);
    }
    *size = written;
    return true;
}
