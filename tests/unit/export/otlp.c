/* The exporter "otlp" against backends that are not there or do not speak. What it sends, and what
 * it makes of answers, is in tests/integration/test_otlp.py. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <curl/curl.h>

#include "support/faults.h"
#include "support/otlp_peer.h"

TEST(a_refused_connection_fails_within_the_timeout)
{
    const int peer = open_peer(0);
    impact_exporter *exporter = open_exporter();
    const outcome o = export_one(exporter, 300);
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
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
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
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
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
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
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
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
            answer(connection, HTTP_OK);
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
        answer(first, HTTP_OK); /* the parent's */
        const int second = accept(b.peer, NULL, NULL);
        answer(second, HTTP_OK); /* the child's: a connection of its own */
        answer(first, HTTP_OK);  /* the parent's again, on the old one */
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
        CHECK_EQUAL(o.status, f.injected ? IMPACT_ENOMEM : IMPACT_EAGAIN);
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
