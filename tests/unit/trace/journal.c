/* A journal: what waits and what is in flight outlives the process. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "pipeline/batcher_state.h"
#include "support/journal_fixture.h"

static void end_a_hundred(void)
{
    if (open_journaling((impact_trace_options){0}))
        end_numbered(0, 100);
}

static void check_kill(int signal_number)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(end_a_hundred, signal_number);
    CHECK_EQUAL(count_files(".journal", false), 1);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK(result.exported == 100 && result.files == 1 && result.set_aside == 0);
    check_each_once(0, 100);
    CHECK_STRING(last_service, "victim");
    CHECK(check_contains(last_scope, "test"));
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

TEST(what_waits_when_a_process_is_killed_is_exported_with_its_resource_and_scope)
{
    check_kill(SIGKILL);
}

TEST(what_waits_when_a_process_aborts_is_exported)
{
    check_kill(SIGABRT);
}

TEST(what_waits_when_sigterm_ends_a_process_is_exported)
{
    check_kill(SIGTERM);
}

static void hang_in_export(void)
{
    atomic_store(&hangs_at, 1);
    if (!open_journaling((impact_trace_options){.batch_limit = 40}))
        return;
    end_numbered(0, 100);
    while (atomic_load(&facts->batches) < 1)
        (void)sched_yield();
}

TEST(what_is_in_flight_is_exported_too)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(hang_in_export, SIGKILL);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK_EQUAL(result.exported, 100);
    check_each_once(0, 100);
    close_directory();
}

/* Batches end where no extent does. */
static void export_some(void)
{
    atomic_store(&hangs_at, 4);
    if (!open_journaling((impact_trace_options){.batch_limit = 7}))
        return;
    end_numbered(0, 50);
    (void)impact_tracer_provider_flush(provider, 1); /* the worker knows of all */
    while (atomic_load(&facts->batches) < 4)
        (void)sched_yield();
}

TEST(what_was_exported_is_not_exported_again)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(export_some, SIGKILL);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK(result.exported >= 50 - 3 * 7);
    check_each_once(0, 50);
    close_directory();
}

