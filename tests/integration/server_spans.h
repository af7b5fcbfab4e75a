/* The SERVER span of one request, as every instrumented server has to make it. */
#ifndef IMPACT_TESTS_INTEGRATION_SERVER_SPANS_H
#define IMPACT_TESTS_INTEGRATION_SERVER_SPANS_H

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

/* The span of a handler that answered GET with 500 is an error, and one with 404 is none. */
void check_server_errors(void);

#endif
