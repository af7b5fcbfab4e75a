/* A program with one thread, whose own loop exports its spans, for the tests that are its backend.
 *
 *     loop_client SPANS LOOP_MS TIMEOUT_MS
 *
 * A span ends with each turn of a timer, SPANS in all. The loop goes on until they were exported,
 * or for LOOP_MS; then ten spans more end, are flushed, and tracing is shut down. A line of JSON on
 * standard error tells how the host fared, and what became of the spans.
 */
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <impact/diagnostics.h>
#include <impact/trace.h>

enum {
    turn_ms = 2,
    last_spans = 10,
    ns_per_ms = 1000 * 1000,
};

/* What the host has of it. */
typedef struct host {
    uint64_t turns;
    uint64_t pumps;
    uint64_t longest_ns;     /* of a pump */
    uint64_t longest_cpu_ns; /* likewise, of the processor's time */
    int most_threads;
} host;

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 * ns_per_ms + (uint64_t)now.tv_nsec;
}

static void count_threads(host *of)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        (void)closedir(tasks);
    if (count > of->most_threads)
        of->most_threads = count;
}

static uint32_t pump(impact_tracer_provider *provider, host *of)
{
    const uint64_t began_ns = read_ns(CLOCK_MONOTONIC);
    const uint64_t began_cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    const uint32_t wait_ms = impact_tracer_provider_pump(provider);
    const uint64_t took_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
    const uint64_t took_cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - began_cpu_ns;
    of->pumps++;
    if (took_ns > of->longest_ns)
        of->longest_ns = took_ns;
    if (took_cpu_ns > of->longest_cpu_ns)
        of->longest_cpu_ns = took_cpu_ns;
    count_threads(of);
    return wait_ms;
}

static void end_span(impact_tracer_provider *provider)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "loop", NULL);
    impact_span_end(impact_span_start(tracer, "turn", NULL));
}

static int open_timer(void)
{
    const struct itimerspec each = {{0, turn_ms * ns_per_ms}, {0, turn_ms * ns_per_ms}};
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0 || timerfd_settime(timer, 0, &each, NULL))
        exit(3);
    return timer;
}

static impact_trace_stats stats_of(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    return stats;
}

static void loop(impact_tracer_provider *provider, uint64_t spans, uint64_t loop_ms, host *of)
{
    const uint64_t end_ns = read_ns(CLOCK_MONOTONIC) + loop_ms * ns_per_ms;
    struct pollfd ready[2] = {
        {.fd = open_timer(), .events = POLLIN},
        {.fd = impact_tracer_provider_get_descriptor(provider), .events = POLLIN},
    };
    uint32_t wait_ms = pump(provider, of);
    while (stats_of(provider).exported < spans && read_ns(CLOCK_MONOTONIC) < end_ns) {
        uint64_t turns;
        const uint64_t due_ns = read_ns(CLOCK_MONOTONIC) + (uint64_t)wait_ms * ns_per_ms;
        (void)poll(ready, 2, wait_ms < 1000 ? (int)wait_ms : 1000);
        if (read(ready[0].fd, &turns, sizeof turns) > 0 && of->turns++ < spans)
            end_span(provider);
        const uint64_t now_ns = read_ns(CLOCK_MONOTONIC);
        if (ready[1].revents || now_ns >= due_ns)
            wait_ms = pump(provider, of);
        else /* so much of it is over */
            wait_ms = (uint32_t)((due_ns - now_ns) / ns_per_ms);
    }
    (void)close(ready[0].fd);
}

static bool is_balanced(const impact_trace_stats *s)
{
    return s->ended == s->queued + s->in_flight + s->exported + s->dropped_full +
                           s->dropped_memory + s->dropped_closed + s->rejected + s->failed;
}

/* The last spans, by the two calls that wait. */
static void finish(impact_tracer_provider *provider, uint32_t timeout_ms, host *of)
{
    for (int i = 0; i < last_spans; i++)
        end_span(provider);
    const impact_trace_stats looped = stats_of(provider);
    uint64_t began_ns = read_ns(CLOCK_MONOTONIC);
    const impact_status flushed = impact_tracer_provider_flush(provider, timeout_ms);
    const uint64_t flush_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
    count_threads(of);
    began_ns = read_ns(CLOCK_MONOTONIC);
    const impact_status ended = impact_tracer_provider_shutdown(provider, timeout_ms);
    const uint64_t shutdown_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
    count_threads(of);
    const impact_trace_stats s = stats_of(provider);
    (void)fprintf(stderr,
                  "{\"turns\": %" PRIu64 ", \"pumps\": %" PRIu64 ", \"longest_ms\": %.3f, "
                  "\"longest_cpu_ms\": %.3f, \"threads\": %d, \"looped\": %" PRIu64
                  ", \"flush\": %d, \"flush_ms\": %.3f, \"shutdown\": %d, \"shutdown_ms\": %.3f, "
                  "\"exported\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"ended\": %" PRIu64
                  ", \"balanced\": %s}\n",
                  of->turns, of->pumps, (double)of->longest_ns / ns_per_ms,
                  (double)of->longest_cpu_ns / ns_per_ms, of->most_threads, looped.exported,
                  (int)flushed, (double)flush_ns / ns_per_ms, (int)ended,
                  (double)shutdown_ns / ns_per_ms, s.exported, s.failed, s.ended,
                  is_balanced(&looped) && is_balanced(&s) ? "true" : "false");
}

int main(int argc, char **argv)
{
    unsigned numbers[3];
    impact_tracer_provider *provider = NULL;
    host of = {0};
    if (argc != 4)
        return 2;
    for (int i = 0; i < 3; i++)
        if (sscanf(argv[1 + i], "%u", &numbers[i]) != 1)
            return 2;
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    count_threads(&of);
    if (impact_tracer_provider_open_from_environment(
            &provider, IMPACT_TRACE_OPTIONS(.service_name = "loop", .starts_no_thread = true,
                                            .schedule_delay_ms = 10)))
        return 3;
    loop(provider, numbers[0], numbers[1], &of);
    finish(provider, numbers[2], &of);
    impact_tracer_provider_close(provider);
    return 0;
}
