/* The engine: hung checks, shared runs, bounded threads, removal and close during runs. */
#include "health/engine.h"

#include <pthread.h>

#include <impact/diagnostics.h>

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

/* ---- deadlines ---- */

TEST(a_hung_check_is_reported_in_time_and_works_again_once_it_returns)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    const impact_health_result hung = probe_one(health, "hung");
    CHECK_EQUAL(hung.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(hung.reason, "timeout");
    CHECK(hung.duration_ns >= 20 * IMPACT__NS_PER_MS);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(atomic_load(&g.runs), 1);

    gate_release(&g);
    AWAIT(users_of(health, "hung") == 0);
    health->checks->job.timeout_ns = patience_ms * IMPACT__NS_PER_MS;
    gate_release(&g); /* the next run goes straight through */
    CHECK_EQUAL(probe_one(health, "hung").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(atomic_load(&g.runs), 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

/* Outlives its limit by the least that it can see. */
static impact_health_status pass_too_late(impact_health_run *run, void *userdata)
{
    (void)userdata;
    while (impact_health_remaining_ms(run) > 0)
        (void)sched_yield();
    return IMPACT_HEALTH_PASS;
}

TEST(a_pass_that_comes_too_late_is_a_failure)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(
                    health, IMPACT_CHECK(.name = "late", .run = pass_too_late, .timeout_ms = 1)),
                IMPACT_OK);
    const impact_health_result late = probe_one(health, "late");
    CHECK_EQUAL(late.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(late.reason, "timeout");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_probe_is_answered_within_its_budget)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 50);
    add_gate(health, "slow", &g, 2 * patience_ms);
    const uint64_t began = impact__clock_monotonic_ns();
    const impact_health_result slow = probe_one(health, "slow");
    const uint64_t took = impact__clock_monotonic_ns() - began;
    CHECK_EQUAL(slow.status, IMPACT_HEALTH_UNKNOWN);
    CHECK_STRING(slow.reason, "pending");
    CHECK(took >= 50 * IMPACT__NS_PER_MS);
    CHECK(took < patience_ms * IMPACT__NS_PER_MS);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_hung_check_does_not_starve_the_one_behind_it)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "hung,good", &report));
    impact_health_result result = {.size = sizeof result};
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK_STRING(result.reason, "timeout");
    CHECK(impact_health_report_get(report, 1, &result));
    CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(threads_of(health), 2);
    impact_health_report_close(report);
    gate_release(&g);
    AWAIT(threads_of(health) == 1); /* the replacement, or the one that it replaced, has gone */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_hung_check_is_noticed_when_it_begins_after_its_prober_has_gone_to_sleep)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    add_true(health, "good");
    CHECK_EQUAL(probe_one(health, "good").status, IMPACT_HEALTH_PASS);
    AWAIT(users_of(health, "good") == 0);
    /* Its thread is idle now, and begins the next run once the prober lets go of the lock to
     * wait. */
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(running_of(health), 1);
    CHECK_EQUAL(threads_of(health), 2); /* its own, and the one that looks at the clock */
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_check_that_hangs_when_its_prober_has_left_stops_nobody)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 1);
    add_gate(health, "hung", &g, 100); /* longer than the budget: nobody sees it become stuck */
    add_true(health, "good");
    (void)probe_one(health, "hung"); /* pending, on any machine that is not slower than the limit */
    gate_await_run(&g);
    health->budget_ms = patience_ms;
    CHECK_EQUAL(probe_one(health, "good").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(atomic_load(&g.runs), 1);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

/* ---- many probes ---- */

enum { probers = 16, rounds = 40 };

typedef struct crowd {
    impact_health *health;
    pthread_barrier_t start;
    pthread_t threads[probers];
    atomic_uint wrong;
} crowd;

static void crowd_run(crowd *c, impact_health *health, void *(*probe)(void *))
{
    *c = (crowd){.health = health};
    (void)pthread_barrier_init(&c->start, NULL, probers);
    for (int i = 0; i < probers; i++)
        CHECK(pthread_create(&c->threads[i], NULL, probe, c) == 0);
}

static void crowd_join(crowd *c)
{
    for (int i = 0; i < probers; i++)
        CHECK(pthread_join(c->threads[i], NULL) == 0);
    (void)pthread_barrier_destroy(&c->start);
    CHECK_EQUAL(atomic_load(&c->wrong), 0);
}

static bool hung_timed_out_and_good_passed(impact_health *health)
{
    impact_health_report *report = NULL;
    impact_health_result hung = {.size = sizeof hung};
    impact_health_result good = {.size = sizeof good};
    const bool is_right =
        probe_in_time(health, "hung,good", &report) && impact_health_report_get(report, 0, &hung) &&
        strcmp(hung.reason, "timeout") == 0 && impact_health_report_get(report, 1, &good) &&
        good.status == IMPACT_HEALTH_PASS;
    impact_health_report_close(report);
    return is_right;
}

static void *probe_hung_and_good(void *argument)
{
    crowd *c = argument;
    (void)pthread_barrier_wait(&c->start);
    for (int i = 0; i < rounds; i++)
        atomic_fetch_add(&c->wrong, !hung_timed_out_and_good_passed(c->health));
    return NULL;
}

TEST(many_probes_of_a_hung_check_cost_one_run_and_one_thread)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(2, patience_ms);
    add_gate(health, "hung", &g, 20);
    add_true(health, "good");
    crowd c;
    crowd_run(&c, health, probe_hung_and_good);
    crowd_join(&c);
    CHECK_EQUAL(atomic_load(&g.runs), 1);
    CHECK(threads_of(health) <= 2 + 1);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

static void *probe_slow(void *argument)
{
    crowd *c = argument;
    (void)pthread_barrier_wait(&c->start);
    atomic_fetch_add(&c->wrong, probe_one(c->health, "slow").status != IMPACT_HEALTH_PASS);
    return NULL;
}

TEST(probes_that_come_while_a_check_runs_share_its_run)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(4, patience_ms);
    add_gate(health, "slow", &g, patience_ms);
    crowd c;
    crowd_run(&c, health, probe_slow);
    AWAIT(users_of(health, "slow") == probers + 1); /* all of them wait, and it runs */
    gate_release(&g);
    crowd_join(&c);
    CHECK_EQUAL(atomic_load(&g.runs), 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

static void *probe_all(void *argument)
{
    impact_health_report *report = NULL;
    CHECK_EQUAL(
        impact_health_probe((impact_health *)argument, impact_text_of("_defaults"), &report),
        IMPACT_OK);
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    return NULL;
}

TEST(checks_that_have_just_begun_leave_the_others_waiting_for_a_worker_for_a_moment)
{
    enum { count = 4, workers = 2 };
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(workers, 32 * patience_ms);
    be_patient(health); /* the moment is the test's length */
    for (int i = 0; i < count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 16 * patience_ms);
    pthread_t prober;
    CHECK(pthread_create(&prober, NULL, probe_all, health) == 0);
    AWAIT(atomic_load(&g.runs) == workers);
    CHECK_EQUAL(threads_of(health), workers + 1); /* the one that looks at the clock */
    for (int i = 0; i < count; i++)
        gate_release(&g);
    CHECK(pthread_join(prober, NULL) == 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(checks_that_hang_with_long_limits_stop_nobody)
{
    enum { hung_count = 5, budget_ms = 1600 };
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, budget_ms);
    for (int i = 0; i < hung_count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 2 * patience_ms);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "_defaults", &report));
    impact_health_result result = {.size = sizeof result};
    for (size_t i = 0; impact_health_report_get(report, i, &result); i++)
        CHECK_STRING(result.reason, i < hung_count ? "pending" : "");
    CHECK_EQUAL(probe_one(health, "good").status, IMPACT_HEALTH_PASS);
    CHECK(threads_of(health) <= 1 + hung_count);
    impact_health_report_close(report);
    for (int i = 0; i < hung_count; i++)
        gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

/* ---- a healthy service ---- */

static void add_all(impact_health *health, unsigned count, impact_health_check_fn run,
                    void *userdata, uint32_t timeout_ms)
{
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%u", i);
        CHECK_EQUAL(
            impact_health_add(health, IMPACT_CHECK(.name = name, .run = run, .userdata = userdata,
                                                   .timeout_ms = timeout_ms)),
            IMPACT_OK);
    }
}

/* Holds once all of them run: so it takes as long as the last one needs to begin. */
static impact_health_status meet_the_others(impact_health_run *run, void *barrier)
{
    (void)run;
    (void)pthread_barrier_wait(barrier);
    return IMPACT_HEALTH_PASS;
}

/* Whatever `count` checks need: it is the time of the slowest. */
static void check_that_they_run_side_by_side(uint32_t workers, unsigned count)
{
    pthread_barrier_t barrier;
    impact_health_report *report = NULL;
    CHECK(pthread_barrier_init(&barrier, NULL, count) == 0);
    impact_health *health = gate_health(workers, patience_ms);
    add_all(health, count, meet_the_others, &barrier, patience_ms);
    REQUIRE(probe_in_time(health, "_defaults", &report));
    CHECK(impact_health_report_is_healthy(report));
    CHECK_EQUAL(impact_health_report_count(report), count);
    impact_health_report_close(report);
    AWAIT(threads_of(health) <= workers); /* the others were given back */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    (void)pthread_barrier_destroy(&barrier);
}

TEST(good_checks_run_side_by_side_and_give_their_threads_back)
{
    static const unsigned counts[] = {1, 2, 5, 12, 20, 60, 100, 300};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check_that_they_run_side_by_side(4, counts[i]);
        check_that_they_run_side_by_side(1, counts[i]);
    }
}

