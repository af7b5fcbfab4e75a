/* The servers that resolv.conf(5) names. */
#ifndef IMPACT_CHECKS_RESOLVER_FILE_H
#define IMPACT_CHECKS_RESOLVER_FILE_H

#include <stddef.h>

#include <impact/text.h>

#include "checks/endpoint.h"

enum { impact__resolver_limit = 3 }; /* as many as the C library asks */

/* How many there are; without one it is the machine itself, as for the C library. */
size_t impact__resolvers_read(impact__endpoint servers[impact__resolver_limit], impact_text file);

#endif
