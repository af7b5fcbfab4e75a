/* What systemd is told, by a socket of its kind. Most tests have no threads and a clock of their
 * own: so it is known when everything was said. */
#include <impact/health.h>

#include <stdlib.h>
#include <sys/wait.h>

#include "gate.h"
#include "support/check.h"
#include "support/fake_clock.h"
#include "support/faults.h"
#include "support/manager.h"

static void stop_clock(void)
{
    fake_clock_set(UINT64_C(1000) * IMPACT__NS_PER_SEC);
}

static void add_pushed(impact_health *health, const char *name, const char *groups)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .groups = groups)), IMPACT_OK);
}

static impact_health *open_pumped(void)
{
    stop_clock();
    return gate_health(IMPACT_HEALTH_NO_THREADS, patience_ms);
}

/* What was said until now. */
static unsigned count_messages(manager *m)
{
    unsigned count = 0;
    while (manager_take(m, 0))
        count++;
    return count;
}

/* The next message has these lines; NULL: none has come. */
static void check_told(manager *m, const char *first, const char *second)
{
    CHECK_EQUAL(manager_take(m, 0), first != NULL);
    CHECK_STRING(first && !manager_was_told(m, first) ? m->message : first, first);
    CHECK_STRING(second && !manager_was_told(m, second) ? m->message : second, second);
}

static void push(impact_health *health, const char *name, impact_health_status status)
{
    CHECK_EQUAL(impact_health_push(health, name, status, NULL), IMPACT_OK);
}

/* Sooner or later, where there are threads: before that others may come. */
static bool hears(manager *m, const char *line)
{
    while (manager_take(m, patience_ms))
        if (manager_was_told(m, line))
            return true;
    return false;
}

TEST(where_nobody_asks_for_it_nothing_is_said_and_nothing_is_kept)
{
    manager m;
    manager_open(&m);
    CHECK(unsetenv("NOTIFY_SOCKET") == 0);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK(!health->systemd && !health->watcher.bells[IMPACT__BELL_SYSTEMD]);
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(count_messages(&m), 0);
    manager_close(&m);
}

TEST(a_service_is_ready_when_it_serves_and_stops_when_it_drains)
{
    manager m;
    manager_open(&m);
    impact_health *health = open_pumped();
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_STARTING), IMPACT_OK);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    check_told(&m, "STATUS=starting", NULL);
    CHECK(!manager_was_told(&m, "READY=1"));
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_EEXIST);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_SERVING), IMPACT_OK);
    check_told(&m, "READY=1", "STATUS=serving");
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_SERVING), IMPACT_OK);
    (void)impact_health_pump(health);
    CHECK_EQUAL(count_messages(&m), 0); /* once */
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    check_told(&m, "STOPPING=1", "STATUS=draining");
    CHECK_STRING(getenv("NOTIFY_SOCKET"), m.path);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(count_messages(&m), 0);
    manager_close(&m);
}

