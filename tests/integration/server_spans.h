/* The SERVER span of one request, as every instrumented server has to make it. */
#ifndef IMPACT_TESTS_INTEGRATION_SERVER_SPANS_H
#define IMPACT_TESTS_INTEGRATION_SERVER_SPANS_H

#include <stdint.h>

#include <impact/span_view.h>

/* A request with all that a span has from one; the connection is closed behind it. */
#define SERVER_SPANS_REQUEST                                                                       \
    "GET /orders/7?x=1&auth=s3cret HTTP/1.1\r\n"                                                   \
    "Host: shop.example:8080\r\n"                                                                  \
    "User-Agent: tester\r\n"                                                                       \
    "TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"                     \
    "tracestate: a=1\r\n"                                                                          \
    "Tracestate: b=2\r\n"                                                                          \
    "Connection: close\r\n"                                                                        \
    "\r\n"

/* A handler that was sent it makes a span "inner", names its route
 * "/orders/{id}", and answers with 200. Two spans have ended, and are as the conventions have them;
 * `peer` is the client's address. */
void check_server_span(const char *peer);

/* Two spans of GET: the one of an answer with 500 is an error, and the one with 404 is none. */
void check_server_errors(void);

/* The parent is the one that SERVER_SPANS_REQUEST carries. */
void check_server_parent(const impact_span_view *span);

/* Ask a server on this port, whose handler does as above, and answers /500 and /404 with those;
 * and a probe, which makes no span. */
void check_server_at(uint16_t port);

/* That request again, for tests in which memory fails: it is answered. */
void check_server_served(uint16_t port);

#endif
