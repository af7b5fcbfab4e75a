/* A port of one's own: one thread that serves HTTP on a socket. */
#ifndef IMPACT_SERVE_PORT_H
#define IMPACT_SERVE_PORT_H

#include <stdint.h>

#include "serve/service.h"

typedef struct impact__port impact__port;

/* `address` as impact__listen_open takes it. Owned by the caller; `number` gets the port that was
 * bound, 0 for a Unix socket. IMPACT_EINVAL, IMPACT_ENOMEM, IMPACT_ESYSTEM. */
impact_status impact__port_open(impact__port **port, uint16_t *number, const char *address,
                                const impact__service *service);

/* Answer the requests that wait with what is known, and close all. Returns when nothing of the
 * service runs any more. NULL is accepted. */
void impact__port_close(impact__port *port);

#endif
