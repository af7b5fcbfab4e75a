/* The port of one's own: requests and answers, from real sockets. */
#include "serve/port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_service.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

#define CLOSE "Host: a\r\nConnection: close\r\n\r\n"
#define KEEP  "Host: a\r\n\r\n"

static impact__port *open_port(uint16_t *number)
{
    impact__port *port = NULL;
    *number = 0;
    CHECK_EQUAL(impact__port_open(&port, number, "127.0.0.1:0", &fake.service), IMPACT_OK);
    CHECK(*number != 0);
    return port;
}

/* The answer to one request line. */
static const char *ask(uint16_t number, const char *line)
{
    char request[4096];
    (void)snprintf(request, sizeof request, "%s\r\n" CLOSE, line);
    return wire_ask(number, request);
}

static void await(const atomic_int *count, int least)
{
    for (int i = 0; i < 60000 && atomic_load(count) < least; i++)
        (void)poll(NULL, 0, 1);
    CHECK(atomic_load(count) >= least);
}

/* ---- addresses ---- */

TEST(what_is_no_address_is_refused)
{
    static const char *const addresses[] = {
        "",       ":",         "127.0.0.1",    "127.0.0.1:",      "127.0.0.1:x", "unix:",
        "unix:/", "unix:name", "127.0.0.1:-1", "127.0.0.1:65536", "::1:80",      "[::1",
        "[]:80",  "[::1]80",   "127.0.0.1:0 ", "[nonsense]:0",
    };
    impact__port *port = NULL;
    uint16_t number = 7;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        CHECK_EQUAL(impact__port_open(&port, &number, addresses[i], &fake.service), IMPACT_EINVAL);
    CHECK_EQUAL(impact__port_open(&port, &number, NULL, &fake.service), IMPACT_EINVAL);
    CHECK_EQUAL(number, 7);
    CHECK(port == NULL);
    impact__port_close(NULL);
}

TEST(a_port_that_is_taken_is_refused_by_the_system)
{
    uint16_t number;
    uint16_t unused = 0;
    char address[32];
    impact__port *second = NULL;
    impact__port *port = open_port(&number);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", number);
    CHECK_EQUAL(impact__port_open(&second, &unused, address, &fake.service), IMPACT_ESYSTEM);
    impact__port_close(port);
    CHECK_EQUAL(wire_connect(number), -1);
}

TEST(every_address_of_the_machine_can_be_served)
{
    impact__port *port = NULL;
    uint16_t number = 0;
    REQUIRE(impact__port_open(&port, &number, ":0", &fake.service) == IMPACT_OK);
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    impact__port_close(port);
}

TEST(a_program_that_the_host_starts_inherits_nothing)
{
    enum { descriptor_count = 64 };
    bool was_open[descriptor_count];
    uint16_t number;
    int new_count = 0;
    for (int i = 0; i < descriptor_count; i++)
        was_open[i] = fcntl(i, F_GETFD) >= 0;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    wire_send(client, "GET /wait HTTP/1.1\r\n" KEEP);
    await(&fake.waiting, 1);
    for (int i = 0; i < descriptor_count; i++) {
        const int flags = was_open[i] ? -1 : fcntl(i, F_GETFD);
        new_count += flags >= 0;
        CHECK(flags < 0 || (flags & FD_CLOEXEC));
    }
    CHECK(new_count > 4);
    impact__port_close(port);
    (void)close(client);
    for (int i = 0; i < descriptor_count; i++)
        CHECK(was_open[i] || fcntl(i, F_GETFD) < 0);
}

/* ---- requests ---- */

TEST(the_target_reaches_the_service_as_it_came)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const char *answer = wire_ask(number, "GET /a%2Fb%00%zz/+?x=%41+b&&y&%00=1 HTTP/1.1\r\n"
                                          "User-Agent: tester\r\n" CLOSE);
    CHECK_STRING(fake.seen, "GET|/a%2Fb%00%zz/+|x=%41+b&&y&%00=1|tester");
    CHECK_EQUAL(wire_status(answer), 201);
    CHECK(check_contains(answer, "X-Mine: yes\r\n"));
    CHECK(check_contains(answer, "Cache-Control: no-store\r\n"));
    CHECK(check_contains(answer, "Connection: close\r\n"));
    CHECK(check_contains(answer, "Content-Length: 8\r\n"));
    CHECK(check_contains(answer, "\r\n\r\nthe body"));
    (void)ask(number, "GET http://h:1/p?q HTTP/1.1");
    CHECK_STRING(fake.seen, "GET|/p|q|");
    (void)ask(number, "GET http://h HTTP/1.1");
    CHECK_STRING(fake.seen, "GET|/||"); /* RFC 9110 4.2.3: an empty path is "/" */
    impact__port_close(port);
}

