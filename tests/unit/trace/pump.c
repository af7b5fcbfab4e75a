/* Tracing without threads: the host's own loop exports. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/fake_clock.h"
#include "support/fake_exporter.h"
#include "support/patient_exporter.h"
#include "support/provider_fixture.h"
#include "support/tracing.h"

enum { quick_ms = 15000 }; /* that is in time, on a machine with much to do */

static patient_exporter patient;
static fake_exporter fake;

static bool open_patient(impact_trace_options options)
{
    impact_exporter *exporter = patient_exporter_open(&patient);
    options.starts_no_thread = true;
    return open_provider(&exporter, 1, options);
}

static bool open_fake(impact_trace_options options)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    options.starts_no_thread = true;
    return open_provider(&exporter, 1, options);
}

static uint32_t pump(void)
{
    return impact_tracer_provider_pump(provider);
}

static bool is_readable(void)
{
    struct pollfd readable = {.fd = impact_tracer_provider_get_descriptor(provider),
                              .events = POLLIN};
    CHECK(readable.fd >= 0);
    return poll(&readable, 1, 0) == 1;
}

static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        (void)closedir(tasks);
    return count;
}

/* ---- what the host sees ---- */

TEST(nothing_happens_but_in_the_hosts_calls_and_no_thread_is_started)
{
    const int threads = count_threads();
    REQUIRE(open_fake((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    end_spans(5);
    CHECK_EQUAL(stats_of(provider).queued, 5);
    CHECK_EQUAL(fake.batches, 0);
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 5);
    end_spans(5);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    end_spans(5);
    CHECK_EQUAL(count_threads(), threads);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, quick_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 15);
    CHECK_EQUAL(count_threads(), threads);
    impact_tracer_provider_close(provider);
    CHECK(fake.is_closed);
}

TEST(the_descriptor_is_readable_when_there_is_something_to_do)
{
    REQUIRE(open_fake((impact_trace_options){.batch_limit = 4, .schedule_delay_ms = 3600000}));
    CHECK(!is_readable());
    CHECK_EQUAL(pump(), UINT32_MAX);
    end_spans(1); /* the host has to know when it is due */
    CHECK(is_readable());
    const uint32_t due_ms = pump();
    CHECK(due_ms <= 3600000 && due_ms > 3500000);
    CHECK(!is_readable());
    end_spans(2);
    CHECK(!is_readable());
    end_spans(1); /* a batch */
    CHECK(is_readable());
    (void)pump();
    CHECK(!is_readable());
    CHECK_EQUAL(stats_of(provider).exported, 4);
    close_and_check();
}

TEST(what_waits_is_exported_when_it_is_due_and_then_no_call_is_wanted)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    REQUIRE(open_fake((impact_trace_options){.schedule_delay_ms = 5000}));
    fake_clock_set(now_ns);
    end_spans(1);
    CHECK_EQUAL(pump(), 5000);
    fake_clock_advance_ms(4000);
    CHECK_EQUAL(pump(), 1000);
    CHECK_EQUAL(fake.batches, 0);
    fake_clock_advance_ms(1000);
    CHECK_EQUAL(pump(), 5000); /* perhaps others follow */
    CHECK_EQUAL(fake.batches, 1);
    fake_clock_advance_ms(5000);
    CHECK_EQUAL(pump(), UINT32_MAX);
    CHECK_EQUAL(pump(), UINT32_MAX);
    CHECK(!is_readable());
    end_spans(1);
    CHECK(is_readable());
    CHECK_EQUAL(pump(), 5000);
    fake_clock_release();
    close_and_check();
}

TEST(an_export_under_way_leaves_the_host_alone_until_it_can_go_on)
{
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    end_spans(3);
    CHECK_EQUAL(pump(), UINT32_MAX);
    CHECK_EQUAL(stats_of(provider).in_flight, 3);
    end_spans(2); /* they wait for it */
    CHECK(!is_readable());
    patient_let_go(&patient, 1);
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 3);
    CHECK_EQUAL(stats_of(provider).in_flight, 2);
    patient.wait_ms = 70;
    CHECK_EQUAL(pump(), 70);
    patient_let_go(&patient, 1);
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 5);
    close_and_check();
}

static void *end_one(void *unused)
{
    end_spans(1);
    return unused;
}

