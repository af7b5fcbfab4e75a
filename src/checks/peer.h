/* A server that a check talks to: every step of it waits for what is left of the run, and no
 * longer. What fails is explained to the run. */
#ifndef IMPACT_CHECKS_PEER_H
#define IMPACT_CHECKS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/tls.h>

#include "checks/endpoint.h"

typedef struct impact__peer {
    impact_health_run *run;          /* borrowed */
    int socket;                      /* owned; -1: none */
    const impact_tls_stream *stream; /* borrowed; in the place of the socket; NULL: none */
} impact__peer;

/* `type` is SOCK_STREAM or SOCK_DGRAM. A host's addresses are tried in turn, each for its share of
 * the time. The lookup of a name is the C library's and minds no deadline: the engine leaves a run
 * that is stuck in it alone. The peer is to be closed in any case. */
bool impact__peer_connect(impact__peer *peer, impact_health_run *run, const impact__endpoint *to,
                          int type);

/* All of it. */
bool impact__peer_send(impact__peer *peer, const void *data, size_t size);
bool impact__peer_receive(impact__peer *peer, void *data, size_t size);

/* What comes, at most `limit` bytes; 0: nothing will. */
size_t impact__peer_receive_some(impact__peer *peer, void *data, size_t limit);

/* Wait for at most limit_ms, and no longer than the run lasts, until something can be received.
 * False is no failure yet, and not explained. */
bool impact__peer_has_input(impact__peer *peer, uint32_t limit_ms);

void impact__peer_close(impact__peer *peer);

#endif
