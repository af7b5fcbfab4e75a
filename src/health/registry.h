/* A registry: the checks that are known, and the tickets that are open. Its lock is its
 * engine's. */
#ifndef IMPACT_HEALTH_REGISTRY_H
#define IMPACT_HEALTH_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/health.h>

#include "health/metric_sources.h"
#include "health/service_facts.h"
#include "health/watch.h"
#include "process/fork.h"
#include "serve/port.h"

enum { IMPACT__CHECK_LIMIT = 1024 }; /* in one registry, those that are on their way out included */

/* Who is told of the phase. */
typedef struct impact__phase_watcher {
    impact__call call;               /* fixed but for the call to the host in it */
    impact_health_phase_fn function; /* NULL: nobody */
    void *userdata;
    impact_health_phase told;
    uint64_t since_ns;
} impact__phase_watcher;

/* How the port is told that something is another. */
typedef struct impact__news {
    impact__alarm bell;
    impact__call call;
} impact__news;

struct impact_health {
    /* fixed once opened */
    const impact_allocator *allocator; /* borrowed */
    char *prefix;
    size_t prefix_size;
    bool has_probes;         /* serves the paths of the probes beside the prefix */
    bool shows_explanations; /* where no secret is asked for */
    bool empty_groups_hold;
    bool triggers_watchdog;
    impact__service_facts *facts; /* NULL: it says nothing of itself */
    impact__fork_member fork_member;

    atomic_uint port; /* its number; read without the lock */

    impact__engine engine; /* its lock guards all below */
    char *secret;          /* NULL: none; likewise the second, during a rotation */
    char *second_secret;
    impact__watcher watcher;
    impact_health_phase phase;
    impact__phase_watcher phase_watcher;
    uint32_t budget_ms;
    bool ignores_unknown_checks;
    impact__check *checks;         /* the removed ones that are still in use included */
    size_t check_count;            /* of them all */
    impact_health_ticket *tickets; /* that are open, the newest first */
    uint64_t selections;
    impact__metric_sources metrics;
    uint32_t ids;                    /* that were given to checks */
    bool is_closing;                 /* nobody waits any more */
    bool is_abandoned;               /* its owner has let go: the last thread or ticket frees it */
    bool is_listening;               /* or is about to */
    impact__news news;               /* for the port */
    impact__port *own_port;          /* NULL: there is none, or it stayed with the parent */
    struct impact__systemd *systemd; /* owned; NULL: it is not told */
};

static inline void impact__health_lock(impact_health *health)
{
    impact__engine_lock(&health->engine);
}

static inline void impact__health_unlock(impact_health *health)
{
    impact__engine_unlock(&health->engine);
}

/* ---- under the lock ---- */

/* The check that can be asked for by this name, or NULL. */
impact__check *impact__health_find(const impact_health *health, impact_text name);

/* Take all checks out. */
void impact__health_retire_all(impact_health *health);

/* Free the removed checks that nobody uses. Lets go of the lock meanwhile. */
void impact__health_sweep(impact_health *health);

/* Let go of the lock; and free the registry, when its owner has let go and no thread and no ticket
 * is left. */
void impact__health_leave(impact_health *health);

/* ---- without it ---- */

/* Free a registry's memory, which may be half made. */
void impact__health_free(impact_health *health);

#endif
