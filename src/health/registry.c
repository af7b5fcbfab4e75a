/* A registry: opened, filled, emptied and closed.
 *
 * DESIGN: who may free what.
 *
 *   A check is freed when it is removed and has no user; users are the run that is under way and
 *   the probes that wait. So removing a check never waits for a run, closing the registry only as
 *   long as it is told to, and userdata lives until the last run that has it has returned.
 *
 *   The registry is freed by its owner when no thread of the engine is left, and by the last thread
 *   otherwise. Idle threads leave at once when it closes; those inside a host's function stay.
 *
 * In a forked child none of the engine's threads exist and none of the parent's probes: the child's
 * copy begins with no thread, no run and no user, and its checks may be started again. It does not
 * listen: the server's threads stayed with the parent.
 */
#include "health/registry.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "process/diagnostics.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/engine.h"

enum {
    default_workers = 4,
    default_budget_ms = 900, /* below the second after which a kubelet gives up (timeoutSeconds) */
    default_timeout_ms = 2000,
    prefix_limit = 256,
};

/* ---- forks ---- */

static void before_fork(void *owner)
{
    impact__health_lock(owner);
}

static void after_fork_in_parent(void *owner)
{
    impact__health_unlock(owner);
}

static void forget_runs(impact_health *health)
{
    for (impact__check *check = health->checks; check; check = check->next) {
        check->state = IMPACT__CHECK_IDLE;
        check->ended = check->asked;
        check->users = 0;
        check->is_slow = check->is_stuck = false;
    }
    health->queue = (impact__check_list){0};
    health->running = (impact__check_list){0};
}

static void after_fork_in_child(void *owner)
{
    impact_health *health = owner;
    forget_runs(health);
    health->threads = health->idle = health->slow = 0;
    health->server = NULL;
    health->is_listening = false;
    atomic_store_explicit(&health->port, 0, memory_order_relaxed);
    /* Made new, not destroyed: the parent's threads, which are not here, may wait on them. It
     * cannot fail where it did not fail before. */
    (void)impact__condition_open(&health->work);
    (void)impact__condition_open(&health->changed);
    impact__health_unlock(health);
}

/* ---- open ---- */

static bool is_path_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/%", c));
}

/* Two slashes at the front would make a redirect to "//host/" out of it, hence none in a row. */
static bool is_prefix(impact_text prefix)
{
    if (prefix.size < 2 || prefix.size > prefix_limit || prefix.data[0] != '/')
        return false;
    for (size_t i = 0; i < prefix.size; i++) {
        const bool is_double = i > 0 && prefix.data[i] == '/' && prefix.data[i - 1] == '/';
        if (is_double || !is_path_byte(prefix.data[i]))
            return false;
    }
    return prefix.data[prefix.size - 1] != '/';
}

/* The options as this version knows them: what the caller's version did not have is not set. */
static impact_health_options known_options(const impact_health_options *options)
{
    impact_health_options known = {.size = sizeof known};
    if (options)
        memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    known.prefix = known.prefix ? known.prefix : "/health";
    known.workers = known.workers ? known.workers : default_workers;
    known.budget_ms = known.budget_ms ? known.budget_ms : default_budget_ms;
    known.allocator = known.allocator ? known.allocator : impact_allocator_default();
    return known;
}

static impact_status open_conditions(impact_health *health)
{
    impact_status status = impact__condition_open(&health->work);
    if (status)
        return status;
    status = impact__condition_open(&health->changed);
    if (status)
        (void)pthread_cond_destroy(&health->work); /* cannot fail: nobody waits */
    return status;
}

static impact_status copy_texts(impact_health *health, const impact_health_options *options)
{
    health->prefix_size = strlen(options->prefix);
    health->prefix = impact__copy(health->allocator, options->prefix, health->prefix_size);
    if (!health->prefix)
        return IMPACT_ENOMEM;
    if (!options->secret || !*options->secret)
        return IMPACT_OK;
    health->secret = impact__copy(health->allocator, options->secret, strlen(options->secret));
    return health->secret ? IMPACT_OK : IMPACT_ENOMEM;
}

/* Everything but the memory of the registry and of its texts. */
static impact_status open_system(impact_health *health)
{
    impact_status status = open_conditions(health);
    if (status)
        return status;
    (void)pthread_mutex_init(&health->lock, NULL); /* cannot fail for a normal lock */
    health->fork_member = (impact__fork_member){
        .prepare = before_fork,
        .in_parent = after_fork_in_parent,
        .in_child = after_fork_in_child,
        .owner = health,
    };
    status = impact__diagnostics_open();
    if (!status)
        status = impact__fork_add(&health->fork_member);
    if (status) {
        (void)pthread_mutex_destroy(&health->lock); /* neither can fail: nobody has them */
        (void)pthread_cond_destroy(&health->work);
        (void)pthread_cond_destroy(&health->changed);
    }
    return status;
}

static void free_memory(impact_health *health)
{
    const impact_allocator *allocator = health->allocator;
    impact__free(allocator, health->prefix);
    impact__free(allocator, health->secret);
    impact__free(allocator, health);
}

