/* What the pipeline costs: with two exporters, with a journal, with two threads, with a backend
 * that is away, and in memory.
 *
 * Memory is measured in a process of its own each: the bench's allocations are not in it. A backend
 * that is away is an exporter that makes its request, as large as the batch, and then waits for an
 * answer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/trace.h>

#include "base/clock.h"
#include "bench.h"

enum {
    few = 250, /* spans between flushes */
    thread_spans =
        4000, /* of each of two threads: what both end is below the soft end of the ring */
    thread_rounds = 61,
    timed_spans = 200000,
    large_value_size = 200 * 1024,
    large_spans = 4000,
    inits = 1000,
    init_spans = 2048,
    flush_ms = 20000,
};

/* ---- exporters ---- */

static impact_status take_batch(impact_exporter *exporter, const impact_batch *batch,
                                uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)batch;
    (void)timeout_ms;
    (void)rejected;
    return IMPACT_OK;
}

static void close_nothing(impact_exporter *exporter)
{
    (void)exporter;
}

static pthread_mutex_t away_lock = PTHREAD_MUTEX_INITIALIZER; /* held while the backend is away */

static impact_status send_into_nowhere(impact_exporter *exporter, const impact_batch *batch,
                                       uint32_t timeout_ms, size_t *rejected)
{
    (void)exporter;
    (void)timeout_ms;
    (void)rejected;
    size_t size = 0;
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t j = 0; j < batch->scopes[i]->span_count; j++)
            size += batch->scopes[i]->spans[j].size;
    char *request = malloc(size + 1);
    if (!request)
        return IMPACT_ENOMEM;
    memset(request, 1, size + 1);
    (void)pthread_mutex_lock(&away_lock); /* cannot fail for a normal lock; likewise below */
    (void)pthread_mutex_unlock(&away_lock);
    free(request);
    return IMPACT_OK;
}

static impact_exporter nothing = {
    .size = sizeof nothing, .name = "nothing", .export_batch = take_batch, .close = close_nothing};
static impact_exporter second = {
    .size = sizeof second, .name = "second", .export_batch = take_batch, .close = close_nothing};
static impact_exporter third = {
    .size = sizeof third, .name = "third", .export_batch = take_batch, .close = close_nothing};
static impact_exporter away = {
    .size = sizeof away, .name = "away", .export_batch = send_into_nowhere, .close = close_nothing};

/* ---- a provider and its spans ---- */

typedef struct pipeline {
    impact_tracer_provider *provider;
    impact_tracer *tracer;
} pipeline;

static pipeline pipeline_open(const impact_trace_options *options)
{
    pipeline p;
    if (impact_tracer_provider_open(&p.provider, options))
        abort();
    p.tracer = impact_tracer_provider_get_tracer(p.provider, "bench", "1");
    return p;
}

static void flush(const pipeline *p)
{
    (void)impact_tracer_provider_flush(p->provider, flush_ms); /* figures do not depend on it */
}

static void end_span(const pipeline *p, int64_t number)
{
    impact_span *span = impact_span_start(p->tracer, "checkout", NULL);
    impact_span_set(span, impact_int("cart.items", number));
    impact_span_set(span, impact_string("user.tier", "gold"));
    impact_span_set(span, impact_bool("cart.is_gift", true));
    impact_span_end(span);
}

static void end_spans(const pipeline *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        end_span(p, (int64_t)i);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- two exporters ---- */

static pipeline two;

static void with_two_exporters(size_t count)
{
    end_spans(&two, count);
}

static void flush_two(void)
{
    flush(&two);
}

static void measure_two_exporters(void)
{
    static bench_case one_case = {"span_two_exporters", with_two_exporters, flush_two, few, {0}};
    impact_exporter *exporters[] = {&nothing, &second};
    two = pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = exporters, .exporter_count = 2));
    bench_run(&one_case, 1);
    bench_print("span_two_exporters_ns", bench_median_ns(&one_case), "ns");
    impact_tracer_provider_close(two.provider);
}

/* ---- a journal ---- */