TEST(the_next_process_that_begins_tracing_exports_what_was_left)
{
    REQUIRE(open_directory());
    run_and_kill(end_a_hundred, SIGKILL);
    REQUIRE(open_journaling((impact_trace_options){0}));
    while (count_files(".journal", false) > 1 || !atomic_load(&facts->acknowledged[99]))
        (void)sched_yield();
    check_each_once(0, 100);
    end_numbered(100, 10);
    CHECK_EQUAL(stats_of(provider).ended, 10); /* those of others are not its own */
    close_and_check();
    check_each_once(0, 110);
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

TEST(a_process_that_ends_soon_rescues_before_it_is_shut_down)
{
    REQUIRE(open_directory());
    run_and_kill(end_a_hundred, SIGKILL);
    REQUIRE(open_journaling((impact_trace_options){0}));
    end_numbered(100, 1);
    close_and_check();
    check_each_once(0, 101);
    close_directory();
}

/* ---- processes side by side ---- */

TEST(the_file_of_a_process_that_lives_is_left_alone)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    REQUIRE(open_journaling((impact_trace_options){0}));
    CHECK_EQUAL(count_files("", false), 0); /* nothing has ended */
    end_numbered(0, 10);
    CHECK_EQUAL(count_files(".journal", false), 1);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK(result.exported == 0 && result.files == 0);
    close_and_check();
    check_each_once(0, 10);
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

/* The worker looks for what others left when it begins; later it would find the child's. */
static void wait_for_first_look(void)
{
    impact__batcher *batcher = provider->batchers[0];
    for (bool has_looked = false; !has_looked; (void)sched_yield()) {
        impact__batcher_lock(batcher);
        has_looked = batcher->worker == IMPACT__WORKER_RUNNING && !batcher->is_rescue_due;
        impact__batcher_unlock(batcher);
    }
}

static void fork_and_die(void)
{
    if (!open_journaling((impact_trace_options){0}))
        return;
    end_numbered(0, 5);
    wait_for_first_look();
    const pid_t child = fork();
    if (child == 0) {
        end_numbered(5, 7);
        (void)raise(SIGKILL);
    }
    (void)waitpid(child, NULL, 0);
    end_numbered(12, 3);
}

TEST(a_forked_child_has_a_file_of_its_own_and_leaves_the_parents_alone)
{
    impact_journal_result result;
    if (!check_children_may_allocate())
        check_skip("a child of threads may not allocate");
    check_skip_forks_of_threads();
    REQUIRE(open_directory());
    run_and_kill(fork_and_die, SIGKILL);
    CHECK_EQUAL(count_files(".journal", false), 2);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK(result.exported == 15 && result.files == 2);
    check_each_once(0, 15);
    close_directory();
}

/* It has no lock of ours, and knows of no fork: it records nothing, and leaves the file alone. */
static void fork_past_fork_and_die(void)
{
    if (!open_journaling((impact_trace_options){0}))
        return;
    end_numbered(0, 5);
    const pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        end_numbered(100, 3);
        (void)impact_tracer_provider_shutdown(provider, 1);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    end_numbered(5, 7);
    CHECK_EQUAL(stats_of(provider).dropped_closed, 0);
}

TEST(a_child_that_was_made_past_fork_leaves_its_parents_file_alone)
{
    impact_journal_result result;
    check_skip_forks_of_threads();
    REQUIRE(open_directory());
    run_and_kill(fork_past_fork_and_die, SIGKILL);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK_EQUAL(result.exported, 12);
    check_each_once(0, 12);
    close_directory();
}

TEST(several_who_rescue_at_once_export_each_span_once)
{
    enum { victims = 6, rescuers = 4 };
    static const char *const names[victims] = {"a", "b", "c", "d", "e", "f"};
    pid_t children[rescuers];
    impact_journal_result result;
    REQUIRE(open_directory());
    for (unsigned i = 0; i < victims; i++) {
        const pid_t child = fork();
        if (child == 0) {
            noting.name = names[i]; /* so that none rescues the others, and is killed in that */
            if (open_journaling((impact_trace_options){0}))
                end_numbered(i * 100, 100);
            (void)raise(SIGKILL);
        }
        (void)waitpid(child, NULL, 0);
    }
    for (unsigned i = 0; i < rescuers; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(rescue(&result) != IMPACT_OK);
    }
    for (unsigned i = 0; i < rescuers; i++) {
        int status = 1;
        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    check_each_once(0, victims * 100);
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

/* ---- a backend that is away ---- */

TEST(what_finds_no_backend_waits_for_the_next)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(end_a_hundred, SIGKILL);
    atomic_store(&answer, IMPACT_EAGAIN);
    CHECK_EQUAL(rescue(&result), IMPACT_EAGAIN);
    CHECK(result.exported == 0 && result.files == 0);
    CHECK_EQUAL(count_files(".journal", false), 1);
    atomic_store(&answer, IMPACT_OK);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    check_each_once(0, 100);
    close_directory();
}

TEST(what_a_shutdown_could_not_export_stays_in_the_journal)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    REQUIRE(open_journaling((impact_trace_options){.batch_limit = 4}));
    atomic_store(&answer, IMPACT_EAGAIN);
    end_numbered(0, 10);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_EEXPORT);
    CHECK_EQUAL(stats_of(provider).failed, 10);
    impact_tracer_provider_close(provider);
    CHECK_EQUAL(count_files(".journal", false), 1);
    atomic_store(&answer, IMPACT_OK);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    check_each_once(0, 10);
    close_directory();
}

TEST(what_is_refused_for_good_is_not_tried_again)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    run_and_kill(end_a_hundred, SIGKILL);
    atomic_store(&answer, IMPACT_EEXPORT);
    CHECK_EQUAL(rescue(&result), IMPACT_EEXPORT);
    CHECK(result.failed == 100 && result.files == 1);
    CHECK_EQUAL(count_files("", false), 0);
    close_directory();
}

/* ---- files that are none ---- */

static void change_file(void (*change)(int file, off_t size))
{
    char path[512];
    DIR *files = opendir(directory);
    for (const struct dirent *entry; files && (entry = readdir(files));) {
        struct stat seen;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        const int file = strstr(path, ".journal") ? open(path, O_RDWR | O_CLOEXEC) : -1;
        if (file < 0)
            continue;
        CHECK(fstat(file, &seen) == 0);
        change(file, seen.st_size);
        (void)close(file);
    }
    if (files)
        (void)closedir(files);
}

