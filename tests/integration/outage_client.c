/* A program whose spans meet an outage, for the tests that make one.
 *
 *     outage_client outage TIMEOUT_MS ROUNDS SIZE
 *
 * In each round ten spans with a text of SIZE bytes end and are flushed, and ten more end and
 * tracing is shut down.
 *
 *     outage_client stream TRACES RATE TIMEOUT_MS
 *
 * Traces of five spans end, RATE spans a second (0: one behind the other), and when standard input
 * ends, tracing is shut down. A line on standard output for each span: its trace and its own id.
 *
 * With OUTAGE_PUMPS in the environment no thread is started for the export.
 *
 * A line of JSON on standard error tells of each flush, each shutdown and the end. `late_ms` is how
 * late a thread that only waits was woken meanwhile: what this machine, and not the library, took.
 */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <impact/diagnostics.h>
#include <impact/trace.h>

enum {
    round_count = 10, /* spans between two calls */
    trace_size = 5,   /* spans */
    size_limit = 1 << 20,
    settle_limit_s = 60,
    ns_per_ms = 1000 * 1000,
};

static const uint64_t ns_per_second = UINT64_C(1000000000);

/* ---- the clock, and how late it is ---- */

typedef struct witness {
    pthread_t thread;
    atomic_bool is_over;
    _Atomic uint64_t due_ns;  /* when it is to be woken next */
    _Atomic uint64_t late_ns; /* the most, since somebody asked */
} witness;

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * ns_per_second + (uint64_t)now.tv_nsec;
}

/* On a condition that nobody signals. */
static void wait_until(uint64_t moment_ns)
{
    const struct timespec moment = {
        .tv_sec = (time_t)(moment_ns / ns_per_second),
        .tv_nsec = (long)(moment_ns % ns_per_second),
    };
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_condattr_t attributes;
    pthread_cond_t never;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&never, &attributes);
    (void)pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&never, &lock, &moment) == 0)
        continue;
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_cond_destroy(&never);
    (void)pthread_condattr_destroy(&attributes);
}

/* Of a wake-up that is still to come too. */
static uint64_t late_ns(const witness *seen)
{
    const uint64_t most_ns = atomic_load(&seen->late_ns);
    const uint64_t due_ns = atomic_load(&seen->due_ns);
    const uint64_t now = now_ns();
    const uint64_t pending_ns = now > due_ns ? now - due_ns : 0;
    return pending_ns > most_ns ? pending_ns : most_ns;
}

static void *watch(void *argument)
{
    witness *seen = argument;
    while (!atomic_load(&seen->is_over)) {
        wait_until(atomic_load(&seen->due_ns));
        atomic_store(&seen->late_ns, late_ns(seen));
        atomic_store(&seen->due_ns, now_ns() + ns_per_ms);
    }
    return NULL;
}

static void start_witness(witness *seen)
{
    atomic_store(&seen->due_ns, now_ns());
    if (pthread_create(&seen->thread, NULL, watch, seen))
        exit(3);
}

static void end_witness(witness *seen)
{
    atomic_store(&seen->is_over, true);
    (void)pthread_join(seen->thread, NULL);
}

/* ---- spans ---- */

/* Which gzip makes smaller by a quarter, and not to nothing. */
static void write_noise(char *text, size_t size)
{
    static uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245 + 12345; /* ISO C 7.22.2.2 */
        text[i] = (char)('0' + (state >> 16) % 64);
    }
}

static void record_round(impact_tracer_provider *provider, size_t size)
{
    static char text[size_limit];
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "outage", NULL);
    for (int i = 0; i < round_count; i++) {
        write_noise(text, size);
        impact_span *span = impact_span_start(tracer, "round", NULL);
        impact_span_set(span, impact_string_n("text", text, size));
        impact_span_end(span);
    }
}

static void print_ids(impact_span_context context)
{
    char trace_id[33];
    char span_id[17];
    impact_trace_id_format(trace_id, &context.trace_id);
    impact_span_id_format(span_id, &context.span_id);
    (void)printf("%s %s\n", trace_id, span_id);
}

/* The root ends last, as it does in life. */
static void record_trace(impact_tracer *tracer, uint64_t start_ns, uint64_t step_ns)
{
    impact_span *root = impact_span_start(tracer, "root", IMPACT_SPAN_OPTIONS(.is_root = true));
    const impact_span_context parent = impact_span_context_of(root);
    for (int i = 1; i < trace_size; i++) {
        impact_span *child =
            impact_span_start(tracer, "child", IMPACT_SPAN_OPTIONS(.parent = &parent));
        print_ids(impact_span_context_of(child));
        impact_span_end(child);
        wait_until(start_ns + (uint64_t)i * step_ns);
    }
    print_ids(parent);
    impact_span_end(root);
}

/* ---- what is told ---- */

static bool is_balanced(const impact_trace_stats *s)
{
    return s->ended == s->queued + s->in_flight + s->exported + s->dropped_full +
                           s->dropped_memory + s->dropped_closed + s->rejected + s->failed;
}

