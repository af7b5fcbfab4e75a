/* A check: its definition, its job, its last result, and those who wait for it. */
#ifndef IMPACT_HEALTH_CHECK_H
#define IMPACT_HEALTH_CHECK_H

#include <impact/health.h>

#include "health/definition.h"
#include "health/engine.h"
#include "health/period.h"
#include "health/verdict.h"

typedef struct impact__check impact__check;

/* Somebody waits for a run of a check, of which he is a user meanwhile. Part of what it belongs
 * to. */
typedef struct impact__wait impact__wait;
struct impact__wait {
    void (*settled)(impact__wait *wait); /* under the lock, once: nothing more is waited for */
    impact__check *check;
    uint64_t run; /* the number of the run */
    bool is_waiting;
    impact__wait *next; /* for the same check */
    impact__wait *previous;
};

/* What a run came to, and what it said. */
typedef struct impact__said {
    impact__outcome outcome;
    impact__remarks remarks;
} impact__said;

/* What was said of a run by somebody else than its function. */
typedef struct impact__completion {
    bool is_there;
    impact_health_status status;
    char explanation[IMPACT__EXPLANATION_SIZE];
} impact__completion;

typedef struct impact__watcher impact__watcher;

/* What the host was told of a check. */
typedef struct impact__watched {
    void (*look)(impact__check *check); /* fixed; NULL: nobody ever looks */
    impact__watcher *watcher;           /* fixed, borrowed */
    impact__alarm alarm;                /* when time may change it */
    impact__call call;
    impact_health_status told; /* last; UNKNOWN: nothing yet */
    impact_health_status rung; /* for this status the bells have rung */
    uint64_t since_ns;
} impact__watched;

struct impact__check {
    impact__definition definition;

    impact__said said[2]; /* by the runs that are under way, by slot: their threads' alone */

    /* guarded by the engine's lock, all below */
    impact__job job;
    impact__period period;
    impact__record record;
    uint64_t opened_ns; /* from when on results could come */
    impact__completion completion;
    uint64_t recorded; /* number of the run whose result came last */
    impact__watched watched;
    impact__wait *waits;
    impact__check *next; /* in the registry, in the order of registration */
    bool is_disabled;    /* neither run nor judged */
    bool is_removed;     /* nobody can ask for it any more; freed with its last user */
    unsigned users;      /* those who wait for it or have not looked yet; the run is one more */
    uint64_t selected;   /* the selection that took it last: each once */
};

/* A check with the job of `engine`. Fails as impact__definition_open does. */
impact_status impact__check_open(impact__check **check, const impact_allocator *allocator,
                                 impact__engine *engine, const impact_check *description);

/* Free its userdata too, when that was taken. */
void impact__check_close(impact__check *check, const impact_allocator *allocator);

static inline impact_text impact__check_name(const impact__check *check)
{
    return impact_text_from(check->definition.name, check->definition.name_size);
}

/* ---- under the lock ---- */

/* From now on results may come. */
void impact__check_start(impact__check *check);

/* No run begins any more. */
void impact__check_stop(impact__check *check);

/* Switch it on or off. */
void impact__check_enable(impact__check *check, bool is_enabled);

/* Say what the run with this token came to. False: it is not under way, or its deadline has
 * passed. */
bool impact__check_complete(impact__check *check, uint64_t token, impact_health_status status,
                            const char *explanation);

/* A result of a check without a function. */
void impact__check_push(impact__check *check, impact_health_status status, const char *explanation);

/* The runs to come obey these. */
void impact__check_set_limits(impact__check *check, const impact__limits *limits);

/* Ask for a result, and wait for it where a run is needed that may still end in time. */
void impact__check_ask(impact__check *check, impact__wait *wait);

/* Ask for no run: look at what is known without. */
void impact__check_watch(impact__check *check, impact__wait *wait);

/* Give a wait up, or what it stands for: it is no user any more. */
void impact__wait_end(impact__wait *wait);

/* What is known now of what a wait waits, or waited, for. */
typedef struct impact__knowledge {
    impact__outcome outcome; /* as it is told */
    impact_health_status raw_status;
    bool is_last;      /* the outcome is that of the last result */
    uint64_t age_ns;   /* of the result; 0 when there is none */
    uint64_t limit_ns; /* of a run that is stuck */
    bool is_pending;   /* the run that was waited for has not ended, and may still in time */
    bool is_stuck;     /* it has not ended, and is past its deadline */
} impact__knowledge;

/* What is known now whoever asks: a run that is stuck, or else the last result. */
impact__knowledge impact__check_look(const impact__check *check, uint64_t now_ns);

/* From when on it is stale if nothing more is heard of it; 0: it does not become so by itself. */
uint64_t impact__check_stale_from_ns(const impact__check *check);

impact__knowledge impact__wait_look(const impact__wait *wait, uint64_t now_ns);

/* In a forked child: no run, no result, nobody waits. A period begins anew. */
void impact__check_forget(impact__check *check);

#endif
