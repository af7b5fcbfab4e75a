/* What outages of a backend do to the thread that makes spans: the slowest of a thousand, beside
 * the same with an exporter that takes all and does nothing. The exporter that meets the outage is
 * the real one. As a rule an outage is below 1: the worker sleeps, and the full queue drops.
 *
 * outage_p999_ratio: of the outage that is worst. A round makes as many spans with each, in turn;
 * what counts is the median of the rounds' ratios.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "works.h"

enum { spans = 20000, rounds = 15, shutdown_ms = 1000 };

typedef struct backend {
    const char *name;
    uint16_t port; /* 0: there is no outage */
    impact_tracer_provider *provider;
    impact_tracer *tracer;
    double p999_ns[rounds];
} backend;

/* ---- backends ---- */

/* A socket that is bound; `is_listening`: connections are taken, and nobody reads. */
static uint16_t bind_port(int *bound, bool is_listening)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*bound < 0 || bind(*bound, (struct sockaddr *)&address, size) ||
        getsockname(*bound, (struct sockaddr *)&address, &size) ||
        (is_listening && listen(*bound, 16)))
        abort();
    return ntohs(address.sin_port);
}

/* Takes each connection, and closes it at once: a few a second. */
static void *reset_all(void *bound)
{
    for (int taken; (taken = accept(*(int *)bound, NULL, NULL)) >= 0;)
        (void)close(taken);
    return NULL;
}

static uint16_t start_resetting(void)
{
    static int bound;
    pthread_t resetting;
    const uint16_t port = bind_port(&bound, true);
    if (pthread_create(&resetting, NULL, reset_all, &bound) || pthread_detach(resetting))
        abort();
    return port;
}

static void open_provider(backend *b)
{
    char endpoint[64];
    impact_exporter *exporter = work_null_exporter;
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/traces", b->port);
    if ((b->port &&
         impact_exporter_otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.endpoint = endpoint), NULL)) ||
        impact_tracer_provider_open(
            &b->provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)))
        abort();
    b->tracer = impact_tracer_provider_get_tracer(b->provider, "bench", "1");
}

/* ---- times ---- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double slow_ns(impact_tracer *tracer)
{
    static double times[spans];
    for (int i = 0; i < spans; i++) {
        const uint64_t start = impact__clock_monotonic_ns();
        work_three_attributes(tracer, 1);
        times[i] = (double)(impact__clock_monotonic_ns() - start);
    }
    qsort(times, spans, sizeof *times, compare);
    return times[spans - spans / 1000];
}

static double ratio_of(const backend *with, const backend *without)
{
    double ratios[rounds];
    for (int i = 0; i < rounds; i++)
        ratios[i] = with->p999_ns[i] / without->p999_ns[i];
    qsort(ratios, rounds, sizeof *ratios, compare);
    return ratios[rounds / 2];
}

int main(void)
{
    int refusing = -1;
    int silent = -1;
    backend all[] = {{.name = "none"},
                     {.name = "refusing", .port = bind_port(&refusing, false)},
                     {.name = "silent", .port = bind_port(&silent, true)},
                     {.name = "resetting", .port = start_resetting()}};
    const size_t count = sizeof all / sizeof *all;
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        open_provider(&all[i]);
        (void)slow_ns(all[i].tracer); /* to warm up, and to fill the queue */
    }
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++)
            all[i].p999_ns[round] = slow_ns(all[i].tracer);
    for (size_t i = 1; i < count; i++) {
        char figure[64];
        const double ratio = ratio_of(&all[i], &all[0]);
        (void)snprintf(figure, sizeof figure, "outage_p999_%s_ratio", all[i].name);
        bench_print(figure, ratio, "ratio");
        worst = ratio > worst ? ratio : worst;
    }
    bench_print("outage_p999_ratio", worst, "ratio");
    for (size_t i = 0; i < count; i++) {
        (void)impact_tracer_provider_shutdown(all[i].provider, shutdown_ms); /* some cannot */
        impact_tracer_provider_close(all[i].provider);
    }
    return 0;
}
