/* OTLP as lines, on a descriptor and in files: whole lines whoever writes, files that are turned
 * over, and what goes wrong. What stands in a line is in otlp_json.c. */
#include <impact/exporter.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "support/abi.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

enum { line_most = 4096, writers = 4, lines_each = 50 };

static char folder[64];
static char path[96];

static const char *in_folder(const char *name)
{
    static char text[4][128];
    static unsigned next;
    if (!folder[0]) {
        (void)snprintf(folder, sizeof folder, "/tmp/impact-otlp-file-XXXXXX");
        CHECK(mkdtemp(folder));
    }
    char *whole = text[next++ % 4];
    (void)snprintf(whole, sizeof text[0], "%s/%s", folder, name);
    return whole;
}

static void remove_all(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQUAL(system(command), 0);
    folder[0] = 0;
}

static impact_exporter *open_file(uint64_t rotate_size, uint32_t kept_files)
{
    impact_exporter *exporter = NULL;
    (void)snprintf(path, sizeof path, "%s", in_folder("spans.jsonl"));
    CHECK_EQUAL(impact_exporter_otlp_file_open(&exporter,
                                               IMPACT_OTLP_FILE_OPTIONS(.path = path,
                                                                        .rotate_size = rotate_size,
                                                                        .kept_files = kept_files),
                                               NULL),
                IMPACT_OK);
    return exporter;
}

/* A batch of one span with this name. */
static impact_status export_one(impact_exporter *exporter, const char *name, uint32_t timeout_ms)
{
    const message resource = message_resource("orders");
    const message record = message_span((message_span_facts){.trace = 1, .id = 2, .name = name});
    const impact_text span = message_text(&record);
    message_batch batch;
    size_t rejected = 0;
    message_batch_open(&batch, &resource);
    message_batch_add(&batch, impact_text_from(NULL, 0), &span, 1);
    const impact_status status =
        exporter->export_batch(exporter, &batch.shown, timeout_ms, &rejected);
    CHECK_EQUAL(rejected, 0);
    return status;
}

/* The lines of a file, each of which has to be whole; -1: there is no file. */
static int count_lines(const char *file)
{
    static char line[line_most];
    FILE *stream = fopen(file, "re");
    int count = 0;
    if (!stream)
        return -1;
    while (fgets(line, sizeof line, stream)) {
        const size_t size = strlen(line);
        CHECK(strncmp(line, "{\"resourceSpans\":[{", 19) == 0);
        CHECK(size > 4 && strcmp(line + size - 4, "}]}\n") == 0);
        CHECK(strstr(line + 1, "{\"resourceSpans\"") == NULL);
        count++;
    }
    (void)fclose(stream);
    return count;
}

TEST(a_batch_is_a_line)
{
    impact_exporter *exporter = open_file(0, 0);
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 2);
    impact_exporter_close(exporter);
    exporter = open_file(0, 0); /* what is there stays */
    CHECK_EQUAL(export_one(exporter, "c", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 3);
    impact_exporter_close(exporter);
    remove_all();
}

TEST(a_descriptor_gets_lines_too)
{
    (void)snprintf(path, sizeof path, "%s", in_folder("out"));
    const int number = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    impact_exporter *exporter = NULL;
    REQUIRE(impact_exporter_otlp_lines_open(&exporter, number, NULL) == IMPACT_OK);
    CHECK_STRING(exporter->name, "otlp/stdout");
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    impact_exporter_close(exporter);
    (void)close(number);
    remove_all();
}

TEST(a_file_that_is_full_is_turned_over_and_the_oldest_goes)
{
    impact_exporter *exporter = open_file(1, 2); /* each line fills a file */
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    CHECK_EQUAL(count_lines(in_folder("spans.jsonl.1")), 1);
    CHECK_EQUAL(count_lines(in_folder("spans.jsonl.2")), 1);
    CHECK_EQUAL(count_lines(in_folder("spans.jsonl.3")), -1);
    impact_exporter_close(exporter);
    remove_all();
}

