/* Health paths mounted in an application's libmicrohttpd server, of every kind that there is: who
 * waits for a probe, and who does not. */
#include <impact/microhttpd.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory_switch.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

enum { patience_ms = 30000 }; /* a test that waits longer for anything has failed */

/* ---- servers ---- */

typedef struct server_kind {
    const char *name;
    unsigned flags; /* without MHD_USE_INTERNAL_POLLING_THREAD the test runs the loop */
    unsigned pool;
} server_kind;

static const server_kind suspending[] = {
    {"one thread", MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0},
    {"one thread, epoll", MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0},
    {"a pool", MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 2},
    {"the application's loop", MHD_ALLOW_SUSPEND_RESUME, 0},
    {"the application's loop, epoll", MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0},
};
enum { suspending_count = sizeof suspending / sizeof *suspending };

static const server_kind not_suspending[] = {
    {"one thread", MHD_USE_INTERNAL_POLLING_THREAD, 0},
    {"the application's loop", MHD_NO_FLAG, 0},
    {"the application's loop that nobody wakes", MHD_ALLOW_SUSPEND_RESUME, 0},
};
enum { not_suspending_count = sizeof not_suspending / sizeof *not_suspending };

static const server_kind thread_each = {
    "a thread a connection", MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0};
static const server_kind thread_each_suspending = {
    "a thread a connection, suspending",
    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_ALLOW_SUSPEND_RESUME, 0};

typedef struct server {
    struct MHD_Daemon *daemon;
    impact_microhttpd *web;
    uint16_t port;
    pthread_t loop;
    atomic_bool stops;
    bool has_loop;
    int wakes[2]; /* the loop looks at it */
    atomic_uint completed;
} server;

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    static char body[] = "mine";
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    if (!*req_cls || *upload_data_size) {
        *req_cls = cls;
        *upload_data_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void complete(void *cls, struct MHD_Connection *connection, void **req_cls,
                     enum MHD_RequestTerminationCode toe)
{
    server *s = cls;
    atomic_fetch_add(&s->completed, 1);
    impact_microhttpd_completed(s->web, connection, req_cls, toe);
}

static void wake(void *cls)
{
    const server *s = cls;
    CHECK(write(s->wakes[1], "", 1) == 1);
}

/* Until something happens: to a socket of the daemon, or to us. As libmicrohttpd's manual has
 * it. */
static void wait_for_anything(server *s)
{
    fd_set readable;
    fd_set writable;
    fd_set failed;
    int most = -1;
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&failed);
    CHECK(MHD_get_fdset(s->daemon, &readable, &writable, &failed, &most) == MHD_YES);
    FD_SET(s->wakes[0], &readable);
    most = most > s->wakes[0] ? most : s->wakes[0];
    const bool has_end = MHD_get_timeout(s->daemon, &left_ms) == MHD_YES;
    struct timeval left = {.tv_sec = (time_t)(left_ms / 1000),
                           .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
    CHECK(select(most + 1, &readable, &writable, &failed, has_end ? &left : NULL) >= 0);
    char byte;
    if (FD_ISSET(s->wakes[0], &readable))
        CHECK(read(s->wakes[0], &byte, 1) == 1);
}

static void *run_loop(void *argument)
{
    server *s = argument;
    while (!atomic_load(&s->stops)) {
        wait_for_anything(s);
        CHECK(MHD_run(s->daemon) == MHD_YES);
    }
    return NULL;
}

static void start_with(server *s, const server_kind *kind, impact_health *health, bool is_woken)
{
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_SOCK_ADDR, 0, (void *)(uintptr_t)&loopback},
        {kind->pool ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, kind->pool, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    *s = (server){.has_loop = !(kind->flags & MHD_USE_INTERNAL_POLLING_THREAD)};
    CHECK(pipe(s->wakes) == 0);
    CHECK_EQUAL(impact_microhttpd_open(
                    &s->web,
                    IMPACT_MICROHTTPD_OPTIONS(.handler = handle, .handler_cls = s, .health = health,
                                              .wake = is_woken ? wake : NULL, .wake_cls = s)),
                IMPACT_OK);
    s->daemon = MHD_start_daemon(kind->flags | MHD_USE_ERROR_LOG, 0, NULL, NULL,
                                 impact_microhttpd_handle, s->web, MHD_OPTION_NOTIFY_COMPLETED,
                                 complete, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    CHECK(s->daemon != NULL);
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    if (s->has_loop)
        CHECK(pthread_create(&s->loop, NULL, run_loop, s) == 0);
}

static void start(server *s, const server_kind *kind, impact_health *health)
{
    start_with(s, kind, health, !(kind->flags & MHD_USE_INTERNAL_POLLING_THREAD));
}

static void end_loop(server *s)
{
    atomic_store(&s->stops, true);
    wake(s);
    if (s->has_loop)
        CHECK(pthread_join(s->loop, NULL) == 0);
}

/* It may be woken until it has stopped. */
static void stop_daemon(server *s)
{
    MHD_stop_daemon(s->daemon);
    (void)close(s->wakes[0]);
    (void)close(s->wakes[1]);
}

/* As an application does it. */
static void stop(server *s)
{
    impact_microhttpd_drain(s->web);
    end_loop(s);
    stop_daemon(s);
    impact_microhttpd_close(s->web);
}

/* ---- a check that waits for the test ---- */

typedef struct held {
    int begun[2];
    int release[2];
    atomic_uint runs;
} held;

static impact_health_status wait_for_test(impact_health_run *run, void *userdata)
{
    (void)run;
    held *h = userdata;
    char byte = 0;
    atomic_fetch_add(&h->runs, 1);
    const bool passed = write(h->begun[1], &byte, 1) == 1 && read(h->release[0], &byte, 1) == 1;
    return passed ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void held_await(held *h)
{
    char byte = 0;
    struct pollfd readable = {.fd = h->begun[0], .events = POLLIN};
    CHECK(poll(&readable, 1, patience_ms) == 1 && read(h->begun[0], &byte, 1) == 1);
}

static void held_release(held *h)
{
    CHECK(write(h->release[1], "", 1) == 1);
}

static impact_health *open_health(held *h)
{
    impact_health *health = NULL;
    *h = (held){.runs = 0};
    CHECK(pipe(h->begun) == 0 && pipe(h->release) == 0);
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms)),
                IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "held", .run = wait_for_test, .userdata = h,
                                               .timeout_ms = 2 * patience_ms)),
        IMPACT_OK);
    return health;
}

