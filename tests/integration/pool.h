/* A multi handle, a server for its transfers, and spans that are recorded. */
#ifndef IMPACT_TESTS_INTEGRATION_POOL_H
#define IMPACT_TESTS_INTEGRATION_POOL_H

#include "client.h"
#include "echo.h"
#include "spans.h"

enum { pool_wait_ms = 10000 };

typedef struct pool {
    echo server;
    CURLM *multi;
} pool;

bool pool_open(pool *p);
void pool_close(pool *p);

/* Open a client of the server and add it. */
void pool_add(pool *p, client *to, const char *target);

/* Drive all transfers until none runs. */
void pool_drive(CURLM *multi);

/* Read all results, and take their handles away. Returns how many went well. */
int pool_collect(CURLM *multi);

#endif