/* A call that began at `begin_ns`. */
static void report(const char *call, impact_status status, uint64_t begin_ns, const witness *seen,
                   impact_tracer_provider *provider)
{
    const uint64_t took_ns = now_ns() - begin_ns;
    const uint64_t late = late_ns(seen);
    impact_trace_stats s = {.size = sizeof s};
    impact_tracer_provider_get_stats(provider, &s);
    (void)fprintf(stderr,
                  "{\"call\": \"%s\", \"status\": %d, \"took_ms\": %.3f, \"late_ms\": %.3f, "
                  "\"ended\": %" PRIu64 ", \"waiting\": %" PRIu64 ", \"exported\": %" PRIu64
                  ", \"rejected\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"dropped\": %" PRIu64
                  ", \"balanced\": %s}\n",
                  call, (int)status, (double)took_ns / ns_per_ms, (double)late / ns_per_ms, s.ended,
                  s.queued + s.in_flight, s.exported, s.rejected, s.failed,
                  s.dropped_full + s.dropped_memory + s.dropped_closed,
                  is_balanced(&s) ? "true" : "false");
}

typedef impact_status end_fn(impact_tracer_provider *provider, uint32_t timeout_ms);

static void time_call(const char *call, end_fn *end, impact_tracer_provider *provider,
                      uint32_t timeout_ms, witness *seen)
{
    atomic_store(&seen->late_ns, 0);
    const uint64_t begin_ns = now_ns();
    const impact_status status = end(provider, timeout_ms);
    report(call, status, begin_ns, seen, provider);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        (void)closedir(folder);
    return count;
}

/* Of this program: getrusage tells of the one that has started it, too. */
static long peak_kib(void)
{
    long peak = 0;
    char line[128];
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &peak) == 1)
            break;
    if (status)
        (void)fclose(status);
    return peak;
}

/* A thread of the C library that asks a dead name server is left to itself: it ends when that has
 * had its time, and then its sockets are closed. */
static void report_end(int before)
{
    const int leaked = count_descriptors() - before;
    const uint64_t begin_ns = now_ns();
    while (count_descriptors() != before && now_ns() - begin_ns < settle_limit_s * ns_per_second)
        wait_until(now_ns() + 10 * ns_per_ms);
    (void)fprintf(stderr, "{\"call\": \"end\", \"leaked\": %d, \"left\": %d, \"peak_kib\": %ld}\n",
                  leaked, count_descriptors() - before, peak_kib());
}

/* ---- what is done ---- */

static impact_tracer_provider *open_provider(void)
{
    impact_tracer_provider *provider = NULL;
    if (impact_tracer_provider_open_from_environment(
            &provider, IMPACT_TRACE_OPTIONS(.service_name = "outage",
                                            .starts_no_thread = getenv("OUTAGE_PUMPS"))))
        exit(3);
    return provider;
}

static void meet_outage(uint32_t timeout_ms, size_t size, witness *seen)
{
    impact_tracer_provider *provider = open_provider();
    record_round(provider, size);
    time_call("flush", impact_tracer_provider_flush, provider, timeout_ms, seen);
    record_round(provider, size);
    time_call("shutdown", impact_tracer_provider_shutdown, provider, timeout_ms, seen);
    impact_tracer_provider_close(provider);
}

static void stream(unsigned traces, unsigned rate, uint32_t timeout_ms, witness *seen)
{
    impact_tracer_provider *provider = open_provider();
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "outage", NULL);
    const uint64_t step_ns = rate ? ns_per_second / rate : 0;
    const uint64_t begin_ns = now_ns();
    for (unsigned i = 0; i < traces; i++) {
        const uint64_t start_ns = begin_ns + (uint64_t)i * trace_size * step_ns;
        wait_until(step_ns ? start_ns : 0);
        record_trace(tracer, step_ns ? start_ns : 0, step_ns);
    }
    (void)fflush(stdout);
    while (getchar() != EOF)
        continue;
    time_call("shutdown", impact_tracer_provider_shutdown, provider, timeout_ms, seen);
    impact_tracer_provider_close(provider);
}

static void run(const char *mode, const unsigned numbers[3], witness *seen)
{
    if (strcmp(mode, "stream") == 0)
        stream(numbers[0], numbers[1], numbers[2], seen);
    for (unsigned i = 0; strcmp(mode, "outage") == 0 && i < numbers[1]; i++)
        meet_outage(numbers[0], numbers[2], seen);
}

int main(int argc, char **argv)
{
    unsigned numbers[3];
    if (argc != 5)
        return 2;
    for (int i = 0; i < 3; i++)
        if (sscanf(argv[2 + i], "%u", &numbers[i]) != 1)
            return 2;
    witness seen = {.is_over = false};
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    start_witness(&seen);
    const int before = count_descriptors();
    run(argv[1], numbers, &seen);
    report_end(before);
    end_witness(&seen);
    return 0;
}
