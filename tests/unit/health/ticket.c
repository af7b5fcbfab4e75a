/* A ticket: begun without waiting, done, told of, finished early or late, abandoned. */
#include "health/ticket.h"

#include <pthread.h>

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

static impact_health_ticket *begin(impact_health *health, const char *selector)
{
    impact_health_ticket *ticket = NULL;
    CHECK_EQUAL(impact_health_begin(&ticket, health, impact_text_of(selector)), IMPACT_OK);
    return ticket;
}

/* The first check of what a ticket is finished with. */
static impact_health_result finish(impact_health_ticket *ticket)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result, .reason = "failed"};
    CHECK_EQUAL(impact_health_finish(ticket, &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    result.name = impact_text_of(NULL); /* it goes with the report */
    impact_health_report_close(report);
    return result;
}

/* Who is told. */
typedef struct told {
    atomic_uint times;
    pthread_t by;
    int pipe_ends[2];             /* a byte is written when it is told */
    impact_health_ticket *ticket; /* to be finished in the callback */
    int holds[2];                 /* the callback waits for a byte, when there is one to wait for */
    bool is_held;
} told;

static void told_open(told *t)
{
    *t = (told){.ticket = NULL};
    CHECK(pipe(t->pipe_ends) == 0 && pipe(t->holds) == 0);
}

static void told_close(told *t)
{
    for (int i = 0; i < 2; i++) {
        (void)close(t->pipe_ends[i]);
        (void)close(t->holds[i]);
    }
}

static void tell(void *userdata)
{
    told *t = userdata;
    char byte = 0;
    t->by = pthread_self();
    if (t->ticket)
        CHECK_EQUAL(finish(t->ticket).status, IMPACT_HEALTH_PASS);
    CHECK(write(t->pipe_ends[1], &byte, 1) == 1);
    if (t->is_held)
        CHECK(read(t->holds[0], &byte, 1) == 1);
    atomic_fetch_add(&t->times, 1);
}

static void told_await(told *t)
{
    char byte = 0;
    struct pollfd readable = {.fd = t->pipe_ends[0], .events = POLLIN};
    CHECK(poll(&readable, 1, patience_ms) == 1 && read(t->pipe_ends[0], &byte, 1) == 1);
}

/* ---- asking never waits ---- */

TEST(begin_and_finish_return_at_once_and_what_is_not_known_is_pending)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    const uint64_t began = impact__clock_monotonic_ns();
    impact_health_ticket *ticket = begin(health, "a");
    CHECK(!impact_health_is_done(ticket));
    const impact_health_result result = finish(ticket);
    CHECK(impact__clock_monotonic_ns() - began < patience_ms / 4 * IMPACT__NS_PER_MS);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_UNKNOWN);
    CHECK_STRING(result.reason, "pending");
    CHECK(result.is_pending);
    CHECK_EQUAL(result.age_ns, 0);
    gate_await_run(&g); /* the run that was asked for goes on, and the next who ask know of it */
    gate_release(&g);
    AWAIT(running_of(health) == 0);
    CHECK_EQUAL(finish(begin(health, "a")).status, IMPACT_HEALTH_PASS);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_ticket_is_done_when_its_checks_are)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(2, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    add_true(health, "b");
    impact_health_ticket *ticket = begin(health, "b,a");
    gate_await_run(&g);
    CHECK(!impact_health_is_done(ticket));
    gate_release(&g);
    impact_health_wait(ticket);
    CHECK(impact_health_is_done(ticket));
    CHECK_EQUAL(finish(ticket).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_ticket_is_done_when_its_budget_is_spent)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 20);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *ticket = begin(health, "a");
    AWAIT(impact_health_is_done(ticket));
    CHECK_STRING(finish(ticket).reason, "pending");
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_ticket_for_nothing_is_done_at_once)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = begin(health, "");
    told t;
    told_open(&t);
    CHECK(impact_health_is_done(ticket));
    CHECK(!impact_health_notify(ticket, tell, &t));
    impact_health_wait(ticket);
    impact_health_abandon(ticket);
    CHECK_EQUAL(atomic_load(&t.times), 0);
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
    told_close(&t);
}

