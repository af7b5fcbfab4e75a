/* The paths that are answered: which one a request is for. */
#ifndef IMPACT_HEALTH_ROUTE_H
#define IMPACT_HEALTH_ROUTE_H

#include <stdbool.h>

#include <impact/text.h>

typedef enum impact__route_kind {
    IMPACT__ROUTE_PING,   /* /health/ping */
    IMPACT__ROUTE_CHECKS, /* /health and /health/: what the query asks for */
    IMPACT__ROUTE_NAMED,  /* /health/<name>: one check, or one group */
    IMPACT__ROUTE_PROBE,  /* /livez, /readyz, /startupz: the group that the path stands for */
    IMPACT__ROUTE_MEMBER  /* /livez/<name>: one check of that group */
} impact__route_kind;

typedef struct impact__route {
    impact__route_kind kind;
    impact_text selector; /* what is asked for; of a named one as it came, percent-encoded */
    bool is_decoded;      /* the selector is not percent-encoded */
    const char *group;    /* of a member: whose it is; static */
    const char *subject;  /* what a person calls it: "health", "readyz"; static */
} impact__route;

/* The path itself names a check, or a group. */
static inline bool impact__route_is_named(const impact__route *route)
{
    return route->kind == IMPACT__ROUTE_NAMED || route->kind == IMPACT__ROUTE_MEMBER;
}

/* The route of a path as it came. The probes lie beside the prefix, where the host has given them
 * to us. False: the path is the host's. `selector` is borrowed from the path, or static. */
bool impact__route_find(impact__route *route, impact_text path, impact_text prefix,
                        bool has_probes);

#endif