static void close_health(impact_health *health, held *h)
{
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    for (int end = 0; end < 2; end++) {
        (void)close(h->begun[end]);
        (void)close(h->release[end]);
    }
}

/* ---- requests ---- */

static const char probe_request[] = "GET /health/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

static int send_probe(const server *s)
{
    const int descriptor = wire_connect(s->port);
    wire_send(descriptor, probe_request);
    return descriptor;
}

/* The application's answer comes. */
static void check_application(const server *s)
{
    const char *answer =
        wire_ask(s->port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\n\r\nmine"));
}

/* ---- nobody waits for a probe ---- */

static void check_that_nobody_waits(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int first = send_probe(&s);
    const int second = send_probe(&s);
    held_await(&h);
    check_application(&s); /* in time: the probe waits until it is let go */
    CHECK(check_contains(wire_ask(s.port, "GET /health/ping HTTP/1.1\r\nHost: a\r\n"
                                          "Connection: close\r\n\r\n"),
                         "pong"));
    held_release(&h);
    held_release(&h); /* either of the two may come when the run of the other is over */
    CHECK(check_contains(wire_finish(first), "\"checks\":{\"held\":true},\"health\":\"running\"}"));
    CHECK_EQUAL(wire_status(wire_finish(second)), 200);
    stop(&s);
    close_health(health, &h);
}

TEST(no_request_of_the_application_waits_for_a_probe)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_that_nobody_waits(&suspending[i]);
    check_that_nobody_waits(&thread_each);
    check_that_nobody_waits(&thread_each_suspending);
}

static void check_that_it_is_answered_at_once(const server_kind *kind)
{
    held h;
    server s;
    impact_health_report *report = NULL;
    impact_health *health = open_health(&h);
    start_with(&s, kind, health, false);
    const char *answer = wire_finish(send_probe(&s)); /* in time: the check is held */
    CHECK_EQUAL(wire_status(answer), 503);
    CHECK(check_contains(answer, "\"pending_checks\":{\"held\":null}"));
    held_await(&h);
    held_release(&h); /* the run that it has begun ends, and the next probe knows */
    held_release(&h);
    CHECK_EQUAL(impact_health_probe(health, impact_text_of("held"), &report), IMPACT_OK);
    impact_health_report_close(report);
    answer = wire_finish(send_probe(&s));
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\"checks\":{\"held\":true},\"health\":\"running\""));
    held_release(&h);
    held_release(&h);
    stop(&s);
    close_health(health, &h);
}