TEST(spans_that_end_on_other_threads_are_seen)
{
    pthread_t thread;
    REQUIRE(open_fake((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    struct pollfd readable = {.fd = impact_tracer_provider_get_descriptor(provider),
                              .events = POLLIN};
    REQUIRE(pthread_create(&thread, NULL, end_one, NULL) == 0);
    CHECK_EQUAL(poll(&readable, 1, quick_ms), 1);
    (void)pthread_join(thread, NULL);
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 1);
    close_and_check();
}

TEST(one_call_does_not_go_on_for_ever_while_spans_come)
{
    enum { many = 64 };
    REQUIRE(open_fake((impact_trace_options){
        .batch_limit = 1, .queue_limit = many, .schedule_delay_ms = IMPACT_ZERO}));
    end_spans(many);
    CHECK_EQUAL(pump(), 0);
    CHECK(stats_of(provider).queued > 0 && stats_of(provider).exported > 0);
    while (pump() == 0)
        continue;
    CHECK_EQUAL(stats_of(provider).exported, many);
    close_and_check();
}

/* ---- what is lost, and what comes back ---- */

TEST(the_newest_span_is_dropped_when_the_queue_is_full_and_the_host_is_called)
{
    REQUIRE(open_fake((impact_trace_options){.queue_limit = 8, .schedule_delay_ms = 3600000}));
    end_spans(1);
    (void)pump();
    CHECK(!is_readable());
    end_spans(9);
    const impact_trace_stats full = stats_of(provider);
    CHECK(full.dropped_full == 2 && full.queued == 8);
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 8);
    close_and_check();
}

TEST(a_batch_that_may_go_again_waits_for_a_pause)
{
    const uint64_t now_ns = impact__clock_monotonic_ns();
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    patient.answer = IMPACT_EAGAIN;
    fake_clock_set(now_ns);
    end_spans(3);
    patient_let_go(&patient, 1);
    const uint32_t pause_ms = pump();
    CHECK(pause_ms >= 500 && pause_ms <= 1000);
    CHECK(stats_of(provider).queued == 3 && patient.batches == 1);
    fake_clock_advance_ms(pause_ms);
    patient.answer = IMPACT_OK;
    patient_let_go(&patient, 1);
    (void)pump();
    fake_clock_release();
    CHECK(stats_of(provider).exported == 3 && patient.batches == 2);
    close_and_check();
}

TEST(an_exporter_that_is_dead_delays_no_other)
{
    impact_exporter *exporters[] = {patient_exporter_open(&patient), fake_exporter_open(&fake)};
    impact_trace_stats stats = {.size = sizeof stats};
    REQUIRE(open_provider(exporters, 2, (impact_trace_options){.starts_no_thread = true}));
    end_spans(4);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 50), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(provider, 1, &stats), IMPACT_OK);
    CHECK_EQUAL(stats.exported, 4);
    check_equation(&stats);
    CHECK_EQUAL(stats_of(provider).in_flight, 4);
    patient_let_go(&patient, 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    close_and_check();
}

/* ---- flush and shutdown ---- */

TEST(a_flush_pumps_until_its_deadline_and_tells_the_truth)
{
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 20), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(stats_of(provider).in_flight, 3);
    CHECK(patient.timeout_ms > 20); /* it may go on behind the flush */
    patient_let_go(&patient, 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    patient.answer = IMPACT_EEXPORT;
    end_spans(3);
    patient_let_go(&patient, 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_EEXPORT);
    patient.answer = IMPACT_EAGAIN;
    end_spans(3);
    patient_let_go(&patient, 1);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_EEXPORT);
    const impact_trace_stats stats = stats_of(provider);
    CHECK(stats.exported == 3 && stats.failed == 3 && stats.queued == 3);
    patient.answer = IMPACT_OK;
    patient_let_go(&patient, 1);
    close_and_check();
}

TEST(an_exporter_that_has_to_be_waited_for_has_as_long_as_the_flush)
{
    REQUIRE(open_fake((impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(3);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, 0), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(stats_of(provider).queued, 3); /* no time is no try, and no loss */
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    CHECK(fake.last_timeout_ms <= quick_ms);
    close_and_check();
}

TEST(a_shutdown_ends_what_is_under_way_by_its_deadline)
{
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    end_spans(3);
    (void)pump();
    end_spans(2);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 20), IMPACT_ETIMEDOUT);
    CHECK(patient.is_hastened && patient.is_interrupted);
    CHECK_EQUAL(stats_of(provider).failed, 5);
    CHECK_EQUAL(pump(), UINT32_MAX);
    end_spans(1);
    CHECK_EQUAL(stats_of(provider).dropped_closed, 1);
    impact_tracer_provider_close(provider);
    CHECK(patient.is_closed);
}

