/* Runs the registered tests, each in a process of its own, and writes TAP.
 *
 * DESIGN: a test passes when its process came to the end of it, exited with 0 (a sanitizer may say
 * otherwise at exit) and no CHECK failed, in it or in a process that it forked: the count of
 * failures is in shared memory. What a test writes to standard output goes to standard error, so
 * that it cannot pass for a result. A test that takes too long is killed, and with it, as after
 * every test, its process group.
 */
#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { exit_failed = 1, exit_skipped = 77 };

static const long default_limit_ms = 120000; /* CHECK_TIMEOUT_MS sets another */

/* What a test's processes tell the one that waits for them. */
typedef struct findings {
    atomic_int failures;
    atomic_bool is_finished;
    char skip_reason[128];
} findings;

typedef struct outcome {
    int status; /* of wait */
    bool is_late;
} outcome;

static check_test *first;
static check_test **end = &first;
static findings *found; /* shared with all children */
static FILE *results;
static sigset_t host_signals;

void check_add(check_test *test)
{
    *end = test;
    end = &test->next;
}

/* A comment line of TAP is one line. */
static void make_one_line(char *message)
{
    for (; *message; message++)
        if (*message == '\n' || *message == '\r')
            *message = ' ';
}

void check_failed(const char *file, int line, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    make_one_line(message);
    (void)fprintf(results, "# %s:%d: %s\n", file, line, message);
    (void)fflush(results);
    atomic_fetch_add(&found->failures, 1);
}

void check_skip(const char *reason)
{
    (void)snprintf(found->skip_reason, sizeof found->skip_reason, "%s", reason);
    make_one_line(found->skip_reason);
    exit(atomic_load(&found->failures) ? exit_failed : exit_skipped);
}

void check_skip_forks_of_threads(void)
{
#ifdef __SANITIZE_ADDRESS__
    check_skip("AddressSanitizer's allocator is not safe over a fork of several threads");
#endif
}

bool check_children_may_allocate(void)
{
#ifdef __SANITIZE_THREAD__
    return false;
#else
    return true;
#endif
}

bool check_contains(const char *whole, const char *text)
{
    return whole && strstr(whole, text) != NULL;
}

bool check_is_in_time(uint64_t (*measure)(void), uint64_t most)
{
    enum { tries = 40 };
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < tries && least > most; i++) {
        const uint64_t took = measure();
        least = took < least ? took : least;
    }
    return least <= most;
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t limit_ms(void)
{
    const char *text = getenv("CHECK_TIMEOUT_MS");
    long limit = 0;
    return text && sscanf(text, "%ld", &limit) == 1 && limit > 0 ? limit : default_limit_ms;
}

/* Wait for SIGCHLD, which is blocked, but not beyond `until_ms`. */
static void wait_for_news(int64_t until_ms)
{
    const int64_t left_ms = until_ms - now_ms();
    const struct timespec timeout = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
    sigset_t news;
    (void)sigemptyset(&news);
    (void)sigaddset(&news, SIGCHLD);
    if (left_ms > 0)
        (void)sigtimedwait(&news, NULL, &timeout);
}

static outcome wait_for(pid_t child)
{
    outcome seen = {.status = -1};
    const int64_t until_ms = now_ms() + limit_ms();
    while (waitpid(child, &seen.status, WNOHANG) == 0) {
        if (now_ms() >= until_ms) {
            seen.is_late = true;
            (void)kill(-child, SIGKILL);
            (void)waitpid(child, &seen.status, 0);
            return seen;
        }
        wait_for_news(until_ms);
    }
    (void)kill(-child, SIGKILL); /* what it left behind; mostly nothing */
    return seen;
}

static void run_here(const check_test *test)
{
    test->run();
    atomic_store(&found->is_finished, true);
}

static outcome run_in_child(const check_test *test)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0);
        (void)sigprocmask(SIG_SETMASK, &host_signals, NULL);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        run_here(test);
        exit(atomic_load(&found->failures) ? exit_failed
                                           : 0); /* not _exit: LeakSanitizer looks at exit */
    }
    if (child < 0) {
        (void)fprintf(results, "# cannot fork: %s\n", strerror(errno));
        return (outcome){.status = -1};
    }
    (void)setpgid(child, child); /* whoever of the two comes first */
    return wait_for(child);
}

static void explain(const outcome *seen)
{
    if (seen->is_late)
        (void)fprintf(results, "# killed after %lld ms\n", (long long)limit_ms());
    else if (WIFSIGNALED(seen->status))
        (void)fprintf(results, "# killed by signal %d (%s)\n", WTERMSIG(seen->status),
                      strsignal(WTERMSIG(seen->status)));
    else if (WIFEXITED(seen->status) && !atomic_load(&found->failures))
        (void)fprintf(results, "# exit status %d%s\n", WEXITSTATUS(seen->status),
                      atomic_load(&found->is_finished) ? "" : ", before the end of the test");
}

/* Write the result of a test; true when it did not fail. */
static bool report(int number, const check_test *test, const outcome *seen)
{
    const bool is_exit =
        WIFEXITED(seen->status) && !seen->is_late && !atomic_load(&found->failures);
    const int code = is_exit ? WEXITSTATUS(seen->status) : -1;
    const bool is_skipped = code == exit_skipped && found->skip_reason[0];
    const bool has_passed = is_skipped || (code == 0 && atomic_load(&found->is_finished));
    if (!has_passed)
        explain(seen);
    (void)fprintf(results, "%s %d - %s%s%s\n", has_passed ? "ok" : "not ok", number, test->name,
                  is_skipped ? " # SKIP " : "", is_skipped ? found->skip_reason : "");
    (void)fflush(results);
    return has_passed;
}

/* What was started in the background ignores some of these, and so do its children. A test that
 * sends one to a program of its own would wait for ever. SIGCHLD: then nothing can be waited
 * for. */
static void take_signals_as_in_the_foreground(void)
{
    static const int numbers[] = {SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        (void)signal(numbers[i], SIG_DFL);
}

static bool set_up(void)
{
    sigset_t news;
    take_signals_as_in_the_foreground();
    (void)sigemptyset(&news);
    (void)sigaddset(&news, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &news, &host_signals);
    found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    results = copy < 0 ? NULL : fdopen(copy, "w");
    return found != MAP_FAILED && results;
}

static bool run_one(int number, const check_test *test, bool no_fork)
{
    *found = (findings){0};
    outcome seen = {0};
    if (no_fork)
        run_here(test);
    else
        seen = run_in_child(test);
    return report(number, test, &seen);
}

/* With an argument: only the tests whose name contains it. With --no-fork first: in this process,
 * without a limit of time, for a debugger. */
int main(int argc, char **argv)
{
    const bool no_fork = argc > 1 && strcmp(argv[1], "--no-fork") == 0;
    const char *part = argc > 1 + no_fork ? argv[1 + no_fork] : "";
    int count = 0;
    bool all_passed = true;
    for (const check_test *test = set_up() ? first : NULL; test; test = test->next)
        if (strstr(test->name, part))
            all_passed &= run_one(++count, test, no_fork);
    if (!count) {
        puts("Bail out! no test was run");
        return exit_failed;
    }
    (void)fprintf(results, "1..%d\n", count);
    return fclose(results) == 0 && all_passed ? 0 : exit_failed;
}
