/* The framework itself: runs this program again with tests that fail, and reads what it says of
 * them. */
#include "support/check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/faults.h"

/* ---- the victims, which are registered in the second run only ---- */

static void passes(void)
{
    CHECK(true);
    puts("not ok 99 - standard output is no result"); /* must not reach the results */
}

static void fails(void)
{
    CHECK(1 + 1 == 3);
    CHECK_EQUAL(4, 5);
    CHECK_STRING("one\ntwo", NULL);
}

static void requires(void)
{
    REQUIRE(false);
    abort();
}

static void is_skipped(void)
{
    check_skip("no such\nmachine");
}

static void fails_and_is_skipped(void)
{
    CHECK(false);
    check_skip("too late");
}

static void dies(void)
{
    (void)raise(SIGKILL);
}

static void exits_early(void)
{
    _exit(0);
}

static void hangs(void)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;)
        (void)pause();
}

static void fails_in_a_child(void)
{
    const pid_t child = fork();
    if (child == 0) {
        CHECK(false);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
}

static void leaks(void)
{
    faults f;
    faults_open(&f);
    free(memcpy(f.allocator.allocate(&f, 1), "",
                1)); /* past the allocator, which goes on counting it */
    faults_close(&f);
}

static void allocates_nothing(void)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f)
        CHECK(true);
}

static void resizes_to_nothing(void)
{
    faults f;
    faults_open(&f);
    f.allocator.release(&f, f.allocator.resize(&f, NULL, 0));
}

static void interrupts_itself(void)
{
    (void)raise(SIGINT);
}

static void register_victim(const char *name, void (*run)(void), check_test *test)
{
    *test = (check_test){.name = name, .run = run};
    check_add(test);
}

__attribute__((constructor)) static void register_victims(void)
{
    static check_test tests[13];
    if (!getenv("CHECK_VICTIMS"))
        return;
    register_victim("victim_passes", passes, &tests[0]);
    register_victim("victim_fails", fails, &tests[1]);
    register_victim("victim_requires", requires, &tests[2]);
    register_victim("victim_is_skipped", is_skipped, &tests[3]);
    register_victim("victim_fails_and_is_skipped", fails_and_is_skipped, &tests[4]);
    register_victim("victim_dies", dies, &tests[5]);
    register_victim("victim_exits_early", exits_early, &tests[6]);
    register_victim("victim_hangs", hangs, &tests[7]);
    register_victim("victim_fails_in_a_child", fails_in_a_child, &tests[8]);
    register_victim("victim_leaks", leaks, &tests[9]);
    register_victim("victim_allocates_nothing", allocates_nothing, &tests[10]);
    register_victim("victim_resizes_to_nothing", resizes_to_nothing, &tests[11]);
    register_victim("victim_interrupts_itself", interrupts_itself, &tests[12]);
}

/* ---- the run ---- */

static char output[16384];

static void become_victim(int results, const char *part)
{
    (void)dup2(results, STDOUT_FILENO);
    (void)setenv("CHECK_VICTIMS", "1", 1);
    (void)setenv("CHECK_TIMEOUT_MS", strcmp(part, "victim_hangs") ? "60000" : "100", 1);
    (void)execl("/proc/self/exe", "victims", part, (char *)NULL);
    _exit(99);
}

/* Run the tests whose name contains `part`; the exit status, and the results in `output`. */
static int run(const char *part)
{
    int ends[2];
    if (pipe(ends))
        return -1;
    const pid_t child = fork();
    if (child == 0)
        become_victim(ends[1], part);
    (void)close(ends[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], output + size, sizeof output - 1 - size)) > 0;)
        size += (size_t)got;
    output[size] = 0;
    (void)close(ends[0]);
    int status = 0;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_test_that_passes_is_ok_and_its_output_is_kept_apart)
{
    CHECK_EQUAL(run("victim_passes"), 0);
    CHECK_STRING(output, "ok 1 - victim_passes\n1..1\n");
}

