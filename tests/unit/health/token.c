/* Checks that do not wait: their function returns, and somebody else says what they came to. */
#include <impact/health.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "support/check.h"

/* What an event loop would keep. */
typedef struct question {
    _Atomic uint64_t token;
    atomic_uint runs;
} question;

static impact_health_status begin_question(impact_health_run *run, void *userdata)
{
    question *q = userdata;
    impact_health_explain(run, "it was asked");
    atomic_fetch_add(&q->runs, 1);
    atomic_store(&q->token, impact_health_token(run));
    return IMPACT_HEALTH_PENDING;
}

static impact_health *open_with(impact_health_check_fn run, void *userdata, uint32_t timeout_ms)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = run, .userdata = userdata,
                                               .timeout_ms = timeout_ms)),
        IMPACT_OK);
    return health;
}

/* The state of the only check's job. */
static impact__job_state state_of(impact_health *health)
{
    impact__health_lock(health);
    const impact__job_state state = health->checks->job.state;
    impact__health_unlock(health);
    return state;
}

static impact_health_ticket *ask(impact_health *health, question *q)
{
    impact_health_ticket *ticket = NULL;
    atomic_store(&q->token, 0);
    CHECK_EQUAL(impact_health_begin(&ticket, health, impact_text_of("a")), IMPACT_OK);
    AWAIT(state_of(health) == IMPACT__JOB_AWAITED);
    CHECK(atomic_load(&q->token) != 0);
    CHECK_EQUAL(running_of(health), 0); /* no thread waits for it */
    return ticket;
}