/* ---- being told ---- */

TEST(the_callback_comes_once_on_a_thread_of_the_library)
{
    gate g;
    told t;
    gate_open(&g);
    told_open(&t);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *ticket = begin(health, "a");
    CHECK(impact_health_notify(ticket, tell, &t));
    gate_await_run(&g);
    CHECK_EQUAL(atomic_load(&t.times), 0);
    gate_release(&g);
    told_await(&t);
    CHECK(!pthread_equal(t.by, pthread_self()));
    CHECK(impact_health_is_done(ticket));
    CHECK(!impact_health_notify(ticket, tell, &t));
    CHECK_EQUAL(finish(ticket).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(atomic_load(&t.times), 1); /* finish has waited for it to return */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&t.times), 1);
    gate_close(&g);
    told_close(&t);
}

TEST(the_callback_comes_when_the_budget_is_spent_and_when_a_check_is_stuck)
{
    gate g;
    told t;
    gate_open(&g);
    told_open(&t);
    impact_health *health = gate_health(1, 1000); /* longer than a busy machine needs to go on */
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *ticket = begin(health, "a");
    CHECK(impact_health_notify(ticket, tell, &t));
    told_await(&t);
    CHECK_STRING(finish(ticket).reason, "pending");
    health->budget_ms = patience_ms;
    add_gate(health, "b", &g, 1000);
    ticket = begin(health, "b");
    CHECK(impact_health_notify(ticket, tell, &t));
    told_await(&t);
    CHECK_STRING(finish(ticket).reason, "timeout");
    CHECK_EQUAL(atomic_load(&t.times), 2);
    gate_release(&g);
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
    told_close(&t);
}

TEST(a_ticket_may_be_finished_in_its_callback)
{
    gate g;
    told t;
    gate_open(&g);
    told_open(&t);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    t.ticket = begin(health, "a");
    CHECK(impact_health_notify(t.ticket, tell, &t));
    gate_release(&g);
    told_await(&t);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&t.times), 1);
    gate_close(&g);
    told_close(&t);
}

TEST(nobody_is_told_of_a_ticket_that_was_finished_or_abandoned)
{
    gate g;
    told t;
    gate_open(&g);
    told_open(&t);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *finished = begin(health, "a");
    impact_health_ticket *abandoned = begin(health, "a");
    CHECK(impact_health_notify(finished, tell, &t));
    CHECK(impact_health_notify(abandoned, tell, &t));
    CHECK_STRING(finish(finished).reason, "pending");
    impact_health_abandon(abandoned);
    gate_release(&g);
    AWAIT(users_of(health, "a") == 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&t.times), 0);
    gate_close(&g);
    told_close(&t);
}

static void *abandon_it(void *ticket)
{
    impact_health_abandon(ticket);
    return NULL;
}

TEST(abandoning_waits_for_a_callback_that_has_begun)
{
    gate g;
    told t;
    pthread_t thread;
    gate_open(&g);
    told_open(&t);
    t.is_held = true;
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *ticket = begin(health, "a");
    CHECK(impact_health_notify(ticket, tell, &t));
    gate_release(&g);
    told_await(&t); /* it is in the callback */
    REQUIRE(pthread_create(&thread, NULL, abandon_it, ticket) == 0);
    CHECK_EQUAL(atomic_load(&t.times), 0);
    CHECK(write(t.holds[1], "", 1) == 1);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(atomic_load(&t.times), 1);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
    told_close(&t);
}

/* ---- a registry that closes ---- */

