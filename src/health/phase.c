/* Phases.
 *
 * DESIGN: a phase is no check: it holds for groups, not for what is in them, so that a service that
 * drains fails nothing and is alive.
 *
 *              _startup    _ready     all others
 *   starting   held back   held back  as checks say
 *   serving    as checks say
 *   draining   as checks   held back  as checks say
 */
#include "health/phase.h"

#include <assert.h>

#include "base/text.h"
#include "base/thread.h"

impact_health_phase impact_health_get_phase(impact_health *health)
{
    if (!health)
        return IMPACT_HEALTH_SERVING;
    impact__health_lock(health);
    const impact_health_phase phase = health->phase;
    impact__health_unlock(health);
    return phase;
}

static bool holds_back(impact_health_phase phase, impact_text name)
{
    if (impact__text_equal_string(name, IMPACT__READY_GROUP))
        return phase != IMPACT_HEALTH_SERVING;
    return phase == IMPACT_HEALTH_STARTING &&
           impact__text_equal_string(name, IMPACT__STARTUP_GROUP);
}

void impact__phase_tell(impact_health_report *report, const impact_health *health,
                        const impact__selector *selector)
{
    assert(impact__lock_is_held((pthread_mutex_t *)&health->engine.lock));
    report->phase = health->phase;
    for (size_t i = 0; i < selector->count; i++)
        if (!selector->names[i].is_excluded && holds_back(health->phase, selector->names[i].name))
            report->is_held_back = true;
}

impact_health_phase impact_health_report_phase(const impact_health_report *report)
{
    return report ? report->phase : IMPACT_HEALTH_SERVING;
}

bool impact_health_report_is_held_back(const impact_health_report *report)
{
    return report && report->is_held_back;
}
