/* A libmicrohttpd server that tells what it was asked, without any instrumentation. */
#ifndef IMPACT_TESTS_INTEGRATION_ECHO_H
#define IMPACT_TESTS_INTEGRATION_ECHO_H

#include <stdint.h>

#include <microhttpd.h>

/* A path that begins with "/status/<code>" is answered with that code, "/redirect" by a redirect to
 * "/status/200", "/large" by 3 MiB, "/header/<name>" by that header, "/hang" never (until it is closed).
 * The body of others is "method target traceparent|tracestate|x-mine", a dash for each that is absent. */
typedef struct echo {
    struct MHD_Daemon *daemon;
    uint16_t port;
    int pipe_ends[2]; /* what hangs reads the first; closing the second ends it */
} echo;

void echo_open(echo *server);
void echo_close(echo *server);

#endif
