/* The query of a request (application/x-www-form-urlencoded, as HTML forms and Flask read it). */
#include "health/query.h"

#include <assert.h>

#include "base/text.h"

enum {
    name_limit = 16,
    encoded_name_limit = 3 * name_limit, /* each byte as %XX */
};

static bool is_name(impact_text encoded, const char *name)
{
    char decoded[encoded_name_limit];
    size_t size = 0;
    return encoded.size <= encoded_name_limit &&
           impact__percent_decode(decoded, &size, encoded, true) &&
           impact__text_equal_string(impact_text_from(decoded, size), name);
}

bool impact__query_next(impact_text *value, impact_text *rest, const char *name)
{
    assert(rest->data || rest->size == 0);
    impact_text parameter;
    while (impact__text_split(&parameter, rest, '&')) {
        impact_text key;
        if (!parameter.size || !impact__text_split(&key, &parameter, '=') || !is_name(key, name))
            continue;
        *value = parameter; /* what is behind the first "=" */
        return true;
    }
    return false;
}

bool impact__query_find(impact_text *value, impact_text query, const char *name)
{
    return impact__query_next(value, &query, name);
}
