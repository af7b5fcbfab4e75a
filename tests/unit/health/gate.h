/* A check that is held until the test lets it go, and what one needs around it. */
#ifndef IMPACT_TESTS_HEALTH_GATE_H
#define IMPACT_TESTS_HEALTH_GATE_H

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include <impact/health.h>

#include "base/clock.h"
#include "health/registry.h"
#include "support/check.h"

enum { patience_ms = 30000 }; /* a test that waits longer for anything has failed */

/* Two pipes: a run says that it has begun, and waits for a byte. */
typedef struct gate {
    int begun[2];
    int release[2];
    atomic_uint runs;
    atomic_uint freed;
} gate;

static inline void gate_open(gate *g)
{
    atomic_init(&g->runs, 0);
    atomic_init(&g->freed, 0);
    CHECK(pipe(g->begun) == 0 && pipe(g->release) == 0);
}

static inline void gate_close(gate *g)
{
    for (int end = 0; end < 2; end++) {
        (void)close(g->begun[end]);
        (void)close(g->release[end]);
    }
}

/* The check: it ignores its deadline. */
static inline impact_health_status gate_run(impact_health_run *run, void *userdata)
{
    (void)run;
    gate *g = userdata;
    char byte = 0;
    atomic_fetch_add(&g->runs, 1);
    const bool passed = write(g->begun[1], &byte, 1) == 1 && read(g->release[0], &byte, 1) == 1;
    return passed ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static inline void gate_free(void *userdata)
{
    gate *g = userdata;
    atomic_fetch_add(&g->freed, 1);
}

static inline void gate_await_run(gate *g)
{
    char byte = 0;
    struct pollfd readable = {.fd = g->begun[0], .events = POLLIN};
    CHECK(poll(&readable, 1, patience_ms) == 1 && read(g->begun[0], &byte, 1) == 1);
}

/* Let one run go on. */
static inline void gate_release(gate *g)
{
    CHECK(write(g->release[1], "", 1) == 1);
}

/* Wait for a fact that other threads bring about; a failed check when it takes too long. */
#define AWAIT(fact)                                                                                \
    do {                                                                                           \
        const uint64_t until_ = impact__deadline_after_ms(patience_ms);                            \
        while (!(fact) && impact__clock_monotonic_ns() < until_)                                   \
            (void)sched_yield();                                                                   \
        CHECK(fact);                                                                               \
    } while (0)

/* What the registry knows of a check's users: probes that wait, and the run. */
static inline unsigned users_of(impact_health *health, const char *name)
{
    impact__health_lock(health);
    const impact__check *check = impact__health_find(health, impact_text_of(name));
    const bool runs = check && check->job.state == IMPACT__JOB_RUNNING;
    const unsigned users = check ? check->users + runs : 0;
    impact__health_unlock(health);
    return users;
}

static inline unsigned threads_of(impact_health *health)
{
    impact__health_lock(health);
    const unsigned threads = health->engine.threads;
    impact__health_unlock(health);
    return threads;
}

static inline unsigned running_of(impact_health *health)
{
    impact__health_lock(health);
    const unsigned running = health->engine.running;
    impact__health_unlock(health);
    return running;
}

/* Let a queued check wait for a worker as long as the test does. */
static inline void be_patient(impact_health *health)
{
    impact__health_lock(health);
    health->engine.patience_ns = patience_ms * IMPACT__NS_PER_MS;
    impact__health_unlock(health);
}

/* A probe that settles before its budget is spent, where the budget is the test's patience. */
static inline bool probe_in_time(impact_health *health, const char *selector,
                                 impact_health_report **report)
{
    const uint64_t began = impact__clock_monotonic_ns();
    const impact_status status = impact_health_probe(health, impact_text_of(selector), report);
    CHECK(impact__clock_monotonic_ns() - began < patience_ms / 2 * IMPACT__NS_PER_MS);
    return status == IMPACT_OK;
}

/* The result of one check of a probe; UNKNOWN and "failed" when the probe itself did not work. */
static inline impact_health_result probe_one(impact_health *health, const char *name)
{
    impact_health_report *report = NULL;
    impact_health_result result = {
        .size = sizeof result, .status = IMPACT_HEALTH_UNKNOWN, .reason = "failed"};
    if (probe_in_time(health, name, &report))
        CHECK(impact_health_report_get(report, 0, &result));
    result.name = impact_text_of(name); /* the report's goes with it */
    impact_health_report_close(report);
    return result;
}

/* ---- a registry ---- */

static inline impact_health *gate_health(uint32_t workers, uint32_t budget_ms)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.workers = workers, .budget_ms = budget_ms)),
                IMPACT_OK);
    return health;
}

static inline void add_gate(impact_health *health, const char *name, gate *g, uint32_t timeout_ms)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = gate_run, .userdata = g,
                                                       .free_userdata = gate_free,
                                                       .timeout_ms = timeout_ms)),
                IMPACT_OK);
}

static inline void add_true(impact_health *health, const char *name)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = impact_check_true,
                                                       .timeout_ms = patience_ms)),
                IMPACT_OK);
}

#endif