TEST(a_server_that_cannot_suspend_answers_with_what_is_known_and_says_so)
{
    for (size_t i = 0; i < not_suspending_count; i++)
        check_that_it_is_answered_at_once(&not_suspending[i]);
}

/* ---- connections ---- */

static void check_one_connection(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int descriptor = wire_connect(s.port);
    wire_send(descriptor, "POST /health/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                          "HEAD /health/ HTTP/1.1\r\nHost: a\r\n\r\n"
                          "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    held_await(&h);
    held_release(&h);
    const char *answer = wire_finish(descriptor);
    CHECK_EQUAL(wire_status(answer), 405);
    const char *second = strstr(answer + 1, "HTTP/1.1 ");
    REQUIRE(second);
    CHECK_EQUAL(wire_status(second), 200);
    CHECK(!check_contains(second, "available_checks"));
    CHECK(check_contains(second, "Content-Length: 72\r\n")); /* that of the GET */
    const char *third = strstr(second + 1, "HTTP/1.1 ");
    REQUIRE(third);
    CHECK(check_contains(third, "\r\n\r\nmine"));
    stop(&s);
    CHECK_EQUAL(atomic_load(&s.completed), 3);
    close_health(health, &h);
}

TEST(a_connection_that_was_suspended_goes_on_with_its_next_request)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_one_connection(&suspending[i]);
}

static void check_one_that_leaves(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int descriptor = send_probe(&s);
    held_await(&h);
    (void)close(descriptor);
    check_application(&s);
    held_release(&h);
    stop(&s);
    CHECK_EQUAL(atomic_load(&s.completed), 2);
    close_health(health, &h);
}

TEST(a_client_that_leaves_while_its_probe_waits_is_forgotten)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_one_that_leaves(&suspending[i]);
}

/* ---- the end ---- */

static void check_drain(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int first = send_probe(&s);
    held_await(&h);
    impact_microhttpd_drain(s.web);
    const char *answer = wire_finish(first);
    CHECK_EQUAL(wire_status(answer), 503);
    CHECK(check_contains(answer, "\"pending_checks\":{\"held\":null}"));
    CHECK_EQUAL(wire_status(wire_finish(send_probe(&s))), 503); /* nor does another wait */
    impact_microhttpd_drain(s.web);
    held_release(&h);
    stop(&s);
    close_health(health, &h);
}

TEST(a_drained_server_answers_the_probes_that_wait_and_can_be_stopped)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_drain(&suspending[i]);
}

static void check_stop_with_a_waiting_probe(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int waiting = send_probe(&s);
    held_await(&h);
    stop(&s);
    CHECK_EQUAL(atomic_load(&s.completed), 1);
    (void)wire_finish(waiting); /* answered or not */
    held_release(&h);
    close_health(health, &h);
}

TEST(a_server_is_stopped_while_a_probe_waits)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_stop_with_a_waiting_probe(&suspending[i]);
}

static void check_that_health_closes_first(const server_kind *kind)
{
    held h;
    server s;
    impact_health *health = open_health(&h);
    start(&s, kind, health);
    const int waiting = send_probe(&s);
    held_await(&h);
    held_release(&h);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    const int status = wire_status(wire_finish(waiting));
    CHECK(status == 503 || status == 200);
    stop(&s);
    for (int end = 0; end < 2; end++) {
        (void)close(h.begun[end]);
        (void)close(h.release[end]);
    }
}

TEST(a_probe_that_waits_is_answered_when_its_registry_closes)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_that_health_closes_first(&suspending[i]);
    check_that_health_closes_first(&thread_each);
}

