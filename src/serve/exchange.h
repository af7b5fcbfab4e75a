/* Requests and answers on one connection. */
#ifndef IMPACT_SERVE_EXCHANGE_H
#define IMPACT_SERVE_EXCHANGE_H

#include "serve/connections.h"
#include "serve/http2_exchange.h"
#include "serve/service.h"

/* Go on with a connection: `events` are epoll's. It is released when it is over. Likewise below. */
void impact__exchange_go_on(const impact__service *service, impact__connection *c, uint32_t events);

/* Its ticket is done. */
void impact__exchange_complete(const impact__service *service, impact__connection *c);

/* If its client watches what is served, tell it what is another. */
void impact__exchange_ask_again(const impact__service *service, impact__connection *c,
                                impact__occasion occasion);

/* Its client's time is over. */
void impact__exchange_expire(const impact__service *service, impact__connection *c);

/* End it, whatever it does. */
void impact__exchange_drop(const impact__service *service, impact__connection *c);

/* The port closes: answer one that waits with what is known, and end it. */
void impact__exchange_conclude(const impact__service *service, impact__connection *c);

#endif
