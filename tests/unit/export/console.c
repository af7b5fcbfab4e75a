/* The console: the shape of its objects, and what it does when the reader is slow, full or gone.
 * The fields are compared with those of opentelemetry-sdk in tests/integration/test_console.py. */
#include <impact/exporter.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { span_count = 4, output_size = 256 * 1024 };

typedef struct example {
    message resource;
    message records[span_count];
    impact_text spans[span_count];
    message_batch batch;
} example;

static message rich_span(uint8_t id)
{
    message span = message_span((message_span_facts){.trace = 1,
                                                     .id = id,
                                                     .parent = 9,
                                                     .name = "caf\xC3\xA9 \"x\"",
                                                     .kind = 2,
                                                     .start_ns = UINT64_C(1700000000123456499),
                                                     .end_ns = UINT64_C(1700000001999999500),
                                                     .status = 2});
    message_string(&span, 3, "a=1, b=it's");
    message_string_attribute(&span, 9, "key", "value");
    message event = {.size = 0};
    message_string(&event, 2, "ev");
    message_nested(&span, 11, &event);
    return span;
}

static void fill(example *e)
{
    e->resource = message_resource("orders");
    for (uint8_t i = 0; i < span_count; i++) {
        e->records[i] = rich_span((uint8_t)(i + 1));
        e->spans[i] = message_text(&e->records[i]);
    }
    message_batch_open(&e->batch, &e->resource);
    message_batch_add(&e->batch, impact_text_from(NULL, 0), e->spans, 1);
    message_batch_add(&e->batch, impact_text_from(NULL, 0), e->spans + 1, span_count - 1);
}

static char output[output_size];

static size_t drain(int descriptor)
{
    size_t size = 0;
    for (ssize_t got; (got = read(descriptor, output + size, sizeof output - 1 - size)) > 0;)
        size += (size_t)got;
    output[size] = 0;
    return size;
}

static size_t count_of(const char *text)
{
    size_t count = 0;
    for (const char *at = output; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

static impact_exporter *open_on(int descriptor)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_exporter_console_open(&exporter, descriptor, NULL), IMPACT_OK);
    return exporter;
}

TEST(a_span_is_an_object_of_python_s_shape)
{
    example e;
    fill(&e);
    e.batch.shown.scope_count = e.batch.shown.span_count = 1;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_OK);
    (void)close(ends[1]);
    (void)drain(ends[0]);
    CHECK_STRING(output,
                 "{\n"
                 "    \"name\": \"caf\xC3\xA9 \\\"x\\\"\",\n"
                 "    \"context\": {\n"
                 "        \"trace_id\": \"0xaa000000000000000000000000000001\",\n"
                 "        \"span_id\": \"0xbb00000000000001\",\n"
                 "        \"trace_state\": \"['{key=a, value=1}', \\\"{key=b, value=it's}\\\"]\"\n"
                 "    },\n"
                 "    \"kind\": \"SpanKind.SERVER\",\n"
                 "    \"parent_id\": \"0xbb00000000000009\",\n"
                 "    \"start_time\": \"2023-11-14T22:13:20.123456Z\",\n"
                 "    \"end_time\": \"2023-11-14T22:13:22.000000Z\",\n"
                 "    \"status\": {\n"
                 "        \"status_code\": \"ERROR\"\n"
                 "    },\n"
                 "    \"attributes\": {\n"
                 "        \"key\": \"value\"\n"
                 "    },\n"
                 "    \"events\": [\n"
                 "        {\n"
                 "            \"name\": \"ev\",\n"
                 "            \"timestamp\": null,\n"
                 "            \"attributes\": {}\n"
                 "        }\n"
                 "    ],\n"
                 "    \"links\": [],\n"
                 "    \"resource\": {\n"
                 "        \"attributes\": {\n"
                 "            \"service.name\": \"orders\"\n"
                 "        },\n"
                 "        \"schema_url\": \"\"\n"
                 "    }\n"
                 "}\n");
    (void)close(ends[0]);
    impact_exporter_close(exporter);
}

TEST(a_closed_pipe_is_a_failed_export_and_no_signal)
{
    example e;
    fill(&e);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    (void)close(ends[0]);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_ESYSTEM);
    CHECK_EQUAL(rejected, 0);
    sigset_t pending;
    (void)sigpending(&pending);
    CHECK_EQUAL(sigismember(&pending, SIGPIPE), 0);
    (void)close(ends[1]);
    impact_exporter_close(exporter);
}

TEST(a_sigpipe_that_the_host_has_pending_is_left_to_it)
{
    example e;
    fill(&e);
    int ends[2];
    sigset_t pipe;
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    (void)close(ends[0]);
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    (void)raise(SIGPIPE);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_ESYSTEM);
    (void)sigpending(&pipe);
    CHECK_EQUAL(sigismember(&pipe, SIGPIPE), 1);
    (void)close(ends[1]);
    impact_exporter_close(exporter);
}

