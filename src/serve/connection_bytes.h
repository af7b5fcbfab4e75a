/* Bytes of a connection, as far as they go without waiting. */
#ifndef IMPACT_SERVE_CONNECTION_BYTES_H
#define IMPACT_SERVE_CONNECTION_BYTES_H

#include "serve/connections.h"

/* What is to be done with a connection next. */
typedef enum impact__connection_step {
    IMPACT__CONNECTION_GOES_ON, /* look at the phase again */
    IMPACT__CONNECTION_WAITS,   /* for an event */
    IMPACT__CONNECTION_CLOSES,  /* it is over */
} impact__connection_step;

static inline int impact__connection_socket(const impact__connection *c)
{
    return atomic_load_explicit(&c->socket, memory_order_relaxed); /* written by this thread */
}

/* For these events of epoll, from now on. */
void impact__connection_wait_for(impact__connection *c, uint32_t events);

/* Send what is in c->out. GOES_ON: all of it was; WAITS: for the client. */
impact__connection_step impact__connection_send(impact__connection *c);

/* Append what comes to c->in. GOES_ON: there is more. */
impact__connection_step impact__connection_receive(impact__connection *c);

#endif
