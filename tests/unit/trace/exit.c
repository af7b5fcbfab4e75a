/* A process that ends without a shutdown: what waits is exported where that was asked for. */
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/tracing.h"
#include "trace/default.h"

enum { span_count = 20 };

/* What the process that ends has exported, where its parent sees it. */
static atomic_size_t *exported;

static impact_status count(impact_exporter *exporter, const impact_batch *batch,
                           uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter, (void)timeout_ms, (void)rejected;
    atomic_fetch_add(exported, batch->span_count);
    return IMPACT_OK;
}

static impact_status hang(impact_exporter *exporter, const impact_batch *batch, uint32_t timeout_ms,
                          size_t *rejected)
{
    (void)exporter, (void)batch, (void)timeout_ms, (void)rejected;
    for (;;)
        (void)pause();
    return IMPACT_EEXPORT;
}

static void forget(impact_exporter *exporter)
{
    (void)exporter;
}

static impact_tracer_provider *provider;

static bool open_provider(impact_status (*export_batch)(impact_exporter *, const impact_batch *,
                                                        uint32_t, size_t *),
                          uint32_t exit_timeout_ms)
{
    static impact_exporter witness = {.size = sizeof witness, .name = "witness", .close = forget};
    impact_exporter *exporter = &witness;
    witness.export_batch = export_batch;
    return impact_tracer_provider_open(
               &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                               .schedule_delay_ms = 3600000,
                                               .exit_timeout_ms = exit_timeout_ms)) == IMPACT_OK;
}

static void end_spans(void)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    for (int i = 0; i < span_count; i++)
        impact_span_end(impact_span_start(tracer, "a", NULL));
    (void)stats_of(provider);
}

/* Its exit status, or minus the signal that ended it. */
static int end_of(void (*live)(void))
{
    exported =
        mmap(NULL, sizeof *exported, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (exported == MAP_FAILED)
        return -1;
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        live();
        exit(7);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void live_with_a_timeout(void)
{
    CHECK(open_provider(count, 10000));
    end_spans();
}

TEST(what_waits_at_the_end_is_exported_where_it_is_asked_for)
{
    CHECK_EQUAL(end_of(live_with_a_timeout), 7);
    CHECK_EQUAL(atomic_load(exported), span_count);
}

static void live_without_one(void)
{
    CHECK(open_provider(count, 0));
    end_spans();
}

TEST(what_waits_at_the_end_is_lost_where_it_is_not)
{
    CHECK_EQUAL(end_of(live_without_one), 7);
    CHECK_EQUAL(atomic_load(exported), 0);
}

static void live_with_an_exporter_that_hangs(void)
{
    CHECK(open_provider(hang, 50));
    end_spans();
}

TEST(an_exporter_that_hangs_does_not_keep_the_process)
{
    const uint64_t began = impact__clock_monotonic_ns();
    CHECK_EQUAL(end_of(live_with_an_exporter_that_hangs), 7);
    CHECK(impact__clock_monotonic_ns() - began < 10 * IMPACT__NS_PER_SEC);
}

static void live_and_close(void)
{
    CHECK(open_provider(count, 10000));
    end_spans();
    impact_tracer_provider_close(provider);
}

TEST(a_provider_that_was_closed_is_not_touched_at_the_end)
{
    CHECK_EQUAL(end_of(live_and_close), 7);
}

/* The parent's wait there, and are exported by it alone. */
static void live_and_fork(void)
{
    CHECK(open_provider(count, 10000));
    end_spans();
    const pid_t child = fork();
    if (child == 0) {
        end_spans();
        exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

TEST(a_forked_child_exports_its_own_at_its_end)
{
    check_skip_forks_of_threads();
    CHECK_EQUAL(end_of(live_and_fork), 7);
    CHECK_EQUAL(atomic_load(exported), 2 * span_count);
}

/* ---- beside a processor that shuts tracing down ---- */

static void *take(void *userdata, size_t size)
{
    (void)userdata;
    return malloc(size);
}

static void *take_again(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    return realloc(memory, size);
}

/* Who looks at it afterwards sees nothing that makes sense. It is kept, for a look to be no crash
 * as such. */
static void spoil(void *userdata, void *memory)
{
    static void *kept[64];
    static size_t kept_count;
    (void)userdata;
    if (!memory)
        return;
    memset(memory, 0xDD, malloc_usable_size(memory));
    if (kept_count < sizeof kept / sizeof *kept)
        kept[kept_count++] = memory;
}

static const impact_allocator spoiling = {take, take_again, spoil, NULL};

static impact_status shut_tracing_down(impact_span_processor *processor, uint32_t timeout_ms)
{
    (void)processor;
    atomic_fetch_add(exported, 1);
    return impact_trace_shutdown(timeout_ms) == IMPACT_ECLOSED ? IMPACT_OK : IMPACT_EEXPORT;
}

static void forget_processor(impact_span_processor *processor)
{
    (void)processor;
}

static void live_with_a_processor_that_shuts_tracing_down(void)
{
    static impact_span_processor ender = {
        .size = sizeof ender, .shutdown = shut_tracing_down, .close = forget_processor};
    impact_span_processor *processor = &ender;
    CHECK(impact_tracer_provider_open(
              &provider, IMPACT_TRACE_OPTIONS(.allocator = &spoiling, .processors = &processor,
                                              .processor_count = 1, .exit_timeout_ms = 10000)) ==
          IMPACT_OK);
    CHECK_EQUAL(impact__trace_set_default(provider), IMPACT_OK);
    impact_span_end(impact_span_start(NULL, "a", NULL));
}

TEST(a_processor_that_shuts_tracing_down_at_the_end_takes_nothing_from_under_it)
{
    CHECK_EQUAL(end_of(live_with_a_processor_that_shuts_tracing_down), 7);
    CHECK_EQUAL(atomic_load(exported), 1);
}
