/* The engine: hung checks, shared runs, bounded threads, removal and close during runs. */
#include "health/engine.h"

#include <pthread.h>

#include <impact/diagnostics.h>

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

static impact_health *open_health(uint32_t workers, uint32_t budget_ms)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.workers = workers, .budget_ms = budget_ms)),
                IMPACT_OK);
    return health;
}

static void add_gate(impact_health *health, const char *name, gate *g, uint32_t timeout_ms)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = gate_run, .userdata = g,
                                                       .free_userdata = gate_free,
                                                       .timeout_ms = timeout_ms)),
                IMPACT_OK);
}

static void add_true(impact_health *health, const char *name)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = impact_check_true,
                                                       .timeout_ms = patience_ms)),
                IMPACT_OK);
}

/* ---- results ---- */

static impact_health_status return_userdata(impact_health_run *run, void *userdata)
{
    (void)run;
    return *(impact_health_status *)userdata;
}

static impact_health_result result_of(impact_health_status status)
{
    impact_health *health = open_health(1, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = return_userdata,
                                               .userdata = &status, .timeout_ms = patience_ms)),
        IMPACT_OK);
    const impact_health_result result = probe_one(health, "a");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    return result;
}

TEST(a_result_is_what_the_check_returned)
{
    CHECK_EQUAL(result_of(IMPACT_HEALTH_PASS).status, IMPACT_HEALTH_PASS);
    CHECK_STRING(result_of(IMPACT_HEALTH_PASS).reason, "");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_WARN).status, IMPACT_HEALTH_WARN);
    CHECK_STRING(result_of(IMPACT_HEALTH_WARN).reason, "");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_FAIL).status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result_of(IMPACT_HEALTH_FAIL).reason, "error");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_UNKNOWN).status, IMPACT_HEALTH_UNKNOWN);
    CHECK_STRING(result_of(IMPACT_HEALTH_UNKNOWN).reason, "error");
}

TEST(a_status_that_is_none_counts_as_failed)
{
    const int not_a_status = 17;
    CHECK_EQUAL(result_of((impact_health_status)not_a_status).status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result_of((impact_health_status)not_a_status).reason, "error");
}

/* ---- deadlines ---- */

TEST(a_hung_check_is_reported_in_time_and_works_again_once_it_returns)
{
    gate g;
    gate_open(&g);
    impact_health *health = open_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    const impact_health_result hung = probe_one(health, "hung");
    CHECK_EQUAL(hung.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(hung.reason, "timeout");
    CHECK(hung.duration_ns >= 20 * IMPACT__NS_PER_MS);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(atomic_load(&g.runs), 1);

    gate_release(&g);
    AWAIT(users_of(health, "hung") == 0);
    health->checks->timeout_ns = patience_ms * IMPACT__NS_PER_MS;
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
    impact_health *health = open_health(1, patience_ms);
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
    impact_health *health = open_health(1, 50);
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
    impact_health *health = open_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "hung,good", &report));
    impact_health_result result;
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
    impact_health *health = open_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    add_true(health, "good");
    CHECK_EQUAL(probe_one(health, "good").status, IMPACT_HEALTH_PASS);
    AWAIT(users_of(health, "good") == 0);
    /* Its thread is idle now, and begins the next run once the prober lets go of the lock to wait. */
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(threads_of(health), 1);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_check_that_hangs_when_its_prober_has_left_stops_nobody)
{
    gate g;
    gate_open(&g);
    impact_health *health = open_health(1, 1);
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
    impact_health_result hung;
    impact_health_result good;
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
    impact_health *health = open_health(2, patience_ms);
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
    impact_health *health = open_health(4, patience_ms);
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

TEST(checks_that_have_just_begun_leave_the_others_waiting_for_a_worker)
{
    enum { count = 4, workers = 2 };
    gate g;
    gate_open(&g);
    impact_health *health = open_health(workers, 32 * patience_ms); /* a place is held for long */
    for (int i = 0; i < count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 16 * patience_ms);
    pthread_t prober;
    CHECK(pthread_create(&prober, NULL, probe_all, health) == 0);
    AWAIT(atomic_load(&g.runs) == workers);
    CHECK_EQUAL(threads_of(health), workers);
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
    impact_health *health = open_health(1, budget_ms);
    for (int i = 0; i < hung_count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 2 * patience_ms);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "_defaults", &report));
    impact_health_result result;
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