static pipeline in_memory;
static pipeline in_file;
static pipeline while_open; /* spans lie in the file from their start on */

static void end_in_memory(size_t count)
{
    end_spans(&in_memory, count);
}

static void flush_memory(void)
{
    flush(&in_memory);
}

static void end_in_file(size_t count)
{
    end_spans(&in_file, count);
}

static void flush_file(void)
{
    flush(&in_file);
}

static void end_kept_open(size_t count)
{
    end_spans(&while_open, count);
}

static void flush_kept_open(void)
{
    flush(&while_open);
}

/* This thread, and those that it starts, on one of the processors that it may be on. */
static void stay_on(const cpu_set_t *allowed, bool last)
{
    cpu_set_t one;
    size_t found = CPU_SETSIZE;
    for (size_t i = 0; i < CPU_SETSIZE && (last || found == CPU_SETSIZE); i++)
        found = CPU_ISSET(i, allowed) ? i : found;
    CPU_ZERO(&one);
    CPU_SET(found, &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* where it must not, the figures are rougher */
}

/* A worker that is on another processor than the spans costs them 20 ns each, whatever its ring
 * lies in: their lines come back from there. So all workers start, and stay, on the first one. */
static void start_workers_elsewhere(const cpu_set_t *allowed)
{
    stay_on(allowed, false);
    end_in_memory(1);
    end_in_file(1);
    end_kept_open(1);
    stay_on(allowed, true);
}

/* All have seen their memory once before they are timed. */
static void measure_journal(void)
{
    static bench_case cases[] = {
        {"span_journal", end_in_file, flush_file, few, {0}},
        {"span_plain", end_in_memory, flush_memory, few, {0}},
        {"span_kept_open", end_kept_open, flush_kept_open, few, {0}},
    };
    cpu_set_t allowed;
    char directory[] = "/tmp/impact-bench-XXXXXX";
    impact_exporter *plain = &nothing;
    impact_exporter *kept = &second;
    impact_exporter *open = &third;
    if (!mkdtemp(directory) || sched_getaffinity(0, sizeof allowed, &allowed))
        abort();
    in_memory = pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &plain, .exporter_count = 1));
    in_file = pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &kept, .exporter_count = 1,
                                                 .journal_directory = directory));
    while_open = pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &open, .exporter_count = 1,
                                                    .journal_directory = directory,
                                                    .journal_keeps_open = true));
    start_workers_elsewhere(&allowed);
    for (int i = 0; i < 20; i++)
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
            cases[j].run(few);
            cases[j].rest();
        }
    bench_run(cases, 3);
    bench_print("span_journal_ns", bench_median_ns(&cases[0]), "ns");
    bench_print("journal_ratio", bench_median_ratio(&cases[0], &cases[1]), "ratio");
    bench_print("journal_open_ratio", bench_median_ratio(&cases[2], &cases[1]), "ratio");
    impact_tracer_provider_close(in_memory.provider);
    impact_tracer_provider_close(in_file.provider);
    impact_tracer_provider_close(while_open.provider);
    (void)sched_setaffinity(0, sizeof allowed, &allowed); /* what it had */
    (void)rmdir(directory);
}

/* ---- two threads ---- */

static pipeline shared;
static atomic_uint
    ordered;             /* batches of the other thread; it looks all the time, for to be woken */
static atomic_uint made; /* takes longer than a batch may */

static void *end_as_ordered(void *argument)
{
    for (unsigned i = 1; i <= 2 * thread_rounds; i++) {
        while (atomic_load(&ordered) < i)
            ;
        end_spans(&shared, thread_spans);
        atomic_fetch_add(&made, 1);
    }
    return argument;
}

static double batches_ns(bool is_here, bool is_there)
{
    const uint64_t start = impact__clock_monotonic_ns();
    const unsigned last = atomic_load(&ordered) + is_there;
    atomic_store(&ordered, last);
    if (is_here)
        end_spans(&shared, thread_spans);
    while (atomic_load(&made) < last)
        ;
    const double took = (double)(impact__clock_monotonic_ns() - start);
    flush(&shared);
    return took;
}

