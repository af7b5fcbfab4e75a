/* What the health paths of an application's server answer, whichever the server is. */
#ifndef IMPACT_TESTS_HEALTH_PATHS_H
#define IMPACT_TESTS_HEALTH_PATHS_H

#include <stdint.h>

/* The server answers all other paths with "mine". */
void check_health_paths_at(uint16_t port);

/* Its registry has the secret "sesame" and the checks "a b", which holds, and "no". */
void check_query_and_headers_at(uint16_t port);

/* Likewise, and memory may be short: it is answered as it is, or with 503. */
void check_health_is_answered_at(uint16_t port);

#endif
