/* Where a server is: a host and a port, or the path of a Unix socket. */
#ifndef IMPACT_CHECKS_ENDPOINT_H
#define IMPACT_CHECKS_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

enum { impact__host_limit = 253 }; /* RFC 1035 2.3.4 less the root's two bytes */

typedef struct impact__endpoint {
    uint16_t port;                      /* 0: it is a path */
    char where[impact__host_limit + 1]; /* the host, without brackets, or the path */
} impact__endpoint;

/* "host:port", "[::1]:port", without the port where there is a default (not 0), or "/path". False,
 * and `to` untouched: it is none of these. NULL is none. */
bool impact__endpoint_read(impact__endpoint *to, const char *address, uint16_t default_port);

#endif
