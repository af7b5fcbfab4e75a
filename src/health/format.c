/* The formats, a row each. */
#include "health/format.h"

#include <assert.h>

#include "base/text.h"

enum { encoded_name_limit = 3 * 16 }; /* of the longest, each byte as %XX */

static const impact__format_facts formats[IMPACT__FORMAT_COUNT] = {
    [IMPACT__FORMAT_JSON] = {"json", "application", "json", NULL, "application/json"},
    [IMPACT__FORMAT_HEALTH_JSON] = {"health-json", "application", "health+json", NULL,
                                    "application/health+json"},
    [IMPACT__FORMAT_TEXT] = {"text", "text", "plain", NULL, "text/plain; charset=utf-8"},
    [IMPACT__FORMAT_OPENMETRICS] = {"openmetrics", "application", "openmetrics-text", "1.0.0",
                                    "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    [IMPACT__FORMAT_HTML] = {"html", "text", "html", NULL, "text/html; charset=utf-8"},
};

const impact__format_facts *impact__format_facts_of(impact__format format)
{
    assert(format < IMPACT__FORMAT_COUNT);
    return &formats[format];
}

static bool find(impact__format *format, impact_text name)
{
    for (unsigned i = 0; i < IMPACT__FORMAT_COUNT; i++) {
        if (!impact__text_equal_string(name, formats[i].name) &&
            !impact__text_equal_string(name, formats[i].subtype))
            continue;
        *format = (impact__format)i;
        return true;
    }
    return false;
}

bool impact__format_find(impact__format *format, impact_text encoded)
{
    char name[encoded_name_limit];
    size_t size = 0;
    return encoded.size <= encoded_name_limit &&
           impact__percent_decode(name, &size, encoded, false) &&
           find(format, impact_text_from(name, size));
}
