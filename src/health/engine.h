/* The engine: jobs, a schedule, and what is to be told to the host. It knows neither checks nor
 * probes: who makes a job says what its run is and hears when it is settled. It does nothing by
 * itself: its steps are done by the crew. */
#ifndef IMPACT_HEALTH_ENGINE_H
#define IMPACT_HEALTH_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/status.h>

#include "health/fifo.h"
#include "health/schedule.h"

typedef struct impact__engine impact__engine;

/* idle -> queued -> running -> idle, or -> awaited -> idle: its function has returned, and somebody
 * else will say what it came to. What is queued or awaited may be taken back. */
typedef enum impact__job_state {
    IMPACT__JOB_IDLE,
    IMPACT__JOB_QUEUED,
    IMPACT__JOB_RUNNING,
    IMPACT__JOB_AWAITED
} impact__job_state;

/* One run, as its thread knows it. */
typedef struct impact__turn {
    uint64_t number;
    uint64_t started_ns;
    uint64_t deadline_ns;
    unsigned slot; /* 0 or 1; two runs of a job that are both with a thread have not the same */
} impact__turn;

/* Why nobody need wait for a run any longer. */
typedef enum impact__job_event {
    IMPACT__JOB_ENDED,
    IMPACT__JOB_TAKEN_BACK, /* it has not begun, and will not; or it is awaited no more */
    IMPACT__JOB_OVERDUE,    /* it was awaited, and its deadline has passed: it is over */
    IMPACT__JOB_LEFT, /* it was stuck, and a second one begins: nobody hears what it comes to */
    IMPACT__JOB_STUCK /* it is past its deadline; it still runs, and ends some time */
} impact__job_event;

/* What is run when it is asked for, at most once at a time, or beside a run that was left. Part of
 * what it belongs to. */
typedef struct impact__job impact__job;
struct impact__job {
    impact__link link; /* in the queue; guarded by the engine's lock */

    /* fixed once made */
    bool (*run)(impact__job *job, const impact__turn *turn); /* on a thread of the engine, without
                                      the lock; false: the run is not over, but awaited */
    void (*settled)(impact__job *job, impact__job_event event); /* under the lock */
    impact__engine *engine;

    /* guarded by the engine's lock, all below */
    uint64_t timeout_ns; /* of the runs to come */
    bool may_overlap;    /* a run that is stuck is left when another is asked for; once */
    uint64_t left;       /* number of that run, while its function has not returned; 0: none */
    unsigned left_slot;
    unsigned slot; /* of the run that is under way */
    impact__job_state state;
    bool is_stuck;    /* runs past its deadline, and that was noticed */
    bool is_complete; /* what it came to was said while its function ran */
    uint64_t asked;   /* number of the newest run that was asked for */
    uint64_t ended;   /* number of the newest run that ended or was taken back */
    uint64_t queued_ns;
    uint64_t started_ns;
    uint64_t deadline_ns; /* of the run that is under way */
    impact__alarm deadline;
};

/* Something to be told to the host: a function that is called once, without the lock. Part of what
 * it belongs to. */
typedef struct impact__call {
    impact__link link;
    void (*function)(void *userdata);
    void *userdata;
} impact__call;

/* What the engine asks of who has it. Both are called under the lock. */
typedef struct impact__engine_owner {
    void (*tidy)(
        void *owner); /* something was settled: what nobody uses can go. May let go of the lock */
    void (*left)(
        void *owner); /* a thread has left: let go of the lock, for good if it was the last */
    void *owner;      /* borrowed */
} impact__engine_owner;

struct impact__engine {
    impact__engine_owner owner; /* fixed once opened */

    pthread_mutex_t lock; /* guards all below, and what the owner puts under it */
    pthread_cond_t work;  /* something was queued, or the engine stops */
    pthread_cond_t wakes; /* the keeper: a sooner alarm, a call, the engine stops */
    pthread_cond_t
        changed; /* for those who wait: an answer is there, a call is over, a thread left */
    impact__schedule schedule;
    impact__fifo queue; /* of jobs */
    unsigned running;
    bool is_stopped; /* no run may begin */
    impact__fifo calls;
    const impact__call *calling; /* the call that is under way, only to be compared, */
    pthread_t caller;            /* and who makes it */

    /* the crew's */
    unsigned workers;     /* 0: there are no threads */
    uint64_t patience_ns; /* for so long a queued job waits for a worker */
    impact__alarm patience;
    unsigned threads; /* counted from before they start; likewise idle and has_keeper */
    unsigned idle;    /* of them, those that wait for a job */
    bool has_keeper;
    uint64_t keeper_wakes_ns; /* 0: it is awake */
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

impact_status impact__engine_open(impact__engine *engine, impact__engine_owner owner);

/* Give back what an engine has that no thread uses. */
void impact__engine_close(impact__engine *engine);

/* ---- all below under the lock ---- */

void impact__job_open(impact__job *job, impact__engine *engine, uint64_t timeout_ns,
                      bool (*run)(impact__job *job, const impact__turn *turn),
                      void (*settled)(impact__job *job, impact__job_event event));

/* Ask for a run of an idle job, or for the one that is queued or under way. Returns the run's
 * number: it is over once job->ended has reached it. Who has asked calls the crew. */
uint64_t impact__engine_ask(impact__engine *engine, impact__job *job);

/* A thread has it, or will. */
static inline bool impact__job_is_used(const impact__job *job)
{
    return job->state != IMPACT__JOB_IDLE || job->left;
}

/* Its function runs, or has left somebody else to say what it came to. */
static inline bool impact__job_is_in_flight(const impact__job *job)
{
    return job->state == IMPACT__JOB_RUNNING || job->state == IMPACT__JOB_AWAITED;
}

/* It was said what a run in flight came to: it ends, when its function has returned. */
void impact__engine_complete(impact__engine *engine, impact__job *job);

/* Take back a run that has not begun or is awaited, if there is one. */
void impact__engine_cancel(impact__engine *engine, impact__job *job);

/* Set an alarm, which rings under the lock, or take it off. */
void impact__engine_set(impact__engine *engine, impact__alarm *alarm, uint64_t at_ns);
void impact__engine_unset(impact__engine *engine, impact__alarm *alarm);

/* Take back a call that was posted. */
void impact__engine_unpost(impact__engine *engine, impact__call *call);

/* Have a call made; and make sure that it is not being made and will not be: waits for one that is
 * under way, but not in itself. */
void impact__engine_post(impact__engine *engine, impact__call *call);
void impact__engine_recall(impact__engine *engine, impact__call *call);

/* In a forked child: there is no call, no alarm, and nothing in the queue. The jobs are forgotten
 * one by one. */
void impact__engine_forget(impact__engine *engine);
void impact__job_forget(impact__job *job);

/* ---- steps, for the crew; under the lock too ---- */

/* Take the first job out of the queue to run it, or NULL; and when its function has returned. */
impact__job *impact__engine_begin_run(impact__engine *engine, impact__turn *turn);
void impact__engine_end_run(impact__engine *engine, impact__job *job, const impact__turn *turn,
                            bool is_over);

/* Ring the first alarm that is due. False: none is. */
bool impact__engine_ring(impact__engine *engine);

/* Make the first call that was posted, without the lock meanwhile. False: there is none, or one is
 * being made. In a child that the call forked and that came back from it, neither is so:
 * IMPACT__CALL_FORKED, and no lock. */
typedef enum impact__call_step {
    IMPACT__CALL_NONE,
    IMPACT__CALL_MADE,
    IMPACT__CALL_FORKED
} impact__call_step;
impact__call_step impact__engine_make_call(impact__engine *engine);

#endif
