/* Runs the registered tests, each in a process of its own, and writes TAP. */
#include "support/check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { exit_skipped = 77, seconds_limit = 120 };

static check_test *first;
static check_test **end = &first;
static int failures;

void check_add(check_test *test)
{
    *end = test;
    end = &test->next;
}

void check_failed(const char *file, int line, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    printf("# %s:%d: %s\n", file, line, message);
    (void)fflush(stdout);
    failures++;
}

void check_skip(const char *reason)
{
    printf("# skipped: %s\n", reason);
    (void)fflush(stdout);
    exit(exit_skipped);
}

bool check_contains(const char *whole, const char *text)
{
    return whole && strstr(whole, text) != NULL;
}

static int run_in_child(const check_test *test)
{
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(seconds_limit);
        test->run();
        exit(failures ? 1 : 0); /* not _exit: LeakSanitizer looks at exit */
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    return status;
}

static void report(int number, const check_test *test, int status)
{
    const bool is_exit = WIFEXITED(status);
    const int code = is_exit ? WEXITSTATUS(status) : -1;
    const bool passed = code == 0 || code == exit_skipped;
    printf("%s %d - %s%s\n", passed ? "ok" : "not ok", number, test->name,
           code == exit_skipped ? " # SKIP" : "");
    if (!is_exit)
        printf("# killed by signal %d\n", WTERMSIG(status));
}

/* With an argument: only the tests whose name contains it. With --no-fork first: in this process. */
int main(int argc, char **argv)
{
    const bool no_fork = argc > 1 && strcmp(argv[1], "--no-fork") == 0;
    const char *part = argc > 1 + no_fork ? argv[1 + no_fork] : "";
    int count = 0;
    bool all_passed = true;
    for (const check_test *test = first; test; test = test->next) {
        if (!strstr(test->name, part))
            continue;
        int status = 0;
        if (no_fork)
            test->run();
        else
            status = run_in_child(test);
        const bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == exit_skipped;
        all_passed = all_passed && (status == 0 || skipped);
        report(++count, test, status);
    }
    printf("1..%d\n", count);
    return all_passed && !failures ? 0 : 1;
}
