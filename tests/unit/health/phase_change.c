/* Who watches the phase is told of it. */
#include <impact/health.h>

#include <sys/wait.h>

#include "gate.h"
#include "support/check.h"

enum { told_limit = 8 };

typedef struct story {
    pthread_mutex_t lock;
    unsigned count;
    impact_health_phase_change told[told_limit];
    gate *holds; /* the first call, when it is set */
} story;

static void keep(const impact_health_phase_change *change, void *userdata)
{
    story *s = userdata;
    (void)pthread_mutex_lock(&s->lock);
    if (s->count < told_limit)
        s->told[s->count] = *change;
    s->count++;
    gate *holds = s->holds;
    s->holds = NULL;
    (void)pthread_mutex_unlock(&s->lock);
    if (holds)
        (void)gate_run(NULL, holds);
}

static unsigned count_of(story *s)
{
    (void)pthread_mutex_lock(&s->lock);
    const unsigned count = s->count;
    (void)pthread_mutex_unlock(&s->lock);
    return count;
}

static void set(impact_health *health, impact_health_phase phase)
{
    CHECK_EQUAL(impact_health_set_phase(health, phase), IMPACT_OK);
}

TEST(each_change_of_the_phase_is_told_once)
{
    story s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = gate_health(1, patience_ms);
    set(health, IMPACT_HEALTH_STARTING);
    CHECK_EQUAL(impact_health_watch_phase(health, keep, &s), IMPACT_OK);
    set(health, IMPACT_HEALTH_STARTING);
    set(health, IMPACT_HEALTH_SERVING);
    AWAIT(count_of(&s) == 1);
    set(health, IMPACT_HEALTH_SERVING);
    set(health, IMPACT_HEALTH_DRAINING);
    AWAIT(count_of(&s) == 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(s.count, 2);
    CHECK_EQUAL(s.told[0].size, sizeof s.told[0]);
    CHECK_EQUAL(s.told[0].from, IMPACT_HEALTH_STARTING);
    CHECK_EQUAL(s.told[0].to, IMPACT_HEALTH_SERVING);
    CHECK(s.told[0].lasted_ns > 0 && s.told[1].lasted_ns > 0);
    CHECK_EQUAL(s.told[1].from, IMPACT_HEALTH_SERVING);
    CHECK_EQUAL(s.told[1].to, IMPACT_HEALTH_DRAINING);
}

TEST(a_phase_that_changed_back_before_it_was_told_is_not_told)
{
    gate g;
    story s = {.lock = PTHREAD_MUTEX_INITIALIZER, .holds = &g};
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_watch_phase(health, keep, &s), IMPACT_OK);
    set(health, IMPACT_HEALTH_DRAINING);
    gate_await_run(&g); /* that is being told */
    set(health, IMPACT_HEALTH_STARTING);
    set(health, IMPACT_HEALTH_DRAINING);
    gate_release(&g);
    set(health, IMPACT_HEALTH_SERVING);
    AWAIT(count_of(&s) == 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(s.count, 2);
    CHECK_EQUAL(s.told[1].from, IMPACT_HEALTH_DRAINING);
    CHECK_EQUAL(s.told[1].to, IMPACT_HEALTH_SERVING);
    gate_close(&g);
}

static void stop_watching(const impact_health_phase_change *change, void *userdata)
{
    (void)change;
    impact_health *health = *(impact_health **)userdata;
    CHECK_EQUAL(impact_health_watch_phase(health, NULL, NULL), IMPACT_OK);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_SERVING), IMPACT_OK);
}

TEST(a_watcher_may_stop_and_hears_no_more_and_so_does_a_child)
{
    story s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_watch_phase(health, stop_watching, &health), IMPACT_OK);
    set(health, IMPACT_HEALTH_DRAINING);
    AWAIT(impact_health_get_phase(health) == IMPACT_HEALTH_SERVING);
    CHECK_EQUAL(impact_health_watch_phase(health, keep, &s), IMPACT_OK);
    CHECK_EQUAL(impact_health_watch_phase(health, NULL, NULL), IMPACT_OK);
    set(health, IMPACT_HEALTH_DRAINING);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(s.count, 0);
}

TEST(without_threads_the_phase_is_told_when_the_host_pumps)
{
    story s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = gate_health(IMPACT_HEALTH_NO_THREADS, patience_ms);
    CHECK_EQUAL(impact_health_watch_phase(health, keep, &s), IMPACT_OK);
    set(health, IMPACT_HEALTH_DRAINING);
    CHECK_EQUAL(s.count, 0);
    (void)impact_health_pump(health);
    CHECK_EQUAL(s.count, 1);
    set(health, IMPACT_HEALTH_SERVING); /* and not told before it closes */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(s.count, 1);
}

TEST(a_child_tells_its_own_changes)
{
    story s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    if (!check_children_may_allocate())
        check_skip("a child may wait for its allocator for ever");
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_watch_phase(health, keep, &s), IMPACT_OK);
    set(health, IMPACT_HEALTH_STARTING);
    AWAIT(count_of(&s) == 1);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        set(health, IMPACT_HEALTH_DRAINING);
        AWAIT(count_of(&s) == 2);
        _exit(s.told[1].from == IMPACT_HEALTH_STARTING ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(s.count, 1);
}

TEST(what_is_null_is_refused)
{
    CHECK_EQUAL(impact_health_watch_phase(NULL, keep, NULL), IMPACT_EINVAL);
}
