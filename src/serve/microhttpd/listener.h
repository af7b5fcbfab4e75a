/* A listening socket from "host:port". */
#ifndef IMPACT_SERVE_MICROHTTPD_LISTENER_H
#define IMPACT_SERVE_MICROHTTPD_LISTENER_H

#include <stdint.h>

#include <impact/status.h>

/* "127.0.0.1:8081", "localhost:8081", "[::1]:8081", ":8081" (every address, of both families where
 * there are two); port 0 takes a free one. `descriptor` is owned by the caller, `port` is what was
 * bound. IMPACT_EINVAL: it is no address; IMPACT_ESYSTEM: it cannot be bound. */
impact_status impact__listen_open(int *descriptor, uint16_t *port, const char *address);

#endif
