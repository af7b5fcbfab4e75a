/* The port of one's own beside those who would keep it from answering: slow and idle clients, and a
 * process that has nothing left. Faults 66 and 66c. */
#include "serve/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_service.h"
#include "serve/connections.h"
#include "support/check.h"
#include "wire.h"

enum { budget_ms = 900, probe_count = 28 };

static impact__port *open_port(uint16_t *number)
{
    impact__port *port = NULL;
    CHECK_EQUAL(impact__port_open(&port, number, "127.0.0.1:0", &fake.service), IMPACT_OK);
    return port;
}

static int probe(uint16_t number)
{
    return wire_status(
        wire_ask(number, "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
}

/* Of so many probes each is answered, and one in time at least: the machine may have other things
 * to do. */
static void check_probes(uint16_t number)
{
    uint64_t fastest = UINT64_MAX;
    for (int i = 0; i < probe_count; i++) {
        const uint64_t began = impact__clock_monotonic_ns();
        CHECK_EQUAL(probe(number), 201);
        const uint64_t took = impact__clock_monotonic_ns() - began;
        fastest = took < fastest ? took : fastest;
    }
    CHECK(fastest < budget_ms * IMPACT__NS_PER_MS);
}

/* ---- other processes ---- */

typedef struct helper {
    pid_t process;
    int to;   /* closed: it ends */
    int from; /* a byte: it is ready */
} helper;

/* Start a process of clients: it has its own descriptors. */
static helper start(void (*run)(uint16_t number, int stop), uint16_t number)
{
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(300);
        (void)close(to[1]);
        (void)close(from[0]);
        (void)dup2(from[1], STDOUT_FILENO);
        run(number, to[0]);
        _exit(0);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    return (helper){child, to[1], from[0]};
}

static void await_ready(const helper *h)
{
    char byte;
    CHECK_EQUAL(read(h->from, &byte, 1), 1);
}

static void say_ready(void)
{
    CHECK(write(STDOUT_FILENO, "r", 1) == 1);
}

static bool is_over(int stop, int timeout_ms)
{
    struct pollfd ended = {.fd = stop, .events = POLLIN};
    return poll(&ended, 1, timeout_ms) != 0;
}

static void end(const helper *h)
{
    int status = -1;
    (void)close(h->to);
    CHECK_EQUAL(waitpid(h->process, &status, 0), h->process);
    CHECK_EQUAL(status, 0);
    (void)close(h->from);
}

/* ---- slow clients ---- */

static void send_byte(int *client, uint16_t number, size_t at)
{
    static const char request[] = "GET /slow HTTP/1.1\r\nHost: a\r\nX: ";
    const char byte = at < sizeof request - 1 ? request[at] : 'x';
    if (*client >= 0 && send(*client, &byte, 1, MSG_NOSIGNAL) == 1)
        return;
    if (*client >= 0)
        (void)close(*client);
    *client = wire_connect(number);
}

/* 256 clients that send a byte each now and then, and come back when they are thrown out. */
static void drip(uint16_t number, int stop)
{
    enum { count = 256 };
    int clients[count];
    for (int i = 0; i < count; i++)
        clients[i] = wire_connect(number);
    say_ready();
    for (size_t at = 0; !is_over(stop, 10); at++)
        for (int i = 0; i < count; i++)
            send_byte(&clients[i], number, at);
}

TEST(probes_are_answered_beside_256_clients_that_send_a_byte_now_and_then)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const helper slow = start(drip, number);
    await_ready(&slow);
    check_probes(number);
    end(&slow);
    impact__port_close(port);
}

enum { idle_count = 10000 };

static rlim_t descriptors_allowed(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/* As many connections as there may be, which say nothing. */
static void be_idle(uint16_t number, int stop)
{
    const rlim_t allowed = descriptors_allowed();
    const rlim_t count = allowed > idle_count + 16 ? idle_count : allowed - 16;
    for (rlim_t i = 0; i < count; i++)
        if (wire_connect(number) < 0)
            break;
    say_ready();
    (void)is_over(stop, -1);
}

TEST(probes_are_answered_beside_10000_idle_clients)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const helper idle = start(be_idle, number);
    check_probes(number); /* while they come, too */
    await_ready(&idle);
    check_probes(number);
    end(&idle);
    impact__port_close(port);
}

/* ---- deadlines ---- */

static uint64_t ms_since(uint64_t began)
{
    return (impact__clock_monotonic_ns() - began) / IMPACT__NS_PER_MS;
}

TEST(a_whole_request_has_five_seconds)
{
    uint16_t number;
    char byte;
    impact__port *port = open_port(&number);
    const int idle = wire_connect(number);
    const int slow = wire_connect(number);
    const uint64_t began = impact__clock_monotonic_ns();
    struct pollfd gone = {.fd = slow, .events = POLLIN};
    wire_send(slow, "GET / HTTP/1.1\r\nX: ");
    while (poll(&gone, 1, 100) == 0)
        wire_send(slow, "x");
    CHECK(ms_since(began) >= 4900);
    CHECK_EQUAL(recv(idle, &byte, 1, 0), 0);
    CHECK_EQUAL(atomic_load(&fake.begun), 0);
    (void)close(idle);
    (void)close(slow);
    impact__port_close(port);
}

TEST(a_connection_that_is_kept_is_closed_after_five_idle_seconds)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    const uint64_t began = impact__clock_monotonic_ns();
    wire_send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQUAL(wire_status(wire_finish(client)), 201);
    CHECK(ms_since(began) >= 4900);
    impact__port_close(port);
}

