/* A service for a port: it notes what it is asked, and answers at once, later, or never. */
#ifndef IMPACT_TESTS_INTEGRATION_FAKE_SERVICE_H
#define IMPACT_TESTS_INTEGRATION_FAKE_SERVICE_H

#include <stdatomic.h>

#include "serve/service.h"

/* Paths: "/none" is not the service's, "/memory" has no memory, "/large" has an answer of 8 MiB,
 * "/wait" is answered when it is released; all others at once. */
typedef struct fake_service {
    impact__service service; /* give this to a port */
    char seen[4096];         /* the last request: "GET|/path|query|user agent" */
    atomic_bool is_draining;
    atomic_bool is_unwell; /* all answers are 503 */
    atomic_int begun;
    atomic_int waiting;
    atomic_int abandoned;
} fake_service;

/* There is one. */
extern fake_service fake;

/* Answer all that wait, and do not let others wait. */
void fake_release(void);

#endif
