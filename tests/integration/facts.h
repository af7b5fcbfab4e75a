/* What a client's span tells of its request, and what it takes to make one. */
#ifndef IMPACT_TESTS_INTEGRATION_FACTS_H
#define IMPACT_TESTS_INTEGRATION_FACTS_H

#include "client.h"
#include "echo.h"
#include "spans.h"

/* An echo server, a client of it, and spans that are recorded. */
typedef struct bench {
    echo server;
    client browser;
} bench;

bool bench_open(bench *b, const char *target);
void bench_close(bench *b);

/* A NULL status, resend count or error is none. */
typedef struct facts {
    const char *method;
    const char *url;
    const char *status;
    const char *resend_count;
    const char *error;
} facts;

/* The span has these, and is an error where there is one. NULL: it fails. */
void check_facts(const impact_span_view *span, facts should);

#endif
