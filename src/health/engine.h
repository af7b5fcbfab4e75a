/* The engine: jobs, a schedule, and a bounded number of threads. It knows neither checks nor
 * probes: who makes a job says what its run is and hears when it is settled. */
#ifndef IMPACT_HEALTH_ENGINE_H
#define IMPACT_HEALTH_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>

#include "health/schedule.h"

typedef struct impact__engine impact__engine;

/* idle -> queued -> running -> idle; a queued job that is taken back goes to idle. */
typedef enum impact__job_state {
    IMPACT__JOB_IDLE,
    IMPACT__JOB_QUEUED,
    IMPACT__JOB_RUNNING
} impact__job_state;

/* Why nobody need wait for a run any longer. */
typedef enum impact__job_event {
    IMPACT__JOB_ENDED,
    IMPACT__JOB_TAKEN_BACK, /* it has not begun, and will not */
    IMPACT__JOB_STUCK       /* it is past its deadline; it still runs, and ends some time */
} impact__job_event;

/* What is run when it is asked for, at most once at a time. Part of what it belongs to. */
typedef struct impact__job impact__job;
struct impact__job {
    /* fixed once made */
    void (*run)(impact__job *job); /* on a thread of the engine, without the lock */
    void (*settled)(impact__job *job, impact__job_event event); /* under the lock */
    impact__engine *engine;

    /* guarded by the engine's lock, all below */
    uint64_t timeout_ns; /* of the runs to come */
    impact__job *next;   /* in the queue */
    impact__job *previous;
    impact__job_state state;
    bool is_stuck;  /* runs past its deadline, and that was noticed */
    uint64_t asked; /* number of the newest run that was asked for */
    uint64_t ended; /* number of the newest run that ended or was taken back */
    uint64_t queued_ns;
    uint64_t started_ns;
    uint64_t
        deadline_ns; /* of the run that is under way: both may be read by it without the lock */
    impact__alarm deadline;
};

/* Something to be told to the host: a function that is called once on the keeper's thread, without
 * the lock. Part of what it belongs to. */
typedef struct impact__call impact__call;
struct impact__call {
    void (*function)(void *userdata);
    void *userdata;
    impact__call *next;
    bool is_posted;
};

/* What the engine asks of who has it. Both are called under the lock. */
typedef struct impact__engine_owner {
    void (*tidy)(
        void *owner); /* something was settled: what nobody uses can go. May let go of the lock */
    void (*left)(
        void *owner); /* a thread has left: let go of the lock, for good if it was the last */
    void *owner;      /* borrowed */
} impact__engine_owner;

struct impact__engine {
    /* fixed once opened */
    impact__engine_owner owner;
    unsigned workers;

    pthread_mutex_t lock; /* guards all below, and what the owner puts under it */
    pthread_cond_t work;  /* something was queued, or the engine stops */
    pthread_cond_t wakes; /* the keeper: a sooner alarm, a call, the engine stops */
    pthread_cond_t
        changed; /* for those who wait: an answer is there, a call is over, a thread left */
    impact__schedule schedule;
    uint64_t patience_ns; /* for so long a queued job waits for a worker */
    impact__alarm patience;
    impact__job *first; /* the queue */
    impact__job *last;
    unsigned queued;
    unsigned running;
    unsigned threads; /* counted from before they start; likewise idle and has_keeper */
    unsigned idle;    /* of them, those that wait for a job */
    bool has_keeper;
    bool is_stopped; /* no run may begin */
    uint64_t keeper_wakes_ns;
    pthread_t keeper; /* while it calls */
    impact__call *first_call;
    impact__call *last_call;
    const impact__call *calling; /* the call that is under way, only to be compared */
};

/* Neither can fail for a normal lock. */
static inline void impact__engine_lock(impact__engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
}

static inline void impact__engine_unlock(impact__engine *engine)
{
    (void)pthread_mutex_unlock(&engine->lock);
}

impact_status impact__engine_open(impact__engine *engine, unsigned workers,
                                  impact__engine_owner owner);

/* Give back what an engine has that no thread uses. */
void impact__engine_close(impact__engine *engine);

/* ---- all below under the lock ---- */

void impact__job_open(impact__job *job, impact__engine *engine, uint64_t timeout_ns,
                      void (*run)(impact__job *job),
                      void (*settled)(impact__job *job, impact__job_event event));

/* Ask for a run of an idle job, or for the one that is queued or under way. Returns the run's
 * number: it is over once job->ended has reached it. Who has asked tends the engine. */
uint64_t impact__engine_ask(impact__engine *engine, impact__job *job);

/* Take back a run that has not begun, if there is one. */
void impact__engine_cancel(impact__engine *engine, impact__job *job);

/* Start the threads that are needed at once. IMPACT_ESYSTEM: there is no keeper, so that nothing
 * would be noticed. Lets go of the lock while it starts one. */
impact_status impact__engine_tend(impact__engine *engine);

/* Set an alarm that rings on the keeper's thread under the lock, or take it off. */
void impact__engine_set(impact__engine *engine, impact__alarm *alarm, uint64_t at_ns);
void impact__engine_unset(impact__engine *engine, impact__alarm *alarm);

/* Have a call made; and make sure that it is not being made and will not be: waits for one that is
 * under way, but not in itself. */
void impact__engine_post(impact__engine *engine, impact__call *call);
void impact__engine_recall(impact__engine *engine, impact__call *call);

/* Let no run begin, make the calls that were posted, let idle threads leave, and wait for the
 * others until the deadline. */
void impact__engine_stop(impact__engine *engine, uint64_t deadline_ns);

/* In a forked child: there is no thread, no call, no alarm, and nothing in the queue. The jobs are
 * forgotten one by one. */
void impact__engine_forget(impact__engine *engine);
void impact__job_forget(impact__job *job);

#endif
