/* The query of a request: its parameters. */
#ifndef IMPACT_HEALTH_QUERY_H
#define IMPACT_HEALTH_QUERY_H

#include <stdbool.h>

#include <impact/text.h>

enum { IMPACT__QUERY_LIMIT = 4096 }; /* bytes of a query that is read */

/* The value of the first parameter of this name, still encoded; a name without "=" has an empty
 * one. False: there is none. Names may be encoded, too. `name` has at most 16 bytes. */
bool impact__query_find(impact_text *value, impact_text query, const char *name);

/* Likewise of the next one in `rest`, which is what lies behind it afterwards. Begin with a copy of
 * the query. */
bool impact__query_next(impact_text *value, impact_text *rest, const char *name);

#endif
