/* The environment, one variable at a time. */
#include "base/environment.h"

#include <assert.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/diagnostics.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    shown_limit = 64,  /* bytes of a refused value that are repeated */
    words_limit = 256, /* bytes of a list of words in a report; the longest has 120 */
};

impact_text impact__environment_text(const char *name)
{
    assert(name);
    return impact__text_strip(impact_text_of(getenv(name)));
}

void impact__environment_refuse(const char *name, impact_text value, const char *why)
{
    const impact_text head =
        impact_text_from(value.data, value.size < shown_limit ? value.size : shown_limit);
    const int size = (int)impact__utf8_valid_prefix(head);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "environment", name,
                              "%s=%.*s is not used: %s", name, size, head.data, why);
}

void impact__environment_refuse_unseen(const char *name, const char *why)
{
    impact__environment_refuse(name, impact_text_of("..."), why);
}

/* ---- numbers ---- */

static bool cut(impact_text *rest, const char *any_of)
{
    if (!rest->size || !strchr(any_of, rest->data[0]))
        return false;
    *rest = impact_text_from(rest->data + 1, rest->size - 1);
    return true;
}

static size_t cut_digits(impact_text *rest)
{
    const size_t before = rest->size;
    while (rest->size && impact__is_digit(rest->data[0]))
        *rest = impact_text_from(rest->data + 1, rest->size - 1);
    return before - rest->size;
}

bool impact__environment_number(uint32_t *value, const char *name)
{
    assert(value && name);
    const impact_text text = impact__environment_text(name);
    impact_text rest = text;
    uint64_t number = 0;
    if (!text.size)
        return false;
    (void)cut(&rest, "+"); /* it may be there */
    if (!impact__text_parse_uint(&number, rest, INT32_MAX)) {
        impact__environment_refuse(name, text, "it has to be a number from 0 to 2147483647");
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

/* [sign][digits][.digits][e[sign]digits]: not what strtod takes beside that, hex and words. */
static bool is_decimal(impact_text text)
{
    impact_text rest = text;
    (void)cut(&rest, "+-"); /* both may be there, or not */
    size_t digits = cut_digits(&rest);
    if (cut(&rest, "."))
        digits += cut_digits(&rest);
    if (!digits)
        return false;
    if (cut(&rest, "eE")) {
        (void)cut(&rest, "+-"); /* likewise */
        if (!cut_digits(&rest))
            return false;
    }
    return !rest.size;
}

/* The nearest double, whatever the locale. What follows a text of the environment is white space or
 * its end, where strtod stops as well. */
static bool parse_ratio(double *value, impact_text text)
{
    if (!is_decimal(text))
        return false;
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return false;
    const double number = strtod_l(text.data, NULL, c);
    freelocale(c);
    if (!(number >= 0 && number <= 1))
        return false;
    *value = number > 0 ? number : 0; /* not -0 */
    return true;
}

bool impact__environment_ratio(double *value, const char *name)
{
    const impact_text text = impact__environment_text(name);
    if (!text.size || parse_ratio(value, text))
        return text.size != 0;
    impact__environment_refuse(name, text, "it has to be a number from 0 to 1");
    return false;
}

/* ---- words ---- */

bool impact__environment_is_true(const char *name)
{
    static const char *const words[] = {"false", "true", NULL};
    size_t index = 0;
    return impact__environment_choice(&index, name, words) && index == 1;
}

static void refuse_word(const char *name, impact_text value, const char *const *words)
{
    char why[words_limit] = "it has to be ";
    for (size_t i = 0; words[i]; i++) {
        const size_t size = strlen(why);
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        (void)snprintf(why + size, sizeof why - size, "%s%s", before, words[i]); /* it fits */
    }
    impact__environment_refuse(name, value, why);
}

bool impact__environment_choice(size_t *index, const char *name, const char *const *words)
{
    assert(index && words);
    const impact_text value = impact__environment_text(name);
    if (!value.size)
        return false;
    for (size_t i = 0; words[i]; i++) {
        if (impact__text_equal_ignoring_case(value, impact_text_of(words[i]))) {
            *index = i;
            return true;
        }
    }
    refuse_word(name, value, words);
    return false;
}

bool impact__environment_member(impact_text *member, impact_text *rest)
{
    impact_text part;
    while (impact__text_split(&part, rest, ',')) {
        const impact_text stripped = impact__text_strip(part);
        if (!stripped.size)
            continue;
        *member = stripped;
        return true;
    }
    return false;
}
