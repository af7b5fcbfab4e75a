/* What exporting costs: the real OTLP exporter, to a server on this machine that reads every
 * request and answers 200. It is another process, so none of its time is ours.
 *
 * Spans of three attributes, in batches of 512 and in a queue that holds a whole round: none is
 * dropped, and every round's must have been exported.
 * export_cpu_ns_per_span: processor time, user and system, of all threads but the one that makes
 * the spans (there is one: the batcher's worker), from the first span until flush returns, by the
 * number of spans. Arranging batches, building requests, libcurl and the kernel's part of sending
 * are in it.
 * export_max_spans_per_s: the number of spans by the time from the first span until flush returns,
 * by when the last request has been answered.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "works.h"

enum { round_spans = 64 * 1024, batch_spans = 512, round_count = 15, flush_ms = 60000 };

/* ---- the server, in a process of its own ---- */

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **request)
{
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    if (!*request || *upload_data_size) {
        *request = &seen;
        *upload_data_size = 0; /* read, and forgotten */
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/x-protobuf");
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* Serves until the other end of `life` is closed. */
static void serve(int port_out, int life)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(256 * 1024), MHD_OPTION_END);
    if (!daemon)
        abort();
    const uint16_t port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    char byte;
    if (write(port_out, &port, sizeof port) != sizeof port || read(life, &byte, 1) != 0)
        abort();
    MHD_stop_daemon(daemon);
}

/* Its port. It ends with this process, whose end of a pipe is its life. */
static uint16_t start_server(void)
{
    int ports[2], life[2];
    uint16_t port = 0;
    if (pipe(ports) || pipe(life))
        abort();
    const pid_t child = fork();
    if (child == 0) {
        (void)close(life[1]);
        serve(ports[1], life[0]);
        _exit(0);
    }
    if (child < 0 || read(ports[0], &port, sizeof port) != sizeof port)
        abort();
    return port;
}

/* ---- a round ---- */

static uint64_t cpu_ns(clockid_t clock)
{
    return impact__clock_read(clock);
}

static uint64_t worker_cpu_ns(void)
{
    return cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

typedef struct figures {
    double cpu_ns[round_count];
    double spans_per_s[round_count];
} round_figures;

static void run_round(impact_tracer_provider *provider, round_figures *figures, int number)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "bench", "1");
    const uint64_t cpu = worker_cpu_ns();
    const uint64_t start = impact__clock_monotonic_ns();
    work_three_attributes(tracer, round_spans);
    if (impact_tracer_provider_flush(provider, flush_ms))
        abort();
    const double took = (double)(impact__clock_monotonic_ns() - start);
    figures->cpu_ns[number] = (double)(worker_cpu_ns() - cpu) / round_spans;
    figures->spans_per_s[number] = round_spans * (double)IMPACT__NS_PER_SEC / took;
}

static void require_all_exported(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    if (stats.exported != (uint64_t)round_spans * (round_count + 1) ||
        stats.exported != stats.ended)
        abort();
}

static impact_tracer_provider *open_provider(void)
{
    char endpoint[64];
    impact_exporter *exporter = NULL;
    impact_tracer_provider *provider = NULL;
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/traces", start_server());
    if (impact_exporter_otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.endpoint = endpoint), NULL) ||
        impact_tracer_provider_open(
            &provider,
            IMPACT_TRACE_OPTIONS(.service_name = "bench", .exporters = &exporter,
                                 .exporter_count = 1, .queue_limit = round_spans,
                                 .queue_bytes = 64 * 1024 * 1024, .batch_limit = batch_spans)))
        abort();
    return provider;
}

int main(void)
{
    static round_figures figures;
    impact_tracer_provider *provider = open_provider();
    run_round(provider, &figures, 0); /* to connect, and to warm up */
    for (int i = 0; i < round_count; i++)
        run_round(provider, &figures, i);
    require_all_exported(provider);
    bench_print("export_cpu_ns_per_span", bench_median(figures.cpu_ns, round_count), "ns");
    bench_print("export_max_spans_per_s", bench_median(figures.spans_per_s, round_count),
                "spans/s");
    impact_tracer_provider_close(provider);
    return 0;
}
