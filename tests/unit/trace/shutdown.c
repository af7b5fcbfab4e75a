/* Shutdown beside everybody else: who records, reads counters, flushes, forks, or shuts down
 * too. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/default.h"

#include "base/clock.h"
#include "pipeline/batcher_state.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

static fake_exporter fakes[2];

/* The first one hangs, whatever it is told. */
static bool open_hanging(size_t exporter_count)
{
    impact_exporter *exporters[] = {fake_exporter_open(&fakes[0]), fake_exporter_open(&fakes[1])};
    fake_set_hangs(&fakes[0], true);
    return open_provider(exporters, exporter_count, (impact_trace_options){0});
}

static bool is_hanging(void)
{
    end_spans(1);
    (void)impact_tracer_provider_flush(provider, 0);
    return fake_wait(&fakes[0], &fakes[0].is_hanging, NULL, 0);
}

/* ---- others go on ---- */

enum { round_count = 2000 };

static pthread_barrier_t gate;
static atomic_bool is_over;

static void record(void)
{
    end_spans(1);
}

static void read_counters(void)
{
    impact_trace_stats one = {.size = sizeof one};
    (void)stats_of(provider);
    CHECK_EQUAL(impact_tracer_provider_get_exporter_stats(provider, 1, &one), IMPACT_OK);
    check_equation(&one);
}

static void flush(void)
{
    (void)impact_tracer_provider_flush(provider, 0);
}

/* Until the shutdown has returned, and then some rounds more. */
static void *go_on(void *argument)
{
    void (*const *step)(void) = argument;
    (void)pthread_barrier_wait(&gate);
    for (int left = round_count / 20; left > 0; left -= atomic_load(&is_over))
        (*step)();
    return NULL;
}

TEST(a_shutdown_may_hang_in_an_exporter_while_others_record_and_ask_and_flush)
{
    static void (*steps[])(void) = {record, record, read_counters, flush};
    enum { count = sizeof steps / sizeof *steps };
    pthread_t threads[count];
    REQUIRE(open_hanging(2));
    REQUIRE(is_hanging());
    (void)pthread_barrier_init(&gate, NULL, count + 1);
    for (size_t i = 0; i < count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, go_on, &steps[i]) == 0);
    (void)pthread_barrier_wait(&gate);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 20), IMPACT_ETIMEDOUT);
    atomic_store(&is_over, true);
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK(fake_is(&fakes[0], &fakes[0].is_hanging));
    CHECK(stats_of(provider).dropped_closed >= 2 * (round_count / 20));
    fake_set_hangs(&fakes[0], false);
    while (impact__provider_hangs(provider))
        (void)sched_yield();
    close_and_check();
}

/* ---- who waits ---- */

static void *flush_for_long(void *argument)
{
    (void)argument;
    CHECK_EQUAL(impact_tracer_provider_flush(provider, tracing_timeout_ms), IMPACT_ETIMEDOUT);
    return NULL;
}

TEST(a_flush_behind_a_worker_that_has_ended_waits_no_longer)
{
    pthread_t thread;
    impact__ring_claim claim;
    REQUIRE(open_hanging(1));
    fakes[0].minds_interrupt = true;
    REQUIRE(is_hanging());
    impact__batcher *batcher = provider->batchers[0];
    /* A thread that is stopped while it puts its record in: nobody will ever be done with that. */
    REQUIRE(impact__ring_claim_bytes(&batcher->ring, 64, &claim) == IMPACT__RING_TAKEN);
    const uint64_t begin = impact__clock_monotonic_ns();
    REQUIRE(pthread_create(&thread, NULL, flush_for_long, NULL) == 0);
    while (!impact__batcher_is_behind(batcher, impact__ring_last(&batcher->ring)))
        (void)sched_yield();
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, 20), IMPACT_ETIMEDOUT);
    (void)pthread_join(thread, NULL);
    CHECK(impact__clock_monotonic_ns() - begin < tracing_timeout_ms / 2 * IMPACT__NS_PER_MS);
    impact__ring_commit(&claim);
    impact_tracer_provider_close(provider);
}

/* ---- two at once ---- */

static void *shut_down_slowly(void *argument)
{
    (void)argument;
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    return NULL;
}

TEST(a_second_shutdown_leaves_the_exporters_to_the_first)
{
    pthread_t thread;
    REQUIRE(open_hanging(1));
    REQUIRE(impact__trace_set_default(provider) == IMPACT_OK);
    REQUIRE(is_hanging());
    REQUIRE(pthread_create(&thread, NULL, shut_down_slowly, NULL) == 0);
    while (!atomic_load(&provider->is_shut_down))
        (void)sched_yield();
    CHECK_EQUAL(impact_trace_shutdown(0), IMPACT_ECLOSED);
    fake_set_hangs(&fakes[0], false);
    (void)pthread_join(thread, NULL); /* it may look at its exporter until here */
    CHECK(!fake_is(&fakes[0], &fakes[0].is_closed));
    impact_trace_stats stats = {.size = sizeof stats};
    impact_trace_get_stats(&stats); /* the next who comes frees it */
    CHECK_EQUAL(stats.exported, 1);
    check_equation(&stats);
    CHECK(fake_is(&fakes[0], &fakes[0].is_closed));
}

/* ---- a fork in the midst ---- */

static atomic_bool forks_at_the_clock;
static int status_of_child = -1;

static void live_as_child(void)
{
    (void)alarm(20);
    end_spans(3);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.dropped_closed, 3);
    CHECK_EQUAL(stats.queued, 0);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_ECLOSED);
    impact_tracer_provider_close(provider);
    _exit(0);
}

static void fork_here(void)
{
    const pid_t child = fork();
    if (child == 0)
        live_as_child();
    (void)waitpid(child, &status_of_child, 0);
}

/* Found before the C library's. A shutdown looks at the clock when it has begun, and before a
 * batcher knows. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (atomic_exchange(&forks_at_the_clock, false))
        fork_here();
    return (int)syscall(SYS_clock_gettime, clock, now);
}

TEST(a_child_that_is_forked_amid_a_shutdown_is_shut_down_and_can_be_closed)
{
    impact_exporter *exporter = fake_exporter_open(&fakes[0]);
    REQUIRE(open_provider(&exporter, 1, (impact_trace_options){0}));
    atomic_store(&forks_at_the_clock, true);
    CHECK_EQUAL(impact_tracer_provider_shutdown(provider, tracing_timeout_ms), IMPACT_OK);
    CHECK_EQUAL(status_of_child, 0);
    close_and_check();
}
