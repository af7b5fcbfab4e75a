/* What a port serves: requests that may have to wait for their answers, as <impact/health.h> has
 * them. */
#ifndef IMPACT_SERVE_SERVICE_H
#define IMPACT_SERVE_SERVICE_H

#include <stdbool.h>

#include <impact/health.h>

typedef struct impact__service {
    impact_health *health; /* borrowed */
    impact_status (*begin)(impact_health_ticket **ticket, impact_health *health,
                           const impact_http_request *request);
    impact_status (*begin_message)(impact_health_ticket **ticket, impact_health *health,
                                   const impact_http_request *request, impact_text body);
    bool (*is_done)(impact_health_ticket *ticket);
    bool (*notify)(impact_health_ticket *ticket, impact_health_done_fn done, void *userdata);
    impact_status (*finish)(impact_health_ticket *ticket, impact_http_response *response);
    void (*abandon)(impact_health_ticket *ticket);
    bool (*is_draining)(impact_health *health);
} impact__service;

#endif
