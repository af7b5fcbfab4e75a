/* The watch: changes are told, once each, and without a question. */
#include "health/watch.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"

enum { told_limit = 4096 };

/* What was told, in its order. */
typedef struct log {
    pthread_mutex_t lock;
    unsigned count;
    struct {
        char name[16];
        char reason[16];
        char explanation[16];
        impact_health_status from;
        impact_health_status to;
        uint64_t lasted_ns;
    } told[told_limit];
    gate *holds; /* the first call, when it is set */
    atomic_bool is_freed;
} log_of_changes;

static void keep(const impact_health_transition *transition, void *userdata)
{
    log_of_changes *l = userdata;
    (void)pthread_mutex_lock(&l->lock);
    const unsigned at = l->count < told_limit ? l->count : 0;
    (void)snprintf(l->told[at].name, 16, "%s", transition->name);
    (void)snprintf(l->told[at].reason, 16, "%s", transition->reason);
    (void)snprintf(l->told[at].explanation, 16, "%s", transition->explanation);
    l->told[at].from = transition->from;
    l->told[at].to = transition->to;
    l->told[at].lasted_ns = transition->lasted_ns;
    l->count++;
    gate *holds = l->holds;
    l->holds = NULL;
    (void)pthread_mutex_unlock(&l->lock);
    if (holds)
        (void)gate_run(NULL, holds);
}

static unsigned count_of(log_of_changes *l)
{
    (void)pthread_mutex_lock(&l->lock);
    const unsigned count = l->count;
    (void)pthread_mutex_unlock(&l->lock);
    return count;
}

static void note_freed(void *userdata)
{
    atomic_store(&((log_of_changes *)userdata)->is_freed, true);
}

static impact_health *open_watched(log_of_changes *l, uint32_t max_age_ms)
{
    *l = (log_of_changes){.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .max_age_ms = max_age_ms,
                                                       .userdata = l, .free_userdata = note_freed)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_watch(health, keep, l), IMPACT_OK);
    return health;
}

static void push(impact_health *health, impact_health_status status)
{
    CHECK_EQUAL(impact_health_push(health, "a", status, status ? "no disk" : NULL), IMPACT_OK);
}