TEST(a_port_of_its_own_closes_at_once_while_a_probe_waits)
{
    held h;
    impact_health *health = open_health(&h);
    REQUIRE(impact_health_listen(health, "127.0.0.1:0") == IMPACT_OK);
    const int waiting = wire_connect(impact_health_port(health));
    wire_send(waiting, probe_request);
    held_await(&h);
    const uint64_t began = impact__clock_monotonic_ns();
    CHECK_EQUAL(impact_health_close(health, 0), 1);
    CHECK(impact__clock_monotonic_ns() - began < patience_ms / 2 * IMPACT__NS_PER_MS);
    (void)wire_finish(waiting); /* answered or not */
    held_release(&h);
}

/* ---- many ---- */

enum { clients = 6, rounds = 30 };

typedef struct client {
    const server *s;
    pthread_t thread;
} client;

static impact_health_status pass_in_a_moment(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    return poll(NULL, 0, 2) == 0 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* Reads by itself: wire_finish has one buffer. */
static bool is_answered(uint16_t port, const char *request, const char *wanted)
{
    char answer[1024];
    size_t size = 0;
    const int descriptor = wire_connect(port);
    wire_send(descriptor, request);
    for (ssize_t got = 1; got > 0 && size<sizeof answer - 1; size += got> 0 ? (size_t)got : 0)
        got = read(descriptor, answer + size, sizeof answer - 1 - size);
    answer[size] = 0;
    (void)close(descriptor);
    return check_contains(answer, wanted);
}

static void *ask_in_turn(void *argument)
{
    const client *c = argument;
    for (int i = 0; i < rounds; i++) {
        CHECK(is_answered(c->s->port, probe_request, "\"health\":\"running\""));
        CHECK(is_answered(c->s->port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                          "mine"));
    }
    return NULL;
}

static void check_many(const server_kind *kind)
{
    server s;
    client many[clients];
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = pass_in_a_moment)),
                IMPACT_OK);
    start(&s, kind, health);
    for (int i = 0; i < clients; i++) {
        many[i].s = &s;
        CHECK(pthread_create(&many[i].thread, NULL, ask_in_turn, &many[i]) == 0);
    }
    for (int i = 0; i < clients; i++)
        CHECK(pthread_join(many[i].thread, NULL) == 0);
    stop(&s);
    CHECK_EQUAL(atomic_load(&s.completed), 2 * clients * rounds);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(many_probes_and_requests_are_answered_at_once)
{
    for (size_t i = 0; i < suspending_count; i++)
        check_many(&suspending[i]);
    check_many(&thread_each);
}

/* ---- forks ---- */

typedef struct forker {
    pthread_t thread;
    atomic_bool stops;
    atomic_uint wrong;
} forker;

/* A child may open and close what its parent has, whatever the parent was doing. */
static void *fork_often(void *argument)
{
    forker *f = argument;
    while (!atomic_load(&f->stops)) {
        const pid_t child = fork();
        if (child == 0) {
            impact_microhttpd *web = NULL;
            const impact_status status =
                impact_microhttpd_open(&web, IMPACT_MICROHTTPD_OPTIONS(.handler = handle));
            impact_microhttpd_drain(web);
            impact_microhttpd_close(web);
            _exit(status ? 1 : 0);
        }
        int status = -1;
        atomic_fetch_add(&f->wrong, waitpid(child, &status, 0) != child || status != 0);
    }
    return NULL;
}

TEST(a_process_forks_while_its_server_suspends_and_resumes)
{
    check_skip_forks_of_threads();
    forker f = {.wrong = 0};
    CHECK(pthread_create(&f.thread, NULL, fork_often, &f) == 0);
    check_many(&suspending[0]);
    check_many(&suspending[2]);
    atomic_store(&f.stops, true);
    CHECK(pthread_join(f.thread, NULL) == 0);
    CHECK_EQUAL(atomic_load(&f.wrong), 0);
}

/* ---- memory ---- */

TEST(a_probe_that_waits_survives_every_allocation_failure)
{
    impact_health *health = NULL;
    faults f;
    memory_switch_install();
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = pass_in_a_moment)),
                IMPACT_OK);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        server s;
        start(&s, &suspending[0], health);
        memory_switch_to(&f);
        const int status = wire_status(wire_finish(send_probe(&s)));
        CHECK(status == 200 || status == 503);
        impact_microhttpd_drain(s.web);
        end_loop(&s);
        stop_daemon(&s);
        memory_switch_to(NULL);
        impact_microhttpd_close(s.web);
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