TEST(a_service_that_has_checks_of_its_start_is_ready_when_they_hold)
{
    manager m;
    manager_open(&m);
    impact_health *health = open_pumped();
    add_pushed(health, "a", "_startup");
    add_pushed(health, "b", "_ready");
    push(health, "b", IMPACT_HEALTH_FAIL); /* no other unit has to wait for that */
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    check_told(&m, "STATUS=serving; failing: b", NULL);
    CHECK(impact_health_pump(health) <= 1000); /* it looks again */
    push(health, "a", IMPACT_HEALTH_FAIL);
    (void)impact_health_pump(health);
    check_told(&m, "STATUS=serving; failing: a, b", NULL);
    push(health, "a", IMPACT_HEALTH_PASS);
    (void)impact_health_pump(health); /* at once */
    check_told(&m, "READY=1", "STATUS=serving; failing: b");
    CHECK(impact_health_pump(health) == UINT32_MAX); /* and looks no more */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

static impact_health_status hold_or_not(impact_health_run *run, void *userdata)
{
    (void)run;
    return *(bool *)userdata ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

TEST(the_watchdog_is_fed_by_half_of_its_time_while_live_holds_and_not_else)
{
    manager m;
    bool holds = true;
    manager_open(&m);
    CHECK(setenv("WATCHDOG_USEC", "2000000", 1) == 0);
    impact_health *health = open_pumped();
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = hold_or_not,
                                                   .userdata = &holds, .groups = "_live")) ==
            IMPACT_OK);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK_EQUAL(impact_health_pump(health), 1000);
    check_told(&m, "READY=1", NULL);
    check_told(&m, "WATCHDOG=1", NULL);
    for (int i = 0; i < 3; i++) {
        fake_clock_advance_ms(999);
        CHECK_EQUAL(impact_health_pump(health), 1);
        check_told(&m, NULL, NULL);
        fake_clock_advance_ms(1);
        CHECK_EQUAL(impact_health_pump(health), 1000);
        check_told(&m, "WATCHDOG=1", NULL);
    }
    holds = false;
    for (int i = 0; i < 3; i++) {
        fake_clock_advance_ms(1000);
        CHECK_EQUAL(impact_health_pump(health), 1000);
        while (manager_take(&m, 0))
            CHECK(!manager_was_told(&m, "WATCHDOG=1"));
    }
    holds = true;
    fake_clock_advance_ms(1000);
    (void)impact_health_pump(health);
    CHECK(manager_take(&m, 0) && manager_was_told(&m, "WATCHDOG=1"));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

