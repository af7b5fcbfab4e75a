/* A libmicrohttpd server that tells what it was asked, without any instrumentation. */
#ifndef IMPACT_TESTS_INTEGRATION_ECHO_H
#define IMPACT_TESTS_INTEGRATION_ECHO_H

#include <pthread.h>
#include <stdint.h>

#include <microhttpd.h>

enum { echo_log_limit = 64, echo_line_limit = 256 };

/* A path that begins with "/status/<code>" is answered with that code, "/redirect" by a redirect to
 * "/status/200", "/redirect/<code>?to=<target>" by that one, "/large" by 3 MiB, "/header/<name>" by
 * that header, "/hang" never (until it is closed), "/secret" by a challenge until it comes with a
 * name and a password. The body of others is "method target traceparent|tracestate|x-mine", a dash
 * for each that is absent. */
typedef struct echo {
    struct MHD_Daemon *daemon;
    uint16_t port;
    int pipe_ends[2];     /* what hangs reads the first; closing the second ends it */
    pthread_mutex_t lock; /* guards all below */
    char log[echo_log_limit][echo_line_limit]; /* those bodies, of the last requests */
    size_t log_size;
} echo;

/* That body for the `nth` request from 0, whatever it was answered; "" when there were not so many.
 * Lives until 64 more have come. */
const char *echo_logged(echo *server, size_t nth);
size_t echo_log_size(echo *server);

void echo_open(echo *server);
void echo_close(echo *server);

#endif
