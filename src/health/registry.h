/* A registry: the checks that are known, and the state of the engine that runs them. */
#ifndef IMPACT_HEALTH_REGISTRY_H
#define IMPACT_HEALTH_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/health.h>
#include <impact/plugin.h>

#include "process/fork.h"
#include "health/name.h"

enum { IMPACT__CHECK_LIMIT = 1024 }; /* in one registry, those that are on their way out included */

/* idle -> queued -> running -> idle; a queued check that is taken out goes back to idle. */
typedef enum impact__check_state {
    IMPACT__CHECK_IDLE,
    IMPACT__CHECK_QUEUED,
    IMPACT__CHECK_RUNNING
} impact__check_state;

/* What a run came to. */
typedef struct impact__outcome {
    impact_health_status status;
    const char *reason; /* static: see impact_health_result */
    uint64_t duration_ns;
} impact__outcome;

typedef struct impact__check impact__check;
struct impact__check {
    /* fixed once added */
    impact_health_check_fn run;
    void *userdata;
    void (*free_userdata)(void *userdata);
    uint64_t timeout_ns;
    char name[IMPACT__NAME_MOST + 1];
    size_t name_size;

    /* guarded by the registry's lock, all below */
    impact__check *next;      /* in the registry, in the order of registration */
    impact__check *next_busy; /* in the queue or among the running ones */
    impact__check_state state;
    bool is_slow;    /* has run so long that it holds no worker's place any more */
    bool is_stuck;   /* runs past its deadline, and somebody has noticed */
    bool is_removed; /* nobody can ask for it any more; freed with its last user */
    unsigned users;  /* probes that wait for it, and the run */
    uint64_t asked;  /* number of the newest run that was asked for */
    uint64_t ended;  /* number of the newest run that ended */
    uint64_t started_ns;
    uint64_t selected; /* the selection that took it last: each once */
    impact__outcome last;

    char groups[]; /* ",_defaults,_ready,", or "" for none; fixed once added */
};

/* Checks in the order in which they came; linked by next_busy. */
typedef struct impact__check_list {
    impact__check *first;
    impact__check *last;
    size_t count;
} impact__check_list;

struct impact_health {
    /* fixed once opened */
    const impact_allocator *allocator; /* borrowed */
    char *prefix;
    size_t prefix_size;
    char *secret; /* NULL: none is asked for */
    uint32_t workers;
    uint32_t budget_ms;
    bool ignores_unknown_checks;
    impact__fork_member fork_member;

    atomic_uint port; /* of the server; read without the lock */

    pthread_mutex_t lock;   /* guards all below */
    pthread_cond_t work;    /* something was queued, or the registry closes */
    pthread_cond_t changed; /* a run ended, a thread left */
    impact__check *checks;  /* the removed ones that are still in use included */
    size_t check_count;     /* of them all */
    impact__check_list queue;
    impact__check_list running;
    unsigned threads; /* of the engine; counted from before they start */
    unsigned idle;    /* of them, those that run nothing */
    unsigned slow;    /* of the running checks */
    uint64_t selections;
    bool is_closed;    /* no run may begin */
    bool is_abandoned; /* its owner has let go: the last thread frees it */
    bool is_listening; /* or is about to */
    const impact_plugin *server_plugin;
    impact_server *server;
};

/* Neither can fail for a normal lock. */
static inline void impact__health_lock(impact_health *health)
{
    (void)pthread_mutex_lock(&health->lock);
}

static inline void impact__health_unlock(impact_health *health)
{
    (void)pthread_mutex_unlock(&health->lock);
}

static inline impact_text impact__check_name(const impact__check *check)
{
    return impact_text_from(check->name, check->name_size);
}

/* The check that can be asked for by this name, or NULL. Under the lock. */
impact__check *impact__health_find(const impact_health *health, impact_text name);

/* Free the removed checks that nobody uses. Under the lock, which it lets go of meanwhile. */
void impact__health_sweep(impact_health *health);

/* Free a registry that no thread uses any more. */
void impact__health_free(impact_health *health);

#endif