TEST(closing_tells_of_open_tickets_and_they_can_be_finished_afterwards)
{
    faults f;
    gate g;
    told t;
    impact_health *health = NULL;
    faults_open(&f);
    gate_open(&g);
    told_open(&t);
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .budget_ms = patience_ms)) ==
            IMPACT_OK);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *awaited = begin(health, "a");
    impact_health_ticket *other = begin(health, "a");
    impact_health_ticket *abandoned = begin(health, "a");
    CHECK(impact_health_notify(awaited, tell, &t));
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_close(health, 0), 1); /* the run */
    CHECK_EQUAL(atomic_load(&t.times), 1);
    CHECK(impact_health_is_done(other));
    CHECK_STRING(finish(awaited).reason, "pending");
    CHECK_STRING(finish(other).reason, "pending");
    gate_release(&g);
    AWAIT(atomic_load(&g.freed) == 1);
    CHECK(atomic_load(&f.live) > 0);
    impact_health_abandon(abandoned); /* the last user of the registry */
    AWAIT(atomic_load(&f.live) == 0);
    gate_close(&g);
    told_close(&t);
}

typedef struct finisher {
    impact_health_ticket *ticket;
    pthread_barrier_t start;
} finisher;

static void *finish_at_the_barrier(void *argument)
{
    finisher *f = argument;
    (void)pthread_barrier_wait(&f->start);
    impact_health_abandon(f->ticket);
    return NULL;
}

TEST(a_registry_closes_while_its_last_ticket_is_finished)
{
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        impact_health *health = gate_health(1, patience_ms);
        add_true(health, "a");
        add_true(health, "b");
        finisher f = {.ticket = begin(health, "a,b")};
        (void)pthread_barrier_init(&f.start, NULL, 2);
        REQUIRE(pthread_create(&thread, NULL, finish_at_the_barrier, &f) == 0);
        (void)pthread_barrier_wait(&f.start);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
        CHECK(pthread_join(thread, NULL) == 0);
        (void)pthread_barrier_destroy(&f.start);
    }
}

/* ---- requests ---- */

static impact_http_request request_for(const char *method, const char *path, const char *query)
{
    return (impact_http_request){
        .size = sizeof(impact_http_request),
        .method = impact_text_of(method),
        .path = impact_text_of(path),
        .query = impact_text_of(query),
    };
}

static impact_health_ticket *begin_answer(impact_health *health, const char *method,
                                          const char *path, const char *query)
{
    const impact_http_request request = request_for(method, path, query);
    impact_health_ticket *ticket = NULL;
    CHECK_EQUAL(impact_health_begin_answer(&ticket, health, &request), IMPACT_OK);
    return ticket;
}

/* The body and the status of what a ticket is finished with. */
static int finish_answer(impact_health_ticket *ticket, char *body, size_t size)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    CHECK_EQUAL(impact_health_finish_answer(ticket, &response), IMPACT_OK);
    const size_t most = response.body.size < size - 1 ? response.body.size : size - 1;
    memcpy(body, response.body.data ? response.body.data : "", most);
    body[most] = 0;
    const int status = response.status;
    impact_http_response_clear(&response);
    return status;
}

