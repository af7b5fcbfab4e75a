/* Requests for the health paths, for servers that serve nothing else. */
#ifndef IMPACT_HEALTH_HTTP_H
#define IMPACT_HEALTH_HTTP_H

#include <impact/health.h>

/* As impact_health_answer, and the probes' paths are served whatever the options say: nobody else
 * has them there. */
bool impact__health_answer_all(void *health, const impact_http_request *request,
                               impact_http_response *response);

#endif