TEST(a_file_holds_as_many_lines_as_have_room)
{
    impact_exporter *exporter = open_file(0, 0);
    struct stat facts;
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    REQUIRE(stat(path, &facts) == 0);
    impact_exporter_close(exporter);
    exporter = open_file(3 * (uint64_t)facts.st_size, 0);
    for (int i = 0; i < 6; i++)
        CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    CHECK_EQUAL(count_lines(in_folder("spans.jsonl.1")),
                3); /* one kept, and so the first is gone */
    impact_exporter_close(exporter);
    remove_all();
}

TEST(a_file_that_somebody_else_has_moved_is_left_and_a_new_one_begun)
{
    impact_exporter *exporter = open_file(0, 0);
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    REQUIRE(rename(path, in_folder("moved")) == 0);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(in_folder("moved")), 1);
    CHECK_EQUAL(count_lines(path), 1);
    REQUIRE(unlink(path) == 0);
    CHECK_EQUAL(export_one(exporter, "c", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    impact_exporter_close(exporter);
    remove_all();
}

static int count_all(void)
{
    char name[32];
    int sum = count_lines(path);
    for (int i = 1; i <= 100; i++) {
        (void)snprintf(name, sizeof name, "spans.jsonl.%d", i);
        const int count = count_lines(in_folder(name));
        sum += count > 0 ? count : 0;
    }
    return sum;
}

/* Children share the parent's open file at first, which a lock belongs to. */
TEST(processes_that_write_to_one_file_lose_and_tear_nothing)
{
    impact_exporter *exporter = open_file(2000, 100);
    CHECK_EQUAL(export_one(exporter, "parent", 10000), IMPACT_OK);
    for (int i = 0; i < writers; i++) {
        if (fork() != 0)
            continue;
        int failed = 0;
        for (int j = 0; j < lines_each; j++)
            failed += export_one(exporter, "child", 30000) != IMPACT_OK;
        impact_exporter_close(exporter);
        _exit(failed != 0);
    }
    for (int i = 0; i < writers; i++) {
        int status = 1;
        CHECK(wait(&status) > 0 && status == 0);
    }
    CHECK_EQUAL(count_all(), 1 + writers * lines_each);
    impact_exporter_close(exporter);
    remove_all();
}

TEST(a_line_that_finds_no_room_leaves_nothing_behind)
{
    impact_exporter *exporter = open_file(0, 0);
    struct stat facts;
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    REQUIRE(stat(path, &facts) == 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const struct rlimit small = {(rlim_t)facts.st_size + 10, limit.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_ESYSTEM);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK_EQUAL(count_lines(path), 1);
    CHECK_EQUAL(export_one(exporter, "c", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 2);
    impact_exporter_close(exporter);
    remove_all();
}

TEST(a_lock_that_somebody_has_is_waited_for_as_long_as_there_is_time)
{
    impact_exporter *exporter = open_file(0, 0);
    const int other = open(path, O_WRONLY | O_CLOEXEC);
    REQUIRE(flock(other, LOCK_EX) == 0);
    const uint64_t begin_ns = impact__clock_monotonic_ns();
    CHECK_EQUAL(export_one(exporter, "a", 50), IMPACT_ETIMEDOUT);
    CHECK(impact__clock_monotonic_ns() - begin_ns >= 50 * IMPACT__NS_PER_MS);
    (void)close(other); /* as when its owner has died */
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    impact_exporter_close(exporter);
    remove_all();
}

static void *interrupt_it(void *exporter)
{
    ((impact_exporter *)exporter)->interrupt(exporter);
    return NULL;
}

TEST(an_interruption_ends_the_waiting)
{
    impact_exporter *exporter = open_file(0, 0);
    pthread_t thread;
    const int other = open(path, O_WRONLY | O_CLOEXEC);
    REQUIRE(flock(other, LOCK_EX) == 0);
    REQUIRE(pthread_create(&thread, NULL, interrupt_it, exporter) == 0);
    CHECK_EQUAL(export_one(exporter, "a", 60000), IMPACT_ECLOSED);
    (void)pthread_join(thread, NULL);
    (void)close(other);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_ECLOSED); /* for good */
    impact_exporter_close(exporter);
    remove_all();
}

static void drain(int descriptor)
{
    char bytes[65536];
    while (read(descriptor, bytes, sizeof bytes) > 0)
        continue;
}

static void check_ends_with_a_line(int descriptor)
{
    char text[line_most];
    const ssize_t size = read(descriptor, text, sizeof text - 1);
    REQUIRE(size > 0);
    text[size] = '\0';
    const char *line = strstr(text, "{\"resourceSpans\"");
    REQUIRE(line);
    CHECK(line == text || line[-1] == '\n');
    CHECK_STRING(line + strlen(line) - 4, "}]}\n");
}

/* By another process, as a file server's, which gives it up when it is told to; -1: it cannot. */
static pid_t lease(const char *file, int *told)
{
    int ends[2];
    int ready[2];
    char byte;
    CHECK(pipe(ends) == 0 && pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const int leased = open(file, O_RDONLY | O_CLOEXEC);
        (void)signal(SIGIO, SIG_IGN);
        const char has = fcntl(leased, F_SETLEASE, F_RDLCK) == 0;
        (void)!write(ready[1], &has, 1);
        (void)!read(ends[0], &byte, 1);
        (void)fcntl(leased, F_SETLEASE, F_UNLCK);
        _exit(0);
    }
    CHECK_EQUAL(read(ready[0], &byte, 1), 1);
    *told = ends[1];
    return byte ? child : -1;
}

TEST(a_file_that_a_file_server_has_a_lease_on_is_waited_for_as_long_as_there_is_time)
{
    impact_exporter *exporter = NULL;
    int told = -1;
    (void)snprintf(path, sizeof path, "%s", in_folder("spans.jsonl"));
    (void)close(open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0640));
    const pid_t holder = lease(path, &told);
    if (holder < 0)
        check_skip("this file system has no leases");
    REQUIRE(impact_exporter_otlp_file_open(&exporter, IMPACT_OTLP_FILE_OPTIONS(.path = path),
                                           NULL) == IMPACT_OK);
    CHECK_EQUAL(export_one(exporter, "a", 30), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(write(told, "", 1), 1);
    CHECK_EQUAL(export_one(exporter, "b", 10000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    CHECK_EQUAL(waitpid(holder, NULL, 0), holder);
    impact_exporter_close(exporter);
    remove_all();
}

/* Opened at a named pipe; NULL: refused. */
static impact_exporter *open_pipe(void)
{
    impact_exporter *exporter = NULL;
    const impact_status status =
        impact_exporter_otlp_file_open(&exporter, IMPACT_OTLP_FILE_OPTIONS(.path = path), NULL);
    CHECK_EQUAL(status, exporter ? IMPACT_OK : IMPACT_ESYSTEM);
    return exporter;
}

TEST(a_named_pipe_is_not_waited_for_whether_nobody_reads_it_or_somebody_stalls_or_leaves)
{
    (void)alarm(60);
    (void)snprintf(path, sizeof path, "%s", in_folder("pipe"));
    REQUIRE(mkfifo(path, 0600) == 0);
    CHECK(!open_pipe());
    const int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    impact_exporter *exporter = open_pipe();
    REQUIRE(exporter);
    impact_status status = IMPACT_OK;
    for (int i = 0; i < 1000 && !status; i++)
        status = export_one(exporter, "a", 20);
    CHECK_EQUAL(status, IMPACT_ETIMEDOUT);
    drain(reader);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_OK);
    check_ends_with_a_line(reader); /* also behind one that was cut */
    (void)close(reader);
    CHECK_EQUAL(export_one(exporter, "a", 20), IMPACT_ESYSTEM); /* and no SIGPIPE */
    impact_exporter_close(exporter);
    remove_all();
}

TEST(what_cannot_be_opened_is_refused)
{
    impact_exporter *exporter = NULL;
    CHECK_EQUAL(impact_exporter_otlp_file_open(&exporter, NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(
        impact_exporter_otlp_file_open(NULL, IMPACT_OTLP_FILE_OPTIONS(.path = "/tmp/a"), NULL),
        IMPACT_EINVAL);
    CHECK_EQUAL(
        impact_exporter_otlp_file_open(&exporter, IMPACT_OTLP_FILE_OPTIONS(.rotate_size = 1), NULL),
        IMPACT_EINVAL);
    CHECK_EQUAL(
        impact_exporter_otlp_file_open(&exporter, IMPACT_OTLP_FILE_OPTIONS(.path = ""), NULL),
        IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_otlp_file_open(
                    &exporter, IMPACT_OTLP_FILE_OPTIONS(.path = "/tmp/a", .kept_files = 101), NULL),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_otlp_file_open(
                    &exporter, IMPACT_OTLP_FILE_OPTIONS(.path = "/nowhere/at/all"), NULL),
                IMPACT_ESYSTEM);
    static char long_path[8192];
    memset(long_path, 'a', sizeof long_path - 1);
    CHECK_EQUAL(impact_exporter_otlp_file_open(&exporter,
                                               IMPACT_OTLP_FILE_OPTIONS(.path = long_path), NULL),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_otlp_lines_open(NULL, 1, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_exporter_otlp_lines_open(&exporter, -1, NULL), IMPACT_EINVAL);
    CHECK(!exporter);
}

static bool is_file_missed; /* a report has named the variable that says which */

static void on_report(impact_severity severity, const char *said, uint64_t suppressed,
                      void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    is_file_missed = is_file_missed || strstr(said, "OTEL_C_OTLP_FILE");
}

TEST(the_environment_names_both)
{
    impact_exporter *exporter = NULL;
    impact_diagnostics_set_callback(on_report, NULL);
    CHECK_EQUAL(impact_exporter_open(&exporter, "otlp_file", NULL), IMPACT_EINVAL);
    CHECK(is_file_missed);
    impact_diagnostics_set_callback(NULL, NULL);
    (void)snprintf(path, sizeof path, "%s", in_folder("named.jsonl"));
    (void)setenv("OTEL_C_OTLP_FILE", path, 1);
    (void)setenv("OTEL_C_OTLP_FILE_SIZE", "1", 1);
    REQUIRE(impact_exporter_open(&exporter, "otlp_file", NULL) == IMPACT_OK);
    CHECK_EQUAL(export_one(exporter, "a", 1000), IMPACT_OK);
    CHECK_EQUAL(export_one(exporter, "b", 1000), IMPACT_OK);
    CHECK_EQUAL(count_lines(path), 1);
    CHECK_EQUAL(count_lines(in_folder("named.jsonl.1")), 1);
    impact_exporter_close(exporter);
    REQUIRE(impact_exporter_open(&exporter, "otlp/stdout", NULL) == IMPACT_OK);
    impact_exporter_close(exporter);
    remove_all();
}

TEST(each_allocation_may_fail)
{
    faults f;
    (void)snprintf(path, sizeof path, "%s", in_folder("spans.jsonl"));
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = NULL;
        impact_status status = impact_exporter_otlp_file_open(
            &exporter, IMPACT_OTLP_FILE_OPTIONS(.path = path), &f.allocator);
        if (!status)
            status = export_one(exporter, "a", 1000);
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        impact_exporter_close(exporter);
    }
    CHECK(count_lines(path) > 0);
    remove_all();
}
