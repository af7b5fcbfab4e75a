/* Requests and answers on a connection that speaks HTTP/2, which a plugin does. */
#ifndef IMPACT_SERVE_HTTP2_EXCHANGE_H
#define IMPACT_SERVE_HTTP2_EXCHANGE_H

#include "serve/connections.h"
#include "serve/service.h"

/* What a client's first bytes say: that it speaks HTTP/2 (RFC 9113 3.4), that it may, or that it
 * does not. */
typedef enum impact__preface {
    IMPACT__PREFACE_NONE,
    IMPACT__PREFACE_CUT,
    IMPACT__PREFACE_WHOLE
} impact__preface;

impact__preface impact__http2_preface_of(impact_text bytes);

typedef struct impact__http2_exchange impact__http2_exchange;

/* Why something is asked again. */
typedef enum impact__occasion {
    IMPACT__OCCASION_NEWS, /* something has changed */
    IMPACT__OCCASION_TIME, /* it is time to run checks that nobody else asks for */
    IMPACT__OCCASION_END   /* the port closes */
} impact__occasion;

/* `done` gets `connection`, on any thread, when a ticket is done. NULL: there is no plugin, or no
 * memory. */
impact__http2_exchange *impact__http2_exchange_open(const impact__service *service,
                                                    impact_health_done_fn done,
                                                    impact__connection *connection);
void impact__http2_exchange_close(impact__http2_exchange *exchange);

/* False: the connection ends when what is to be sent was sent. */
bool impact__http2_exchange_receive(impact__http2_exchange *exchange, impact_text bytes);

/* Answer what can be answered, and append what is to be sent, not too much at once. Returns how
 * many requests still wait. */
size_t impact__http2_exchange_answer(impact__http2_exchange *exchange, impact__buffer *out);

/* Since the last time, a request has come that is whole. */
bool impact__http2_exchange_was_asked(impact__http2_exchange *exchange);

/* A client that watches what is served is told what is another. */
void impact__http2_exchange_ask_again(impact__http2_exchange *exchange, impact__occasion occasion);

/* Have the client show that it is there. */
void impact__http2_exchange_ping(impact__http2_exchange *exchange);

/* When all was sent: whether the client has something to do. */
bool impact__http2_exchange_owes(impact__http2_exchange *exchange);

bool impact__http2_exchange_is_over(impact__http2_exchange *exchange);

#endif