/* Waits for the ticket. The text of the explanation goes with the report. */
static impact_health_result finish(impact_health_ticket *ticket, const char *explanation)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    impact_health_wait(ticket);
    CHECK_EQUAL(impact_health_finish(ticket, &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK_STRING(result.explanation.data, explanation);
    impact_health_report_close(report);
    return result;
}

TEST(a_run_without_a_thread_comes_to_what_is_said_of_it)
{
    question q = {0};
    impact_health *health = open_with(begin_question, &q, patience_ms);
    impact_health_ticket *ticket = ask(health, &q);
    CHECK(!impact_health_is_done(ticket));
    const uint64_t token = atomic_load(&q.token);
    CHECK_EQUAL(impact_health_complete(health, token, IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    CHECK_EQUAL(impact_health_complete(health, token, IMPACT_HEALTH_FAIL, NULL), IMPACT_ENOENT);
    CHECK_EQUAL(finish(ticket, "it was asked").status, IMPACT_HEALTH_PASS);
    ticket = ask(health, &q);
    CHECK(atomic_load(&q.token) != token);
    CHECK_EQUAL(impact_health_complete(health, token, IMPACT_HEALTH_PASS, NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_complete(health, q.token, IMPACT_HEALTH_FAIL, "refused"), IMPACT_OK);
    const impact_health_result result = finish(ticket, "refused");
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result.reason, "error");
    CHECK_EQUAL(result.failures, 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(past_its_deadline_a_run_is_over_and_what_is_said_then_is_refused)
{
    question q = {0};
    impact_health *health = open_with(begin_question, &q, 20);
    for (unsigned i = 1; i <= 3; i++) {
        const impact_health_result result = probe_one(health, "a");
        CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
        CHECK_STRING(result.reason, "timeout");
        CHECK_EQUAL(atomic_load(&q.runs), i); /* each begins anew: nothing is stuck */
        CHECK_EQUAL(impact_health_complete(health, q.token, IMPACT_HEALTH_PASS, NULL),
                    IMPACT_ENOENT);
    }
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

typedef struct inline_question {
    impact_health *health;
    impact_health_status returned;
} inline_question;

static impact_health_status answer_at_once(impact_health_run *run, void *userdata)
{
    const inline_question *q = userdata;
    const uint64_t token = impact_health_token(run);
    CHECK_EQUAL(impact_health_complete(q->health, token, IMPACT_HEALTH_WARN, "at once"), IMPACT_OK);
    CHECK_EQUAL(impact_health_complete(q->health, token, IMPACT_HEALTH_PASS, "twice"),
                IMPACT_ENOENT);
    return q->returned;
}

TEST(the_answer_may_come_while_the_function_runs)
{
    inline_question q = {.returned = IMPACT_HEALTH_PENDING};
    q.health = open_with(answer_at_once, &q, patience_ms);
    CHECK_EQUAL(probe_one(q.health, "a").status, IMPACT_HEALTH_WARN);
    q.returned = IMPACT_HEALTH_FAIL; /* what was said first is true */
    CHECK_EQUAL(probe_one(q.health, "a").status, IMPACT_HEALTH_WARN);
    CHECK_EQUAL(impact_health_close(q.health, patience_ms), 0);
}

TEST(a_check_that_is_removed_is_awaited_no_more)
{
    question q = {0};
    impact_health *health = open_with(begin_question, &q, patience_ms);
    impact_health_ticket *ticket = ask(health, &q);
    CHECK_EQUAL(impact_health_remove(health, "a"), IMPACT_OK);
    CHECK_STRING(finish(ticket, "").reason, "pending");
    CHECK_EQUAL(impact_health_complete(health, q.token, IMPACT_HEALTH_PASS, NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_close_does_not_wait_for_a_run_without_a_thread)
{
    question q = {0};
    impact_health *health = open_with(begin_question, &q, patience_ms);
    impact_health_ticket *ticket = ask(health, &q);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_STRING(finish(ticket, "").reason, "pending");
}

TEST(a_child_does_not_take_the_answer_to_its_parents_question)
{
    question q = {0};
    impact_health *health = open_with(begin_question, &q, patience_ms);
    impact_health_ticket *ticket = ask(health, &q);
    const pid_t child = fork();
    if (child == 0) {
        const bool is_refused =
            impact_health_complete(health, q.token, IMPACT_HEALTH_PASS, NULL) == IMPACT_ENOENT;
        _exit(is_refused && state_of(health) == IMPACT__JOB_IDLE ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact_health_complete(health, q.token, IMPACT_HEALTH_PASS, NULL), IMPACT_OK);
    CHECK_EQUAL(finish(ticket, "it was asked").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(what_is_no_answer_is_refused)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_token(NULL), 0);
    CHECK_EQUAL(impact_health_complete(NULL, 1, IMPACT_HEALTH_PASS, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_complete(health, 1, IMPACT_HEALTH_PENDING, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_complete(health, 0, IMPACT_HEALTH_PASS, NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- many at once ---- */

enum { answerers = 8, rounds = 50 };

typedef struct quiz {
    impact_health *health;
    question q;
    pthread_barrier_t start;
    atomic_uint accepted;
    pthread_t threads[answerers];
} quiz;

static void *answer_all(void *argument)
{
    quiz *z = argument;
    for (int i = 0; i < rounds; i++) {
        (void)pthread_barrier_wait(&z->start);
        atomic_fetch_add(&z->accepted, impact_health_complete(z->health, z->q.token,
                                                              IMPACT_HEALTH_PASS, "") == IMPACT_OK);
        (void)pthread_barrier_wait(&z->start);
    }
    return NULL;
}

TEST(of_many_answers_one_is_taken)
{
    quiz z = {0};
    z.health = open_with(begin_question, &z.q, patience_ms);
    (void)pthread_barrier_init(&z.start, NULL, answerers + 1);
    for (int i = 0; i < answerers; i++)
        REQUIRE(pthread_create(&z.threads[i], NULL, answer_all, &z) == 0);
    for (unsigned i = 1; i <= rounds; i++) {
        impact_health_ticket *ticket = ask(z.health, &z.q);
        (void)pthread_barrier_wait(&z.start);
        CHECK_EQUAL(finish(ticket, "it was asked").status, IMPACT_HEALTH_PASS);
        (void)pthread_barrier_wait(&z.start);
        CHECK_EQUAL(atomic_load(&z.accepted), i);
    }
    for (int i = 0; i < answerers; i++)
        CHECK(pthread_join(z.threads[i], NULL) == 0);
    (void)pthread_barrier_destroy(&z.start);
    CHECK_EQUAL(impact_health_close(z.health, patience_ms), 0);
}
