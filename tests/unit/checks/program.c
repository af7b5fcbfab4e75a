/* The check that an external program does. */
#include <impact/checks.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/old_kernel.h"
#include "support/probing.h"

static probed ask_within(const char *script, uint32_t timeout_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return probing_ask(impact_health_add_program(
        probing_registry(),
        IMPACT_CHECK_PROGRAM(.name = probing_name, .argv = argv, .timeout_ms = timeout_ms)));
}

static probed ask(const char *script)
{
    return ask_within(script, probing_patience_ms);
}

TEST(the_exit_status_is_the_result)
{
    CHECK_EQUAL(ask("exit 0").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask("exit 1").status, IMPACT_HEALTH_WARN);
    check_fails(ask("exit 2"), "its exit status is 2");
    CHECK_EQUAL(ask("exit 3").status, IMPACT_HEALTH_UNKNOWN);
    CHECK_EQUAL(ask("exit 77").status, IMPACT_HEALTH_UNKNOWN);
    check_fails(ask("kill -9 $$"), "signal 9");
}

TEST(the_first_line_says_why_without_its_data)
{
    const probed result = ask("echo 'DISK CRITICAL - full | /=99%;80;90'; echo more; exit 2");
    check_fails(result, "DISK CRITICAL - full");
    CHECK(!strstr(result.why, "99%") && !strstr(result.why, "more"));
}

TEST(a_line_that_is_too_long_is_cut)
{
    const probed result = ask("head -c 100000 /dev/zero | tr '\\0' x; exit 2");
    check_fails(result, "xxxxxxxx");
    CHECK(strlen(result.why) < 300);
}

TEST(a_program_that_is_not_there_is_unknown)
{
    const char *const argv[] = {"/nonexistent/program", NULL};
    const probed result = probing_ask(impact_health_add_program(
        probing_registry(), IMPACT_CHECK_PROGRAM(.name = probing_name, .argv = argv,
                                                 .timeout_ms = probing_patience_ms)));
    CHECK_EQUAL(result.status, IMPACT_HEALTH_UNKNOWN);
    CHECK(strstr(result.why, "cannot be started") != NULL);
}

/* ---- its end ---- */

static pid_t number_in(const char *path)
{
    int number = 0;
    FILE *file = fopen(path, "r");
    CHECK(file && fscanf(file, "%d", &number) == 1);
    if (file)
        (void)fclose(file);
    return number;
}

TEST(a_program_that_hangs_is_killed_with_what_it_has_started)
{
    char path[] = "/tmp/impact-program-XXXXXX";
    char script[128];
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    (void)close(file);
    (void)snprintf(script, sizeof script, "sleep 1000 & echo $! > %s; wait", path);
    CHECK_EQUAL(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* orphans are this process's */
    check_times_out(ask_within(script, probing_timeout_ms));
    const pid_t grandchild = number_in(path);
    int status = 0;
    CHECK_EQUAL(waitpid(grandchild, &status, 0), grandchild);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_EQUAL(waitpid(-1, NULL, WNOHANG), -1); /* no other is left */
    CHECK_EQUAL(unlink(path), 0);
}

TEST(a_program_that_ignores_signals_and_talks_without_end_is_killed)
{
    check_times_out(ask_within("trap '' TERM INT HUP; exec yes", probing_timeout_ms));
    CHECK_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
}

TEST(what_a_program_leaves_behind_is_not_waited_for)
{
    const probed result = ask("sleep 5 & echo done; exit 2");
    check_fails(result, "done");
    CHECK(result.duration_ns < UINT64_C(4000000000));
}

TEST(a_status_that_the_host_has_taken_is_unknown)
{
    REQUIRE(signal(SIGCHLD, SIG_IGN) != SIG_ERR); /* children are nobody's to wait for */
    const probed result = ask("exit 0");
    CHECK_EQUAL(result.status, IMPACT_HEALTH_UNKNOWN);
    CHECK(strstr(result.why, "somebody else") != NULL);
}

/* The kernel answers as one from before Linux 5.3 does. */
TEST(on_an_old_kernel_a_program_ends_and_is_killed_too)
{
    old_kernel(SYS_pidfd_open, ENOSYS);
    check_fails(ask("echo said; exec >&-; exit 2"), "said");
    const probed result = ask("sleep 5 & echo done; exit 2");
    check_fails(result, "done");
    CHECK(result.duration_ns < UINT64_C(4000000000));
    check_times_out(ask_within("exec >&-; sleep 1000", probing_timeout_ms));
    CHECK_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- what it is given ---- */

TEST(a_program_has_no_input_no_blocked_signals_and_its_own_group)
{
    CHECK_EQUAL(ask("cat; exit $?").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask("grep -q '^SigBlk:\t0*$' /proc/self/status").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask("test $(ps -o pgid= -p $$) = $$ || "
                    "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$")
                    .status,
                IMPACT_HEALTH_PASS);
}

TEST(a_host_that_has_closed_its_standard_files_starts_programs_too)
{
    (void)fflush(stdout);
    const int output = dup(STDOUT_FILENO);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    const probed result = ask("echo well; cat && exit 2");
    (void)dup2(output, STDOUT_FILENO);
    check_fails(result, "well");
}