TEST(who_waits_for_an_answer_is_not_idle)
{
    uint16_t number;
    impact__port *port = open_port(&number);
    const int client = wire_connect(number);
    struct pollfd gone = {.fd = client, .events = POLLIN};
    wire_send(client, "GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK_EQUAL(poll(&gone, 1, 5500), 0);
    fake_release();
    CHECK_EQUAL(wire_status(wire_finish(client)), 201);
    impact__port_close(port);
}

/* ---- descriptors ---- */

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = count;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void be_100_idle(uint16_t number, int stop)
{
    for (int i = 0; i < 100; i++)
        (void)wire_connect(number);
    say_ready();
    (void)is_over(stop, -1);
}

TEST(with_64_descriptors_and_100_idle_clients_probes_are_answered_and_the_host_has_some_left)
{
    uint16_t number;
    limit_descriptors(64);
    impact__port *port = open_port(&number);
    const helper idle = start(be_100_idle, number);
    await_ready(&idle);
    check_probes(number);
    int free_count = 0;
    int taken[64];
    while ((taken[free_count] = dup(STDERR_FILENO)) >= 0)
        free_count++;
    CHECK(free_count >= 24);
    for (int i = 0; i < free_count; i++)
        (void)close(taken[i]);
    end(&idle);
    impact__port_close(port);
}

/* Shared with the askers: they ask when it is set. A pipe for it would be a descriptor to spare. */
static atomic_bool *may_ask;

/* Says by its exit status whether it was answered. */
static void ask_once(uint16_t number, int stop)
{
    (void)stop;
    say_ready();
    while (!atomic_load(may_ask))
        (void)poll(NULL, 0, 1);
    _exit(probe(number) == 201 ? 0 : 1);
}

static void take_all_descriptors(void)
{
    while (dup(STDERR_FILENO) >= 0) {
    }
    CHECK_EQUAL(errno, EMFILE);
}

static bool connect_socket(int client, uint16_t number)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(number),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return connect(client, (const struct sockaddr *)&address, sizeof address) == 0;
}

static uint64_t cpu_ms(void)
{
    return impact__clock_read(CLOCK_PROCESS_CPUTIME_ID) / IMPACT__NS_PER_MS;
}

TEST(a_process_without_descriptors_answers_probes_from_its_reserve_and_does_not_spin)
{
    enum { asker_count = 8, idle_ms = 500 };
    helper askers[asker_count];
    uint16_t number;
    may_ask =
        mmap(NULL, sizeof *may_ask, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(may_ask != MAP_FAILED);
    impact__port *port = open_port(&number);
    for (int i = 0; i < asker_count; i++) {
        askers[i] = start(ask_once, number);
        await_ready(&askers[i]);
    }
    limit_descriptors(96);
    take_all_descriptors();
    atomic_store(may_ask, true);
    for (int i = 0; i < asker_count; i++) {
        int status = -1;
        CHECK_EQUAL(waitpid(askers[i].process, &status, 0), askers[i].process);
        CHECK_EQUAL(status, 0);
    }
    const uint64_t before = cpu_ms();
    (void)poll(NULL, 0, idle_ms);
    CHECK(cpu_ms() - before < idle_ms / 5);
    impact__port_close(port);
}

TEST(without_any_descriptor_it_waits_and_goes_on_when_there_is_one)
{
    enum { client_count = 16, idle_ms = 500 };
    uint16_t number;
    int clients[client_count];
    impact__port *port = open_port(&number);
    for (int i = 0; i < client_count; i++)
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    limit_descriptors((rlim_t)clients[client_count - 1] + 1);
    take_all_descriptors();
    for (int i = 0; i < client_count; i++)
        CHECK(connect_socket(clients[i], number));
    for (int i = 0; i < client_count; i++) /* all that are accepted wait */
        wire_send(clients[i], "GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 5000 && atomic_load(&fake.waiting) < impact__reserve_limit; i++)
        (void)poll(NULL, 0, 1);
    CHECK_EQUAL(atomic_load(&fake.waiting), impact__reserve_limit);
    const uint64_t before = cpu_ms();
    (void)poll(NULL, 0, idle_ms);
    CHECK(cpu_ms() - before < idle_ms / 5);
    fake_release();
    for (int i = 0; i < client_count; i++)
        CHECK_EQUAL(wire_status(wire_finish(clients[i])), 201);
    impact__port_close(port);
}
