/* Forks: the child's registry works, whatever the parent's threads were doing. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

enum { forks = 20, forks_beside_a_stuck_run = 200 };

/* Hangs until the flag is cleared: a child clears its own copy. */
typedef struct hanging {
    gate g;
    atomic_bool hangs;
} hanging;

static impact_health_status hang_or_pass(impact_health_run *run, void *userdata)
{
    hanging *h = userdata;
    return atomic_load(&h->hangs) ? gate_run(run, &h->g) : IMPACT_HEALTH_PASS;
}

static impact_health *open_with(impact_health_check_fn run, void *userdata, uint32_t timeout_ms)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms)),
                IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run, .userdata = userdata,
                                               .timeout_ms = timeout_ms)),
        IMPACT_OK);
    return health;
}

/* The child's exit status is 0 when its check passes and nothing of the parent's is left in it. */
static void check_in_child(impact_health *health)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        health->checks->job.timeout_ns = patience_ms * IMPACT__NS_PER_MS;
        const bool is_fresh = health->engine.threads == 0 && health->engine.queue.count == 0 &&
                              health->engine.running == 0 && !health->tickets &&
                              users_of(health, "a") == 0;
        const bool passes = probe_one(health, "a").status == IMPACT_HEALTH_PASS;
        const bool closes = impact_health_close(health, patience_ms) == 0;
        _exit(is_fresh && passes && closes ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_child_runs_the_check_that_is_stuck_in_its_parent)
{
    hanging h = {.hangs = true};
    gate_open(&h.g);
    impact_health *health = open_with(hang_or_pass, &h, 1);
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    gate_await_run(&h.g);
    atomic_store(&h.hangs, false); /* the run that is under way has read it */
    for (int i = 0; i < forks_beside_a_stuck_run; i++)
        check_in_child(health);
    CHECK_STRING(probe_one(health, "a").reason, "timeout"); /* still, in the parent */
    gate_release(&h.g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&h.g);
}

/* Of a parent whose threads allocate. */
static void check_in_busy_child(impact_health *health)
{
    if (check_children_may_allocate()) {
        check_in_child(health);
        return;
    }
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

typedef struct prober {
    impact_health *health;
    atomic_bool stops;
    pthread_t thread;
} prober;

static void *probe_until_stopped(void *argument)
{
    prober *p = argument;
    while (!atomic_load(&p->stops))
        CHECK_EQUAL(probe_one(p->health, "a").status, IMPACT_HEALTH_PASS);
    return NULL;
}

TEST(a_child_works_when_its_parent_forked_in_the_middle_of_probes)
{
    check_skip_forks_of_threads();
    enum { prober_count = 4 };
    prober p[prober_count] = {0};
    impact_health *health = open_with(impact_check_true, NULL, patience_ms);
    for (int i = 0; i < prober_count; i++) {
        p[i].health = health;
        REQUIRE(pthread_create(&p[i].thread, NULL, probe_until_stopped, &p[i]) == 0);
    }
    for (int i = 0; i < forks; i++)
        check_in_busy_child(health);
    for (int i = 0; i < prober_count; i++) {
        atomic_store(&p[i].stops, true);
        CHECK(pthread_join(p[i].thread, NULL) == 0);
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_child_frees_what_was_removed_while_it_ran_in_the_parent)
{
    hanging h = {.hangs = true};
    gate_open(&h.g);
    impact_health *health = open_with(hang_or_pass, &h, 1);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "b", .run = gate_run, .userdata = &h.g,
                                                   .free_userdata = gate_free, .timeout_ms = 1)) ==
            IMPACT_OK);
    CHECK_STRING(probe_one(health, "b").reason, "timeout");
    CHECK_EQUAL(impact_health_remove(health, "b"), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&h.g.freed), 0);
    const pid_t child = fork();
    if (child == 0)
        _exit(impact_health_close(health, 0) == 0 && atomic_load(&h.g.freed) == 1 ? 0 : 1);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    gate_release(&h.g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&h.g);
}

/* Before LeakSanitizer looks: what the parent's other threads hold is lost to a child by nature. */
static void leave_quietly(void)
{
    _exit(0);
}

/* Its child does not exit: it comes back from the check. */
static impact_health_status fork_and_return(impact_health_run *run, void *userdata)
{
    (void)run;
    const pid_t child = fork();
    if (child > 0)
        *(pid_t *)userdata = child;
    if (child == 0 && atexit(leave_quietly))
        _exit(1);
    return IMPACT_HEALTH_PASS;
}

TEST(a_child_that_was_forked_in_a_check_ends_with_it)
{
    pid_t child = 0;
    impact_health *health = open_with(fork_and_return, &child, patience_ms);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    REQUIRE(child > 0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child); /* for ever, until the alarm, when this fails */
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
