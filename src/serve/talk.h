/* A connection that speaks HTTP/2. */
#ifndef IMPACT_SERVE_TALK_H
#define IMPACT_SERVE_TALK_H

#include "serve/connection_bytes.h"
#include "serve/http2_exchange.h"
#include "serve/service.h"

/* `done` gets the connection when a ticket of it is done, on any thread. The first bytes have come.
 * False: nobody can speak it. */
bool impact__talk_open(const impact__service *service, impact__connection *c,
                       impact_health_done_fn done);

/* Go on with what has come, `events` of epoll, or a ticket that is done. */
impact__connection_step impact__talk_hear(impact__connection *c);
impact__connection_step impact__talk_go_on(impact__connection *c, uint32_t events);
impact__connection_step impact__talk(impact__connection *c);

/* Tell a client that watches what is another. */
impact__connection_step impact__talk_ask_again(impact__connection *c, impact__occasion occasion);

#endif
