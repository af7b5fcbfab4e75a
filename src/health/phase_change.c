/* The phase is said, and whoever wants to know is told of it. */
#include <impact/health.h>

#include "base/clock.h"
#include "base/thread.h"
#include "health/crew.h"
#include "health/registry.h"
#include "health/systemd.h"
#include "process/fork.h"

/* ---- telling ---- */

/* Under the lock. False: it has changed back, or nobody watches. */
static bool take_change(impact_health_phase_change *change, impact_health *health)
{
    impact__phase_watcher *watcher = &health->phase_watcher;
    const uint64_t now_ns = impact__clock_monotonic_ns();
    if (!watcher->function || watcher->told == health->phase)
        return false;
    *change = (impact_health_phase_change){
        .size = sizeof *change,
        .lasted_ns = impact__before_ns(now_ns, watcher->since_ns),
        .from = watcher->told,
        .to = health->phase,
    };
    watcher->told = health->phase;
    watcher->since_ns = now_ns;
    return true;
}

/* Under the lock. */
static void post_change(impact_health *health)
{
    impact__phase_watcher *watcher = &health->phase_watcher;
    const bool is_news = watcher->function && watcher->told != health->phase;
    if (is_news && !watcher->call.link.is_in && !health->is_closing)
        impact__engine_post(&health->engine, &watcher->call);
}

/* On the keeper's thread, without the lock. In a child that was forked in it there is none. */
static void tell(void *userdata)
{
    impact_health *health = userdata;
    impact_health_phase_change change;
    const unsigned generation = impact__fork_generation();
    impact__health_lock(health);
    const bool is_news = take_change(&change, health);
    const impact__phase_watcher told = health->phase_watcher;
    impact__health_unlock(health);
    if (!is_news)
        return;
    told.function(&change, told.userdata);
    if (generation != impact__fork_generation())
        return;
    impact__health_lock(health);
    post_change(health); /* what changed while it was told */
    impact__health_unlock(health);
}

impact_status impact_health_watch_phase(impact_health *health, impact_health_phase_fn changed,
                                        void *userdata)
{
    if (!health)
        return IMPACT_EINVAL;
    const int held = impact__cancel_hold(); /* the former must not be told any more afterwards */
    impact__health_lock(health);
    impact__phase_watcher *watcher = &health->phase_watcher;
    watcher->call.function = tell;
    watcher->call.userdata = health;
    watcher->function = changed;
    watcher->userdata = userdata;
    impact__engine_recall(&health->engine, &watcher->call);
    watcher->told = health->phase;
    watcher->since_ns = impact__clock_monotonic_ns();
    impact__health_unlock(health);
    impact__cancel_release(held);
    return IMPACT_OK;
}

/* ---- saying ---- */

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
    struct impact__systemd *systemd = health->systemd;
    post_change(health);
    impact__watch_ring(&health->watcher, &health->engine);
    (void)impact__crew_call(&health->engine); /* as impact_health_add does */
    impact__health_unlock(health);
    impact__systemd_notice_phase(systemd);
    return IMPACT_OK;
}
