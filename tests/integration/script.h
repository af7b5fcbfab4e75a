/* A server that answers by a script: for what a well-behaved one does not do. */
#ifndef IMPACT_TESTS_INTEGRATION_SCRIPT_H
#define IMPACT_TESTS_INTEGRATION_SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What one request gets, whatever it is; requests have no body. */
typedef struct script_step {
    const char *answer; /* bytes; NULL: nothing. The script ends with a step of zeros */
    bool closes;        /* the connection, after the answer */
} script_step;

typedef struct script {
    uint16_t port;
    int listener;
    const script_step *steps; /* borrowed */
    pthread_t thread;
} script;

void script_open(script *server, const script_step *steps);
void script_close(script *server);

#endif