TEST(all_hung_checks_hold_no_more_threads_than_there_are_workers_and_checks)
{
    enum { hung_count = 6 };
    gate g;
    gate_open(&g);
    impact_health *health = open_health(2, patience_ms);
    for (int i = 0; i < hung_count; i++)
        add_gate(health, (char[]){(char)('a' + i), 0}, &g, 20);
    add_true(health, "good");
    impact_health_report *report = NULL;
    REQUIRE(probe_in_time(health, "_defaults", &report));
    impact_health_result result;
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
    impact_health *health = open_health(1, 1);
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
    impact_health *health = open_health(1, 32 * patience_ms); /* a place is held for long */
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
    impact_health *health = open_health(1, 1);
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

/* ---- what is said ---- */

typedef struct heard {
    atomic_uint count;
    char message[512];
} heard;

static void listen_to(impact_severity severity, const char *message, uint64_t suppressed,
                      void *userdata)
{
    heard *h = userdata;
    CHECK_EQUAL(severity, IMPACT_SEVERITY_WARNING);
    CHECK_EQUAL(suppressed, 0);
    (void)snprintf(h->message, sizeof h->message, "%s", message);
    atomic_fetch_add(&h->count, 1);
}

static impact_health_status explain_and_fail(impact_health_run *run, void *userdata)
{
    impact_health_explain(run, "not %s", "this");
    impact_health_explain(run, "%s", (const char *)userdata);
    return IMPACT_HEALTH_FAIL;
}

static void probe_explained(heard *h, const char *explanation)
{
    impact_diagnostics_set_callback(listen_to, h);
    impact_health *health = open_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = explain_and_fail,
                                                       .userdata = (void *)(uintptr_t)explanation,
                                                       .timeout_ms = patience_ms)),
                IMPACT_OK);
    CHECK_STRING(probe_one(health, "a").reason, "error");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&h->count), 1);
}

TEST(a_failed_check_is_logged_with_its_name_and_its_last_word)
{
    heard h = {0};
    probe_explained(&h, "the disk is full");
    CHECK_STRING(h.message, "check a failed: the disk is full");
}

TEST(an_explanation_is_cut_between_characters)
{
    heard h = {0};
    char long_one[300] = "";
    memset(long_one, 'x', 254);
    memcpy(long_one + 254, "\xC3\xB6 and more", 12); /* byte 255 would be half of a letter */
    probe_explained(&h, long_one);
    CHECK_EQUAL(strlen(h.message), strlen("check a failed: ") + 254);
}

TEST(a_hung_check_is_logged_with_its_name)
{
    heard h = {0};
    gate g;
    gate_open(&g);
    impact_diagnostics_set_callback(listen_to, &h);
    impact_health *health = open_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(atomic_load(&h.count), 1);
    CHECK(check_contains(h.message, "check hung is past its time limit"));
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_check_without_a_result_is_logged_with_its_name)
{
    heard h = {0};
    gate g;
    gate_open(&g);
    impact_diagnostics_set_callback(listen_to, &h);
    impact_health *health = open_health(1, 1);
    add_gate(health, "slow", &g, patience_ms);
    CHECK_STRING(probe_one(health, "slow").reason, "pending");
    CHECK_EQUAL(atomic_load(&h.count), 1);
    CHECK_STRING(h.message, "check slow had no result when its probe was answered");
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_run_that_is_null_is_accepted)
{
    CHECK_EQUAL(impact_health_remaining_ms(NULL), 0);
    impact_health_explain(NULL, "%d", 1);
    CHECK_EQUAL(impact_check_true(NULL, NULL), IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_check_false(NULL, NULL), IMPACT_HEALTH_FAIL);
}
