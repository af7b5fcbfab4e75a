/* A ticket: one caller's way from a selector to a report. */
#ifndef IMPACT_HEALTH_TICKET_H
#define IMPACT_HEALTH_TICKET_H

#include <impact/health.h>

#include "health/presentation.h"
#include "health/report.h"
#include "health/selector.h"

/* One check that a ticket asks for. */
typedef struct impact__ticket_wait {
    impact__wait wait;
    impact_health_ticket *ticket;
} impact__ticket_wait;

struct impact_health_ticket {
    /* fixed once begun */
    const impact_allocator *allocator; /* borrowed */
    impact_health *health; /* NULL: nothing is waited for; becomes so in a forked child */
    bool is_request;       /* it is finished with a response */
    impact__presentation presentation; /* of the response */
    impact_http_response response;     /* of a request that asked for no check; owned */

    /* guarded by the registry's lock, all below */
    impact_health_ticket *next; /* open ones of the registry */
    impact_health_ticket *previous;
    impact_health_report *report; /* owned; NULL: no check was asked for */
    bool is_done;                 /* the report is made; the checks are let go of */
    size_t unsettled;
    impact__alarm budget;
    impact__call call; /* without a function: nobody wants to be told */
    impact__ticket_wait waits[];
};

typedef enum impact__question {
    IMPACT__ASK_FOR_RUNS,
    IMPACT__ASK_WHAT_IS_KNOWN /* at once: no check runs for it */
} impact__question;

/* Ask for what a selector selects, which knows the unknown names afterwards. Fails as
 * impact_health_probe does, and with IMPACT_ESYSTEM when there is no thread to notice anything. */
impact_status impact__ticket_begin(impact_health_ticket **ticket, impact_health *health,
                                   impact__selector *selector, impact__question question);

/* A ticket that waits for nothing, or NULL. */
impact_health_ticket *impact__ticket_open_done(const impact_allocator *allocator);

/* Let go of a ticket, and return its report, owned by the caller, or NULL when it has none. */
impact_health_report *impact__ticket_finish(impact_health_ticket *ticket);

/* Answer all tickets with what is known now. Under the lock. */
void impact__tickets_conclude(impact_health *health);

/* In a forked child: the tickets of the parent's threads keep what was known, and nobody is
 * told. */
void impact__tickets_forget(impact_health *health);

#endif
