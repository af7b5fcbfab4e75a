/* Requests for the health paths, for servers that serve nothing else. */
#ifndef IMPACT_HEALTH_HTTP_H
#define IMPACT_HEALTH_HTTP_H

#include <impact/health.h>

#include "health/route.h"
#include "serve/service.h"

/* As impact_health_begin_answer, and the probes' paths are served whatever the options say: nobody
 * else has them there. */
impact_status impact__health_begin_all(impact_health_ticket **ticket, impact_health *health,
                                       const impact_http_request *request);

/* For a route that is known, and an answer of gRPC. */
impact_status impact__health_begin_route(impact_health_ticket **ticket, impact_health *health,
                                         const impact__message *message,
                                         const impact__route *route);

/* A ticket that is done with a response, which is taken in any case. */
impact_status impact__health_begin_response(impact_health_ticket **ticket,
                                            const impact_health *health,
                                            impact_http_response *response);

#endif
