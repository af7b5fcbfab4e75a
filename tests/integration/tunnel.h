/* A proxy that knows CONNECT alone, one connection after the other. */
#ifndef IMPACT_TESTS_INTEGRATION_TUNNEL_H
#define IMPACT_TESTS_INTEGRATION_TUNNEL_H

#include <pthread.h>
#include <stdint.h>

/* It goes to this machine's port, whatever host is asked for. */
typedef struct tunnel {
    uint16_t port;
    int listener;
    pthread_t thread;
} tunnel;

void tunnel_open(tunnel *proxy);
void tunnel_close(tunnel *proxy);

#endif