TEST(a_shutdown_does_not_wait_for_an_exporter_that_minds_nobody)
{
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    patient.minds_nobody = true;
    end_spans(3);
    (void)pump();
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 20), IMPACT_ETIMEDOUT);
    CHECK_EQUAL(stats_of(provider).failed, 3);
    impact_tracer_provider_close(provider);
    CHECK(patient.is_closed);
}

TEST(what_waits_is_exported_by_a_shutdown)
{
    REQUIRE(open_patient((impact_trace_options){.batch_limit = 4, .schedule_delay_ms = 3600000}));
    end_spans(10);
    patient_let_go(&patient, 3);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, quick_ms), IMPACT_OK);
    CHECK_EQUAL(stats_of(provider).exported, 10);
    impact_tracer_provider_close(provider);
}

TEST(a_provider_may_be_closed_amid_an_export)
{
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    end_spans(3);
    (void)pump();
    impact_tracer_provider_close(provider);
    CHECK(patient.is_closed && patient.is_interrupted);
}

static void *flush_for_long(void *unused)
{
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    return unused;
}

TEST(a_flush_on_another_thread_is_answered_whoever_pumps)
{
    pthread_t thread;
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(3);
    REQUIRE(pthread_create(&thread, NULL, flush_for_long, NULL) == 0);
    patient_let_go(&patient, 1);
    while (!stats_of(provider).exported)
        (void)pump();
    (void)pthread_join(thread, NULL);
    close_and_check();
}

/* ---- many threads ---- */

static atomic_bool is_over;

static void *pump_until_over(void *unused)
{
    while (!atomic_load(&is_over))
        (void)pump();
    return unused;
}

static void *end_many(void *unused)
{
    end_spans(2000);
    return unused;
}

TEST(threads_that_pump_at_once_export_each_span_once)
{
    enum { half = 2 };
    pthread_t pumping[half];
    pthread_t ending[half];
    REQUIRE(open_fake((impact_trace_options){.batch_limit = 16, .schedule_delay_ms = IMPACT_ZERO}));
    for (int i = 0; i < half; i++) {
        REQUIRE(pthread_create(&pumping[i], NULL, pump_until_over, NULL) == 0);
        REQUIRE(pthread_create(&ending[i], NULL, end_many, NULL) == 0);
    }
    for (int i = 0; i < half; i++)
        (void)pthread_join(ending[i], NULL);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    atomic_store(&is_over, true);
    for (int i = 0; i < half; i++)
        (void)pthread_join(pumping[i], NULL);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.exported + stats.dropped_full, 4000);
    CHECK_EQUAL(fake.spans, stats.exported);
    close_and_check();
}

/* ---- forks ---- */

static void export_in_child(void)
{
    const int before = impact_tracer_provider_get_descriptor(provider);
    CHECK(before >= 0 && !is_readable());
    CHECK_EQUAL(stats_of(provider).ended, 0);
    CHECK_EQUAL(pump(), UINT32_MAX);
    patient.is_begun = false; /* as of an exporter that has noticed the fork */
    patient.gate = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    end_spans(2);
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(patient.batch->span_count, 2);
    patient_let_go(&patient, 1);
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 2);
    close_and_check();
    _exit(0);
}

TEST(a_child_that_is_forked_amid_an_export_has_a_descriptor_and_spans_of_its_own)
{
    int status = 1;
    REQUIRE(open_patient((impact_trace_options){.schedule_delay_ms = IMPACT_ZERO}));
    end_spans(3);
    (void)pump();
    end_spans(1);
    const pid_t child = fork();
    if (child == 0)
        export_in_child();
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(!is_readable()); /* the child rang and opened what is its own */
    CHECK_EQUAL(stats_of(provider).in_flight, 3);
    patient_let_go(&patient, 2);
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 4);
    close_and_check();
}

/* ---- a journal ---- */

static char directory[] = "/tmp/impact-pump-XXXXXX";

static bool open_with_journal(void)
{
    return open_patient((impact_trace_options){
        .journal_directory = directory, .batch_limit = 4, .schedule_delay_ms = IMPACT_ZERO});
}

/* What lies in the directory, and is a journal. */
static int count_journals(void)
{
    int count = 0;
    DIR *files = opendir(directory);
    for (const struct dirent *entry; files && (entry = readdir(files));)
        count += strncmp(entry->d_name, "impact-", 7) == 0;
    if (files)
        (void)closedir(files);
    return count;
}

