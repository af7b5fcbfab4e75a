/* What ulfius says of a request. */
#include "instrument/ulfius/ulfius_request.h"

static void walk(const void *userdata, impact__header_visit_fn visit, void *visitor)
{
    const struct _u_map *map = ((const struct _u_request *)userdata)->map_header;
    for (int i = 0; map && i < map->nb_values; i++)
        if (!visit(visitor, impact_text_of(map->keys[i]), impact_text_of(map->values[i])))
            return;
}

impact__request_headers impact__ulfius_headers(const struct _u_request *request)
{
    return (impact__request_headers){walk, request};
}
