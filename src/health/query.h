/* The query of a request: its parameters, and what of it may be repeated. */
#ifndef IMPACT_HEALTH_QUERY_H
#define IMPACT_HEALTH_QUERY_H

#include <stdbool.h>

#include <impact/text.h>

/* The value of the first parameter of this name, still encoded; a name without "=" has an empty
 * one. False: there is none. Names may be encoded, too. `name` has at most 16 bytes. */
bool impact__query_find(impact_text *value, impact_text query, const char *name);

/* True when a query can stand in a Location header, and in what is made of that, as it is. */
bool impact__query_is_safe(impact_text query);

#endif
