/* The exporter "otlp" against backends that are not there or do not speak. What it sends, and what
 * it makes of answers, is in tests/integration/test_otlp.py. */
#include <impact/plugin.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/fake_clock.h"
#include "support/faults.h"
#include "support/message.h"

extern const impact_plugin impact_plugin_otlp;

/* A bound socket, and the environment that names it. Nobody listens unless `backlog` is above 0. */
static int open_peer(int backlog)
{
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CHECK(bind(peer, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(peer, (struct sockaddr *)&address, &size) == 0);
    if (backlog)
        CHECK(listen(peer, backlog) == 0);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    return peer;
}

static impact_exporter *open_exporter(void)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_plugin_otlp.exporter_open(&exporter, NULL), IMPACT_OK);
    return exporter;
}

typedef struct outcome {
    impact_status status;
    size_t rejected;
    uint64_t took_ms;
} outcome;

static outcome export_one(impact_exporter *exporter, uint32_t timeout_ms)
{
    message_example e;
    message_example_fill(&e);
    outcome o = {.rejected = 0};
    const uint64_t begin_ns = impact__clock_monotonic_ns();
    o.status = exporter->export_batch(exporter, &e.batch.shown, timeout_ms, &o.rejected);
    o.took_ms = (impact__clock_monotonic_ns() - begin_ns) / IMPACT__NS_PER_MS;
    return o;
}

TEST(a_refused_connection_fails_within_the_timeout)
{
    const int peer = open_peer(0);
    impact_exporter *exporter = open_exporter();
    const outcome o = export_one(exporter, 300);
    CHECK_EQUAL(o.status, IMPACT_ETIMEDOUT);
    CHECK_EQUAL(o.rejected, 0);
    CHECK(o.took_ms <= 10000);
    impact_exporter_close(exporter);
    (void)close(peer);
}

static uint64_t export_to_a_silent_peer_ms(void)
{
    const int peer = open_peer(8);
    impact_exporter *exporter = open_exporter();
    const outcome o = export_one(exporter, 40);
    CHECK_EQUAL(o.status, IMPACT_ETIMEDOUT);
    CHECK(o.took_ms >= 40);
    impact_exporter_close(exporter);
    (void)close(peer);
    return o.took_ms;
}

TEST(a_silent_peer_costs_the_timeout_and_no_more)
{
    CHECK(check_is_in_time(export_to_a_silent_peer_ms, 40 + 50));
}

TEST(the_environment_s_timeout_is_obeyed_too)
{
    const int peer = open_peer(8);
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "30", 1);
    impact_exporter *exporter = open_exporter();
    const outcome o = export_one(exporter, 60000);
    CHECK_EQUAL(o.status, IMPACT_ETIMEDOUT);
    CHECK(o.took_ms <= 10000);
    impact_exporter_close(exporter);
    (void)close(peer);
}

TEST(a_sigpipe_that_the_host_has_pending_is_left_to_it)
{
    const int peer = open_peer(0);
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    (void)raise(SIGPIPE);
    impact_exporter *exporter = open_exporter();
    (void)export_one(exporter, 1);
    (void)sigpending(&pipe);
    CHECK_EQUAL(sigismember(&pipe, SIGPIPE), 1);
    impact_exporter_close(exporter);
    (void)close(peer);
}

typedef struct interruption {
    impact_exporter *exporter;
    int peer;
} interruption;

static void *interrupt_at_once(void *of)
{
    const interruption *i = of;
    i->exporter->interrupt(i->exporter);
    return NULL;
}

/* Once the export has connected, so that it waits for the answer. */
static void *interrupt_when_connected(void *of)
{
    const interruption *i = of;
    const int connection = accept(i->peer, NULL, NULL);
    char byte;
    (void)recv(connection, &byte, 1, MSG_WAITALL); /* the request has begun */
    i->exporter->interrupt(i->exporter);
    return NULL;
}

/* Milliseconds from the export's start to its end by an interruption. */
static uint64_t interrupt_one(void)
{
    interruption i = {.peer = open_peer(8)};
    pthread_t thread;
    i.exporter = open_exporter();
    CHECK(pthread_create(&thread, NULL, interrupt_when_connected, &i) == 0);
    const outcome first = export_one(i.exporter, 60000);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(first.status, IMPACT_ECLOSED);
    CHECK_EQUAL(export_one(i.exporter, 60000).status, IMPACT_ECLOSED);
    impact_exporter_close(i.exporter);
    (void)close(i.peer);
    return first.took_ms;
}