static impact_health_status pass_after_a_while(impact_health_run *run, void *nothing)
{
    (void)run;
    return poll(nothing, 0, 100) == 0 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

enum { good_count = 20, good_ms = 100 };

static uint64_t ask_twenty_good_ones_ns(void)
{
    impact_health_report *report = NULL;
    impact_health *health = gate_health(4, patience_ms);
    add_all(health, good_count, pass_after_a_while, NULL, patience_ms);
    const uint64_t began = impact__clock_monotonic_ns();
    CHECK(probe_in_time(health, "_defaults", &report));
    const uint64_t took = impact__clock_monotonic_ns() - began;
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    return took;
}

TEST(twenty_good_checks_take_as_long_as_the_slowest)
{
    /* One after another it would be twenty times; a busy machine may be slow to start threads. */
    CHECK(check_is_in_time(ask_twenty_good_ones_ns, good_count / 2 * good_ms * IMPACT__NS_PER_MS));
}

/* How long the good check took that was asked for last. */
static uint64_t ask_one_behind_seventy_hung_ones_ns(void)
{
    enum { hung_count = 70 };
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(4, patience_ms);
    add_all(health, hung_count, gate_run, &g, 1000);
    add_true(health, "good");
    impact_health_report *report = NULL;
    CHECK(probe_in_time(health, "_defaults", &report));
    impact_health_result result = {.size = sizeof result};
    CHECK(impact_health_report_get(report, hung_count, &result));
    CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
    impact_health_report_close(report);
    CHECK(threads_of(health) <= 4 + hung_count + 1);
    for (int i = 0; i < hung_count; i++)
        gate_release(&g);
    AWAIT(threads_of(health) <= 4);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
    return result.duration_ns;
}

TEST(a_good_check_behind_seventy_hung_ones_holds_on_the_first_probe)
{
    CHECK(check_is_in_time(ask_one_behind_seventy_hung_ones_ns, 900 * IMPACT__NS_PER_MS));
}

/* ---- bounds ---- */

TEST(all_hung_checks_hold_no_more_threads_than_there_are_workers_and_checks)
{
    enum { hung_count = 6 };
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(2, patience_ms);
    for (int i = 0; i < hung_count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 20);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "_defaults", &report));
    impact_health_result result = {.size = sizeof result};
    for (size_t i = 0; impact_health_report_get(report, i, &result); i++)
        CHECK_STRING(result.reason, i < hung_count ? "timeout" : "");
    CHECK_EQUAL(impact_health_report_count(report), hung_count + 1);
    impact_health_report_close(report);
    CHECK_EQUAL(atomic_load(&g.runs), hung_count);
    CHECK(threads_of(health) <= 2 + hung_count);
    for (int i = 0; i < hung_count; i++)
        gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&g.freed), hung_count);
    gate_close(&g);
}

