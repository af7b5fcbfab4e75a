/* A registry's life: opened, set anew, forked, closed.
 *
 * In a forked child none of the engine's threads exist and none of the parent's tickets wait: the
 * child's copy begins with no thread, no run, no result and no user, and its checks may be started
 * again. It does not listen: the server's threads stayed with the parent.
 */
#include <impact/health.h>

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/crew.h"
#include "health/listen.h"
#include "health/registry.h"
#include "health/systemd.h"
#include "health/ticket.h"
#include "process/diagnostics.h"

enum {
    default_workers = 4,
    default_budget_ms = 900, /* below the second after which a kubelet gives up (timeoutSeconds) */
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

static void after_fork_in_child(void *owner)
{
    impact_health *health = owner;
    assert(impact__lock_is_held(&health->engine.lock));
    impact__tickets_forget(health);
    impact__engine_forget(&health->engine);
    impact__crew_forget(&health->engine);
    impact__systemd_forget(health->systemd);
    for (impact__check *check = health->checks; check; check = check->next)
        impact__check_forget(check);
    health->watcher.is_being_told = false;
    health->watcher.bells[IMPACT__BELL_PORT] = NULL;
    health->own_port = NULL;
    health->is_listening = false;
    atomic_store_explicit(&health->port, 0, memory_order_relaxed);
    impact__health_unlock(health);
}

/* ---- options ---- */

static bool is_path_byte(char c)
{
    return impact__is_alphanumeric_or(c, "-._~/%");
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

static bool read_options(impact_health_options *known, const impact_health_options *options)
{
    if (!impact__struct_read(known, sizeof *known, options))
        return false;
    known->prefix = known->prefix ? known->prefix : "/health";
    known->workers = known->workers ? known->workers : default_workers;
    known->budget_ms = known->budget_ms ? known->budget_ms : default_budget_ms;
    known->allocator = known->allocator ? known->allocator : impact_allocator_default();
    return is_prefix(impact_text_of(known->prefix));
}

/* A copy, or NULL: no memory, or no secret. */
static char *copy_secret(impact_status *status, const impact_allocator *allocator,
                         const char *secret)
{
    const bool is_asked_for = secret && *secret;
    char *copy = is_asked_for ? impact__copy(allocator, secret, strlen(secret)) : NULL;
    if (is_asked_for && !copy)
        *status = IMPACT_ENOMEM;
    return copy;
}

/* ---- open ---- */

static impact_status copy_texts(impact_health *health, const impact_health_options *options)
{
    impact_status status = IMPACT_OK;
    health->prefix_size = strlen(options->prefix);
    health->prefix = impact__copy(health->allocator, options->prefix, health->prefix_size);
    if (!health->prefix)
        return IMPACT_ENOMEM;
    health->secret = copy_secret(&status, health->allocator, options->secret);
    health->second_secret = copy_secret(&status, health->allocator, options->second_secret);
    return status ? status : impact__service_facts_open(&health->facts, health->allocator, options);
}

static void tidy(void *owner)
{
    impact__health_sweep(owner);
}

static void thread_left(void *owner)
{
    impact__health_leave(owner);
}

/* Everything but the memory of the registry and of its texts. */
static impact_status open_system(impact_health *health, uint32_t workers)
{
    impact_status status = impact__engine_open(
        &health->engine,
        (impact__engine_owner){.tidy = tidy, .left = thread_left, .owner = health});
    if (status)
        return status;
    impact__crew_open(&health->engine, workers);
    health->fork_member = (impact__fork_member){
        .prepare = before_fork,
        .in_parent = after_fork_in_parent,
        .in_child = after_fork_in_child,
        .owner = health,
    };
    status = impact__diagnostics_open();
    if (!status)
        status = impact__fork_add(&health->fork_member);
    if (status)
        impact__engine_close(&health->engine);
    return status;
}

impact_status impact_health_open(impact_health **health, const impact_health_options *options)
{
    impact_health_options known;
    if (!health || !read_options(&known, options))
        return IMPACT_EINVAL;
    impact_health *opened = impact__alloc(known.allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->allocator = known.allocator;
    opened->budget_ms = known.budget_ms;
    opened->phase = IMPACT_HEALTH_SERVING;
    opened->ignores_unknown_checks = known.ignores_unknown_checks;
    opened->has_probes = known.has_probes;
    opened->shows_explanations = known.shows_explanations;
    opened->empty_groups_hold = known.empty_groups_hold;
    opened->triggers_watchdog = known.triggers_watchdog;
    impact_status status = copy_texts(opened, &known);
    if (!status)
        status = open_system(opened, known.workers);
    if (status) {
        impact__health_free(opened);
        return status;
    }
    *health = opened;
    return IMPACT_OK;
}

/* ---- set anew ---- */

/* Under the lock: gives the former one back. */
static char *exchange_secret(char **secret, char *other)
{
    char *former = *secret;
    *secret = other;
    return former;
}

impact_status impact_health_set(impact_health *health, const impact_health_options *options)
{
    impact_health_options known;
    impact_status status = IMPACT_OK;
    if (!health || !read_options(&known, options))
        return IMPACT_EINVAL;
    char *first = copy_secret(&status, health->allocator, known.secret);
    char *second = copy_secret(&status, health->allocator, known.second_secret);
    if (!status) {
        impact__health_lock(health);
        first = exchange_secret(&health->secret, first);
        second = exchange_secret(&health->second_secret, second);
        health->budget_ms = known.budget_ms;
        health->ignores_unknown_checks = known.ignores_unknown_checks;
        impact__watch_ring(&health->watcher, &health->engine); /* an answer may be another */
        (void)impact__crew_call(&health->engine);              /* as impact_health_add does */
        impact__health_unlock(health);
    }
    impact__free(health->allocator, first);
    impact__free(health->allocator, second);
    return status;
}

/* ---- close ---- */

/* Answer every ticket with what is known, those to come too: whoever waits on the own port's
 * threads lets the port close. */
static void stop_waiting(impact_health *health)
{
    impact__health_lock(health);
    health->is_closing = true;
    impact__tickets_conclude(health);
    impact__health_sweep(health);
    impact__health_unlock(health);
}

/* Let no run begin, and wait for those that are under way. */
static size_t stop_runs(impact_health *health, uint32_t grace_ms)
{
    const uint64_t deadline = impact__deadline_after_ms(grace_ms);
    impact__health_lock(health);
    impact__health_retire_all(health);
    impact__crew_stop(&health->engine, deadline);
    impact__health_sweep(health);
    const size_t still_there = health->engine.threads;
    impact__health_unlock(health);
    return still_there;
}

size_t impact_health_close(impact_health *health, uint32_t grace_ms)
{
    if (!health)
        return 0;
    const int held = impact__cancel_hold(); /* half closed is worse than late */
    impact__systemd_stop(health->systemd);
    stop_waiting(health);
    impact__health_stop_listening(health);
    const size_t still_there = stop_runs(health, grace_ms);
    impact__fork_remove(&health->fork_member); /* without our lock: a fork takes that one second */
    impact__health_lock(health);
    health->is_abandoned = true;
    impact__health_leave(health);
    impact__cancel_release(held);
    return still_there;
}
