/* Periodic checks: they run by themselves, and who asks does not run them. */
#include "health/period.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"

enum { hour_ms = 3600000 };

static impact_health_status count_runs(impact_health_run *run, void *userdata)
{
    (void)run;
    atomic_fetch_add((atomic_uint *)userdata, 1);
    return IMPACT_HEALTH_PASS;
}

static void add_counted(impact_health *health, atomic_uint *runs, uint32_t delay_ms)
{
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = count_runs, .userdata = runs,
                                               .period_ms = hour_ms, .initial_delay_ms = delay_ms,
                                               .timeout_ms = patience_ms)),
        IMPACT_OK);
}

/* Milliseconds until the next run of the only check. */
static uint64_t next_run_in_ms(impact_health *health)
{
    impact__health_lock(health);
    const impact__alarm *due = &health->checks->period.due;
    CHECK(due->is_set);
    const uint64_t now = impact__clock_monotonic_ns();
    const uint64_t in_ns = due->at_ns > now ? due->at_ns - now : 0;
    impact__health_unlock(health);
    return in_ns / IMPACT__NS_PER_MS;
}

static void make_due(impact_health *health)
{
    impact__health_lock(health);
    impact__period_hurry(&health->checks->period);
    impact__health_unlock(health);
}

static unsigned results_of(impact_health *health)
{
    impact__health_lock(health);
    const unsigned results = health->checks->record.history.count;
    impact__health_unlock(health);
    return results;
}

TEST(a_periodic_check_runs_without_being_asked_for_and_is_not_run_for_who_asks)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, 0);
    AWAIT(results_of(health) == 1);
    for (int i = 0; i < 10; i++) {
        const impact_health_result result = probe_one(health, "a");
        CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
        CHECK(!result.is_pending);
    }
    CHECK_EQUAL(atomic_load(&runs), 1);
    make_due(health);
    AWAIT(results_of(health) == 2);
    CHECK_EQUAL(atomic_load(&runs), 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(who_asks_before_the_first_result_waits_for_it)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, 0);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(the_first_run_waits_for_the_initial_delay_whoever_asks)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, hour_ms);
    CHECK_STRING(probe_one(health, "a").reason, "pending");
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK(next_run_in_ms(health) > hour_ms - patience_ms);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* The intervals that a period of this length has, as the engine's clock would see them. */
TEST(the_second_run_comes_at_any_time_of_the_period_and_the_others_within_a_tenth_of_it)
{
    enum { rounds = 60 };
    unsigned halves[2] = {0, 0};
    for (int i = 0; i < rounds; i++) {
        atomic_uint runs = 0;
        impact_health *health = gate_health(1, patience_ms);
        add_counted(health, &runs, 0);
        CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
        const uint64_t second_ms = next_run_in_ms(health);
        CHECK(second_ms <= hour_ms);
        halves[second_ms > hour_ms / 2]++;
        make_due(health);
        AWAIT(results_of(health) == 2);
        CHECK(next_run_in_ms(health) > hour_ms / 10 * 9 - patience_ms);
        CHECK(next_run_in_ms(health) <= hour_ms / 10 * 11);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    }
    CHECK(halves[0] > 0 && halves[1] > 0); /* by chance not so once in 5 * 10^17 runs */
}

TEST(periodic_checks_of_a_short_period_run_again_and_again)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = count_runs,
                                                   .userdata = &runs, .period_ms = 1)) ==
            IMPACT_OK);
    AWAIT(atomic_load(&runs) >= 20);
    CHECK(threads_of(health) <= 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_periodic_check_that_hangs_is_not_started_again_and_runs_as_soon_as_it_is_back)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hung", .run = gate_run, .userdata = &g,
                                                   .period_ms = hour_ms, .timeout_ms = 10)) ==
            IMPACT_OK);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    make_due(health);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(atomic_load(&g.runs), 1);
    gate_await_run(&g);
    gate_release(&g);
    gate_await_run(&g); /* the next one, an hour early */
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_periodic_result_that_does_not_come_any_more_is_stale)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, 0);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    impact__health_lock(health);
    const impact__wait wait = {.check = health->checks, .run = health->checks->recorded};
    const uint64_t end_ns =
        health->checks->record.ended_ns + health->checks->definition.limits.max_age_ns;
    CHECK_STRING(impact__wait_look(&wait, end_ns).outcome.reason, "");
    CHECK_STRING(impact__wait_look(&wait, end_ns + 1).outcome.reason, "stale");
    impact__health_unlock(health);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_check_that_is_given_a_period_begins_to_run_and_one_that_loses_it_ends)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    impact_check check = {.size = sizeof check, .name = "a", .run = count_runs, .userdata = &runs};
    REQUIRE(impact_health_add(health, &check) == IMPACT_OK);
    check.period_ms = hour_ms;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    AWAIT(atomic_load(&runs) == 1);
    check.ttl_ms = 1;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_EINVAL);
    check.ttl_ms = check.period_ms = 0;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    impact__health_lock(health);
    CHECK(!health->checks->period.due.is_set);
    impact__health_unlock(health);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_periodic_check_that_was_removed_runs_no_more)
{
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, hour_ms);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    impact__health_lock(health);
    CHECK(!health->engine.schedule.first);
    impact__health_unlock(health);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&runs), 0);
}

TEST(a_child_runs_its_periodic_checks_from_the_first_question_on)
{
    check_skip_forks_of_threads();
    atomic_uint runs = 0;
    impact_health *health = gate_health(1, patience_ms);
    add_counted(health, &runs, 0);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        const bool is_fresh = results_of(health) == 0 && threads_of(health) == 0;
        const bool passes = probe_one(health, "a").status == IMPACT_HEALTH_PASS;
        const bool ran_here = atomic_load(&runs) == 2;
        _exit(is_fresh && passes && ran_here && impact_health_close(health, patience_ms) == 0 ? 0
                                                                                              : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- many at once ---- */

enum { adders = 8, added_each = 25 };

typedef struct adder {
    impact_health *health;
    pthread_barrier_t *start;
    pthread_t thread;
    atomic_uint runs;
    int number;
} adder;

static void *add_ask_remove(void *argument)
{
    adder *a = argument;
    (void)pthread_barrier_wait(a->start);
    for (int i = 0; i < added_each; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "c%d-%d", a->number, i);
        CHECK_EQUAL(impact_health_add(a->health, IMPACT_CHECK(.name = name, .run = count_runs,
                                                              .userdata = &a->runs, .period_ms = 1,
                                                              .timeout_ms = patience_ms)),
                    IMPACT_OK);
        CHECK_EQUAL(probe_one(a->health, name).status, IMPACT_HEALTH_PASS);
        CHECK_EQUAL(impact_health_remove(a->health, name), IMPACT_OK);
    }
    return NULL;
}

TEST(periodic_checks_come_and_go_while_others_run)
{
    pthread_barrier_t start;
    adder a[adders] = {{0}};
    impact_health *health = gate_health(2, patience_ms);
    (void)pthread_barrier_init(&start, NULL, adders);
    for (int i = 0; i < adders; i++) {
        a[i].health = health;
        a[i].start = &start;
        a[i].number = i;
        REQUIRE(pthread_create(&a[i].thread, NULL, add_ask_remove, &a[i]) == 0);
    }
    for (int i = 0; i < adders; i++) {
        CHECK(pthread_join(a[i].thread, NULL) == 0);
        CHECK(atomic_load(&a[i].runs) >= added_each);
    }
    (void)pthread_barrier_destroy(&start);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