/* ---- going away ---- */

TEST(a_check_that_is_removed_while_it_runs_frees_its_userdata_when_it_returns)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 1);
    add_gate(health, "a", &g, patience_ms);
    CHECK_STRING(probe_one(health, "a").reason, "pending");
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&g.freed), 0);
    add_true(health, "a"); /* the name is free again */
    gate_release(&g);
    AWAIT(atomic_load(&g.freed) == 1);
    health->budget_ms = patience_ms;
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

static void *probe_first(void *health)
{
    CHECK_EQUAL(probe_one(health, "first").status, IMPACT_HEALTH_PASS);
    return NULL;
}

static void *probe_queued(void *health)
{
    CHECK_STRING(probe_one(health, "queued").reason, "pending");
    return NULL;
}

TEST(a_check_that_is_removed_while_it_is_queued_never_runs)
{
    gate first;
    gate queued;
    gate_open(&first);
    gate_open(&queued);
    impact_health *health = gate_health(1, 32 * patience_ms);
    be_patient(health);
    add_gate(health, "first", &first, 16 * patience_ms);
    add_gate(health, "queued", &queued, patience_ms);
    pthread_t askers[2];
    REQUIRE(pthread_create(&askers[0], NULL, probe_first, health) == 0);
    gate_await_run(&first);
    REQUIRE(pthread_create(&askers[1], NULL, probe_queued, health) == 0);
    AWAIT(users_of(health, "queued") == 1);
    CHECK_EQUAL(impact_health_remove(health, "queued"), IMPACT_OK);
    CHECK(pthread_join(askers[1], NULL) == 0);
    CHECK_EQUAL(atomic_load(&queued.freed), 1);
    CHECK_EQUAL(atomic_load(&queued.runs), 0);
    gate_release(&first);
    CHECK(pthread_join(askers[0], NULL) == 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&first);
    gate_close(&queued);
}

