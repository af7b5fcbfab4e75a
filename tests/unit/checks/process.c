/* The check that a process lives. */
#include <impact/checks.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/probing.h"

static probed ask(const char *command, const char *pid_file, uint32_t least)
{
    return probing_ask(impact_health_add_process(
        probing_registry(),
        IMPACT_CHECK_PROCESS(.name = probing_name, .command = command, .pid_file = pid_file,
                             .least = least, .timeout_ms = probing_patience_ms)));
}

/* A child of this name, that waits; its number is in the file. */
static pid_t start_named(const char *name)
{
    int ready[2];
    char byte = 0;
    CHECK_EQUAL(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_NAME, name);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)write(ready[1], "", 1);
        for (;;)
            (void)pause();
    }
    CHECK_EQUAL(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void end(pid_t child)
{
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
}

TEST(a_command_that_runs_holds_and_one_that_does_not_fails)
{
    const pid_t first = start_named("a (long) name of it");
    CHECK_EQUAL(ask("a (long) name of it", NULL, 0).status, IMPACT_HEALTH_PASS);
    check_fails(ask("a (long) name of it", NULL, 2), "1 of 2");
    const pid_t second = start_named("a (long) name of another");
    CHECK_EQUAL(ask("a (long) name of it", NULL, 2).status, IMPACT_HEALTH_PASS); /* 15 bytes */
    end(second);
    end(first);
    check_fails(ask("a (long) name of it", NULL, 0), "0 of 1");
}

TEST(a_zombie_does_not_live)
{
    const pid_t child = start_named("impact zombie");
    siginfo_t info;
    CHECK_EQUAL(ask("impact zombie", NULL, 0).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    CHECK_EQUAL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    check_fails(ask("impact zombie", NULL, 0), "0 of 1");
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
}

/* ---- by a file ---- */

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0);
    if (file)
        (void)fclose(file);
}

TEST(the_number_in_a_file_is_looked_at)
{
    char path[] = "/tmp/impact-pid-XXXXXX";
    char number[16];
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    (void)close(file);
    check_fails(ask(NULL, path, 0), "cannot be read");
    put(path, "nobody\n");
    check_fails(ask(NULL, path, 0), "cannot be read");
    put(path, "0\n");
    check_fails(ask(NULL, path, 0), "cannot be read");
    const pid_t child = start_named("impact filed");
    (void)snprintf(number, sizeof number, "%d\n", (int)child);
    put(path, number);
    CHECK_EQUAL(ask(NULL, path, 0).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask("impact filed", path, 0).status, IMPACT_HEALTH_PASS);
    check_fails(ask("another", path, 0), "gone");
    end(child);
    check_fails(ask(NULL, path, 0), "gone");
    CHECK_EQUAL(unlink(path), 0);
    check_fails(ask(NULL, path, 0), "cannot be read");
}
