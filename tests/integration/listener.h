/* A port of this machine that listens, and heads of requests that come to it. */
#ifndef IMPACT_TESTS_INTEGRATION_LISTENER_H
#define IMPACT_TESTS_INTEGRATION_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -1: none. */
int listener_open(uint16_t *port);

/* End the waiting of those who accept, on any thread. */
void listener_interrupt(int listener);

/* Read a head, with the empty line and what follows it. False: the peer closed. */
bool listener_read_head(int connection, char *head, size_t size);

#endif
