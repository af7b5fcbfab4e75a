/* The plugin's server: any request to a handler, from real sockets. */
#include <impact/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <impact/health.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/faults.h"
#include "wire.h"

extern const impact_plugin impact_plugin_microhttpd;

static char answer_body[] = "the body";

/* What the handler saw last. */
static char seen[4096];

static bool echo(void *userdata, const impact_http_request *request, impact_http_response *response)
{
    const impact_text agent = request->header(request->carrier, "user-agent");
    (void)snprintf(seen, sizeof seen, "%.*s|%.*s|%.*s|%.*s", (int)request->method.size,
                   request->method.data, (int)request->path.size, request->path.data,
                   (int)request->query.size, request->query.data, (int)agent.size, agent.data);
    if (strncmp(request->path.data, "/none", 5) == 0)
        return false;
    *response = (impact_http_response){
        .size = sizeof *response,
        .status = 201,
        .headers = {{"X-Mine", "yes"}, {"Cache-Control", "no-store"}},
        .header_count = 2,
        .body = impact_text_of(request->method.size == 4 ? NULL : userdata),
    };
    return true;
}

static impact_server *open_server(impact_http_handler_fn handler, void *userdata, uint16_t *port)
{
    impact_server *server = NULL;
    *port = 0;
    CHECK_EQUAL(
        impact_plugin_microhttpd.server_open(&server, "127.0.0.1:0", handler, userdata, port),
        IMPACT_OK);
    CHECK(*port != 0);
    return server;
}

static void close_server(impact_server *server)
{
    impact_plugin_microhttpd.server_close(server);
}

TEST(the_descriptor_is_a_server_and_no_exporter)
{
    CHECK_EQUAL(impact_plugin_microhttpd.abi, IMPACT_PLUGIN_ABI);
    CHECK_EQUAL(impact_plugin_microhttpd.size, sizeof(impact_plugin));
    CHECK_STRING(impact_plugin_microhttpd.name, "microhttpd");
    CHECK(impact_plugin_microhttpd.exporter_open == NULL);
}

TEST(what_is_no_address_is_refused)
{
    static const char *const addresses[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:80",
        "[::1",
        "[]:80",
        "[::1]80",
        "[nonsense]:0",
        "127.0.0.1:0 ",
    };
    impact_server *server = NULL;
    uint16_t port = 7;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        CHECK_EQUAL(impact_plugin_microhttpd.server_open(&server, addresses[i], echo, NULL, &port),
                    IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(NULL, ":0", echo, NULL, &port), IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(&server, NULL, echo, NULL, &port),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(&server, ":0", NULL, NULL, &port),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(&server, ":0", echo, NULL, NULL),
                IMPACT_EINVAL);
    CHECK_EQUAL(port, 7);
    CHECK(server == NULL);
    close_server(NULL);
}

TEST(a_port_that_is_taken_is_refused_by_the_system)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    impact_server *second = NULL;
    uint16_t unused;
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(&second, address, echo, NULL, &unused),
                IMPACT_ESYSTEM);
    close_server(server);
    CHECK_EQUAL(wire_connect(port), -1);
}

TEST(a_program_that_the_host_starts_inherits_nothing_of_a_server)
{
    enum { descriptor_count = 64 };
    bool was_open[descriptor_count];
    uint16_t port;
    int new_count = 0;
    for (int i = 0; i < descriptor_count; i++)
        was_open[i] = fcntl(i, F_GETFD) >= 0;
    impact_server *server = open_server(echo, answer_body, &port);
    for (int i = 0; i < descriptor_count; i++) {
        const int flags = was_open[i] ? -1 : fcntl(i, F_GETFD);
        new_count += flags >= 0;
        CHECK(flags < 0 || (flags & FD_CLOEXEC));
    }
    CHECK(new_count > 0);
    close_server(server);
}

TEST(every_address_of_the_machine_can_be_served)
{
    impact_server *server = NULL;
    uint16_t port = 0;
    REQUIRE(impact_plugin_microhttpd.server_open(&server, ":0", echo, answer_body, &port) ==
            IMPACT_OK);
    CHECK_EQUAL(wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 201);
    close_server(server);
}