TEST(an_interruption_ends_the_wait_and_all_later_exports)
{
    CHECK(check_is_in_time(interrupt_one, 40)); /* at once */
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/* Reads a request to its end, and answers it. */
static void answer(int connection, const char *response)
{
    char request[4096];
    size_t size = 0;
    const char *head_end = NULL;
    size_t wanted = sizeof request - 1;
    while (size < wanted) {
        const ssize_t got = recv(connection, request + size, sizeof request - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        request[size] = 0;
        head_end = head_end ? head_end : strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        unsigned body = 0;
        if (head_end && length && sscanf(length, "Content-Length: %u", &body) == 1)
            wanted = (size_t)(head_end - request) + 4 + body;
    }
    const size_t response_size = strlen(response);
    CHECK(send(connection, response, response_size, MSG_NOSIGNAL) == (ssize_t)response_size);
}

/* Asks for 50 s of patience; then interrupts `exporter`, if there is one. That may find it before
 * or after it has read the answer: it must stop in both cases. */
static void *answer_busy(void *of)
{
    const interruption *i = of;
    const int connection = accept(i->peer, NULL, NULL);
    answer(connection, "HTTP/1.1 503 Busy\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n");
    if (i->exporter)
        i->exporter->interrupt(i->exporter);
    (void)close(connection);
    return NULL;
}

TEST(an_interruption_ends_the_pause_between_attempts)
{
    interruption i = {.peer = open_peer(8)};
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60000", 1);
    i.exporter = open_exporter();
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, answer_busy, &i) == 0);
    const outcome o = export_one(i.exporter, 60000);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(o.status, IMPACT_ECLOSED);
    CHECK(o.took_ms < 10000);
    impact_exporter_close(i.exporter);
    (void)close(i.peer);
}

TEST(a_wait_that_is_longer_than_the_timeout_is_not_begun)
{
    interruption i = {.peer = open_peer(8)};
    impact_exporter *exporter = open_exporter();
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, answer_busy, &i) == 0);
    const outcome o = export_one(exporter, 20000); /* of which 503 asks for 50 s */
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(o.status, IMPACT_ETIMEDOUT);
    CHECK(o.took_ms < 10000);
    impact_exporter_close(exporter);
    (void)close(i.peer);
}

/* Answers `count` requests on one connection after the other. */
typedef struct backend {
    int peer;
    int per_connection[2];
} backend;

static void *serve(void *of)
{
    const backend *b = of;
    for (size_t i = 0; i < 2; i++) {
        const int connection = accept(b->peer, NULL, NULL);
        for (int request = 0; request < b->per_connection[i]; request++)
            answer(connection, ok);
        (void)close(connection);
    }
    return NULL;
}

TEST(a_connection_is_used_again_and_a_lost_one_replaced)
{
    backend b = {.peer = open_peer(8), .per_connection = {2, 1}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, serve, &b) == 0);
    impact_exporter *exporter = open_exporter();
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(export_one(exporter, 10000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(b.peer);
}

TEST(a_forked_child_opens_its_own_connection_and_leaves_the_parent_s)
{
    backend b = {.peer = open_peer(8), .per_connection = {2, 1}};
    impact_exporter *exporter = open_exporter();
    /* A server process, so that the forks below happen in a process of one thread. */
    const pid_t server = fork();
    if (server == 0) {
        const int first = accept(b.peer, NULL, NULL);
        answer(first, ok); /* the parent's */
        const int second = accept(b.peer, NULL, NULL);
        answer(second, ok); /* the child's: a connection of its own */
        answer(first, ok);  /* the parent's again, on the old one */
        _exit(0);
    }
    CHECK_EQUAL(export_one(exporter, 10000).status, IMPACT_OK);
    const pid_t child = fork();
    if (child == 0) {
        const outcome o = export_one(exporter, 10000);
        impact_exporter_close(exporter);
        _exit(o.status == IMPACT_OK ? 0 : 1);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(export_one(exporter, 10000).status, IMPACT_OK);
    (void)waitpid(server, &status, 0);
    CHECK_EQUAL(status, 0);
    impact_exporter_close(exporter);
    (void)close(b.peer);
}

TEST(a_child_that_never_exports_closes_without_harm)
{
    const int peer = open_peer(8);
    impact_exporter *exporter = open_exporter();
    const pid_t child = fork();
    if (child == 0) {
        impact_exporter_close(exporter);
        _exit(0);
    }
    int status = 1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    impact_exporter_close(exporter);
    (void)close(peer);
}

TEST(exporting_survives_any_failed_allocation)
{
    const int peer = open_peer(0);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = NULL;
        const impact_status opened = impact_plugin_otlp.exporter_open(&exporter, &f.allocator);
        CHECK_EQUAL(opened, exporter ? IMPACT_OK : IMPACT_ENOMEM);
        if (!exporter)
            continue;
        const outcome o = export_one(exporter, 1); /* refused: no time for a second attempt */
        CHECK_EQUAL(o.status, f.injected ? IMPACT_ENOMEM : IMPACT_ETIMEDOUT);
        CHECK_EQUAL(o.rejected, 0);
        impact_exporter_close(exporter);
    }
    (void)close(peer);
}

TEST(opening_accepts_null)
{
    CHECK_EQUAL(impact_plugin_otlp.exporter_open(NULL, NULL), IMPACT_EINVAL);
}

/* ---- what programs of the host's inherit ---- */

enum { descriptor_limit = 256 };

static bool is_inherited(int descriptor)
{
    const int flags = fcntl(descriptor, F_GETFD);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

TEST(a_program_that_the_host_starts_inherits_no_descriptor)
{
    bool before[descriptor_limit];
    const int peer = open_peer(8);
    int own[2]; /* the host's stay as they are, one with something to read too */
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, own) == 0 && write(own[0], "text", 4) == 4);
    (void)dup2(own[1], 20);
    for (int i = 0; i < descriptor_limit; i++)
        before[i] = is_inherited(i);
    impact_exporter *exporter = open_exporter();
    for (int i = 0; i < descriptor_limit; i++)
        CHECK_EQUAL(is_inherited(i), before[i]);
    (void)export_one(exporter, 40); /* now it has connected */
    for (int i = 0; i < descriptor_limit; i++)
        CHECK_EQUAL(is_inherited(i), before[i]);
    impact_exporter_close(exporter);
    (void)close(peer);
}

