/* A program that ends without a shutdown, while the library is in the middle of TLS: what exit.c
 * starts a hundred times.
 *
 *     exit_client HOW COUNT URL
 *
 * Once COUNT spans are exported (0: once the first is with the exporter) main ends: HOW is
 * "return", "exit" (with status 1), "thread" (another thread calls exit) or "fork" (a forked child
 * exits with it, after a span of its own). With "check" no span is recorded, but a health check of
 * URL is run again and again, and main returns after COUNT probes. The environment says where spans
 * go to.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/curl.h>
#include <impact/trace.h>

enum { recorder_count = 2, prober_count = 2, spans_at_once = 16 };

static impact_health *health;
static atomic_ullong probes;

/* Leave the processor to others: there are many of these programs, and few processors. */
static void pause_a_little(void)
{
    (void)poll(NULL, 0, 1);
}

static void *record(void *unused)
{
    for (;;) {
        for (int i = 0; i < spans_at_once; i++) {
            impact_span *span = impact_span_start(NULL, "a", NULL);
            impact_span_set(span, impact_string("text", "some value of a usual length"));
            impact_span_end(span);
        }
        pause_a_little();
    }
    return unused;
}

static void *probe(void *unused)
{
    for (;;) {
        impact_health_report *report = NULL;
        if (impact_health_probe(health, impact_text_of("api"), &report))
            abort();
        impact_health_report_close(report);
        atomic_fetch_add(&probes, 1);
    }
    return unused;
}

static void start(void *(*run)(void *), int count)
{
    pthread_t thread;
    for (int i = 0; i < count; i++)
        if (pthread_create(&thread, NULL, run, NULL) || pthread_detach(thread))
            exit(3);
}

static void wait_for_probes(const char *url, unsigned long long count)
{
    if (impact_health_open(&health, NULL) ||
        impact_health_add_http(health, IMPACT_CHECK_HTTP(.name = "api", .url = url)))
        exit(3);
    start(probe, prober_count);
    while (atomic_load(&probes) < count)
        pause_a_little();
}

static void wait_for_exports(unsigned long long exported)
{
    if (impact_trace_init(
            IMPACT_TRACE_OPTIONS(.service_name = "exit", .schedule_delay_ms = 1, .batch_limit = 8)))
        exit(3);
    start(record, recorder_count);
    for (impact_trace_stats stats = {.size = sizeof stats};;) {
        impact_trace_get_stats(&stats);
        if (exported ? stats.exported >= exported : stats.in_flight)
            return;
        pause_a_little();
    }
}

static void *end(void *unused)
{
    (void)unused;
    exit(0);
}

static int end_in_fork(void)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60); /* the parent's is not inherited */
        impact_span_end(impact_span_start(NULL, "of the child", NULL));
        exit(0);
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 3;
}

int main(int argc, char **argv)
{
    unsigned long long count = 0;
    pthread_t thread;
    if (argc != 4 || sscanf(argv[2], "%llu", &count) != 1)
        return 2;
    if (strcmp(argv[1], "check") == 0)
        wait_for_probes(argv[3], count);
    else
        wait_for_exports(count);
    if (strcmp(argv[1], "exit") == 0)
        exit(1);
    if (strcmp(argv[1], "thread") == 0 && pthread_create(&thread, NULL, end, NULL) == 0)
        (void)pthread_join(thread, NULL);
    return strcmp(argv[1], "fork") == 0 ? end_in_fork() : 0;
}
