/* The authority of a server (RFC 3986 3.2, without a user): "host", "host:port", "[::1]:port",
 * ":port". The one reader of them. */
#ifndef IMPACT_BASE_AUTHORITY_H
#define IMPACT_BASE_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

typedef struct impact__authority {
    impact_text host; /* borrowed, without brackets; may be empty, and is not looked into */
    bool is_bracketed;
    bool is_whole; /* brackets are closed, and behind the host there is a port or nothing */
    int32_t port;  /* -1: there is none, or none that can be */
} impact__authority;

/* As much of it as can be read. */
impact__authority impact__authority_of(impact_text text);

#endif