TEST(a_failed_check_is_seen_and_the_test_goes_on)
{
    CHECK_EQUAL(run("victim_fails"), 1);
    CHECK(check_contains(output, "1 + 1 == 3\n"));
    CHECK(check_contains(output, "4 is 4, not 5\n"));
    CHECK(check_contains(output, "is \"one two\", not \"NULL\"\nnot ok 1 - victim_fails\n"));
}

TEST(a_failed_requirement_ends_the_test)
{
    CHECK_EQUAL(run("victim_requires"), 1);
    CHECK(check_contains(output, ": false\nnot ok 1 - victim_requires\n1..1\n"));
}

TEST(a_skip_is_told_with_its_reason)
{
    CHECK_EQUAL(run("victim_is_skipped"), 0);
    CHECK_STRING(output, "ok 1 - victim_is_skipped # SKIP no such machine\n1..1\n");
}

TEST(a_skip_does_not_hide_a_failure)
{
    CHECK_EQUAL(run("victim_fails_and_is_skipped"), 1);
    CHECK(check_contains(output, "\nnot ok 1 - victim_fails_and_is_skipped\n"));
}

TEST(a_test_killed_by_a_signal_has_failed)
{
    CHECK_EQUAL(run("victim_dies"), 1);
    CHECK(check_contains(output, "# killed by signal 9 (Killed)\nnot ok 1 - victim_dies\n"));
}

TEST(a_test_in_the_background_gets_the_signals_of_the_foreground)
{
    (void)signal(SIGINT, SIG_IGN); /* as a shell has it for what it runs in the background */
    CHECK_EQUAL(run("victim_interrupts_itself"), 1);
    CHECK(check_contains(output, "# killed by signal 2 (Interrupt)\n"));
}

TEST(a_test_that_exits_before_its_end_has_failed)
{
    CHECK_EQUAL(run("victim_exits_early"), 1);
    CHECK(check_contains(output, "# exit status 0, before the end of the test\nnot ok 1"));
}

TEST(a_test_that_hangs_with_all_signals_blocked_is_killed)
{
    CHECK_EQUAL(run("victim_hangs"), 1);
    CHECK_STRING(output, "# killed after 100 ms\nnot ok 1 - victim_hangs\n1..1\n");
}

TEST(a_failed_check_in_a_forked_process_is_seen)
{
    CHECK_EQUAL(run("victim_fails_in_a_child"), 1);
    CHECK(check_contains(output, "not ok 1 - victim_fails_in_a_child\n"));
}

TEST(a_leak_is_seen)
{
    CHECK_EQUAL(run("victim_leaks"), 1);
    CHECK(check_contains(output, "atomic_load(&f->live) is 1, not 0\n"));
}

TEST(a_fault_test_that_allocates_nothing_proves_nothing)
{
    CHECK_EQUAL(run("victim_allocates_nothing"), 1);
}

TEST(a_resize_to_nothing_is_seen)
{
    CHECK_EQUAL(run("victim_resizes_to_nothing"), 1);
    CHECK(check_contains(output, "size > 0\n"));
}

TEST(one_failure_among_others_fails_the_program)
{
    CHECK_EQUAL(run("_is_skipped"), 1); /* two of them */
    CHECK(check_contains(output, "ok 1 - victim_is_skipped # SKIP"));
    CHECK(check_contains(output, "\nnot ok 2 - victim_fails_and_is_skipped\n1..2\n"));
}

/* ---- time ---- */

static uint64_t tries;

static uint64_t ever_quicker(void)
{
    tries++;
    return 10 - tries;
}

static uint64_t never_quicker(void)
{
    tries++;
    return 10;
}

TEST(what_is_in_time_once_is_in_time)
{
    CHECK(check_is_in_time(ever_quicker, 7));
    CHECK_EQUAL(tries, 3);
}

TEST(what_is_never_in_time_is_late)
{
    CHECK(!check_is_in_time(never_quicker, 9));
    CHECK(tries > 20);
}

TEST(to_run_no_test_is_a_failure)
{
    CHECK_EQUAL(run("there is no such name"), 1);
    CHECK_STRING(output, "Bail out! no test was run\n");
}