/* Leaves no room in a pipe. Its flags are restored: the exporter must not depend on them. */
static void stuff(int descriptor, bool stays_non_blocking)
{
    static const char filler[4096];
    const int flags = fcntl(descriptor, F_GETFL);
    (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    while (write(descriptor, filler, sizeof filler) > 0)
        ;
    if (!stays_non_blocking)
        (void)fcntl(descriptor, F_SETFL, flags);
}

/* A first span that no pipe of one page holds. */
static void make_large(example *e)
{
    static message record;
    static char long_text[7000];
    memset(long_text, 'x', sizeof long_text - 1);
    record = message_span((message_span_facts){.trace = 1, .id = 1, .name = "s"});
    message_string_attribute(&record, 9, "long", long_text);
    e->spans[0] = message_text(&record);
}

/* Milliseconds that it took. */
static uint64_t export_into_full_pipe_ms(bool is_non_blocking)
{
    example e;
    fill(&e);
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    stuff(ends[1], is_non_blocking);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    const uint64_t begin_ns = impact__clock_monotonic_ns();
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 30, &rejected), IMPACT_ETIMEDOUT);
    const uint64_t took_ms = (impact__clock_monotonic_ns() - begin_ns) / IMPACT__NS_PER_MS;
    CHECK(took_ms >= 30);
    CHECK_EQUAL(rejected, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    impact_exporter_close(exporter);
    return took_ms;
}

/* Of a terminal poll tells a little room as it tells room for all. */
static uint64_t export_into_full_terminal_ms(void)
{
    const int reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(reader >= 0 && unlockpt(reader) == 0);
    const int terminal = open(ptsname(reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(terminal >= 0);
    example e;
    fill(&e);
    make_large(&e);
    impact_exporter *exporter = open_on(terminal);
    uint64_t took_ms = 0;
    impact_status status = IMPACT_OK;
    for (size_t rejected = 0; status == IMPACT_OK && rejected == 0;) {
        const uint64_t begin_ns = impact__clock_monotonic_ns();
        status = exporter->export_batch(exporter, &e.batch.shown, 30, &rejected);
        took_ms = (impact__clock_monotonic_ns() - begin_ns) / IMPACT__NS_PER_MS;
    }
    CHECK(took_ms >= 30);
    impact_exporter_close(exporter);
    (void)close(reader);
    (void)close(terminal);
    return took_ms;
}

static uint64_t export_into_full_blocking_pipe_ms(void)
{
    return export_into_full_pipe_ms(false);
}

static uint64_t export_into_full_non_blocking_pipe_ms(void)
{
    return export_into_full_pipe_ms(true);
}

TEST(a_reader_that_does_not_read_costs_the_timeout_and_no_more)
{
    CHECK(check_is_in_time(export_into_full_blocking_pipe_ms, 30 + 50));
    CHECK(check_is_in_time(export_into_full_non_blocking_pipe_ms, 30 + 50));
    CHECK(check_is_in_time(export_into_full_terminal_ms, 30 + 50));
}

/* ---- forks ---- */

static atomic_bool is_enough;

static void *export_again_and_again(void *exporter)
{
    example e;
    fill(&e);
    while (!atomic_load(&is_enough)) {
        size_t rejected = 0;
        (void)((impact_exporter *)exporter)
            ->export_batch(exporter, &e.batch.shown, 1000, &rejected);
    }
    return NULL;
}

static void *read_again_and_again(void *reader)
{
    char bytes[65536];
    while (read(*(int *)reader, bytes, sizeof bytes) > 0)
        continue;
    return NULL;
}

/* How many descriptors of this process are the terminal. */
static int count_of_terminal(dev_t device)
{
    int count = 0;
    for (int i = 0; i < 64; i++) {
        struct stat facts;
        count += fstat(i, &facts) == 0 && S_ISCHR(facts.st_mode) && facts.st_rdev == device;
    }
    return count;
}

/* It would keep the terminal's other end from seeing that all have left. */
TEST(a_child_that_is_forked_amid_writes_to_a_terminal_has_it_once)
{
    int reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(reader >= 0 && unlockpt(reader) == 0);
    const int terminal = open(ptsname(reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct stat facts;
    REQUIRE(fstat(terminal, &facts) == 0);
    impact_exporter *exporter = open_on(terminal);
    pthread_t threads[2];
    REQUIRE(pthread_create(&threads[0], NULL, read_again_and_again, &reader) == 0);
    REQUIRE(pthread_create(&threads[1], NULL, export_again_and_again, exporter) == 0);
    int wrong = 0;
    for (int i = 0; i < 300; i++) {
        int status = 0;
        const pid_t child = fork();
        if (child == 0)
            _exit(count_of_terminal(facts.st_rdev) != 1);
        CHECK_EQUAL(waitpid(child, &status, 0), child);
        wrong += status != 0;
    }
    CHECK_EQUAL(wrong, 0);
    atomic_store(&is_enough, true);
    (void)pthread_join(threads[1], NULL);
    impact_exporter_close(exporter);
    (void)close(terminal);
    (void)pthread_join(threads[0], NULL);
    (void)close(reader);
}

TEST(spans_that_were_written_before_the_pipe_was_full_count_as_exported)
{
    example e;
    fill(&e);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096); /* room for three objects, not for four */
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 10, &rejected), IMPACT_OK);
    (void)close(ends[1]);
    (void)drain(ends[0]);
    CHECK(rejected > 0 && rejected < span_count);
    CHECK_EQUAL(count_of("\n}\n"), span_count - rejected);
    (void)close(ends[0]);
    impact_exporter_close(exporter);
}

static void *drain_in_thread(void *descriptor)
{
    (void)drain(*(int *)descriptor);
    return NULL;
}

TEST(an_object_larger_than_the_pipe_arrives_whole)
{
    example e;
    fill(&e);
    make_large(&e);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    impact_exporter *exporter = open_on(ends[1]);
    pthread_t reader;
    REQUIRE(pthread_create(&reader, NULL, drain_in_thread, &ends[0]) == 0);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 5000, &rejected), IMPACT_OK);
    (void)close(ends[1]);
    (void)pthread_join(reader, NULL);
    CHECK_EQUAL(rejected, 0);
    CHECK(strspn(strstr(output, "xxx"), "x") == 6999);
    CHECK_EQUAL(count_of("\n}\n"), span_count);
    (void)close(ends[0]);
    impact_exporter_close(exporter);
}

