/* The names that a request asks for, read. */
#include "health/request_names.h"

#include <assert.h>

#include "base/text.h"

/* Decode behind what was decoded before. */
static bool decode(impact__request_names *names, impact_text *decoded, impact_text encoded,
                   bool plus_is_space)
{
    assert(encoded.size <= sizeof names->decoded - names->used);
    decoded->data = names->decoded + names->used;
    if (!impact__percent_decode(names->decoded + names->used, &decoded->size, encoded,
                                plus_is_space))
        return false;
    names->used += decoded->size;
    return true;
}

static impact_status include_parameter(impact__request_names *names, impact_text encoded)
{
    impact_text list;
    return decode(names, &list, encoded, true) && !impact__selector_include(&names->selector, list)
               ? IMPACT_OK
               : IMPACT_EINVAL;
}

static impact_status exclude_parameters(impact__request_names *names, impact_text query)
{
    impact_text encoded;
    impact_text list;
    while (impact__query_next(&encoded, &query, "exclude"))
        if (!decode(names, &list, encoded, true) ||
            impact__selector_exclude(&names->selector, list))
            return IMPACT_EINVAL;
    return IMPACT_OK;
}

/* One name and no list: a path that names nothing would ask for nothing, which holds. */
static impact_status include_path(impact__request_names *names, const impact__route *route)
{
    const impact_text encoded = route->selector;
    impact_text name = encoded;
    if (encoded.size > 3 * IMPACT__NAME_MOST ||
        (!route->is_decoded && !decode(names, &name, encoded, false)) ||
        impact__selector_include(&names->selector, name) || names->selector.count != 1)
        return IMPACT_ENOENT;
    return IMPACT_OK;
}

impact_status impact__request_names_read(impact__request_names *names, const impact__route *route,
                                         impact_text query)
{
    assert(query.size <= IMPACT__QUERY_LIMIT && route->kind != IMPACT__ROUTE_PING);
    impact_text checks;
    const bool has_checks = impact__query_find(&checks, query, "checks");
    impact_status status = IMPACT_OK;
    names->used = 0;
    impact__selector_clear(&names->selector);
    names->selector.within = impact_text_of(route->group);
    if (impact__route_is_named(route))
        status = include_path(names, route);
    else if (route->kind == IMPACT__ROUTE_PROBE || !has_checks)
        status = impact__selector_include(&names->selector, route->selector);
    if (!status && has_checks)
        status = include_parameter(names, checks);
    return status ? status : exclude_parameters(names, query);
}