/* A process ends six spans, exports none of them, and is killed amid the export. */
static void leave_six(void)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        if (!open_with_journal())
            _exit(2);
        end_spans(6);
        (void)pump();
        (void)raise(SIGKILL);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK_EQUAL(count_journals(), 1);
}

TEST(what_a_killed_process_left_behind_is_exported_without_waiting)
{
    REQUIRE(mkdtemp(directory));
    const int threads = count_threads();
    leave_six();
    REQUIRE(open_with_journal());
    CHECK(is_readable());
    (void)pump();
    CHECK_EQUAL(patient.batch->span_count, 4);
    end_spans(1); /* it has its turn between two batches */
    patient_let_go(&patient, 1);
    (void)pump();
    CHECK_EQUAL(patient.spans, 4);
    patient_let_go(&patient, 2);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    while (patient.spans < 7)
        (void)pump();
    CHECK_EQUAL(stats_of(provider).exported, 1);
    CHECK_EQUAL(count_threads(), threads);
    close_and_check();
    CHECK_EQUAL(count_journals(), 0);
    (void)rmdir(directory);
}

TEST(a_shutdown_amid_a_rescue_leaves_the_rest_to_the_next_process)
{
    REQUIRE(mkdtemp(directory));
    leave_six();
    REQUIRE(open_with_journal());
    (void)pump();
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 20), IMPACT_OK); /* of its own spans */
    CHECK(patient.is_interrupted);
    impact_tracer_provider_close(provider);
    CHECK_EQUAL(count_journals(), 1);
    REQUIRE(open_with_journal());
    patient_let_go(&patient, 2);
    while (patient.spans < 6)
        (void)pump();
    close_and_check();
    CHECK_EQUAL(count_journals(), 0);
    (void)rmdir(directory);
}

/* ---- the process's own provider ---- */

TEST(the_default_provider_is_pumped_too)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    CHECK(impact_trace_pump() == UINT32_MAX && impact_trace_get_descriptor() == -1);
    REQUIRE(impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                                   .schedule_delay_ms = IMPACT_ZERO,
                                                   .starts_no_thread = true)) == IMPACT_OK);
    CHECK(impact_trace_get_descriptor() >= 0);
    impact_span_end(impact_span_start(NULL, "a", NULL));
    (void)impact_trace_pump();
    impact_trace_stats stats = {.size = sizeof stats};
    impact_trace_get_stats(&stats);
    check_equation(&stats);
    CHECK_EQUAL(stats.exported, 1);
    CHECK_EQUAL(impact_trace_shutdown(quick_ms), IMPACT_OK);
    CHECK(impact_trace_pump() == UINT32_MAX && impact_trace_get_descriptor() == -1);
    CHECK(fake.is_closed);
}

/* ---- what there is not ---- */

TEST(without_a_provider_and_where_there_are_threads_nothing_is_pumped)
{
    impact_exporter *exporter = fake_exporter_open(&fake);
    CHECK(impact_tracer_provider_pump(NULL) == UINT32_MAX);
    CHECK(impact_tracer_provider_get_descriptor(NULL) == -1);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){.schedule_delay_ms = 3600000}));
    end_spans(1);
    CHECK(pump() == UINT32_MAX);
    CHECK(impact_tracer_provider_get_descriptor(provider) == -1);
    CHECK_EQUAL(stats_of(provider).queued, 1);
    close_and_check();
}

TEST(without_exporters_no_call_is_wanted)
{
    REQUIRE(open_provider(NULL, 0, (impact_trace_options){.starts_no_thread = true}));
    end_spans(2);
    CHECK(!is_readable());
    CHECK_EQUAL(pump(), UINT32_MAX);
    CHECK_EQUAL(impact_tracer_provider_flush(provider, quick_ms), IMPACT_OK);
    close_and_check();
}

TEST(without_memory_none_is_opened_and_nothing_is_lost)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = patient_exporter_open(&patient);
        const impact_status status = impact_tracer_provider_open(
            &provider, IMPACT_TRACE_OPTIONS(.allocator = &f.allocator, .exporters = &exporter,
                                            .exporter_count = 1, .starts_no_thread = true,
                                            .queue_limit = 16, .schedule_delay_ms = IMPACT_ZERO));
        CHECK_EQUAL(status, atomic_load(&f.injected) ? IMPACT_ENOMEM : IMPACT_OK);
        if (status) {
            impact_exporter_close(exporter);
            continue;
        }
        tracer = impact_tracer_provider_get_tracer(provider, "a", NULL);
        end_spans(1);
        patient_let_go(&patient, 1);
        (void)pump();
        close_and_check();
    }
}
