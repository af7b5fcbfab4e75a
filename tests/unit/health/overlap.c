/* A second run beside one that is stuck, where that was allowed. */
#include <impact/health.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"

/* The first runs hang until they are let go, the others pass. */
typedef struct hanging {
    gate g;
    atomic_uint runs;
    unsigned hang;
    atomic_uint inside;
    atomic_uint most_inside;
} hanging;

static impact_health_status hang_at_first(impact_health_run *run, void *userdata)
{
    hanging *h = userdata;
    const unsigned inside = atomic_fetch_add(&h->inside, 1) + 1;
    unsigned most = atomic_load(&h->most_inside);
    while (inside > most && !atomic_compare_exchange_weak(&h->most_inside, &most, inside)) {
    }
    const bool hangs = atomic_fetch_add(&h->runs, 1) < h->hang;
    const impact_health_status status = hangs ? gate_run(run, &h->g) : IMPACT_HEALTH_PASS;
    atomic_fetch_sub(&h->inside, 1);
    return status;
}

static void free_hanging(void *userdata)
{
    gate_free(&((hanging *)userdata)->g);
}

static impact_health *open_hanging(hanging *h, unsigned hang, uint32_t timeout_ms)
{
    *h = (hanging){.hang = hang};
    gate_open(&h->g);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = hang_at_first, .userdata = h,
                                               .free_userdata = free_hanging, .may_overlap = true,
                                               .timeout_ms = timeout_ms)),
        IMPACT_OK);
    return health;
}

static void set_timeout(impact_health *health, uint32_t timeout_ms)
{
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "a", .may_overlap = true,
                                                          .timeout_ms = timeout_ms)),
                IMPACT_OK);
}

TEST(a_second_run_begins_beside_one_that_is_stuck_and_what_that_comes_to_is_dropped)
{
    hanging h;
    impact_health *health = open_hanging(&h, 1, 20);
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    gate_await_run(&h.g);
    set_timeout(health, patience_ms);
    const impact_health_result second = probe_one(health, "a");
    CHECK_EQUAL(second.status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(second.past_count, 2);
    CHECK_EQUAL(atomic_load(&h.runs), 2);
    CHECK_EQUAL(running_of(health), 1); /* the first, still */
    gate_release(&h.g);
    AWAIT(running_of(health) == 0);
    const impact_health_result third = probe_one(health, "a");
    CHECK_EQUAL(third.status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(third.past_count, 3); /* and not that of the first, that came back */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&h.g.freed), 1);
    gate_close(&h.g);
}

TEST(there_is_no_third)
{
    hanging h;
    impact_health *health = open_hanging(&h, 2, 20);
    for (int i = 0; i < 5; i++) {
        const impact_health_result result = probe_one(health, "a");
        CHECK_STRING(result.reason, "timeout");
        CHECK(result.failures >= 1);
    }
    CHECK_EQUAL(atomic_load(&h.runs), 2);
    CHECK(threads_of(health) <= 1 + 2 + 1); /* the keeper, the two, and one that may be idle */
    gate_release(&h.g);
    gate_release(&h.g);
    AWAIT(running_of(health) == 0);
    set_timeout(health, patience_ms);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&h.g);
}

TEST(a_check_that_is_removed_is_freed_when_the_last_of_both_runs_has_returned)
{
    hanging h;
    impact_health *health = open_hanging(&h, 2, 20);
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    gate_await_run(&h.g);
    gate_await_run(&h.g);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    gate_release(&h.g);
    AWAIT(running_of(health) == 1);
    CHECK_EQUAL(atomic_load(&h.g.freed), 0);
    gate_release(&h.g);
    AWAIT(atomic_load(&h.g.freed) == 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&h.g);
}

TEST(a_child_has_neither_of_its_parents_runs)
{
    check_skip_forks_of_threads();
    hanging h;
    impact_health *health = open_hanging(&h, 2, 20);
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    CHECK_STRING(probe_one(health, "a").reason, "timeout");
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        set_timeout(health, patience_ms);
        const bool passes = probe_one(health, "a").status == IMPACT_HEALTH_PASS;
        _exit(passes && impact_health_close(health, patience_ms) == 0 ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    gate_release(&h.g);
    gate_release(&h.g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&h.g);
}

/* ---- many at once ---- */

enum { probers = 8, probes = 40 };

typedef struct prober {
    impact_health *health;
    pthread_barrier_t *start;
    pthread_t thread;
} prober;

static void *probe_often(void *argument)
{
    const prober *p = argument;
    (void)pthread_barrier_wait(p->start);
    for (int i = 0; i < probes; i++)
        (void)probe_one(p->health, "a"); /* any of pass and timeout */
    return NULL;
}

TEST(however_many_ask_no_more_than_two_run)
{
    hanging h;
    pthread_barrier_t start;
    prober p[probers];
    impact_health *health = open_hanging(&h, 2, 5);
    (void)pthread_barrier_init(&start, NULL, probers);
    for (int i = 0; i < probers; i++) {
        p[i] = (prober){.health = health, .start = &start};
        REQUIRE(pthread_create(&p[i].thread, NULL, probe_often, &p[i]) == 0);
    }
    gate_await_run(&h.g);
    gate_await_run(&h.g);
    gate_release(&h.g);
    for (int i = 0; i < probers; i++)
        CHECK(pthread_join(p[i].thread, NULL) == 0);
    CHECK(atomic_load(&h.most_inside) <= 2);
    CHECK(atomic_load(&h.runs) >= 2);
    gate_release(&h.g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    (void)pthread_barrier_destroy(&start);
    gate_close(&h.g);
}