TEST(a_blocking_pipe_with_room_for_a_part_does_not_block)
{
    example e;
    fill(&e);
    make_large(&e);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 20, &rejected), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(rejected, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    impact_exporter_close(exporter);
}

static void *interrupt_in_thread(void *exporter)
{
    ((impact_exporter *)exporter)->interrupt(exporter);
    return NULL;
}

TEST(an_interruption_ends_the_wait_and_all_later_exports)
{
    example e;
    fill(&e);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    stuff(ends[1], true);
    impact_exporter *exporter = open_on(ends[1]);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, interrupt_in_thread, exporter) == 0);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 60000, &rejected), IMPACT_ECLOSED);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 60000, &rejected), IMPACT_ECLOSED);
    (void)close(ends[0]);
    (void)close(ends[1]);
    impact_exporter_close(exporter);
}

TEST(an_unreadable_span_is_rejected_and_the_rest_written)
{
    example e;
    fill(&e);
    e.spans[1] = impact_text_of("\x0a\x7f");
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    impact_exporter *exporter = open_on(ends[1]);
    size_t rejected = 0;
    CHECK_EQUAL(exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected), IMPACT_OK);
    CHECK_EQUAL(rejected, 1);
    (void)close(ends[1]);
    (void)drain(ends[0]);
    CHECK_EQUAL(count_of("\n}\n"), span_count - 1);
    (void)close(ends[0]);
    impact_exporter_close(exporter);
}

TEST(what_finds_no_memory_is_counted_and_nothing_leaks)
{
    example e;
    fill(&e);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        int ends[2];
        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        impact_exporter *exporter = NULL;
        const impact_status opened = impact_exporter_console_open(&exporter, ends[1], &f.allocator);
        CHECK_EQUAL(opened, exporter ? IMPACT_OK : IMPACT_ENOMEM);
        size_t rejected = 0;
        const impact_status status =
            exporter ? exporter->export_batch(exporter, &e.batch.shown, 1000, &rejected)
                     : IMPACT_ENOMEM;
        CHECK_EQUAL(status == IMPACT_OK && rejected == 0, !f.injected);
        (void)close(ends[1]);
        (void)drain(ends[0]);
        CHECK_EQUAL(count_of("\n}\n"), status ? 0 : span_count - rejected);
        (void)close(ends[0]);
        impact_exporter_close(exporter);
    }
}

TEST(exporters_are_opened_by_name)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_exporter_open(&exporter, "no_such_exporter", NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_exporter_open(&exporter, "../etc/passwd", NULL), IMPACT_ENOENT);
    CHECK_EQUAL(impact_exporter_open(&exporter, "", NULL), IMPACT_ENOENT);
    CHECK(!exporter);
    REQUIRE(impact_exporter_open(&exporter, "console", NULL) == IMPACT_OK);
    CHECK_STRING(exporter->name, "console");
    impact_exporter_close(exporter);
    REQUIRE(impact_exporter_open(&exporter, "tree", NULL) == IMPACT_OK);
    CHECK_STRING(exporter->name, "tree");
    impact_exporter_close(exporter);
}

TEST(opening_and_closing_accept_null)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_exporter_open(NULL, "console", NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_open(&exporter, NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_console_open(NULL, 1, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_console_open(&exporter, -1, NULL), IMPACT_EINVAL);
    CHECK(!exporter);
    impact_exporter_close(NULL);
}
