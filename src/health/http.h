/* Requests for the health paths, for servers that serve nothing else. */
#ifndef IMPACT_HEALTH_HTTP_H
#define IMPACT_HEALTH_HTTP_H

#include <impact/health.h>

/* As impact_health_begin_answer, and the probes' paths are served whatever the options say: nobody
 * else has them there. */
impact_status impact__health_begin_all(impact_health_ticket **ticket, impact_health *health,
                                       const impact_http_request *request);

#endif
