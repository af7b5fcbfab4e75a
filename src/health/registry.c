/* A registry: filled, emptied and given back.
 *
 * DESIGN: who may free what.
 *
 *   A check is freed when it is removed and has no user; users are the run that is under way and
 *   the tickets that have not been told of it. So removing a check never waits for a run, and
 *   userdata lives until the last run that has it has returned.
 *
 *   The registry is freed by its owner when no thread of the engine is left and no ticket is open,
 *   and by the last of them otherwise.
 */
#include "health/registry.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/crew.h"

impact__check *impact__health_find(const impact_health *health, impact_text name)
{
    for (impact__check *check = health->checks; check; check = check->next)
        if (!check->is_removed && impact__text_equal(impact__check_name(check), name))
            return check;
    return NULL;
}

/* ---- add ---- */

static bool read_check(impact_check *known, const impact_check *check)
{
    return check && impact__struct_read(known, sizeof *known, check);
}

/* Under the lock. */
static void append(impact_health *health, impact__check *check)
{
    assert(impact__lock_is_held(&health->engine.lock));
    assert(health->check_count < IMPACT__CHECK_LIMIT);
    impact__check **end = &health->checks;
    while (*end)
        end = &(*end)->next;
    *end = check;
    check->next = NULL;
}

/* Under the lock. */
static impact_status link_check(impact_health *health, impact__check *check)
{
    assert(impact__lock_is_held(&health->engine.lock));
    if (impact__health_find(health, impact__check_name(check)))
        return IMPACT_EEXIST;
    if (health->check_count == IMPACT__CHECK_LIMIT)
        return IMPACT_ELIMIT;
    append(health, check);
    health->check_count++;
    check->definition.id = ++health->ids;
    impact__watch_prepare(check, &health->watcher);
    impact__check_start(check);
    impact__watch_ring(&health->watcher, &health->engine);
    return IMPACT_OK;
}

impact_status impact_health_add(impact_health *health, const impact_check *check)
{
    impact_check known;
    if (!health || !read_check(&known, check))
        return IMPACT_EINVAL;
    impact__check *opened = NULL;
    impact_status status = impact__check_open(&opened, health->allocator, &health->engine, &known);
    if (status)
        return status;
    impact__health_lock(health);
    status = link_check(health, opened);
    if (!status)
        (void)impact__crew_call(&health->engine); /* who asks calls it again */
    impact__health_unlock(health);
    if (status) {
        opened->definition.free_userdata = NULL; /* it still belongs to the caller */
        impact__check_close(opened, health->allocator);
    }
    return status;
}

/* ---- change ---- */

/* Under the lock. */
static void move_to_the_end(impact_health *health, impact__check *check)
{
    assert(impact__lock_is_held(&health->engine.lock));
    impact__check **link = &health->checks;
    while (*link != check)
        link = &(*link)->next;
    *link = check->next;
    append(health, check);
}

/* Under the lock. Afterwards `groups` are those that are of no use any more. */
static impact_status change(impact_health *health, impact_check *known, char **groups)
{
    assert(impact__lock_is_held(&health->engine.lock));
    impact__limits limits;
    impact__check *check = impact__health_find(health, impact_text_of(known->name));
    if (!check)
        return IMPACT_ENOENT;
    known->run = check->definition.run; /* it stays, and decides which limits make sense */
    if (!impact__limits_read(&limits, known))
        return IMPACT_EINVAL;
    if (!impact__check_may_be_in(known, *groups))
        return IMPACT_EPERM;
    move_to_the_end(health, check);
    char *former = check->definition.groups;
    check->definition.groups = *groups;
    *groups = former;
    impact__definition_keep_type(&check->definition, known->component_type);
    impact__check_set_limits(check, &limits);
    impact__watch_ring(&health->watcher, &health->engine);
    (void)impact__crew_call(&health->engine); /* as in add */
    return IMPACT_OK;
}

impact_status impact_health_change(impact_health *health, const impact_check *check)
{
    impact_check known;
    impact_status status = IMPACT_OK;
    if (!health || !read_check(&known, check) || !known.name ||
        !impact__is_component_type(known.component_type))
        return IMPACT_EINVAL;
    char *groups = impact__definition_groups(&status, health->allocator, known.groups);
    if (status)
        return status;
    impact__health_lock(health);
    status = change(health, &known, &groups);
    impact__health_unlock(health);
    impact__free(health->allocator, groups);
    return status;
}

/* ---- remove ---- */

static void retire(impact_health *health, impact__check *check)
{
    assert(impact__lock_is_held(&health->engine.lock));
    check->is_removed = true;
    impact__check_stop(check);
    impact__watch_drop(check);
}

void impact__health_retire_all(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    for (impact__check *check = health->checks; check; check = check->next)
        retire(health, check);
}

impact_status impact_health_remove(impact_health *health, const char *name)
{
    if (!health || !name)
        return IMPACT_EINVAL;
    impact__health_lock(health);
    impact__check *check = impact__health_find(health, impact_text_of(name));
    if (check)
        retire(health, check);
    impact__health_sweep(health);
    impact__health_unlock(health);
    return check ? IMPACT_OK : IMPACT_ENOENT;
}

static bool is_used(const impact__check *check)
{
    return !check->is_removed || check->users || impact__job_is_used(&check->job);
}

/* Take what can be freed out of the registry; linked by `next`. */
static impact__check *take_unused(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    impact__check *unused = NULL;
    impact__check **link = &health->checks;
    while (*link) {
        impact__check *check = *link;
        if (is_used(check)) {
            link = &check->next;
            continue;
        }
        assert(health->check_count > 0 && !check->waits);
        *link = check->next;
        check->next = unused;
        unused = check;
        health->check_count--;
    }
    return unused;
}

void impact__health_sweep(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    impact__check *unused = take_unused(health);
    if (!unused)
        return;
    impact__health_unlock(health);
    while (unused) {
        impact__check *next = unused->next;
        impact__check_close(unused, health->allocator);
        unused = next;
    }
    impact__health_lock(health);
}

/* ---- give back ---- */

void impact__health_free(impact_health *health)
{
    const impact_allocator *allocator = health->allocator;
    impact__shared_release(health->facts);
    impact__free(allocator, health->prefix);
    impact__free(allocator, health->secret);
    impact__free(allocator, health->second_secret);
    impact__free(allocator, health->systemd);
    impact__free(allocator, health);
}

void impact__health_leave(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    const bool is_last = health->is_abandoned && !health->engine.threads && !health->tickets;
    impact__health_unlock(health);
    if (!is_last)
        return;
    impact__engine_close(&health->engine);
    impact__health_free(health);
}

/* ---- metrics ---- */

impact_status impact_health_add_metrics(impact_health *health, impact_metric_source *read,
                                        void *source)
{
    if (!health || !read)
        return IMPACT_EINVAL;
    impact_status status = IMPACT_ELIMIT;
    impact__health_lock(health);
    impact__metric_sources *known = &health->metrics;
    if (known->count < IMPACT__METRIC_SOURCE_LIMIT) {
        known->all[known->count].read = read;
        known->all[known->count].source = source;
        known->count++;
        status = IMPACT_OK;
    }
    impact__health_unlock(health);
    return status;
}
