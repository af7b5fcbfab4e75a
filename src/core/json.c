/* JSON text, written piece by piece. */
#include "core/json.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"

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

void impact__json_double(impact__buffer *buffer, double value)
{
    if (!isfinite(value)) {
        impact__buffer_append_string(buffer, "null");
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        const int size = snprintf(text, sizeof text, "%.*g", digits, value);
        double back = 0;
        if (size > 0 && sscanf(text, "%lf", &back) == 1 && back == value)
            break;
    }
    bool is_whole = true;
    for (char *c = text; *c; c++) {
        if (*c == ',') /* the decimal comma of some locales */
            *c = '.';
        is_whole = is_whole && *c != '.' && *c != 'e';
    }
    impact__buffer_append_string(buffer, text);
    if (is_whole)
        impact__buffer_append_string(buffer, ".0"); /* a double stays one */
}
