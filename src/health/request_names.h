/* The names that a request asks for: from its path and its query. */
#ifndef IMPACT_HEALTH_REQUEST_NAMES_H
#define IMPACT_HEALTH_REQUEST_NAMES_H

#include <impact/status.h>

#include "health/query.h"
#include "health/route.h"
#include "health/selector.h"

/* Large: to be declared where it is read, and nowhere kept. */
typedef struct impact__request_names {
    impact__selector selector;
    size_t used;
    char decoded[IMPACT__QUERY_LIMIT + 3 * IMPACT__NAME_MOST]; /* what the selector borrows */
} impact__request_names;

/* `checks` stands for the default group, and adds to what another path asks for; `exclude`, which
 * may be given several times, leaves out. The query has at most IMPACT__QUERY_LIMIT bytes.
 * IMPACT_EINVAL: a parameter cannot be decoded, has what is no name, or too many; IMPACT_ENOENT:
 * the path names no one thing. */
impact_status impact__request_names_read(impact__request_names *names, const impact__route *route,
                                         impact_text query);

#endif
