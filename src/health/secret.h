/* The secret: whether a request knows it. */
#ifndef IMPACT_HEALTH_SECRET_H
#define IMPACT_HEALTH_SECRET_H

#include <impact/http.h>

#include "health/registry.h"

typedef enum impact__admission {
    IMPACT__REFUSED,  /* the secret is missing or wrong */
    IMPACT__ADMITTED, /* none is asked for */
    IMPACT__TRUSTED   /* the request knows it */
} impact__admission;

/* Looks into the headers Authorization and X-Health-Secret, and into the query, which has at most
 * IMPACT__QUERY_LIMIT bytes. How long it takes does not depend on the secrets' bytes. */
impact__admission impact__admit(impact_health *health, const impact_http_request *request);

#endif
