/* Heartbeats: a loop that does not turn is not alive, and whoever looks sees it. */
#include "health/pulse.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"

static impact_health *open_beating(uint32_t max_age_ms, impact_health_pulse **pulse)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "loop", .max_age_ms = max_age_ms)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_pulse_open(pulse, health, "loop"), IMPACT_OK);
    return health;
}

TEST(a_loop_that_beats_holds)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    CHECK_STRING(probe_one(health, "loop").reason, "pending"); /* it has not begun */
    impact_health_beat(pulse);
    const impact_health_result result = probe_one(health, "loop");
    CHECK_EQUAL(result.status, IMPACT_HEALTH_PASS);
    CHECK_STRING(result.reason, "");
    CHECK(!result.is_pending); /* it is the result of now: there is no run to wait for */
    CHECK(result.is_observed);
    CHECK(result.observed_value >= 0 && result.observed_value < patience_ms);
    CHECK(result.ended_unix_ns > 0);
    CHECK_EQUAL(threads_of(health), 0);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_loop_that_beats_no_more_is_stale_and_holds_again_with_its_next_beat)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(20, &pulse);
    for (int round = 0; round < 3; round++) {
        bool held = false; /* a machine that is busy may need longer than a beat lasts */
        AWAIT(held || (impact_health_beat(pulse),
                       held = strcmp(probe_one(health, "loop").reason, "") == 0));
        AWAIT(strcmp(probe_one(health, "loop").reason, "stale") == 0);
        CHECK_EQUAL(probe_one(health, "loop").status, IMPACT_HEALTH_FAIL);
    }
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_loop_that_never_began_is_stale_in_the_end)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(1, &pulse);
    AWAIT(strcmp(probe_one(health, "loop").reason, "stale") == 0);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(what_a_loop_said_of_itself_is_true_while_it_beats)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    CHECK_EQUAL(impact_health_push(health, "loop", IMPACT_HEALTH_FAIL, "overrun"), IMPACT_OK);
    impact_health_beat(pulse);
    CHECK_EQUAL(probe_one(health, "loop").status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact_health_push(health, "loop", IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    CHECK_EQUAL(probe_one(health, "loop").status, IMPACT_HEALTH_PASS);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* With the library's function, as who has no header of it, and with the header's. */
TEST(both_ways_to_beat_are_one)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    CHECK_EQUAL(impact__pulse_felt_ns(pulse), 0);
    (impact_health_beat)(NULL);
    (impact_health_beat)(pulse);
    const uint64_t first_ns = impact__pulse_felt_ns(pulse);
    impact_health_beat(pulse);
    CHECK(first_ns && impact__pulse_felt_ns(pulse) >= first_ns);
    CHECK_EQUAL(probe_one(health, "loop").status, IMPACT_HEALTH_PASS);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_pulse_outlives_its_check_and_its_registry)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    CHECK_EQUAL(impact_health_remove(health, "loop"), IMPACT_OK);
    impact_health_beat(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    impact_health_beat(pulse);
    impact_health_pulse_close(pulse);
}

TEST(only_a_check_that_can_miss_a_beat_has_a_pulse)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = gate_health(1, patience_ms);
    add_true(health, "runs");
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "told")), IMPACT_OK);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, health, "runs"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, health, "told"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, health, "none"), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_pulse_open(NULL, health, "told"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, NULL, "told"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, health, NULL), IMPACT_EINVAL);
    CHECK(!pulse);
    impact_health_beat(NULL);
    impact_health_pulse_close(NULL);
    CHECK_EQUAL(impact_health_change(health, IMPACT_CHECK(.name = "told", .max_age_ms = 5)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_pulse_open(&pulse, health, "told"), IMPACT_OK);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_child_waits_for_the_first_beat_of_its_own_loop)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    impact_health_beat(pulse);
    const pid_t child = fork();
    if (child == 0) {
        const bool is_new = strcmp(probe_one(health, "loop").reason, "pending") == 0;
        impact_health_beat(pulse);
        const bool holds = probe_one(health, "loop").status == IMPACT_HEALTH_PASS;
        _exit(is_new && holds ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(probe_one(health, "loop").status, IMPACT_HEALTH_PASS);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- many at once ---- */

enum { beaters = 8, beats = 2000 };

typedef struct beater {
    impact_health *health;
    pthread_barrier_t *start;
    pthread_t thread;
} beater;

static void *beat_and_look(void *argument)
{
    const beater *b = argument;
    (void)pthread_barrier_wait(b->start);
    for (int i = 0; i < beats; i++) {
        impact_health_pulse *pulse = NULL;
        CHECK_EQUAL(impact_health_pulse_open(&pulse, b->health, "loop"), IMPACT_OK);
        impact_health_beat(pulse);
        if (i % 100 == 0)
            CHECK_EQUAL(probe_one(b->health, "loop").status, IMPACT_HEALTH_PASS);
        impact_health_pulse_close(pulse);
    }
    return NULL;
}

TEST(many_threads_may_beat_while_others_look)
{
    pthread_barrier_t start;
    beater b[beaters];
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_beating(patience_ms, &pulse);
    (void)pthread_barrier_init(&start, NULL, beaters);
    for (int i = 0; i < beaters; i++) {
        b[i] = (beater){.health = health, .start = &start};
        REQUIRE(pthread_create(&b[i].thread, NULL, beat_and_look, &b[i]) == 0);
    }
    for (int i = 0; i < beaters; i++)
        CHECK(pthread_join(b[i].thread, NULL) == 0);
    (void)pthread_barrier_destroy(&start);
    impact_health_pulse_close(pulse);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