TEST(any_method_reaches_the_service_and_a_head_gets_no_body)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const char *answer = ask(number, "HEAD / HTTP/1.1");
    CHECK_STRING(fake.seen, "GET|/||"); /* whose length it is that a HEAD gets */
    CHECK_EQUAL(wire_status(answer), 201);
    CHECK(check_contains(answer, "Content-Length: 8\r\n") && !check_contains(answer, "body"));
    (void)ask(number, "OPTIONS * HTTP/1.1");
    CHECK_STRING(fake.seen, "OPTIONS|*||");
    (void)ask(number, "BREW /pot HTTP/1.1");
    CHECK_STRING(fake.seen, "BREW|/pot||");
    impact__port_close(port);
}

TEST(an_answer_has_a_date_and_a_path_that_is_not_the_services_is_not_found)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const char *answer = ask(number, "GET /none HTTP/1.1");
    CHECK_EQUAL(wire_status(answer), 404);
    CHECK(check_contains(answer, "\r\nDate: ") && check_contains(answer, " GMT\r\n"));
    CHECK(check_contains(answer, "\r\nCache-Control: no-cache, no-store\r\n"));
    CHECK(check_contains(answer, "\r\n\r\n{\"error\":"));
    answer = ask(number, "HEAD /none HTTP/1.1");
    CHECK_EQUAL(wire_status(answer), 404);
    CHECK(!check_contains(answer, "error"));
    CHECK_EQUAL(wire_status(ask(number, "GET /memory HTTP/1.1")), 503);
    impact__port_close(port);
}

TEST(a_body_is_thrown_away_before_the_answer)
{
    enum { body_size = 200 * 1000 };
    uint16_t number;
    impact__port *port = open_port(&number);
    char *request = calloc(1, body_size + 256);
    REQUIRE(request);
    const int head =
        snprintf(request, 256, "POST /p HTTP/1.1\r\nContent-Length: %d\r\n" CLOSE, body_size);
    memset(request + head, 'x', body_size);
    CHECK_EQUAL(wire_status(wire_ask(number, request)), 201);
    CHECK_STRING(fake.seen, "POST|/p||");
    free(request);
    impact__port_close(port);
}

TEST(a_body_that_is_too_long_is_refused_and_the_answer_arrives)
{
    enum { body_size = 2 * 1024 * 1024 };
    uint16_t number;
    impact__port *port = open_port(&number);
    char *body = malloc(body_size + 1);
    REQUIRE(body);
    memset(body, 'x', body_size);
    body[body_size] = 0;
    const int client = wire_connect(number);
    wire_send(client, "POST /p HTTP/1.1\r\nContent-Length: 2097152\r\n" CLOSE);
    wire_send(client, body);
    CHECK_EQUAL(wire_status(wire_finish(client)), 413);
    CHECK_EQUAL(wire_status(wire_ask(number, "POST /p HTTP/1.1\r\nContent-Length: 9\r\n"
                                             "Expect: 100-continue\r\n" CLOSE)),
                413);
    CHECK_EQUAL(atomic_load(&fake.begun), 0);
    free(body);
    impact__port_close(port);
}

TEST(a_request_that_is_no_http_does_not_reach_the_service)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    CHECK_EQUAL(wire_status(wire_ask(number, "nonsense\r\n\r\n")), 400);
    CHECK_EQUAL(wire_status(wire_ask(number, "GET / HTTP/1.1\r\nbad header\r\n" CLOSE)), 400);
    char *line = calloc(1, 100000);
    REQUIRE(line);
    (void)snprintf(line, 100000, "GET /%098000d HTTP/1.1\r\n" CLOSE, 0);
    CHECK_EQUAL(wire_status(wire_ask(number, line)), 431);
    free(line);
    const int client = wire_connect(number);
    wire_send(client, "GET /left HTTP/1.1\r\nHost: a\r\n");
    (void)close(client);
    CHECK_EQUAL(atomic_load(&fake.begun), 0);
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    impact__port_close(port);
}

/* ---- HAProxy's agent-check ---- */

TEST(an_agent_line_is_answered_with_a_line)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    CHECK_STRING(wire_ask(number, "agent\n"), "up ready\n");
    CHECK_STRING(fake.seen, "GET|/readyz||");
    atomic_store(&fake.is_unwell, true);
    CHECK_STRING(wire_ask(number, "agent\r\n"), "down\n");
    atomic_store(&fake.is_draining, true);
    CHECK_STRING(wire_ask(number, "agent\n"), "drain\n");
    CHECK_EQUAL(wire_status(wire_ask(number, "agents\n")), 400);
    CHECK_EQUAL(wire_status(wire_ask(number, "agent HTTP/1.1\n")), 400);
    impact__port_close(port);
}

/* ---- connections ---- */

/* Read until the text has come; what came is in `to`. False: the peer closed before. */
static bool read_until(int client, char *to, size_t size, const char *text)
{
    size_t got = 0;
    to[0] = '\0';
    while (!strstr(to, text)) {
        const ssize_t more = recv(client, to + got, size - 1 - got, 0);
        if (more <= 0)
            return false;
        got += (size_t)more;
        to[got] = '\0';
    }
    return true;
}

