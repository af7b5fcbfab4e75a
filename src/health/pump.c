/* A registry without threads: the host's own do what there is to do. */
#include <impact/health.h>

#include "base/clock.h"
#include "base/thread.h"
#include "health/crew.h"
#include "health/registry.h"

uint32_t impact_health_pump(impact_health *health)
{
    if (!health || health->engine.workers)
        return UINT32_MAX;
    const int held = impact__cancel_hold(); /* a run that is cut off is in flight for ever */
    impact__health_lock(health);
    const uint64_t next_ns = impact__crew_pump(&health->engine);
    impact__cancel_release(held);
    return next_ns == UINT64_MAX ? UINT32_MAX : impact__remaining_ms(next_ns);
}