TEST(a_request_is_answered_with_what_is_known_and_what_is_pending_is_named)
{
    char body[512];
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *ticket = begin_answer(health, "GET", "/health/", "checks=a");
    CHECK(!impact_health_is_done(ticket));
    CHECK_EQUAL(finish_answer(ticket, body, sizeof body), 503);
    CHECK_STRING(body, "{\"available_checks\":[\"a\"],\"checks\":{\"a\":false},"
                       "\"health\":\"degraded\",\"pending_checks\":{\"a\":null}}\n");
    gate_await_run(&g);
    gate_release(&g);
    AWAIT(running_of(health) == 0);
    gate_release(&g);
    ticket = begin_answer(health, "GET", "/health/", "");
    impact_health_wait(ticket);
    CHECK_EQUAL(finish_answer(ticket, body, sizeof body), 200);
    CHECK(!check_contains(body, "pending"));
    ticket = begin_answer(health, "GET", "/health/", ""); /* its run is held */
    gate_await_run(&g);
    gate_await_run(&g);
    CHECK_EQUAL(finish_answer(ticket, body, sizeof body), 200);
    CHECK(check_contains(body, "\"health\":\"running\",\"pending_checks\":{\"a\":"));
    CHECK(!check_contains(body, "null"));
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_request_that_needs_no_check_is_done_at_once)
{
    static const struct {
        const char *method;
        const char *path;
        const char *query;
        int status;
        const char *body;
    } requests[] = {
        {"GET", "/health/ping", "", 200, "pong"},
        {"HEAD", "/health/ping", "", 200, ""},
        {"GET", "/health", "", 200,
         "{\"available_checks\":[],\"checks\":{},\"health\":\"running\"}\n"},
        {"GET", "/health/", "checks=%zz", 400,
         "{\"error\":\"the parameter checks or exclude is not valid\"}\n"},
        {"GET", "/health/", "checks=x", 404,
         "{\"error\":\"unknown checks\",\"unknown_checks\":[\"x\"]}\n"},
        {"POST", "/health/", "", 405, "{\"error\":\"the method is not allowed\"}\n"},
    };
    char body[256];
    impact_health *health = gate_health(1, patience_ms);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        impact_health_ticket *ticket =
            begin_answer(health, requests[i].method, requests[i].path, requests[i].query);
        CHECK(impact_health_is_done(ticket));
        CHECK_EQUAL(finish_answer(ticket, body, sizeof body), requests[i].status);
        CHECK_STRING(body, requests[i].body);
    }
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(head_has_no_body_whoever_waits)
{
    char body[256];
    impact_health *health = gate_health(1, patience_ms);
    add_true(health, "a");
    impact_health_ticket *ticket = begin_answer(health, "HEAD", "/health/", "");
    impact_health_wait(ticket);
    CHECK_EQUAL(finish_answer(ticket, body, sizeof body), 200);
    CHECK_STRING(body, "");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_request_for_another_path_is_not_ours)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = NULL;
    const impact_http_request request = request_for("GET", "/healthy", "");
    CHECK_EQUAL(impact_health_begin_answer(&ticket, health, &request), IMPACT_ENOENT);
    CHECK(!ticket);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_ticket_is_finished_as_what_it_was_begun_as)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_health_report *report = NULL;
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    add_true(health, "a");
    CHECK_EQUAL(impact_health_finish(begin_answer(health, "GET", "/health/", ""), &report),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_finish_answer(begin(health, "a"), &response), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_finish(begin(health, "a"), NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_finish_answer(begin_answer(health, "GET", "/health/", ""), NULL),
                IMPACT_EINVAL);
    response.size = 0; /* whoever asks has no room for an answer */
    CHECK_EQUAL(impact_health_finish_answer(begin_answer(health, "GET", "/health/", ""), &response),
                IMPACT_EINVAL);
    CHECK(!report && response.status == 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(tickets_accept_null)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = NULL;
    impact_health_report *report = NULL;
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_http_request request = request_for("GET", "/health/", "");
    CHECK_EQUAL(impact_health_begin(NULL, health, impact_text_of("")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_begin(&ticket, NULL, impact_text_of("")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_begin_answer(NULL, health, &request), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_begin_answer(&ticket, NULL, &request), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_begin_answer(&ticket, health, NULL), IMPACT_EINVAL);
    CHECK(!ticket);
    CHECK(impact_health_is_done(NULL));
    CHECK(!impact_health_notify(NULL, tell, NULL));
    impact_health_wait(NULL);
    CHECK_EQUAL(impact_health_finish(NULL, &report), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_finish_answer(NULL, &response), IMPACT_EINVAL);
    impact_health_abandon(NULL);
    add_true(health, "a");
    ticket = begin(health, "a");
    CHECK(!impact_health_notify(ticket, NULL, NULL));
    impact_health_abandon(ticket);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- memory ---- */

TEST(tickets_survive_every_allocation_failure)
{
    static const char *const queries[] = {"", "checks=a,x", "checks=%zz"};
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        const impact_http_request other = request_for("GET", "/health", "a=b");
        impact_health_ticket *ticket = NULL;
        if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .ignores_unknown_checks = true)) ||
            impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true))) {
            CHECK_EQUAL(impact_health_close(health, 0), 0);
            continue;
        }
        for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
            const impact_http_request request = request_for("GET", "/health/", queries[i]);
            impact_http_response response = IMPACT_HTTP_RESPONSE;
            if (impact_health_begin_answer(&ticket, health, &request))
                continue;
            impact_health_wait(ticket);
            CHECK_EQUAL(impact_health_finish_answer(ticket, &response), IMPACT_OK);
            CHECK(response.status == 200 || response.status == 400 || response.status == 503);
            impact_http_response_clear(&response);
        }
        if (impact_health_begin_answer(&ticket, health, &other) == IMPACT_OK)
            impact_health_abandon(ticket);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    }
}