/* The worker sleeps until it is flushed: there are two cores, and both are the threads'. Each
 * thread is timed alone, too: the worker leaves what it read in the caches of one of the two. */
static void measure_two_threads(void)
{
    impact_exporter *exporter = &nothing;
    pthread_t other;
    double ratios[thread_rounds];
    shared = pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                                .queue_limit = 4 * thread_spans,
                                                .batch_limit = 4 * thread_spans,
                                                .schedule_delay_ms = 3600000));
    if (pthread_create(&other, NULL, end_as_ordered, NULL))
        abort();
    for (int i = 0; i < thread_rounds; i++) {
        const double alone = batches_ns(true, false) + batches_ns(false, true);
        ratios[i] = alone / batches_ns(true, true);
    }
    (void)pthread_join(other, NULL);
    qsort(ratios, thread_rounds, sizeof *ratios, compare);
    bench_print("span_threads_2_ratio", ratios[thread_rounds / 2], "ratio");
    impact_tracer_provider_close(shared.provider);
}

/* ---- the slowest of a thousand, with a backend that is away ---- */

static double slow_ns(impact_exporter *exporter)
{
    static double times[timed_spans];
    const pipeline p =
        pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1));
    end_spans(&p, timed_spans / 10); /* to warm up, and to fill the queue */
    for (int i = 0; i < timed_spans; i++) {
        const uint64_t start = impact__clock_monotonic_ns();
        end_span(&p, i);
        times[i] = (double)(impact__clock_monotonic_ns() - start);
    }
    qsort(times, timed_spans, sizeof *times, compare);
    impact_tracer_provider_close(p.provider);
    return times[timed_spans - timed_spans / 1000];
}

static void measure_dead_backend(void)
{
    const double without = slow_ns(&nothing);
    (void)pthread_mutex_lock(&away_lock);
    const double with = slow_ns(&away);
    (void)pthread_mutex_unlock(&away_lock);
    bench_print("span_p999_ns", without, "ns");
    bench_print("span_p999_dead_backend_ns", with, "ns");
    bench_print("span_p999_dead_backend_ratio", with / without, "ratio");
}

/* ---- memory ---- */

static double resident_mib(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || !fread(text, 1, sizeof text - 1, file) || !strchr(text, ' '))
        abort();
    (void)fclose(file);
    const double pages = (double)strtoul(strchr(text, ' '), NULL, 10);
    return pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

static void print_rss_of_dead_backend(void)
{
    static char value[large_value_size];
    memset(value, 'x', sizeof value);
    impact_exporter *exporter = &away;
    (void)pthread_mutex_lock(&away_lock);
    const double before = resident_mib();
    const pipeline p =
        pipeline_open(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1));
    for (int i = 0; i < large_spans; i++) {
        impact_span *span = impact_span_start(p.tracer, "upload", NULL);
        impact_span_set(span, impact_string_n("body", value, sizeof value));
        impact_span_end(span);
    }
    bench_print("rss_mib_dead_backend", resident_mib() - before, "MiB");
    (void)pthread_mutex_unlock(&away_lock);
    flush(&p);
    bench_print("rss_mib_after_dead_backend", resident_mib() - before, "MiB");
}

static void init_and_shut_down(void)
{
    impact_exporter *exporter = &nothing;
    if (impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)))
        abort();
    const pipeline p = {NULL, NULL}; /* the default */
    end_spans(&p, init_spans);
    (void)impact_trace_shutdown(flush_ms); /* as flush */
}

static void print_rss_of_inits(void)
{
    init_and_shut_down();
    const double before = resident_mib();
    for (int i = 1; i < inits; i++)
        init_and_shut_down();
    bench_print("rss_mib_thousand_inits", resident_mib() - before, "MiB");
}

static void in_child(void (*measure)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        measure();
        (void)fflush(stdout);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0); /* its output tells whether it came to its end */
}

int main(void)
{
    in_child(print_rss_of_dead_backend);
    in_child(print_rss_of_inits);
    measure_two_exporters();
    measure_journal();
    measure_two_threads();
    measure_dead_backend();
    return 0;
}
