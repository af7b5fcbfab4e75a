/* The address of a server: "host:port", "unix:/path". */
#ifndef IMPACT_HEALTH_ADDRESS_H
#define IMPACT_HEALTH_ADDRESS_H

#include <stdbool.h>

#include <impact/text.h>

/* "127.0.0.1:8081", "localhost:8081", "[::1]:8081", ":8081": a name or a number, and a port of 0 to
 * 65535; "unix:/run/a.sock", "unix:@name". Whether the host exists is not asked. */
bool impact__is_address(impact_text address);

#endif
