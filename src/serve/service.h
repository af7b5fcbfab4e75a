/* What a port serves: requests that may have to wait for their answers, as <impact/health.h> has
 * them. */
#ifndef IMPACT_SERVE_SERVICE_H
#define IMPACT_SERVE_SERVICE_H

#include <stdbool.h>

#include <impact/health.h>

/* A request with its body. */
typedef struct impact__message {
    const impact_http_request *request;
    impact_text body;
    bool only_looks;  /* no check is run for the answer */
    bool has_no_room; /* for one more client that watches */
    bool is_last;     /* the port closes: who watches is told that */
    bool is_watch;    /* set by the service: the client wants to know of each change, so it is to be
                       * asked again, and what is another is sent behind the first answer */
} impact__message;

typedef struct impact__service {
    impact_health *health; /* borrowed */
    impact_status (*begin)(impact_health_ticket **ticket, impact_health *health,
                           const impact_http_request *request);
    impact_status (*begin_message)(impact_health_ticket **ticket, impact_health *health,
                                   impact__message *message);
    bool (*is_done)(impact_health_ticket *ticket);
    bool (*notify)(impact_health_ticket *ticket, impact_health_done_fn done, void *userdata);
    impact_status (*finish)(impact_health_ticket *ticket, impact_http_response *response);
    void (*abandon)(impact_health_ticket *ticket);
    bool (*is_draining)(impact_health *health);

    /* Have `changed` called, on any thread, when an answer may be another; until the end. */
    void (*begin_news)(impact_health *health, void (*changed)(void *userdata), void *userdata);
    void (*end_news)(impact_health *health);
} impact__service;

#endif
