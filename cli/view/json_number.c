/* Numbers of OTLP in JSON. */
#include "json_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

enum { double_limit = 400 }; /* the characters of a double that anybody writes */

bool view_parse_integer(uint64_t *value, impact_text text, bool is_signed)
{
    const bool is_negative = is_signed && text.size && text.data[0] == '-';
    const impact_text digits = is_negative ? impact_text_from(text.data + 1, text.size - 1) : text;
    const uint64_t most = is_signed ? (uint64_t)INT64_MAX + is_negative : UINT64_MAX;
    uint64_t read = 0;
    if (!impact__text_parse_uint(&read, digits, most))
        return false;
    *value = is_negative ? 0 - read : read;
    return true;
}

/* Digits, and what stands between them: no word and no hex, which strtod takes as well. */
static bool looks_like_number(impact_text text)
{
    if (!text.size || text.size >= double_limit)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!impact__is_digit(text.data[i]) && !memchr("+-.eE", text.data[i], 5))
            return false;
    return true;
}

static bool read_number(double *number, impact_text text)
{
    char copy[double_limit];
    char *end = NULL;
    if (!looks_like_number(text))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *number = strtod(copy, &end); /* this program leaves the locale as it is: "C" */
    return *end == '\0';
}

static bool read_word(double *number, impact_text text)
{
    if (impact__text_equal_string(text, "NaN"))
        *number = (double)NAN;
    else if (impact__text_equal_string(text, "Infinity"))
        *number = (double)INFINITY;
    else if (impact__text_equal_string(text, "-Infinity"))
        *number = -(double)INFINITY;
    else
        return false;
    return true;
}

bool view_parse_double(uint64_t *bits, impact_text text)
{
    double number = 0;
    if (!read_number(&number, text) && !read_word(&number, text))
        return false;
    memcpy(bits, &number, sizeof *bits);
    return true;
}
