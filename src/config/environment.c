/* The OTEL_* environment, one variable at a time. */
#include "config/environment.h"

#include <stdlib.h>

#include <impact/diagnostics.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    shown_limit = 64,      /* bytes of a refused value that are repeated */
    digit_limit = 18,      /* of a ratio; more would not fit the 64 bits they are gathered in */
    ratio_size_limit = 32, /* bytes; nobody needs more to write a ratio */
};

impact_text impact__environment_text(const char *name)
{
    return impact__text_trim(impact_text_of(getenv(name)));
}

void impact__environment_refuse(const char *name, impact_text value, const char *why)
{
    const impact_text head =
        impact_text_from(value.data, value.size < shown_limit ? value.size : shown_limit);
    const int size = (int)impact__utf8_valid_prefix(head);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "environment", name,
                              "%s=%.*s is not used: %s", name, size, head.data, why);
}

bool impact__environment_number(uint32_t *value, const char *name)
{
    const impact_text text = impact__environment_text(name);
    uint64_t number = 0;
    if (!text.size)
        return false;
    if (!impact__text_parse_uint(&number, text, INT32_MAX)) {
        impact__environment_refuse(name, text, "it is not a number from 0 to 2147483647");
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

static bool cut(impact_text *rest, char c)
{
    if (!rest->size || rest->data[0] != c)
        return false;
    *rest = impact_text_from(rest->data + 1, rest->size - 1);
    return true;
}

/* Cut digits off and append them to `number`. False: there are none, or too many. */
static bool cut_digits(uint64_t *number, unsigned *count, impact_text *rest)
{
    const unsigned before = *count;
    while (rest->size && impact__is_digit(rest->data[0])) {
        if (++*count > digit_limit)
            return false;
        *number = *number * 10 + (uint64_t)(rest->data[0] - '0');
        (void)cut(rest, rest->data[0]); /* it is there */
    }
    return *count > before;
}

static double power_of_ten(unsigned exponent)
{
    double power = 1;
    while (exponent--)
        power *= 10;
    return power;
}

/* [digits][.digits][e-digits], whatever the locale; up to 15 digits it is exact. */
static bool parse_ratio(double *value, impact_text text)
{
    impact_text rest = text;
    uint64_t number = 0;
    uint64_t exponent = 0;
    unsigned digits = 0;
    unsigned exponent_digits = 0;
    bool is_valid = rest.size <= ratio_size_limit;
    const bool has_whole = is_valid && cut_digits(&number, &digits, &rest);
    const unsigned whole = digits;
    const bool has_point = cut(&rest, '.');
    const bool has_fraction = has_point && cut_digits(&number, &digits, &rest);
    if (cut(&rest, 'e') || cut(&rest, 'E'))
        is_valid = is_valid && cut(&rest, '-') && cut_digits(&exponent, &exponent_digits, &rest);
    if (!is_valid || !(has_whole || has_fraction) || rest.size || exponent > digit_limit)
        return false;
    const double ratio = (double)number / power_of_ten(digits - whole + (unsigned)exponent);
    if (ratio > 1)
        return false;
    *value = ratio;
    return true;
}

bool impact__environment_ratio(double *value, const char *name)
{
    const impact_text text = impact__environment_text(name);
    if (!text.size || parse_ratio(value, text))
        return text.size != 0;
    impact__environment_refuse(name, text, "it is not a number from 0 to 1");
    return false;
}

bool impact__environment_is_true(const char *name)
{
    const impact_text text = impact__environment_text(name);
    if (impact__text_equal_ignoring_case(text, impact_text_of("true")))
        return true;
    if (text.size && !impact__text_equal_ignoring_case(text, impact_text_of("false")))
        impact__environment_refuse(name, text, "it is neither true nor false");
    return false;
}