TEST(the_target_reaches_the_handler_as_it_came)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    const char *answer =
        wire_ask(port, "GET /a%2Fb%00%zz/+?x=%41+b&&y&%00=1 HTTP/1.1\r\nHost: a\r\n"
                       "User-Agent: tester\r\n\r\n");
    CHECK_STRING(seen, "GET|/a%2Fb%00%zz/+|x=%41+b&&y&%00=1|tester");
    CHECK_EQUAL(wire_status(answer), 201);
    CHECK(check_contains(answer, "X-Mine: yes\r\n"));
    CHECK(check_contains(answer, "Cache-Control: no-store\r\n"));
    CHECK(check_contains(answer, "Connection: close\r\n"));
    CHECK(check_contains(answer, "\r\n\r\nthe body"));
    (void)wire_ask(port, "GET http://h:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STRING(seen, "GET|/p|q|");
    (void)wire_ask(port, "GET http://h HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STRING(seen, "GET|/||"); /* RFC 9110 4.2.3: an empty path is "/" */
    close_server(server);
}

TEST(any_method_reaches_the_handler)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    const char *answer = wire_ask(port, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STRING(seen, "HEAD|/||");
    CHECK_EQUAL(wire_status(answer), 201);
    CHECK(!check_contains(answer, "body"));
    (void)wire_ask(port, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STRING(seen, "OPTIONS|*||");
    (void)wire_ask(port, "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STRING(seen, "BREW|/pot||");
    close_server(server);
}

TEST(a_body_is_thrown_away_before_the_answer)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    enum { body_size = 200 * 1000 };
    char *request = calloc(1, body_size + 256);
    REQUIRE(request);
    const int head = snprintf(
        request, 256, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", body_size);
    memset(request + head, 'x', body_size);
    CHECK_EQUAL(wire_status(wire_ask(port, request)), 201);
    CHECK_STRING(seen, "POST|/p||");
    free(request);
    close_server(server);
}

TEST(a_body_without_end_is_not_read_to_its_end)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    enum { body_size = 2 * 1024 * 1024 };
    char *body = malloc(body_size + 1);
    REQUIRE(body);
    memset(body, 'x', body_size);
    body[body_size] = 0;
    seen[0] = 0;
    const int descriptor = wire_connect(port);
    /* All of it is sent: who reads to its end answers. */
    wire_send(descriptor, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2097152\r\n\r\n");
    wire_send(descriptor, body);
    CHECK_EQUAL(wire_status(wire_finish(descriptor)), 0);
    CHECK_STRING(seen, "");
    free(body);
    close_server(server);
}

TEST(a_path_that_is_not_the_handlers_is_not_found)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    const char *answer = wire_ask(port, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 404);
    CHECK(check_contains(answer, "\r\nCache-Control: no-cache, no-store\r\n"));
    CHECK(check_contains(answer, "\r\nContent-Type: application/json\r\n"));
    CHECK(check_contains(answer, "\r\n\r\n{\"error\":"));
    answer = wire_ask(port, "HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 404);
    CHECK(!check_contains(answer, "error"));
    close_server(server);
}

TEST(a_request_that_is_no_http_does_not_reach_the_handler)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    seen[0] = 0;
    (void)wire_ask(port, "nonsense\r\n\r\n");
    (void)wire_ask(port, "GET /half HTTP/1.1\r\nHost: a\r\nbad header\r\n : \r\n\r\n");
    char *long_line = calloc(1, 100000);
    REQUIRE(long_line);
    (void)snprintf(long_line, 100000, "GET /%098000d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    const int status = wire_status(wire_ask(port, long_line));
    CHECK(status == 0 || status == 414);
    free(long_line);
    const int descriptor = wire_connect(port);
    wire_send(descriptor, "GET /left HTTP/1.1\r\nHost: a\r\n");
    (void)close(descriptor);
    CHECK(!check_contains(seen, "left"));
    CHECK_EQUAL(wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 201);
    close_server(server);
}

/* ---- several at once ---- */

enum { client_count = 200 }; /* as many as a fleet of probes that all meet a check that hangs */

/* Answers only when all clients are inside: they would wait for ever if one held up another. */
static bool meet(void *barrier, const impact_http_request *request, impact_http_response *response)
{
    (void)request;
    (void)pthread_barrier_wait(barrier);
    *response = (impact_http_response){.size = sizeof *response, .status = 204};
    return true;
}

static void *ask_to_meet(void *port)
{
    const int descriptor = wire_connect(*(uint16_t *)port);
    wire_send(descriptor, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    char first[13] = "";
    for (size_t size = 0; size < sizeof first - 1;) {
        const ssize_t got = read(descriptor, first + size, sizeof first - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    CHECK_STRING(first, "HTTP/1.1 204");
    (void)close(descriptor);
    return NULL;
}

TEST(requests_do_not_wait_for_each_other)
{
    pthread_barrier_t barrier;
    (void)pthread_barrier_init(&barrier, NULL, client_count);
    uint16_t port;
    impact_server *server = open_server(meet, &barrier, &port);
    pthread_t clients[client_count];
    for (int i = 0; i < client_count; i++)
        REQUIRE(pthread_create(&clients[i], NULL, ask_to_meet, &port) == 0);
    for (int i = 0; i < client_count; i++)
        (void)pthread_join(clients[i], NULL);
    close_server(server);
    (void)pthread_barrier_destroy(&barrier);
}

/* ---- forks ---- */

TEST(a_child_gives_up_the_port_and_can_close_the_server)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        (void)close(pipe_ends[1]);
        char byte;
        const bool parent_has_closed = read(pipe_ends[0], &byte, 1) == 0;
        const int connection = wire_connect(port);
        close_server(server);
        _exit(parent_has_closed && connection == -1 ? 0 : 1);
    }
    (void)close(pipe_ends[0]);
    CHECK_EQUAL(wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 201);
    close_server(server);
    (void)close(pipe_ends[1]);
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}

/* ---- limits ---- */

/* Whether the peer closes the connection, which has sent nothing, before reading gives up. */
static bool is_closed_by_peer(int connection)
{
    char byte;
    const ssize_t size = read(connection, &byte, 1);
    return size == 0 || (size < 0 && errno == ECONNRESET);
}

TEST(an_idle_connection_is_closed_after_five_seconds)
{
    uint16_t port;
    impact_server *server = open_server(echo, answer_body, &port);
    const uint64_t began = impact__clock_monotonic_ns();
    const int connection = wire_connect(port);
    CHECK(is_closed_by_peer(connection));
    CHECK(impact__clock_monotonic_ns() - began > 4 * IMPACT__NS_PER_SEC);
    (void)close(connection);
    close_server(server);
}

/* What the next one is answered while so many connections are open; `took_ns`: for all of it. */
static int status_beside(int count, uint16_t port, uint64_t *took_ns)
{
    static int connections[256];
    const uint64_t began = impact__clock_monotonic_ns();
    for (int i = 0; i < count; i++)
        connections[i] = wire_connect(port);
    const int status = wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    *took_ns = impact__clock_monotonic_ns() - began;
    for (int i = 0; i < count; i++)
        (void)close(connections[i]);
    return status;
}

TEST(of_more_than_256_connections_the_last_is_refused)
{
    uint16_t port;
    uint64_t took_ns = UINT64_MAX;
    int status = -1;
    impact_server *server = open_server(echo, answer_body, &port);
    CHECK_EQUAL(status_beside(0, port, &took_ns), 201);
    took_ns = UINT64_MAX;
    for (int i = 0; i < 20 && took_ns > 4 * IMPACT__NS_PER_SEC; i++) /* before the first is idle */
        status = status_beside(256, port, &took_ns);
    CHECK_EQUAL(status, 0);
    close_server(server);
}

/* ---- signals ---- */

static atomic_int taken_count;

static void take_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&taken_count, 1);
}

TEST(the_hosts_signals_are_not_taken_by_the_servers_threads)
{
    const struct timespec at_once = {0, 0};
    const struct sigaction action = {.sa_handler = take_signal};
    sigset_t set;
    uint16_t port;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    impact_server *server = open_server(echo, answer_body, &port);
    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR1) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    /* Whoever could have taken it has run since. */
    CHECK_EQUAL(wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 201);
    CHECK_EQUAL(atomic_load(&taken_count), 0);
    CHECK_EQUAL(sigtimedwait(&set, NULL, &at_once), SIGUSR1);
    close_server(server);
}

/* ---- memory ---- */

TEST(without_memory_it_does_not_open_or_does_not_answer)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact_server *server = NULL;
        uint16_t port = 0;
        const impact_status status =
            impact_plugin_microhttpd.server_open(&server, "127.0.0.1:0", echo, answer_body, &port);
        CHECK(status == IMPACT_OK || (status == IMPACT_ENOMEM && f.injected && !server));
        if (status == IMPACT_OK) {
            const int answered = wire_status(wire_ask(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
            CHECK(answered == 201 || f.injected);
        }
        close_server(server);
    }
    impact_allocator_set_default(NULL);
}

/* ---- the health port ---- */

TEST(health_listens_on_a_port_of_its_own)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS()) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "true", .run = impact_check_true)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1:0"), IMPACT_OK);
    const uint16_t port = impact_health_port(health);
    CHECK(port != 0);
    const char *answer = wire_ask(port, "GET /health/ping HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\n\r\npong"));
    answer = wire_ask(port, "HEAD /health/ping HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\nContent-Length: 4\r\n") && !check_contains(answer, "pong"));
    answer = wire_ask(port, "GET /health/?checks=true HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "running"));
    CHECK_EQUAL(wire_status(wire_ask(port, "DELETE /health/ HTTP/1.1\r\nHost: a\r\n\r\n")), 405);
    CHECK_EQUAL(wire_status(wire_ask(port, "GET /else HTTP/1.1\r\nHost: a\r\n\r\n")), 404);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}
