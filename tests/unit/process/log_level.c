/* What a program hears without a callback: on standard error, by level, from no thread that
 * records. */
#include "process/standard_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/diagnostics.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

static int ends[2]; /* standard error is a pipe, which this test reads */

static void begin(void)
{
    (void)clearenv();
    REQUIRE(pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
}

/* What was written since the last call; lives until the next one. */
static const char *heard(void)
{
    static char text[1 << 16];
    const ssize_t size = read(ends[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void set_up(void)
{
    impact_tracer_provider *opened = NULL;
    REQUIRE(impact_tracer_provider_open_from_environment(&opened, NULL) == IMPACT_OK);
    impact_tracer_provider_close(opened);
}

static void set_up_with(const char *variable, const char *value)
{
    REQUIRE(setenv("OTEL_TRACES_EXPORTER", "none", 1) == 0 && setenv(variable, value, 1) == 0);
    set_up();
}

/* Report as somebody does who records. */
static void report(impact_severity severity, const char *subject)
{
    impact_diagnostics_report(severity, "cause", subject, "%s is wrong", subject);
}

/* ---- by default ---- */

TEST(a_misconfiguration_is_said_once_on_standard_error)
{
    begin();
    set_up_with("OTEL_TRACES_SAMPLER", "alwayson");
    CHECK_STRING(heard(),
                 "impact: OTEL_TRACES_SAMPLER=alwayson is not used: it has to be always_on, "
                 "always_off, traceidratio, parentbased_always_on, parentbased_always_off "
                 "or parentbased_traceidratio\n");
    set_up();
    CHECK_STRING(heard(), "");
}

TEST(an_exporter_that_is_there_and_broken_is_not_called_unknown)
{
    char folder[] = "/tmp/impact-test-XXXXXX";
    char file[sizeof folder + 32];
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(file, sizeof file, "%s/libimpact-bad.so.0", folder);
    const int made = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(made >= 0 && close(made) == 0); /* it stays empty: no shared object */
    begin();
    CHECK(setenv("IMPACT_PLUGIN_PATH", folder, 1) == 0);
    set_up_with("OTEL_TRACES_EXPORTER", "bad");
    const char *said = heard();
    CHECK(check_contains(said, "OTEL_TRACES_EXPORTER=bad is not used: "));
    CHECK(check_contains(said, impact_status_text(IMPACT_EPLUGIN)));
    CHECK(!check_contains(said, "there is no such exporter"));
    CHECK(unlink(file) == 0 && rmdir(folder) == 0);
}

TEST(a_misspelt_exporter_is_said_once_on_standard_error)
{
    begin();
    set_up_with("OTEL_TRACES_EXPORTER", "consol");
    CHECK_STRING(heard(),
                 "impact: OTEL_TRACES_EXPORTER=consol is not used: there is no such exporter; "
                 "console, tree, otlp, otlp/stdout, otlp_file, zipkin and none are known, and the "
                 "names of "
                 "plugins\n");
}

TEST(a_callback_takes_over)
{
    begin();
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    report(IMPACT_SEVERITY_WARNING, "a");
    CHECK_STRING(heard(), "impact: a is wrong\n"); /* at once, as it always was */
    impact_diagnostics_set_callback(NULL, NULL);
    report(IMPACT_SEVERITY_WARNING, "b");
    CHECK_STRING(heard(), "");
    impact__diagnostics_say();
    CHECK_STRING(heard(), "impact: b is wrong\n");
}

TEST(what_standard_error_hears_is_one_line_a_cause)
{
    begin();
    (void)impact__diagnostics_open();
    for (int i = 0; i < 1000; i++)
        report(IMPACT_SEVERITY_ERROR, "a");
    impact__diagnostics_say();
    CHECK_STRING(heard(), "impact: a is wrong\n");
}

/* ---- levels ---- */

static const char *heard_at(const char *level)
{
    CHECK(setenv("OTEL_LOG_LEVEL", level, 1) == 0);
    (void)impact__diagnostics_open();
    static int number;
    char subjects[3][16];
    for (int i = 0; i < 3; i++) { /* a new one is never withheld */
        (void)snprintf(subjects[i], sizeof subjects[i], "%c%d", "iwe"[i], ++number);
        report((impact_severity)(i + 1), subjects[i]);
    }
    impact__diagnostics_say();
    return heard();
}

TEST(the_level_of_the_environment_rules_what_is_said)
{
    begin();
    CHECK_EQUAL(count_lines(heard_at("")), 3);
    CHECK_EQUAL(count_lines(heard_at("INFO")), 3);
    CHECK_EQUAL(count_lines(heard_at(" Warn\n")), 2);
    CHECK_EQUAL(count_lines(heard_at("error")), 1);
    CHECK_EQUAL(count_lines(heard_at("none")), 0);
    CHECK_EQUAL(count_lines(heard_at("off")), 0);
    CHECK_EQUAL(count_lines(heard_at("debug")), 3);
}

TEST(a_level_that_is_none_is_said_and_not_used)
{
    begin();
    const char *text = heard_at("loud");
    CHECK(check_contains(text, "OTEL_LOG_LEVEL=loud is not used: it has to be none, "));
    CHECK_EQUAL(count_lines(text), 4);
}

TEST(the_level_of_the_code_wins_over_the_environment)
{
    begin();
    impact_diagnostics_set_level(IMPACT_SEVERITY_ERROR);
    CHECK_EQUAL(count_lines(heard_at("info")), 1);
    impact_diagnostics_set_level(IMPACT_SEVERITY_NONE);
    CHECK_EQUAL(count_lines(heard_at("info")), 0);
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "text", 0, NULL);
    CHECK_STRING(heard(), "");
    impact_diagnostics_set_level((impact_severity)0);
    CHECK_EQUAL(count_lines(heard_at("warn")), 2);
}

static int called;

static void count_call(impact_severity severity, const char *message, uint64_t suppressed,
                       void *userdata)
{
    (void)severity, (void)message, (void)suppressed, (void)userdata;
    called++;
}

TEST(a_callback_of_ones_own_hears_everything)
{
    begin();
    impact_diagnostics_set_callback(count_call, NULL);
    (void)heard_at("none");
    CHECK_EQUAL(called, 3);
}

/* ---- who says it ---- */

TEST(who_records_writes_nothing)
{
    enum { span_count = 100 };
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    begin();
    fake_set_hangs(&fake, true);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.queue_limit = 4}));
    end_spans(span_count);
    CHECK(stats_of(provider).dropped_full > 0);
    CHECK_STRING(heard(), "");
    fake_set_hangs(&fake, false);
    (void)impact_tracer_provider_flush(provider, tracing_timeout_ms);
    CHECK(check_contains(heard(), "impact: spans are dropped: the queue of 4 is full"));
    close_and_check();
}

