/* A probe: for callers who have a thread to wait on. */
#include <impact/health.h>

#include "base/thread.h"

impact_status impact_health_probe(impact_health *health, impact_text selector,
                                  impact_health_report **report)
{
    impact_health_ticket *ticket = NULL;
    if (!report)
        return IMPACT_EINVAL;
    const impact_status status = impact_health_begin(&ticket, health, selector);
    if (status)
        return status;
    const int held = impact__cancel_hold(); /* a ticket that is left behind keeps its registry */
    impact_health_wait(ticket);
    const impact_status finished = impact_health_finish(ticket, report);
    impact__cancel_release(held);
    return finished;
}
