/* Routes: a path, read. */
#include "health/route.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "health/name.h"

/* The names are those of Kubernetes' own servers. */
static const struct {
    const char *path;
    const char *group;
} probes[] = {
    {"/livez", IMPACT__LIVE_GROUP},
    {"/readyz", IMPACT__READY_GROUP},
    {"/startupz", IMPACT__STARTUP_GROUP},
};

/* Cut the prefix off. False: the path is not below it. */
static bool cut_prefix(impact_text *below, impact_text path, impact_text prefix)
{
    assert(path.data || path.size == 0);
    if (path.size < prefix.size || memcmp(path.data, prefix.data, prefix.size) != 0)
        return false;
    *below = impact_text_from(path.data + prefix.size, path.size - prefix.size);
    return below->size == 0 || below->data[0] == '/';
}

/* With a slash at its end, and nothing behind it, it is the same path. */
static void read_probe(impact__route *route, const char *group, impact_text below)
{
    const bool is_member = below.size > 1;
    route->is_decoded = false;
    route->kind = is_member ? IMPACT__ROUTE_MEMBER : IMPACT__ROUTE_PROBE;
    route->group = is_member ? group : NULL;
    route->selector =
        is_member ? impact_text_from(below.data + 1, below.size - 1) : impact_text_of(group);
}

static bool find_probe(impact__route *route, impact_text path)
{
    impact_text below;
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if (!cut_prefix(&below, path, impact_text_of(probes[i].path)))
            continue;
        read_probe(route, probes[i].group, below);
        route->subject = probes[i].path + 1;
        return true;
    }
    return false;
}

/* A path without the slash at its end is answered as the one with it: a load balancer takes a
 * redirect for health. */
static impact__route_kind kind_below(impact_text below)
{
    if (below.size <= 1)
        return IMPACT__ROUTE_CHECKS;
    return impact__text_equal_string(below, "/ping") ? IMPACT__ROUTE_PING : IMPACT__ROUTE_NAMED;
}

bool impact__route_find(impact__route *route, impact_text path, impact_text prefix, bool has_probes)
{
    impact_text below;
    if (has_probes && find_probe(route, path))
        return true;
    if (!cut_prefix(&below, path, prefix))
        return false;
    route->kind = kind_below(below);
    route->group = NULL;
    route->is_decoded = false;
    route->subject = "health";
    route->selector = route->kind == IMPACT__ROUTE_NAMED
                          ? impact_text_from(below.data + 1, below.size - 1)
                          : impact_text_of(IMPACT__DEFAULT_GROUP);
    return true;
}