TEST(the_worker_says_what_was_reported_meanwhile)
{
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    begin();
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    report(IMPACT_SEVERITY_WARNING, "a");
    end_spans(1);
    CHECK(fcntl(ends[0], F_SETFL, 0) == 0); /* the test's limit of time ends a wait for nothing */
    CHECK_STRING(heard(), "impact: a is wrong\n");
    close_and_check();
}

TEST(what_nobody_has_said_is_said_at_the_end_of_the_process)
{
    begin();
    const pid_t child = fork();
    if (child == 0) {
        (void)impact__diagnostics_open();
        report(IMPACT_SEVERITY_WARNING, "a");
        exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_STRING(heard(), "impact: a is wrong\n");
}

TEST(a_forked_child_does_not_say_what_its_parent_kept)
{
    begin();
    (void)impact__diagnostics_open();
    report(IMPACT_SEVERITY_WARNING, "a");
    const pid_t child = fork();
    if (child == 0)
        exit(0);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_STRING(heard(), "");
    impact__diagnostics_say();
    CHECK_STRING(heard(), "impact: a is wrong\n");
}

TEST(what_finds_no_room_to_be_kept_is_counted)
{
    char subject[16];
    begin();
    (void)impact__diagnostics_open();
    for (int i = 0; i < 40; i++) {
        (void)snprintf(subject, sizeof subject, "s%d", i);
        report(IMPACT_SEVERITY_WARNING, subject);
    }
    impact__diagnostics_say();
    const char *text = heard();
    CHECK_EQUAL(count_lines(text), 32);
    CHECK(check_contains(text, "s0 is wrong (8 more suppressed)\n"));
    CHECK(check_contains(text, "s31 is wrong\n"));
}

TEST(the_hosts_errno_stays)
{
    begin();
    (void)impact__diagnostics_open();
    report(IMPACT_SEVERITY_WARNING, "a");
    (void)close(STDERR_FILENO);
    errno = ENOTTY;
    impact__diagnostics_say();
    CHECK_EQUAL(errno, ENOTTY);
}

/* ---- whose it is ---- */

/* The bytes that land in a file that has the number of standard error. */
static long size_said_to(int flags)
{
    char path[] = "/tmp/impact-test-XXXXXX";
    const int made = mkstemp(path);
    CHECK(made >= 0);
    const int opened = open(path, flags | O_CLOEXEC);
    CHECK(opened >= 0 && dup2(opened, STDERR_FILENO) == STDERR_FILENO);
    (void)impact__diagnostics_open();
    report(IMPACT_SEVERITY_WARNING, path);
    impact__diagnostics_say();
    const long size = (long)lseek(made, 0, SEEK_END);
    (void)unlink(path);
    return size;
}

TEST(a_log_gets_what_is_said)
{
    CHECK(size_said_to(O_WRONLY | O_APPEND) > 0);
    CHECK(size_said_to(O_WRONLY) > 0);
}

/* Where a program closed its standard error, and what it opened next has that number. */
TEST(a_database_in_the_place_of_standard_error_gets_nothing)
{
    CHECK_EQUAL(size_said_to(O_RDWR), 0);
}

TEST(a_connection_in_the_place_of_standard_error_gets_nothing)
{
    int pair[2];
    char byte;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    REQUIRE(dup2(pair[1], STDERR_FILENO) == STDERR_FILENO);
    (void)impact__diagnostics_open();
    report(IMPACT_SEVERITY_WARNING, "a");
    impact__diagnostics_say();
    CHECK(read(pair[0], &byte, 1) < 0);
}
