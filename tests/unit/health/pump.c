/* A registry without threads, whose host pumps. */
#include <impact/health.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"
#include "support/fake_clock.h"

static impact_health_status count_runs(impact_health_run *run, void *userdata)
{
    (void)run;
    atomic_fetch_add((atomic_uint *)userdata, 1);
    return IMPACT_HEALTH_PASS;
}

static impact_health *open_pumped(impact_health_check_fn run, void *userdata, uint32_t period_ms)
{
    impact_health *health = gate_health(IMPACT_HEALTH_NO_THREADS, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run, .userdata = userdata,
                                               .period_ms = period_ms, .timeout_ms = 100)),
        IMPACT_OK);
    return health;
}

static void set_flag(void *flag)
{
    *(bool *)flag = true;
}

TEST(what_was_asked_for_is_run_and_told_when_the_host_pumps)
{
    atomic_uint runs = 0;
    bool is_told = false;
    impact_health_ticket *ticket = NULL;
    impact_health *health = open_pumped(count_runs, &runs, 0);
    CHECK(impact_health_pump(health) == UINT32_MAX); /* nothing is due */
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    CHECK(impact_health_notify(ticket, set_flag, &is_told));
    CHECK_EQUAL(atomic_load(&runs), 0);
    CHECK(!impact_health_is_done(ticket));
    CHECK(impact_health_pump(health) == UINT32_MAX);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK(is_told);
    CHECK(impact_health_is_done(ticket));
    impact_health_abandon(ticket);
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(who_waits_pumps_himself)
{
    atomic_uint runs = 0;
    impact_health *health = open_pumped(count_runs, &runs, 0);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_period_passes_by_the_clock_and_the_pump_says_when_it_is_due)
{
    atomic_uint runs = 0;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    impact_health *health = open_pumped(count_runs, &runs, 10000);
    const uint32_t first = impact_health_pump(health);
    CHECK_EQUAL(atomic_load(&runs), 1);
    CHECK(first >= 1 && first <= 10000);
    fake_clock_advance_ms(first - 1);
    CHECK_EQUAL(impact_health_pump(health), 1);
    CHECK_EQUAL(atomic_load(&runs), 1);
    fake_clock_advance_ms(1);
    for (unsigned i = 2; i < 100; i++) { /* each interval is nine to eleven tenths */
        const uint32_t next = impact_health_pump(health);
        CHECK_EQUAL(atomic_load(&runs), i);
        CHECK(next >= 9000 && next <= 11000);
        fake_clock_advance_ms(next);
    }
    fake_clock_advance_ms(30000); /* the host has been away for three periods: it ran not once */
    CHECK_STRING(probe_one(health, "a").reason, "");
    CHECK_EQUAL(atomic_load(&runs), 100);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(without_a_pump_a_periodic_result_becomes_stale_for_who_looks)
{
    atomic_uint runs = 0;
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    impact_health_ticket *ticket = NULL;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    impact_health *health = open_pumped(count_runs, &runs, 10000);
    (void)impact_health_pump(health);
    fake_clock_advance_ms(20101);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    CHECK(!impact_health_is_done(ticket)); /* for the run that is due now */
    fake_clock_advance_ms(patience_ms);
    CHECK(impact_health_is_done(ticket));
    REQUIRE(impact_health_finish(ticket, &report) == IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK_STRING(result.reason, "stale");
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

static impact_health_status keep_token(impact_health_run *run, void *userdata)
{
    *(uint64_t *)userdata = impact_health_token(run);
    return IMPACT_HEALTH_PENDING;
}

TEST(an_event_loop_needs_no_thread_for_a_check_that_does_not_wait)
{
    uint64_t token = 0;
    impact_health_ticket *ticket = NULL;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    impact_health *health = open_pumped(keep_token, &token, 0);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    CHECK_EQUAL(impact_health_pump(health), 100); /* until its deadline */
    CHECK(!impact_health_is_done(ticket));
    CHECK_EQUAL(impact_health_complete(health, token, IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    CHECK(impact_health_is_done(ticket));
    impact_health_abandon(ticket);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    CHECK_EQUAL(impact_health_pump(health), 100);
    fake_clock_advance_ms(100);
    CHECK(impact_health_pump(health) == UINT32_MAX);
    CHECK(impact_health_is_done(ticket));
    CHECK_EQUAL(impact_health_complete(health, token, IMPACT_HEALTH_PASS, NULL), IMPACT_ENOENT);
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_budget_is_spent_where_nobody_pumps)
{
    atomic_uint runs = 0;
    impact_health_ticket *ticket = NULL;
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
    impact_health *health = open_pumped(count_runs, &runs, 0);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    fake_clock_advance_ms(patience_ms);
    CHECK(impact_health_is_done(ticket));
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_registry_with_threads_is_not_pumped)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK(impact_health_pump(health) == UINT32_MAX);
    CHECK(impact_health_pump(NULL) == UINT32_MAX);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- several threads of the host ---- */

typedef struct pumper {
    impact_health *health;
    pthread_t thread;
} pumper;

static void *pump_once(void *argument)
{
    CHECK(impact_health_pump(((pumper *)argument)->health) == UINT32_MAX);
    return NULL;
}

TEST(a_close_waits_for_what_another_thread_of_the_host_pumps)
{
    gate g;
    gate_open(&g);
    impact_health_ticket *ticket = NULL;
    pumper p = {.health = open_pumped(gate_run, &g, 0)};
    REQUIRE(impact_health_begin(&ticket, p.health, impact_text_of("a")) == IMPACT_OK);
    REQUIRE(pthread_create(&p.thread, NULL, pump_once, &p) == 0);
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_close(p.health, 1), 1);
    gate_release(&g);
    CHECK(pthread_join(p.thread, NULL) == 0);
    impact_health_abandon(ticket); /* the last who had the registry */
    gate_close(&g);
}

enum { probers = 8, probes = 50 };

static void *probe_often(void *argument)
{
    for (int i = 0; i < probes; i++)
        CHECK_EQUAL(probe_one(((pumper *)argument)->health, "a").status, IMPACT_HEALTH_PASS);
    return NULL;
}

TEST(many_threads_of_the_host_may_pump_at_once)
{
    atomic_uint runs = 0;
    pumper p[probers];
    impact_health *health = open_pumped(count_runs, &runs, 0);
    for (int i = 0; i < probers; i++) {
        p[i].health = health;
        REQUIRE(pthread_create(&p[i].thread, NULL, probe_often, &p[i]) == 0);
    }
    for (int i = 0; i < probers; i++)
        CHECK(pthread_join(p[i].thread, NULL) == 0);
    CHECK(atomic_load(&runs) <= probers * probes);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- forks ---- */

static impact_health_status fork_and_return(impact_health_run *run, void *userdata)
{
    (void)run;
    *(pid_t *)userdata = fork();
    return IMPACT_HEALTH_PASS;
}

TEST(a_child_that_was_forked_in_a_pumped_check_comes_back_to_its_host)
{
    pid_t child = -1;
    impact_health_ticket *ticket = NULL;
    impact_health *health = open_pumped(fork_and_return, &child, 0);
    REQUIRE(impact_health_begin(&ticket, health, impact_text_of("a")) == IMPACT_OK);
    (void)impact_health_pump(health);
    if (child == 0) {
        const bool is_over = impact_health_is_done(ticket) && threads_of(health) == 0;
        impact_health_abandon(ticket);
        _exit(is_over && impact_health_close(health, 0) == 0 ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