TEST(what_drains_is_alive)
{
    manager m;
    manager_open(&m);
    CHECK(setenv("WATCHDOG_USEC", "2000000", 1) == 0);
    impact_health *health = open_pumped();
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    (void)impact_health_pump(health);
    (void)count_messages(&m);
    fake_clock_advance_ms(1000);
    (void)impact_health_pump(health);
    check_told(&m, "WATCHDOG=1", NULL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

TEST(a_watchdog_of_another_process_or_without_a_time_is_not_fed)
{
    static const char *const rows[][2] = {{"2000000", "1"}, {"2000000", "x"}, {"0", ""},
                                          {"-5", ""},       {"soon", ""},     {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        manager m;
        manager_open(&m);
        CHECK(setenv("WATCHDOG_USEC", rows[i][0], 1) == 0);
        CHECK(setenv("WATCHDOG_PID", rows[i][1], 1) == 0);
        impact_health *health = open_pumped();
        CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
        CHECK(impact_health_pump(health) == UINT32_MAX);
        check_told(&m, "READY=1", NULL);
        CHECK_EQUAL(count_messages(&m), 0);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
        manager_close(&m);
    }
}

TEST(the_watchdog_of_this_process_is_fed)
{
    manager m;
    char number[16];
    manager_open(&m);
    (void)snprintf(number, sizeof number, "%d", (int)getpid());
    CHECK(setenv("WATCHDOG_USEC", "2000000", 1) == 0 && setenv("WATCHDOG_PID", number, 1) == 0);
    impact_health *health = open_pumped();
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK_EQUAL(impact_health_pump(health), 1000);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

/* Somebody else will say what it came to. */
static impact_health_status await(impact_health_run *run, void *token)
{
    *(uint64_t *)token = impact_health_token(run);
    return IMPACT_HEALTH_PENDING;
}

TEST(the_watchdog_is_fed_again_after_live_took_longer_than_half_of_its_time)
{
    manager m;
    uint64_t token = 0;
    manager_open(&m);
    CHECK(setenv("WATCHDOG_USEC", "200000", 1) == 0);
    impact_health *health = open_pumped();
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = await, .userdata = &token,
                                                   .groups = "_live", .timeout_ms = 5000)) ==
            IMPACT_OK);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    for (int i = 0; i < 5; i++) { /* it comes due again and again meanwhile */
        (void)impact_health_pump(health);
        fake_clock_advance_ms(100);
    }
    REQUIRE(token);
    (void)count_messages(&m);
    const uint64_t first = token;
    token = 0;
    CHECK_EQUAL(impact_health_complete(health, first, IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    (void)impact_health_pump(health);
    check_told(&m, "WATCHDOG=1", NULL);
    fake_clock_advance_ms(100);
    (void)impact_health_pump(health);
    CHECK(token); /* it is asked again */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

/* With a watchdog or without. */
static void check_trigger(const char *watchdog_us)
{
    manager m;
    manager_open(&m);
    CHECK((watchdog_us ? setenv("WATCHDOG_USEC", watchdog_us, 1) : unsetenv("WATCHDOG_USEC")) == 0);
    stop_clock();
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.workers = IMPACT_HEALTH_NO_THREADS,
                                                              .triggers_watchdog = true)) ==
            IMPACT_OK);
    add_pushed(health, "a", "_live");
    push(health, "a", IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    (void)impact_health_pump(health);
    (void)count_messages(&m);
    for (int i = 0; i < 2; i++) {
        push(health, "a", IMPACT_HEALTH_FAIL);
        (void)impact_health_pump(health); /* the clock stands */
        CHECK(hears(&m, "WATCHDOG=trigger"));
        fake_clock_advance_ms(5000);
        (void)impact_health_pump(health);
        while (manager_take(&m, 0))
            CHECK(!manager_was_told(&m, "WATCHDOG=trigger") && !manager_was_told(&m, "WATCHDOG=1"));
        push(health, "a", IMPACT_HEALTH_PASS);
        (void)impact_health_pump(health);
        (void)count_messages(&m);
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

TEST(a_live_check_that_fails_triggers_the_watchdog_at_once_where_that_was_wanted)
{
    check_trigger(NULL);
    check_trigger("2000000");
}

TEST(what_could_not_be_sent_is_tried_again)
{
    manager m;
    manager_prepare(&m);
    CHECK(setenv("WATCHDOG_USEC", "2000000", 1) == 0);
    impact_health *health = open_pumped();
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(impact_health_pump(health), 250); /* a beat may be among it */
        fake_clock_advance_ms(250);
    }
    manager_listen(&m);
    (void)impact_health_pump(health);
    check_told(&m, "READY=1", "WATCHDOG=1");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

TEST(each_change_of_a_check_changes_the_status_and_a_removed_one_is_forgotten)
{
    manager m;
    manager_open(&m);
    impact_health *health = open_pumped();
    add_pushed(health, "disk", "");
    REQUIRE(
        impact_health_add(health, IMPACT_CHECK(.name = "cache", .groups = "", .max_age_ms = 1000,
                                               .failure_status = IMPACT_HEALTH_WARN)) == IMPACT_OK);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    check_told(&m, "STATUS=serving", NULL);
    push(health, "cache", IMPACT_HEALTH_PASS);
    push(health, "disk", IMPACT_HEALTH_FAIL);
    CHECK(impact_health_pump(health) <= 1001);
    check_told(&m, "STATUS=serving; failing: disk", NULL);
    fake_clock_advance_ms(1001); /* by time alone */
    (void)impact_health_pump(health);
    check_told(&m, "STATUS=serving; failing: disk; warning: cache", NULL);
    CHECK_EQUAL(impact_health_remove(health, "disk"), IMPACT_OK);
    (void)impact_health_pump(health);
    check_told(&m, "STATUS=serving; warning: cache", NULL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

/* ---- with threads ---- */

TEST(a_live_check_that_hangs_starves_the_watchdog_and_delays_nobody)
{
    manager m;
    gate g;
    gate_open(&g);
    manager_open(&m);
    CHECK(setenv("WATCHDOG_USEC", "20000", 1) == 0);
    impact_health *health = gate_health(1, 20);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    do
        CHECK(manager_take(&m, patience_ms));
    while (!manager_was_told(&m, "WATCHDOG=1"));
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = gate_run, .userdata = &g,
                                                       .groups = "_live", .timeout_ms = 1)),
                IMPACT_OK);
    gate_await_run(&g);
    do
        CHECK(manager_take(&m, patience_ms));
    while (!manager_was_told(&m, "STATUS=serving; failing: a"));
    (void)count_messages(&m);
    for (int i = 0; i < 10; i++) /* ten of its times are over: it would have been fed */
        CHECK(!manager_take(&m, 20) || !manager_was_told(&m, "WATCHDOG=1"));
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    gate_release(&g);
    do
        CHECK(manager_take(&m, patience_ms));
    while (!manager_was_told(&m, "WATCHDOG=1"));
    CHECK(impact_health_close(health, patience_ms) == 0);
    gate_close(&g);
    manager_close(&m);
}

TEST(a_child_does_not_speak_for_its_parent)
{
    check_skip_forks_of_threads();
    manager m;
    manager_open(&m);
    impact_health *health = gate_health(1, patience_ms);
    add_pushed(health, "a", "_live");
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK(hears(&m, "READY=1"));
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        push(health, "a", IMPACT_HEALTH_FAIL);
        (void)impact_health_set_phase(health, IMPACT_HEALTH_DRAINING);
        _exit(health->watcher.bells[IMPACT__BELL_SYSTEMD] || impact_health_close(health, 0) ? 1
                                                                                            : 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK(hears(&m, "STOPPING=1"));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(count_messages(&m), 0);
    manager_close(&m);
}

static void *change_phases(void *health)
{
    for (int i = 0; i < 200; i++)
        (void)impact_health_set_phase(health,
                                      i % 2 ? IMPACT_HEALTH_SERVING : IMPACT_HEALTH_STARTING);
    return NULL;
}

static void *take_all(void *userdata)
{
    manager *m = userdata;
    while (manager_take(m, patience_ms) && !manager_was_told(m, "STOPPING=1")) {
    }
    return NULL;
}

TEST(whoever_sends_last_has_said_what_is_true)
{
    manager m;
    pthread_t threads[3];
    manager_open(&m);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_OK);
    CHECK(pthread_create(&threads[0], NULL, take_all, &m) == 0);
    CHECK(pthread_create(&threads[1], NULL, change_phases, health) == 0);
    CHECK(pthread_create(&threads[2], NULL, change_phases, health) == 0);
    CHECK(pthread_join(threads[1], NULL) == 0 && pthread_join(threads[2], NULL) == 0);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK(pthread_join(threads[0], NULL) == 0);
    CHECK(manager_was_told(&m, "STATUS=draining"));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    manager_close(&m);
}

/* ---- what is not valid, and no memory ---- */

TEST(an_address_that_is_none_is_refused)
{
    static const char *const addresses[] = {"vsock:2:1234", "notify", "@", "/"};
    impact_health *health = gate_health(1, patience_ms);
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        CHECK(setenv("NOTIFY_SOCKET", addresses[i], 1) == 0);
        CHECK_EQUAL(impact_health_notify_systemd(health), IMPACT_EINVAL);
        CHECK(!health->systemd);
    }
    CHECK_EQUAL(impact_health_notify_systemd(NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(it_survives_every_allocation_failure)
{
    faults f;
    manager m;
    manager_open(&m);
    CHECK(setenv("WATCHDOG_USEC", "2000000", 1) == 0);
    stop_clock();
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        const impact_status opened =
            impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .workers = IMPACT_HEALTH_NO_THREADS));
        if (opened)
            continue;
        const impact_status status = impact_health_notify_systemd(health);
        CHECK(status == IMPACT_OK || atomic_load(&f.injected));
        for (int i = 0; i < 4; i++) {
            fake_clock_advance_ms(250);
            (void)impact_health_pump(health);
        }
        const bool has_come = manager_take(&m, 0);
        CHECK(has_come == (status == IMPACT_OK));
        while (manager_take(&m, 0)) {
        }
        CHECK_EQUAL(impact_health_close(health, 0), 0);
    }
    manager_close(&m);
}
