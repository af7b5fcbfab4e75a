/* The watch.
 *
 * DESIGN: what is told of a check changes when a result comes, and when time passes: a run becomes
 * stuck, a state stale. The first is looked at when it comes, the second when an alarm rings; both
 * post a call to the host when the status is another than the one that it was told last. The call
 * looks again: what changed and changed back meanwhile is not told, and nothing is told twice.
 *
 * No answer depends on any of this: it is judged when it is asked for.
 */
#include "health/watch.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "process/fork.h"

/* A stale pulse says nothing when it beats again, so it is looked at this often in its max_age. */
enum { looks_for_a_beat = 4 };

static const uint64_t rest_ns = 50 * IMPACT__NS_PER_MS; /* between those looks, at least */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Have it looked at when it is stale, or, when it is, again for its next beat. */
static void set_alarm(impact__check *check, uint64_t now_ns)
{
    const uint64_t max_age_ns = check->definition.limits.max_age_ns;
    const uint64_t stale_ns = impact__check_stale_from_ns(check);
    if (!stale_ns)
        impact__engine_unset(check->job.engine, &check->watched.alarm);
    else if (stale_ns > now_ns)
        impact__engine_set(check->job.engine, &check->watched.alarm, stale_ns);
    else if (!check->definition.run)
        impact__engine_set(check->job.engine, &check->watched.alarm,
                           now_ns + later(max_age_ns / looks_for_a_beat, rest_ns));
}

/* Before there is a result there is nothing to tell. */
static bool is_news(const impact__check *check, const impact__outcome *outcome)
{
    return outcome->status != check->watched.told && strcmp(outcome->reason, "pending") != 0;
}

static bool has_bells(const impact__watcher *watcher)
{
    for (size_t i = 0; i < IMPACT__BELL_COUNT; i++)
        if (watcher->bells[i])
            return true;
    return false;
}

void impact__watch_ring(const impact__watcher *watcher, impact__engine *engine)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    assert(impact__lock_is_held(&engine->lock));
    for (size_t i = 0; i < IMPACT__BELL_COUNT; i++)
        if (watcher->bells[i])
            impact__engine_set(engine, watcher->bells[i], now_ns);
}

static void ring_bells(impact__check *check, impact_health_status status)
{
    if (status == check->watched.rung)
        return;
    check->watched.rung = status;
    impact__watch_ring(check->watched.watcher, check->job.engine);
}

static void look(impact__check *check)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    const impact__watcher *watcher = check->watched.watcher;
    assert(impact__lock_is_held(&check->job.engine->lock));
    if ((!watcher->function && !has_bells(watcher)) || check->is_removed)
        return;
    set_alarm(check, now_ns);
    const impact__knowledge known = impact__check_look(check, now_ns);
    ring_bells(check, known.outcome.status);
    if (!watcher->function || !is_news(check, &known.outcome) || check->watched.call.link.is_in)
        return;
    check->users++; /* until it is told */
    impact__engine_post(check->job.engine, &check->watched.call);
}

static void look_again(impact__alarm *alarm)
{
    look((impact__check *)((char *)alarm - offsetof(impact__check, watched.alarm)));
}

void impact__watch_drop(impact__check *check)
{
    assert(impact__lock_is_held(&check->job.engine->lock));
    impact__engine_unset(check->job.engine, &check->watched.alarm);
    impact__watch_ring(check->watched.watcher, check->job.engine);
    if (!check->watched.call.link.is_in)
        return;
    impact__engine_unpost(check->job.engine, &check->watched.call);
    check->users--;
}

/* ---- telling ---- */

/* What is to be told of a change, kept beside the check. */
typedef struct notice {
    impact_health_transition transition;
    impact__remarks remarks;
} notice;

/* Under the lock. False: it has changed back, or nobody watches. */
static bool take_notice(notice *n, impact__check *check)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    const impact__knowledge known = impact__check_look(check, now_ns);
    n->remarks = check->record.remarks;
    n->transition = (impact_health_transition){
        .size = sizeof n->transition,
        .name = check->definition.name,
        .reason = known.outcome.reason,
        .explanation = known.is_last ? n->remarks.explanation : "",
        .lasted_ns = impact__before_ns(now_ns, check->watched.since_ns),
        .from = check->watched.told,
        .to = known.outcome.status,
    };
    if (check->is_removed || !is_news(check, &known.outcome))
        return false;
    check->watched.told = n->transition.to;
    check->watched.since_ns = now_ns;
    return true;
}

/* Under the lock, of which it lets go meanwhile. False: the host forked and came back. */
static bool tell_watcher(const notice *n, impact__engine *engine, impact__watcher *watcher)
{
    const unsigned generation = impact__fork_generation();
    const impact__watcher told = *watcher;
    if (!told.function)
        return true;
    watcher->is_being_told = true;
    impact__engine_unlock(engine);
    told.function(&n->transition, told.userdata);
    if (generation != impact__fork_generation())
        return false; /* this process has forgotten the call, and has no lock */
    impact__engine_lock(engine);
    watcher->is_being_told = false;
    (void)pthread_cond_broadcast(&engine->changed); /* cannot fail */
    return true;
}

/* On the keeper's thread, without the lock. The check is held as by a user. */
static void tell(void *userdata)
{
    impact__check *check = userdata;
    impact__engine *engine = check->job.engine;
    notice n;
    impact__engine_lock(engine);
    if (take_notice(&n, check) && !tell_watcher(&n, engine, check->watched.watcher))
        return;
    check->users--;
    look(check); /* what changed while it was told */
    engine->owner.tidy(engine->owner.owner);
    impact__engine_unlock(engine);
}

/* ---- watching ---- */

void impact__watch_prepare(impact__check *check, impact__watcher *watcher)
{
    check->watched = (impact__watched){
        .look = look,
        .watcher = watcher,
        .alarm = {.ring = look_again},
        .call = {.function = tell, .userdata = check},
        .told = IMPACT_HEALTH_UNKNOWN,
        .rung = IMPACT_HEALTH_UNKNOWN,
        .since_ns = impact__clock_monotonic_ns(),
    };
}

void impact__watch_begin(impact__check *check)
{
    check->watched.told = IMPACT_HEALTH_UNKNOWN;
    check->watched.since_ns = impact__clock_monotonic_ns();
    look(check);
}