/* ---- many at once ---- */

enum { askers = 8, rounds = 200 };

typedef struct crowd {
    impact_health *health;
    pthread_barrier_t start;
    atomic_uint told;
    atomic_uint owed; /* that were asked for and not given up before */
} crowd;

static void count_told(void *userdata)
{
    atomic_fetch_add(&((crowd *)userdata)->told, 1);
}

/* Every way that a ticket can go, in turn. */
static void *ask_often(void *argument)
{
    crowd *c = argument;
    (void)pthread_barrier_wait(&c->start);
    for (int i = 0; i < rounds; i++) {
        impact_health_report *report = NULL;
        impact_health_ticket *ticket = begin(c->health, i % 2 ? "a,b" : "_defaults");
        const bool is_awaited = i % 3 && impact_health_notify(ticket, count_told, c);
        if (i % 4 < 2)
            impact_health_wait(ticket);
        if (i % 5 == 0) {
            impact_health_abandon(ticket);
            continue;
        }
        CHECK_EQUAL(impact_health_finish(ticket, &report), IMPACT_OK);
        impact_health_report_close(report);
        atomic_fetch_add(&c->owed, is_awaited);
    }
    return NULL;
}

static void *add_and_remove(void *argument)
{
    crowd *c = argument;
    (void)pthread_barrier_wait(&c->start);
    for (int i = 0; i < rounds; i++) {
        add_true(c->health, "x");
        CHECK_EQUAL(impact_health_change(c->health, IMPACT_CHECK(.name = "x", .groups = "_x")),
                    IMPACT_OK);
        CHECK_EQUAL(
            impact_health_set(c->health, IMPACT_HEALTH_OPTIONS(.secret = "s", .budget_ms = 1000)),
            IMPACT_OK);
        CHECK_EQUAL(impact_health_remove(c->health, "x"), IMPACT_OK);
    }
    return NULL;
}

TEST(many_tickets_of_many_threads_are_told_of_at_most_once)
{
    crowd c = {.health = gate_health(2, patience_ms)};
    pthread_t threads[askers + 1];
    add_true(c.health, "a");
    add_true(c.health, "b");
    (void)pthread_barrier_init(&c.start, NULL, askers + 1);
    for (int i = 0; i < askers; i++)
        CHECK(pthread_create(&threads[i], NULL, ask_often, &c) == 0);
    CHECK(pthread_create(&threads[askers], NULL, add_and_remove, &c) == 0);
    for (int i = 0; i <= askers; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQUAL(impact_health_close(c.health, patience_ms), 0);
    CHECK(atomic_load(&c.told) <= askers * rounds);
    (void)pthread_barrier_destroy(&c.start);
}