TEST(each_change_is_told_once)
{
    log_of_changes l;
    impact_health *health = open_watched(&l, 0);
    push(health, IMPACT_HEALTH_PASS);
    AWAIT(count_of(&l) == 1);
    push(health, IMPACT_HEALTH_PASS);
    push(health, IMPACT_HEALTH_FAIL);
    AWAIT(count_of(&l) == 2);
    push(health, IMPACT_HEALTH_FAIL);
    push(health, IMPACT_HEALTH_WARN);
    AWAIT(count_of(&l) == 3);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(l.count, 3);
    CHECK_STRING(l.told[0].name, "a");
    CHECK_EQUAL(l.told[0].from, IMPACT_HEALTH_UNKNOWN);
    CHECK_EQUAL(l.told[0].to, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(l.told[1].from, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(l.told[1].to, IMPACT_HEALTH_FAIL);
    CHECK_STRING(l.told[1].reason, "error");
    CHECK_STRING(l.told[1].explanation, "no disk");
    CHECK(l.told[1].lasted_ns > 0);
    CHECK_EQUAL(l.told[2].from, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(l.told[2].to, IMPACT_HEALTH_WARN);
}

TEST(what_changed_back_before_it_was_told_is_not_told)
{
    gate g;
    gate_open(&g);
    log_of_changes l;
    impact_health *health = open_watched(&l, 0);
    l.holds = &g;
    push(health, IMPACT_HEALTH_PASS);
    gate_await_run(&g); /* the watcher is being told of that */
    push(health, IMPACT_HEALTH_FAIL);
    push(health, IMPACT_HEALTH_PASS);
    gate_release(&g);
    push(health, IMPACT_HEALTH_WARN);
    AWAIT(count_of(&l) == 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(l.count, 2);
    CHECK_EQUAL(l.told[1].from, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(l.told[1].to, IMPACT_HEALTH_WARN);
    gate_close(&g);
}

TEST(a_loop_that_stops_is_told_of_without_a_question_and_so_is_its_next_beat)
{
    log_of_changes l;
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_watched(&l, 100);
    REQUIRE(impact_health_pulse_open(&pulse, health, "a") == IMPACT_OK);
    AWAIT(count_of(&l) == 1); /* it never began */
    AWAIT((impact_health_beat(pulse), count_of(&l) >= 2));
    AWAIT(count_of(&l) >= 3);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    impact_health_pulse_close(pulse);
    CHECK_STRING(l.told[0].reason, "stale");
    CHECK_EQUAL(l.told[1].to, IMPACT_HEALTH_PASS);
    CHECK_STRING(l.told[2].reason, "stale");
}

TEST(a_run_that_hangs_is_told_of_at_its_deadline_and_when_it_is_back)
{
    gate g;
    gate_open(&g);
    log_of_changes l = {.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_watch(health, keep, &l) == IMPACT_OK);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hung", .run = gate_run, .userdata = &g,
                                                   .period_ms = 3600000, .timeout_ms = 200)) ==
            IMPACT_OK);
    AWAIT(count_of(&l) == 1);
    gate_await_run(&g);
    gate_release(&g); /* it begins anew at once */
    gate_await_run(&g);
    gate_release(&g);
    AWAIT(count_of(&l) == 2);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_STRING(l.told[0].reason, "timeout");
    CHECK_EQUAL(l.told[1].from, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(l.told[1].to, IMPACT_HEALTH_PASS);
    gate_close(&g);
}

TEST(a_new_watcher_learns_what_is_and_the_former_hears_no_more)
{
    log_of_changes former;
    log_of_changes l = {.lock = PTHREAD_MUTEX_INITIALIZER};
    impact_health *health = open_watched(&former, 0);
    push(health, IMPACT_HEALTH_FAIL);
    AWAIT(count_of(&former) == 1);
    CHECK_EQUAL(impact_health_watch(health, keep, &l), IMPACT_OK);
    AWAIT(count_of(&l) == 1);
    CHECK_EQUAL(impact_health_watch(health, NULL, NULL), IMPACT_OK);
    push(health, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(l.count, 1);
    CHECK_EQUAL(l.told[0].to, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(former.count, 1);
    CHECK_EQUAL(impact_health_watch(NULL, keep, &l), IMPACT_EINVAL);
}

static void remove_check(const impact_health_transition *transition, void *userdata)
{
    impact_health *health = *(impact_health **)userdata;
    CHECK_EQUAL(impact_health_remove(health, transition->name), IMPACT_OK);
    CHECK_EQUAL(impact_health_watch(health, NULL, NULL), IMPACT_OK);
}

TEST(a_watcher_may_take_the_check_and_itself_away)
{
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_watch(health, remove_check, &health) == IMPACT_OK);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a")) == IMPACT_OK);
    CHECK_EQUAL(impact_health_push(health, "a", IMPACT_HEALTH_FAIL, NULL), IMPACT_OK);
    AWAIT(impact_health_push(health, "a", IMPACT_HEALTH_FAIL, NULL) == IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_registry_that_is_closed_tells_no_more)
{
    gate g;
    gate_open(&g);
    log_of_changes l;
    impact_health *health = open_watched(&l, 0);
    l.holds = &g;
    push(health, IMPACT_HEALTH_PASS);
    gate_await_run(&g);
    push(health, IMPACT_HEALTH_FAIL); /* is to be told when the watcher is back */
    CHECK_EQUAL(impact_health_close(health, 0), 1);
    gate_release(&g);
    AWAIT(atomic_load(&l.is_freed)); /* by the thread that told it, the last to have it */
    CHECK_EQUAL(l.count, 1);
    gate_close(&g);
}

TEST(a_child_is_told_of_its_own_changes)
{
    check_skip_forks_of_threads();
    log_of_changes l;
    impact_health *health = open_watched(&l, 0);
    push(health, IMPACT_HEALTH_PASS);
    AWAIT(count_of(&l) == 1);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        push(health, IMPACT_HEALTH_FAIL);
        AWAIT(count_of(&l) == 2);
        _exit(l.told[1].from == IMPACT_HEALTH_UNKNOWN && l.told[1].to == IMPACT_HEALTH_FAIL ? 0
                                                                                            : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(l.count, 1);
}

/* ---- many at once ---- */

enum { pushers = 8, pushes = 200 };

typedef struct pusher {
    impact_health *health;
    pthread_barrier_t *start;
    pthread_t thread;
} pusher;

static void *push_all(void *argument)
{
    const pusher *p = argument;
    (void)pthread_barrier_wait(p->start);
    for (int i = 0; i < pushes; i++)
        push(p->health, (impact_health_status)(i % 3));
    return NULL;
}

TEST(what_is_told_of_many_pushes_is_one_story)
{
    pthread_barrier_t start;
    pusher p[pushers];
    log_of_changes l;
    impact_health *health = open_watched(&l, 0);
    (void)pthread_barrier_init(&start, NULL, pushers);
    for (int i = 0; i < pushers; i++) {
        p[i] = (pusher){.health = health, .start = &start};
        REQUIRE(pthread_create(&p[i].thread, NULL, push_all, &p[i]) == 0);
    }
    for (int i = 0; i < pushers; i++)
        CHECK(pthread_join(p[i].thread, NULL) == 0);
    const impact_health_status last = probe_one(health, "a").status;
    AWAIT(count_of(&l) > 0 && l.told[count_of(&l) - 1].to == last);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK(l.count <= pushers * pushes);
    CHECK_EQUAL(l.told[0].from, IMPACT_HEALTH_UNKNOWN);
    for (unsigned i = 1; i < l.count; i++) {
        CHECK_EQUAL(l.told[i].from, l.told[i - 1].to);
        CHECK(l.told[i].from != l.told[i].to);
    }
    (void)pthread_barrier_destroy(&start);
}
