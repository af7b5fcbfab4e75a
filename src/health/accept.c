/* Accept, read: for each format the most specific range that it is in says how much it is liked.
 *
 * A range that is malformed is passed over, as are parameters other than `q` and `version`. Some
 * clients write more digits than the three of a quality, or none before its point.
 */
#include "health/accept.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/text.h"

enum { quality_most = 1000 };

typedef struct media_range {
    impact_text type;
    impact_text subtype;
    impact_text version; /* empty: any */
    unsigned quality;    /* in thousandths */
} media_range;

/* ---- one range ---- */

static bool read_quality(unsigned *quality, impact_text text)
{
    unsigned value = 0;
    unsigned digit_is_worth = quality_most;
    size_t i = 0;
    if (i < text.size && (text.data[i] == '0' || text.data[i] == '1'))
        value = (unsigned)(text.data[i++] - '0') * quality_most;
    if (i < text.size && text.data[i++] != '.')
        return false;
    for (; i < text.size; i++) {
        if (!impact__is_digit(text.data[i]))
            return false;
        digit_is_worth /= 10;
        value += (unsigned)(text.data[i] - '0') * digit_is_worth;
    }
    *quality = value;
    return text.size > 0 && value <= quality_most;
}

static impact_text without_quotes(impact_text value)
{
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
        return impact_text_from(value.data + 1, value.size - 2);
    return value;
}

static bool read_parameter(media_range *range, impact_text parameter)
{
    impact_text name;
    if (!impact__text_split(&name, &parameter, '='))
        return true;
    const impact_text value = without_quotes(impact__text_trim(parameter));
    name = impact__text_trim(name);
    if (impact__text_equal_ignoring_case(name, impact_text_of("version")))
        range->version = value;
    if (impact__text_equal_ignoring_case(name, impact_text_of("q")))
        return read_quality(&range->quality, value);
    return true;
}

/* A lone star is what old Java means by all. */
static bool read_type(media_range *range, impact_text text)
{
    range->subtype = impact__text_trim(text);
    if (impact__text_split(&range->type, &range->subtype, '/') && range->type.size &&
        range->subtype.size)
        return true;
    range->subtype = range->type;
    return impact__text_equal_string(range->type, "*");
}

static bool read_range(media_range *range, impact_text text)
{
    impact_text part;
    *range = (media_range){.quality = quality_most};
    if (!impact__text_split(&part, &text, ';') || !read_type(range, part))
        return false;
    while (impact__text_split(&part, &text, ';'))
        if (!read_parameter(range, part))
            return false;
    return true;
}

/* ---- formats ---- */

static bool is_any(impact_text name)
{
    return impact__text_equal_string(name, "*");
}

/* How exactly a range says what a format is; 0: it is another. */
static unsigned specificity(const media_range *range, const impact__format_facts *format)
{
    if (is_any(range->type))
        return is_any(range->subtype);
    if (!impact__text_equal_ignoring_case(range->type, impact_text_of(format->type)))
        return 0;
    if (is_any(range->subtype))
        return 2;
    if (!impact__text_equal_ignoring_case(range->subtype, impact_text_of(format->subtype)))
        return 0;
    if (!range->version.size)
        return 3;
    return format->version && impact__text_equal_string(range->version, format->version) ? 4 : 0;
}

/* Of two ranges that are as specific, the kinder one. `understood` counts the ranges. */
static unsigned quality_of(impact__format format, impact_text accept, size_t *understood)
{
    const impact__format_facts *facts = impact__format_facts_of(format);
    unsigned exactness = 0;
    unsigned quality = 0;
    impact_text text;
    *understood = 0;
    while (impact__text_split(&text, &accept, ',')) {
        media_range range;
        if (!read_range(&range, text))
            continue;
        ++*understood;
        const unsigned here = specificity(&range, facts);
        if (here > exactness || (here && here == exactness && range.quality > quality)) {
            exactness = here;
            quality = range.quality;
        }
    }
    return quality;
}

bool impact__accept_read(impact__format *format, impact_text accept, impact__format preferred)
{
    assert(preferred < IMPACT__FORMAT_COUNT);
    size_t understood = 0;
    impact__format best = preferred;
    unsigned most = quality_of(preferred, accept, &understood);
    for (unsigned i = 0; understood && i < IMPACT__FORMAT_COUNT; i++) {
        const unsigned quality = quality_of((impact__format)i, accept, &understood);
        if (quality > most) {
            best = (impact__format)i;
            most = quality;
        }
    }
    if (understood && !most)
        return false;
    *format = best;
    return true;
}
