/* What is said of a check from outside, and what is said of it to the outside. */
#include <impact/health.h>

#include <string.h>

#include "base/thread.h"
#include "health/crew.h"
#include "health/registry.h"

static impact_status record_push(impact_health *health, const char *name,
                                 impact_health_status status, const char *explanation)
{
    impact__check *check = impact__health_find(health, impact_text_of(name));
    if (!check)
        return IMPACT_ENOENT;
    if (check->definition.run)
        return IMPACT_EINVAL;
    impact__check_push(check, status, explanation);
    return IMPACT_OK;
}

impact_status impact_health_push(impact_health *health, const char *name,
                                 impact_health_status status, const char *explanation)
{
    if (!health || !name || !impact__is_status(status))
        return IMPACT_EINVAL;
    impact__health_lock(health);
    const impact_status pushed = record_push(health, name, status, explanation);
    (void)impact__crew_call(&health->engine); /* as impact_health_add does */
    impact__health_unlock(health);
    if (!pushed && !impact__status_holds(status))
        impact__report_failure(name, explanation);
    return pushed;
}

/* The check whose run has this token, which is kept in `name`; NULL: nothing was changed. */
static bool complete(impact_health *health, uint64_t token, impact_health_status status,
                     const char *explanation, char *name)
{
    for (impact__check *check = health->checks; check; check = check->next) {
        if (!impact__check_complete(check, token, status, explanation))
            continue;
        memcpy(name, check->definition.name, sizeof check->definition.name);
        return true;
    }
    return false;
}

impact_status impact_health_complete(impact_health *health, uint64_t token,
                                     impact_health_status status, const char *explanation)
{
    char name[IMPACT__NAME_MOST + 1];
    if (!health || !impact__is_status(status))
        return IMPACT_EINVAL;
    impact__health_lock(health);
    const bool is_done = complete(health, token, status, explanation, name);
    (void)impact__crew_call(&health->engine); /* as impact_health_add does */
    impact__health_unlock(health);
    if (is_done && !impact__status_holds(status))
        impact__report_failure(name, explanation);
    return is_done ? IMPACT_OK : IMPACT_ENOENT;
}

impact_status impact_health_pulse_open(impact_health_pulse **pulse, impact_health *health,
                                       const char *name)
{
    if (!pulse || !health || !name)
        return IMPACT_EINVAL;
    impact__health_lock(health);
    const impact__check *check = impact__health_find(health, impact_text_of(name));
    const bool ages = check && check->definition.limits.max_age_ns;
    impact_health_pulse *found = ages ? check->definition.pulse : NULL;
    if (found)
        impact__pulse_hold(found);
    impact__health_unlock(health);
    if (!found)
        return check ? IMPACT_EINVAL : IMPACT_ENOENT;
    *pulse = found;
    return IMPACT_OK;
}

impact_status impact_health_enable(impact_health *health, const char *name, bool is_enabled)
{
    if (!health || !name)
        return IMPACT_EINVAL;
    impact__health_lock(health);
    impact__check *check = impact__health_find(health, impact_text_of(name));
    if (check)
        impact__check_enable(check, is_enabled);
    (void)impact__crew_call(&health->engine); /* as impact_health_add does */
    impact__health_unlock(health);
    return check ? IMPACT_OK : IMPACT_ENOENT;
}

/* The watcher is being told something, by another thread. */
static bool is_being_told(const impact_health *health)
{
    return health->watcher.is_being_told && !pthread_equal(health->engine.caller, pthread_self());
}

impact_status impact_health_watch(impact_health *health, impact_health_transition_fn changed,
                                  void *userdata)
{
    if (!health)
        return IMPACT_EINVAL;
    const int held = impact__cancel_hold(); /* the former must not be told any more afterwards */
    impact__health_lock(health);
    health->watcher.function = changed;
    health->watcher.userdata = userdata;
    while (is_being_told(health))
        impact__condition_wait(&health->engine.changed, &health->engine.lock);
    for (impact__check *check = health->checks; check; check = check->next)
        impact__watch_begin(check);
    (void)impact__crew_call(&health->engine); /* as impact_health_add does */
    impact__health_unlock(health);
    impact__cancel_release(held);
    return IMPACT_OK;
}
