/* Diagnostics: the limit, on a clock that the test moves, and what a message looks like. */
#include "process/diagnostics.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/fake_clock.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

typedef struct heard {
    impact_severity severity;
    char message[1024];
    uint64_t suppressed;
    int count;
} heard;

static heard last;

static void hear(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    heard *h = userdata;
    h->severity = severity;
    h->suppressed = suppressed;
    h->count++;
    (void)snprintf(h->message, sizeof h->message, "%s", message);
    errno = EBADF;
}

static void begin(void)
{
    fake_clock_set(UINT64_C(1000000000000));
    impact_diagnostics_set_callback(hear, &last);
}

/* Report once; how many messages that made. */
static int report(const char *cause, const char *subject)
{
    const int before = last.count;
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, cause, subject, "%s", "text");
    return last.count - before;
}

static const char *said(const char *text)
{
    static int number;
    char subject[16];
    (void)snprintf(subject, sizeof subject, "s%d", ++number); /* a new one is never withheld */
    impact_diagnostics_report(IMPACT_SEVERITY_INFO, "test", subject, "%s", text);
    return last.message;
}

TEST(before_anything_is_set_up_nobody_listens)
{
    CHECK_EQUAL(report("cause", "subject"), 0);
    begin();
    CHECK_EQUAL(report("cause", "subject"), 1); /* what nobody heard is not counted as said */
    CHECK_EQUAL(last.suppressed, 0);
    impact_diagnostics_set_callback(NULL, NULL);
    CHECK_EQUAL(report("cause", "another"), 0);
}

TEST(null_does_no_harm)
{
    begin();
    CHECK_EQUAL(report(NULL, NULL), 1);
    CHECK_EQUAL(report(NULL, NULL), 0);
    impact_diagnostics_report(IMPACT_SEVERITY_INFO, "cause", "subject", NULL);
    CHECK_EQUAL(last.count, 1);
}

TEST(a_message_is_said_once_a_minute_with_the_number_withheld)
{
    begin();
    CHECK_EQUAL(report("cause", "subject"), 1);
    CHECK_EQUAL(last.severity, IMPACT_SEVERITY_WARNING);
    CHECK_STRING(last.message, "text");
    for (int i = 0; i < 7; i++)
        CHECK_EQUAL(report("cause", "subject"), 0);
    fake_clock_advance_ms(59999);
    CHECK_EQUAL(report("cause", "subject"), 0);
    fake_clock_advance_ms(1);
    CHECK_EQUAL(report("cause", "subject"), 1);
    CHECK_EQUAL(last.suppressed, 8);
    fake_clock_advance_ms(60000);
    CHECK_EQUAL(report("cause", "subject"), 1);
    CHECK_EQUAL(last.suppressed, 0);
}

TEST(cause_and_subject_are_limited_as_a_pair)
{
    begin();
    CHECK_EQUAL(report("ab", "c"), 1);
    CHECK_EQUAL(report("a", "bc"), 1);
    CHECK_EQUAL(report("ab", "d"), 1);
    CHECK_EQUAL(report("ab", NULL), 1);
    CHECK_EQUAL(report("ab", "c"), 0);
}

static int report_all(int subject_count)
{
    int said_count = 0;
    for (int i = 0; i < subject_count; i++) {
        char subject[16];
        (void)snprintf(subject, sizeof subject, "%d", i);
        said_count += report("cause", subject);
    }
    return said_count;
}

TEST(a_thousand_subjects_in_turn_stay_within_the_limit)
{
    begin();
    CHECK_EQUAL(report_all(1000), 65);
    for (int round = 0; round < 10; round++)
        CHECK_EQUAL(report_all(1000), 0);
    fake_clock_advance_ms(60000);
    const int again = report_all(1000);
    CHECK(again > 0 && again <= 65);
}

TEST(what_was_withheld_of_a_subject_that_is_forgotten_is_told_with_the_others)
{
    begin();
    for (int i = 0; i < 6; i++)
        (void)report("cause", "first");
    fake_clock_advance_ms(60000);
    CHECK_EQUAL(report_all(64), 64); /* the last of them takes its place */
    CHECK_EQUAL(report("cause", "one of the others"), 1);
    CHECK_EQUAL(last.suppressed, 5);
}

TEST(a_subject_of_the_last_minute_is_not_forgotten_for_new_ones)
{
    begin();
    CHECK_EQUAL(report("cause", "first"), 1);
    fake_clock_advance_ms(1);
    (void)report_all(1000);
    CHECK_EQUAL(report("cause", "first"), 0);
    fake_clock_advance_ms(59999);
    CHECK_EQUAL(report("cause", "first"), 1);
    CHECK_EQUAL(last.suppressed, 1);
}

TEST(a_message_is_one_line_of_utf8)
{
    begin();
    CHECK_STRING(said("a\nb\r\tc\x1b[31m\x7f"), "a b  c [31m ");
    CHECK_STRING(said("\xC3\xA4\xE2\x82\xAC"), "\xC3\xA4\xE2\x82\xAC");
    CHECK_STRING(said("a\xFF\xC3z\xE2\x82"), "a??z??");
    CHECK_STRING(said("a\xC2\x9B"
                      "31m"),
                 "a  31m"); /* CSI as one character */
}

TEST(a_long_message_is_cut_between_characters)
{
    begin();
    char text[2048];
    for (int start = 0; start < 4; start++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)start; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 4);
        text[sizeof text - 1] = 0;
        const char *message = said(text);
        const size_t size = strlen(message);
        CHECK(size <= 511 && size > 507);
        CHECK_EQUAL((size - (size_t)start) % 4, 0);
        CHECK(!strchr(message, '?'));
    }
}

