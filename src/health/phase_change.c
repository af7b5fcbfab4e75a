/* The phase is said, and whoever wants to know is told of it. */
#include <impact/health.h>

#include "health/registry.h"
#include "health/systemd.h"

static bool is_phase(impact_health_phase phase)
{
    return phase == IMPACT_HEALTH_STARTING || phase == IMPACT_HEALTH_SERVING ||
           phase == IMPACT_HEALTH_DRAINING;
}

impact_status impact_health_set_phase(impact_health *health, impact_health_phase phase)
{
    if (!health || !is_phase(phase))
        return IMPACT_EINVAL;
    impact__health_lock(health);
    health->phase = phase;
    impact__systemd *systemd = health->systemd;
    impact__health_unlock(health);
    impact__systemd_notice_phase(systemd);
    return IMPACT_OK;
}
