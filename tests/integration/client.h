/* An instrumented libcurl handle that keeps what it gets. */
#ifndef IMPACT_TESTS_INTEGRATION_CLIENT_H
#define IMPACT_TESTS_INTEGRATION_CLIENT_H

#include <stdint.h>

#define IMPACT_CURL_REPLACE
#include <impact/curl.h>
#include <impact/span_view.h>

typedef struct client {
    CURL *easy;
    char body[1024]; /* of the transfers since it was opened or emptied; cut */
    size_t size;
} client;

/* For GET of http://127.0.0.1:<port><target>, following redirects. */
void client_open(client *to, uint16_t port, const char *target);
void client_close(client *to);

/* Set another URL. */
void client_set_target(client *to, uint16_t port, const char *target);

/* One transfer of the easy interface; the body is that one's. */
CURLcode client_perform(client *to);

/* The same of a handle, by libcurl's own function. */
CURLcode client_perform_past_us(CURL *easy);

/* "http://127.0.0.1:<port><target>". Lives until the next three calls; likewise below. */
const char *client_url(uint16_t port, const char *target);

/* The traceparent that a span sends. */
const char *client_traceparent(const impact_span_view *span);

/* A port that nobody listens at. */
uint16_t client_dead_port(void);

#endif