TEST(close_tells_how_many_checks_are_stuck_and_the_last_of_them_frees_the_rest)
{
    faults f;
    faults_open(&f);
    gate g;
    gate_open(&g);
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .budget_ms = 1)) == IMPACT_OK);
    add_gate(health, "a", &g, 1);
    add_gate(health, "b", &g, 1);
    add_true(health, "c");
    impact_health_report *report = NULL;
    CHECK_EQUAL(impact_health_probe(health, impact_text_of("_defaults"), &report), IMPACT_OK);
    impact_health_report_close(report);
    gate_await_run(&g);
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_close(health, 20), 2);
    CHECK_EQUAL(atomic_load(&g.freed), 0);
    CHECK(atomic_load(&f.live) > 0);
    gate_release(&g);
    AWAIT(atomic_load(&g.freed) == 1);
    CHECK(atomic_load(&f.live) > 0);
    gate_release(&g);
    AWAIT(atomic_load(&f.live) == 0);
    CHECK_EQUAL(atomic_load(&g.freed), 2);
    gate_close(&g);
}

static void *close_within_patience(void *health)
{
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    return NULL;
}

TEST(close_waits_for_the_runs_that_end_within_its_grace)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 1);
    add_gate(health, "a", &g, patience_ms);
    CHECK_STRING(probe_one(health, "a").reason, "pending");
    gate_await_run(&g);
    pthread_t closer;
    REQUIRE(pthread_create(&closer, NULL, close_within_patience, health) == 0);
    gate_release(&g);
    CHECK(pthread_join(closer, NULL) == 0);
    CHECK_EQUAL(atomic_load(&g.freed), 1);
    gate_close(&g);
}

/* ---- memory ---- */

TEST(a_probe_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        impact_health_report *report = NULL;
        if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .budget_ms = patience_ms)) ||
            impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true,
                                                   .timeout_ms = patience_ms))) {
            CHECK_EQUAL(impact_health_close(health, 0), 0);
            continue;
        }
        const impact_status status = impact_health_probe(health, impact_text_of("a"), &report);
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((status == IMPACT_OK) == (report != NULL));
        impact_health_report_close(report);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    }
}