static void cut(int file, off_t size)
{
    CHECK(ftruncate(file, size / 2) == 0);
}

static void empty(int file, off_t size)
{
    (void)size;
    CHECK(ftruncate(file, 0) == 0);
}

static void spoil(int file, off_t size)
{
    (void)size;
    CHECK(pwrite(file, "?", 1, 3) == 1);
}

TEST(a_file_that_is_cut_or_spoilt_is_set_aside)
{
    static void (*const changes[])(int, off_t) = {cut, empty, spoil};
    impact_journal_result result;
    REQUIRE(open_directory());
    for (size_t i = 0; i < 3; i++) {
        run_and_kill(end_a_hundred, SIGKILL);
        change_file(changes[i]);
        CHECK_EQUAL(rescue(&result), IMPACT_OK);
        CHECK(result.exported == 0 && result.set_aside == 1 && result.files == 0);
        CHECK_EQUAL(count_files(".corrupt", false), i + 1);
        CHECK_EQUAL(rescue(&result), IMPACT_OK);
        CHECK_EQUAL(result.set_aside, 0);
    }
    close_directory();
}

/* As one that was killed while it made its file, or is about to lock it. */
static int make_hidden(const char *name, time_t age_s)
{
    char path[512];
    const struct timespec when = {.tv_sec = time(NULL) - age_s};
    (void)snprintf(path, sizeof path, "%s/.impact-%s", directory, name);
    const int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CHECK(file >= 0 && futimens(file, (const struct timespec[]){when, when}) == 0);
    return file;
}

TEST(a_file_that_was_left_half_made_is_removed_once_it_is_old)
{
    impact_journal_result result;
    REQUIRE(open_directory());
    (void)close(make_hidden("old", 3600));
    const int young = make_hidden("young", 0);
    CHECK_EQUAL(count_files("", false), 2);
    CHECK_EQUAL(rescue(&result), IMPACT_OK);
    CHECK_EQUAL(count_files("old", false), 0);
    CHECK_EQUAL(count_files("young", false), 1);
    (void)close(young);
    close_directory();
}

/* ---- no file ---- */

static void check_without_file(unsigned span_count)
{
    REQUIRE(open_journaling((impact_trace_options){0}));
    end_numbered(0, span_count);
    CHECK_EQUAL(count_files("", false), 0);
    close_and_check();
    check_each_once(0, span_count);
}

TEST(where_no_file_can_be_that_large_spans_wait_in_memory)
{
    REQUIRE(open_directory());
    const struct rlimit small = {1 << 20, RLIM_INFINITY};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    check_without_file(20);
    close_directory();
}

TEST(where_there_is_no_directory_spans_wait_in_memory)
{
    REQUIRE(open_directory());
    CHECK(rmdir(directory) == 0);
    const int file = open(directory, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check_without_file(20);
    (void)close(file);
    (void)unlink(directory);
    (void)munmap(facts, sizeof *facts);
}

/* ---- the call ---- */

TEST(a_flush_of_a_journal_wants_a_directory_and_an_exporter)
{
    impact_journal_result result = {.size = sizeof result};
    CHECK_EQUAL(impact_journal_flush(NULL, &noting, 1, &result), IMPACT_EINVAL);
    CHECK_EQUAL(impact_journal_flush("/tmp", NULL, 1, &result), IMPACT_EINVAL);
    CHECK_EQUAL(impact_journal_flush("/nowhere/at/all", &noting, 1, &result), IMPACT_ENOENT);
    REQUIRE(open_directory());
    CHECK_EQUAL(impact_journal_flush(directory, &noting, 1, NULL), IMPACT_OK);
    close_directory();
}

TEST(a_journal_survives_any_failed_allocation)
{
    faults f;
    REQUIRE(open_directory());
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = &noting;
        provider = NULL;
        const impact_status status = impact_tracer_provider_open(
            &provider, IMPACT_TRACE_OPTIONS(.allocator = &f.allocator, .exporters = &exporter,
                                            .exporter_count = 1, .queue_limit = 16,
                                            .journal_directory = directory));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
        if (provider)
            end_numbered(0, 1);
        (void)impact_tracer_provider_shutdown(provider, tracing_timeout_ms); /* its worker ends */
        impact_tracer_provider_close(provider);
        CHECK_EQUAL(count_files(".impact", false), 0);
    }
    close_directory();
}