impact_status impact_health_open(impact_health **health, const impact_health_options *options)
{
    const impact_health_options known = known_options(options);
    if (!health || !is_prefix(impact_text_of(known.prefix)))
        return IMPACT_EINVAL;
    impact_health *opened = impact__alloc(known.allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->allocator = known.allocator;
    opened->workers = known.workers;
    opened->budget_ms = known.budget_ms;
    opened->ignores_unknown_checks = known.ignores_unknown_checks;
    impact_status status = copy_texts(opened, &known);
    if (!status)
        status = open_system(opened);
    if (status) {
        free_memory(opened);
        return status;
    }
    *health = opened;
    return IMPACT_OK;
}

/* ---- checks ---- */

impact__check *impact__health_find(const impact_health *health, impact_text name)
{
    for (impact__check *check = health->checks; check; check = check->next)
        if (!check->is_removed && impact__text_equal(impact__check_name(check), name))
            return check;
    return NULL;
}

static impact_check known_check(const impact_check *check)
{
    impact_check known = {.size = sizeof known};
    if (check)
        memcpy(&known, check, check->size < sizeof known ? check->size : sizeof known);
    known.groups = known.groups ? known.groups : IMPACT__DEFAULT_GROUP;
    known.timeout_ms = known.timeout_ms ? known.timeout_ms : default_timeout_ms;
    return known;
}

static impact_status check_open(impact__check **check, const impact_allocator *allocator,
                                const impact_check *description)
{
    const impact_text name = impact_text_of(description->name);
    const impact_text groups = impact_text_of(description->groups);
    if (!description->run || !impact__is_check_name(name))
        return IMPACT_EINVAL;
    impact__check *opened = impact__alloc(allocator, sizeof *opened + groups.size + 3);
    if (!opened)
        return IMPACT_ENOMEM;
    if (!impact__groups_format(opened->groups, groups)) {
        impact__free(allocator, opened);
        return IMPACT_EINVAL;
    }
    opened->run = description->run;
    opened->userdata = description->userdata;
    opened->free_userdata = description->free_userdata;
    opened->timeout_ns = description->timeout_ms * IMPACT__NS_PER_MS;
    memcpy(opened->name, name.data, name.size);
    opened->name_size = name.size;
    *check = opened;
    return IMPACT_OK;
}

/* Under the lock. */
static impact_status link_check(impact_health *health, impact__check *check)
{
    if (impact__health_find(health, impact__check_name(check)))
        return IMPACT_EEXIST;
    if (health->check_count == IMPACT__CHECK_LIMIT)
        return IMPACT_ELIMIT;
    impact__check **end = &health->checks;
    while (*end)
        end = &(*end)->next;
    *end = check;
    health->check_count++;
    return IMPACT_OK;
}

impact_status impact_health_add(impact_health *health, const impact_check *check)
{
    if (!health || !check)
        return IMPACT_EINVAL;
    const impact_check known = known_check(check);
    impact__check *opened = NULL;
    impact_status status = check_open(&opened, health->allocator, &known);
    if (status)
        return status;
    impact__health_lock(health);
    status = link_check(health, opened);
    impact__health_unlock(health);
    if (status)
        impact__free(health->allocator, opened);
    return status;
}

/* Under the lock. */
static void retire(impact_health *health, impact__check *check)
{
    check->is_removed = true;
    impact__engine_cancel(health, check);
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

static void check_free(const impact_allocator *allocator, impact__check *check)
{
    if (check->free_userdata)
        check->free_userdata(check->userdata);
    impact__free(allocator, check);
}

/* Take what can be freed out of the registry; linked by `next`. */
static impact__check *take_unused(impact_health *health)
{
    impact__check *unused = NULL;
    impact__check **link = &health->checks;
    while (*link) {
        impact__check *check = *link;
        if (!check->is_removed || check->users) {
            link = &check->next;
            continue;
        }
        *link = check->next;
        check->next = unused;
        unused = check;
        health->check_count--;
    }
    return unused;
}

void impact__health_sweep(impact_health *health)
{
    impact__check *unused = take_unused(health);
    if (!unused)
        return;
    impact__health_unlock(health);
    while (unused) {
        impact__check *check = unused;
        unused = check->next;
        check_free(health->allocator, check);
    }
    impact__health_lock(health);
}

/* ---- close ---- */

void impact__health_free(impact_health *health)
{
    (void)pthread_mutex_destroy(&health->lock); /* none of them can fail: no thread is left */
    (void)pthread_cond_destroy(&health->work);
    (void)pthread_cond_destroy(&health->changed);
    free_memory(health);
}

static void stop_listening(impact_health *health)
{
    impact__health_lock(health);
    impact_server *server = health->server;
    health->server = NULL;
    impact__health_unlock(health);
    if (server)
        health->server_plugin->server_close(server);
}

/* Let no run begin, and wait for those that are under way. */
static void stop_runs(impact_health *health, uint32_t grace_ms)
{
    const uint64_t deadline = impact__deadline_after_ms(grace_ms);
    impact__health_lock(health);
    health->is_closed = true;
    for (impact__check *check = health->checks; check; check = check->next)
        retire(health, check);
    (void)pthread_cond_broadcast(&health->work); /* cannot fail */
    while (health->idle > 0) /* they leave at once: they are in no function of the host */
        impact__condition_wait(&health->changed, &health->lock);
    while (health->threads > 0 &&
           impact__condition_wait_until(&health->changed, &health->lock, deadline)) {
    }
    impact__health_sweep(health);
    impact__health_unlock(health);
}

size_t impact_health_close(impact_health *health, uint32_t grace_ms)
{
    if (!health)
        return 0;
    const int held = impact__cancel_hold(); /* half closed is worse than late */
    stop_listening(health);
    stop_runs(health, grace_ms);
    impact__fork_remove(&health->fork_member); /* without our lock: a fork takes that one second */
    impact__health_lock(health);
    health->is_abandoned = true;
    const size_t still_there = health->threads;
    impact__health_unlock(health);
    if (!still_there)
        impact__health_free(health);
    impact__cancel_release(held);
    return still_there;
}
