/* HTTP by hand: bytes to a port of this machine, and the bytes that come back. */
#ifndef IMPACT_TESTS_INTEGRATION_WIRE_H
#define IMPACT_TESTS_INTEGRATION_WIRE_H

#include <stdint.h>

/* A connection to 127.0.0.1; reads on it give up after ten seconds. -1: refused. */
int wire_connect(uint16_t port);

/* Send a NUL-terminated text. */
void wire_send(int descriptor, const char *text);

/* Everything until the peer closes, and close. Lives until the next call; cut at 64 KiB. */
const char *wire_finish(int descriptor);

/* All three; the text should ask for the connection to be closed. */
const char *wire_ask(uint16_t port, const char *text);

/* The status code of an answer; 0 when there is none. */
int wire_status(const char *answer);

#endif