TEST(the_hosts_errno_stays)
{
    begin();
    errno = ENOTTY;
    CHECK_EQUAL(report("cause", "subject"), 1);
    CHECK_EQUAL(errno, ENOTTY);
}

/* What impact_diagnostics_to_stderr writes. */
static const char *written(const char *message, uint64_t suppressed)
{
    static char text[2048];
    int ends[2];
    if (pipe(ends))
        return NULL;
    const int stderr_copy = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, message, suppressed, NULL);
    (void)dup2(stderr_copy, STDERR_FILENO);
    (void)close(ends[1]);
    const ssize_t size = read(ends[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    (void)close(ends[0]);
    (void)close(stderr_copy);
    return text;
}

TEST(standard_error_gets_a_line)
{
    CHECK_STRING(written("text", 0), "impact: text\n");
    CHECK_STRING(written("text", 3), "impact: text (3 more suppressed)\n");
    CHECK_STRING(written(NULL, 0), "impact: \n");
}

/* SIGPIPE would end this process. */
TEST(standard_error_that_nobody_reads_is_no_harm)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    (void)close(ends[0]);
    const int stderr_copy = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "text", 0, NULL);
    (void)dup2(stderr_copy, STDERR_FILENO);
    (void)close(ends[1]);
    (void)close(stderr_copy);
    sigset_t pending;
    CHECK_EQUAL(sigpending(&pending), 0);
    CHECK(!sigismember(&pending, SIGPIPE));
}

/* It is public: a host may hand it messages of its own. */
TEST(standard_error_gets_no_more_than_a_line_has_room_for)
{
    char text[2048];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    const char *line = written(text, UINT64_MAX);
    CHECK_EQUAL(strspn(line + 8, "x"), 512);
    CHECK(check_contains(line, "x (18446744073709551615 more suppressed)\n"));
}

TEST(a_forked_child_is_silent_about_what_was_said_and_does_not_count_the_parents)
{
    begin();
    CHECK_EQUAL(report("cause", "subject") + report("cause", "subject"), 1);
    const pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(report("cause", "subject"), 0);
        fake_clock_advance_ms(60000);
        CHECK_EQUAL(report("cause", "subject"), 1);
        CHECK_EQUAL(last.suppressed, 1);
        _exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

static atomic_uint said_count;
static _Atomic uint64_t withheld;

static void count(impact_severity severity, const char *message, uint64_t suppressed,
                  void *userdata)
{
    (void)severity, (void)message, (void)userdata;
    atomic_fetch_add(&said_count, 1);
    atomic_fetch_add(&withheld, suppressed);
}

static void *report_a_thousand(void *barrier)
{
    (void)pthread_barrier_wait(barrier);
    for (int i = 0; i < 1000; i++)
        impact_diagnostics_report(IMPACT_SEVERITY_INFO, "cause", "subject", "%d", i);
    return NULL;
}

TEST(each_report_of_many_threads_is_said_or_counted)
{
    pthread_barrier_t barrier;
    pthread_t threads[4];
    begin();
    impact_diagnostics_set_callback(count, NULL);
    REQUIRE(pthread_barrier_init(&barrier, NULL, 4) == 0);
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, report_a_thousand, &barrier) == 0);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    fake_clock_advance_ms(60000);
    impact_diagnostics_report(IMPACT_SEVERITY_INFO, "cause", "subject", "%s", "last");
    CHECK_EQUAL(atomic_load(&said_count), 2);
    CHECK_EQUAL(atomic_load(&withheld), 3999);
}

/* ---- standard error that nobody reads yet ---- */

static int full_ends[2];

/* A pipe without room as standard error; whoever waits for it is ended by the alarm. */
static bool fill_standard_error(void)
{
    static const char bytes[4096];
    if (pipe(full_ends) || fcntl(full_ends[1], F_SETFL, O_NONBLOCK))
        return false;
    while (write(full_ends[1], bytes, sizeof bytes) > 0)
        continue;
    (void)alarm(60);
    return fcntl(full_ends[1], F_SETFL, 0) == 0 && dup2(full_ends[1], STDERR_FILENO) >= 0;
}

static void make_room(void)
{
    char bytes[65536];
    CHECK(fcntl(full_ends[0], F_SETFL, O_NONBLOCK) == 0);
    while (read(full_ends[0], bytes, sizeof bytes) > 0)
        continue;
}

static void check_line(const char *should)
{
    char text[256] = "";
    (void)read(full_ends[0], text, sizeof text - 1);
    CHECK_STRING(text, should);
}

TEST(what_standard_error_has_no_room_for_is_counted_and_said_later)
{
    REQUIRE(fill_standard_error());
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "lost", 0, NULL);
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "lost", 3, NULL);
    make_room();
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "text", 1, NULL);
    check_line("impact: text (6 more suppressed)\n");
    impact_diagnostics_to_stderr(IMPACT_SEVERITY_ERROR, "text", 0, NULL);
    check_line("impact: text\n");
}

TEST(recording_does_not_wait_for_a_full_standard_error)
{
    enum { span_count = 100 };
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    fake_set_hangs(&fake, true);
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    REQUIRE(fill_standard_error());
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.queue_limit = 4}));
    end_spans(span_count);
    CHECK(stats_of(provider).dropped_full > 0);
    make_room();
    fake_set_hangs(&fake, false);
    close_and_check();
}