TEST(a_connection_serves_several_requests_also_when_they_come_at_once)
{
    char came[4096];
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    for (int i = 0; i < 3; i++) {
        wire_send(client, "GET /a HTTP/1.1\r\n" KEEP);
        CHECK(read_until(client, came, sizeof came, "the body"));
        CHECK(!check_contains(came, "Connection: close"));
    }
    wire_send(client, "GET /b HTTP/1.1\r\n" KEEP "POST /c HTTP/1.1\r\nContent-Length: 3\r\n" KEEP
                      "xyzGET /d HTTP/1.1\r\n" CLOSE);
    const char *answers = wire_finish(client);
    CHECK_STRING(fake.seen, "GET|/d||");
    CHECK_EQUAL(atomic_load(&fake.begun), 6);
    CHECK(check_contains(answers, "the bodyHTTP/1.1 201"));
    impact__port_close(port);
}

TEST(a_client_of_http_1_0_is_not_kept)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    CHECK_EQUAL(wire_status(wire_ask(number, "GET / HTTP/1.0\r\n\r\n")), 201);
    impact__port_close(port);
}

enum { client_count = 200 }; /* as many as a fleet of probes that all meet a check that hangs */

TEST(requests_that_wait_do_not_hold_up_others)
{
    int clients[client_count];
    char came[1024];
    uint16_t number;
    impact__port *port = open_port(&number);
    for (int i = 0; i < client_count; i++) {
        clients[i] = wire_connect(number);
        wire_send(clients[i], "GET /wait HTTP/1.1\r\n" KEEP);
    }
    await(&fake.waiting, client_count);
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    fake_release();
    for (int i = 0; i < client_count; i++) {
        CHECK(read_until(clients[i], came, sizeof came, "the body"));
        (void)close(clients[i]);
    }
    CHECK_EQUAL(atomic_load(&fake.abandoned), 0);
    impact__port_close(port);
}

TEST(a_request_whose_client_is_gone_is_abandoned)
{
    static const struct linger at_once = {.l_onoff = 1};
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    wire_send(client, "GET /wait HTTP/1.1\r\n" KEEP);
    await(&fake.waiting, 1);
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    (void)close(client); /* with a reset */
    await(&fake.abandoned, 1);
    impact__port_close(port);
}

TEST(who_waits_when_the_port_closes_is_answered)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    wire_send(client, "GET /wait HTTP/1.1\r\n" KEEP);
    await(&fake.waiting, 1);
    impact__port_close(port);
    const char *answer = wire_finish(client);
    CHECK_EQUAL(wire_status(answer), 201);
    CHECK(check_contains(answer, "Connection: close\r\n"));
}

TEST(a_client_that_does_not_read_holds_up_nobody)
{
    char came[64 * 1024];
    size_t size = 0;
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    wire_send(client, "GET /large HTTP/1.1\r\n" CLOSE);
    await(&fake.begun, 1);
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    for (ssize_t got; (got = recv(client, came, sizeof came, 0)) > 0;)
        size += (size_t)got;
    CHECK(size > 8 * 1024 * 1024);
    (void)close(client);
    impact__port_close(port);
}

/* ---- forks ---- */

TEST(a_child_gives_up_the_port_and_its_connections)
{
    char came[1024];
    uint16_t number;
    int pipe_ends[2];
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    wire_send(client, "GET / HTTP/1.1\r\n" KEEP);
    CHECK(read_until(client, came, sizeof came, "the body"));
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        (void)close(pipe_ends[1]);
        char byte;
        const bool parent_has_closed = read(pipe_ends[0], &byte, 1) == 0;
        _exit(parent_has_closed && wire_connect(number) == -1 ? 0 : 1);
    }
    (void)close(pipe_ends[0]);
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    impact__port_close(port);
    CHECK_EQUAL(recv(client, came, sizeof came, 0), 0); /* although the child lives */
    (void)close(client);
    (void)close(pipe_ends[1]);
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}

/* ---- signals ---- */

static atomic_int taken_count;

static void take_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&taken_count, 1);
}

TEST(the_hosts_signals_are_not_taken_by_the_ports_thread)
{
    const struct timespec at_once = {0, 0};
    const struct sigaction action = {.sa_handler = take_signal};
    sigset_t set;
    uint16_t number;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    impact__port *port = open_port(&number);
    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR1) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    /* Whoever could have taken it has run since. */
    CHECK_EQUAL(wire_status(ask(number, "GET / HTTP/1.1")), 201);
    CHECK_EQUAL(atomic_load(&taken_count), 0);
    CHECK_EQUAL(sigtimedwait(&set, NULL, &at_once), SIGUSR1);
    impact__port_close(port);
}

/* ---- memory ---- */

TEST(without_memory_it_does_not_open_or_does_not_answer)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__port *port = NULL;
        uint16_t number = 0;
        const impact_status status =
            impact__port_open(&port, &number, "127.0.0.1:0", &fake.service);
        CHECK(status == IMPACT_OK || (status == IMPACT_ENOMEM && f.injected && !port));
        if (status == IMPACT_OK) {
            const int answered = wire_status(ask(number, "GET / HTTP/1.1"));
            CHECK(answered == 201 || f.injected);
        }
        impact__port_close(port);
    }
    impact_allocator_set_default(NULL);
}