/* ---- pauses that are kept between batches ---- */

enum { exchange_limit = 4 };

/* Answers one request a connection: the first with the first of `answers`, up to the one that is NULL. */
typedef struct exchange {
    int peer;
    const char *answers[exchange_limit];
    uint64_t accepted_ns[exchange_limit];
    uint64_t answered_ns[exchange_limit];
} exchange;

static void *exchange_all(void *of)
{
    exchange *e = of;
    for (size_t i = 0; i < exchange_limit && e->answers[i]; i++) {
        const int connection = accept(e->peer, NULL, NULL);
        e->accepted_ns[i] = impact__clock_monotonic_ns();
        answer(connection, e->answers[i]);
        e->answered_ns[i] = impact__clock_monotonic_ns();
        (void)close(connection);
    }
    return NULL;
}

static const char busy_for_two_seconds[] =
    "HTTP/1.1 429 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
static const char busy_for_a_day[] =
    "HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n";

TEST(a_pause_that_the_backend_asked_for_is_kept_between_batches)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_two_seconds, ok}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    impact_exporter *exporter = open_exporter();
    CHECK_EQUAL(export_one(exporter, 1500).status, IMPACT_ETIMEDOUT);
    /* Were they sent, they would be taken: the next answer is 200. */
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(export_one(exporter, 1).status, IMPACT_ETIMEDOUT);
    CHECK_EQUAL(export_one(exporter, 30000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    CHECK(e.accepted_ns[1] - e.answered_ns[0] >= 1990 * IMPACT__NS_PER_MS);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(a_pause_is_over_in_five_minutes_whatever_was_asked_for)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    exchange e = {.peer = open_peer(8), .answers = {busy_for_a_day, ok}};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    fake_clock_set(now_ns);
    impact_exporter *exporter = open_exporter();
    CHECK_EQUAL(export_one(exporter, 1000).status, IMPACT_ETIMEDOUT);
    fake_clock_set(now_ns + 298 * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(export_one(exporter, 1000).status, IMPACT_ETIMEDOUT);
    fake_clock_set(now_ns + 301 * IMPACT__NS_PER_SEC);
    CHECK_EQUAL(export_one(exporter, 10000).status, IMPACT_OK);
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(an_interruption_ends_a_pause_that_was_kept)
{
    exchange e = {.peer = open_peer(8), .answers = {busy_for_a_day}};
    interruption i;
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1); /* but the batch's own */
    i.exporter = open_exporter();
    CHECK_EQUAL(export_one(i.exporter, 1000).status, IMPACT_ETIMEDOUT);
    (void)pthread_join(thread, NULL);
    REQUIRE(pthread_create(&thread, NULL, interrupt_at_once, &i) == 0);
    const outcome o = export_one(i.exporter, 600000); /* in which the pause ends */
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(o.status, IMPACT_ECLOSED);
    CHECK(o.took_ms < 60000);
    impact_exporter_close(i.exporter);
    (void)close(e.peer);
}

TEST(a_forked_child_keeps_the_pause_with_handles_of_its_own)
{
    const int peer = open_peer(8);
    impact_exporter *exporter = open_exporter();
    const pid_t server = fork();
    if (server == 0) {
        exchange e = {.peer = peer, .answers = {busy_for_two_seconds, ok, ok}};
        (void)exchange_all(&e);
        _exit(e.accepted_ns[1] - e.answered_ns[0] >= 1990 * IMPACT__NS_PER_MS ? 0 : 1);
    }
    CHECK_EQUAL(export_one(exporter, 1500).status, IMPACT_ETIMEDOUT);
    const pid_t child = fork();
    if (child == 0) {
        const outcome o = export_one(exporter, 30000);
        impact_exporter_close(exporter);
        _exit(o.status == IMPACT_OK ? 0 : 1);
    }
    int status = 1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(export_one(exporter, 30000).status, IMPACT_OK);
    (void)waitpid(server, &status, 0);
    CHECK_EQUAL(status, 0);
    impact_exporter_close(exporter);
    (void)close(peer);
}
