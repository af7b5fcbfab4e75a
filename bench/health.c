/* What a probe costs those who wait for it, and those who should not have to.
 *
 * health_beat_ns: a beat of a pulse. health_report_ns: a report of ten checks whose results live
 * for an hour: nothing runs for it. probes_per_run: 64,000 probes by 32 threads, of a check whose
 * results live for a second, a run that they cost; probe_ns is what each of them took.
 * hung_probe_worst_ms: the slowest of 1,280 probes by 32 threads of a check that hangs, where the
 * budget is 50 ms; hung_runs is how often it was started.
 * twenty_slow_checks_ms: a probe of twenty checks of 700 ms. app_latency_beside_probe_ms: the
 * slowest of the application's own requests to a libmicrohttpd server with one thread, while a
 * probe of a check that hangs waits there, in the best of five rounds; app_latency_alone_ms is the
 * same without the probe.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <impact/microhttpd.h>

#include "bench.h"
#include "base/clock.h"

enum { slow_count = 20, slow_ms = 700, request_count = 200, application_rounds = 5 };

static double ms_since(uint64_t began_ns)
{
    return (double)(impact__clock_monotonic_ns() - began_ns) / (double)IMPACT__NS_PER_MS;
}

static impact_health_status wait_a_while(impact_health_run *run, void *ms)
{
    (void)run;
    return poll(NULL, 0, *(int *)ms) == 0 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static impact_health *open_with(size_t count, int *ms)
{
    impact_health *health = NULL;
    if (impact_health_open(&health, NULL))
        abort();
    for (size_t i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%zu", i);
        if (impact_health_add(health,
                              IMPACT_CHECK(.name = name, .run = wait_a_while, .userdata = ms)))
            abort();
    }
    return health;
}

/* ---- a beat ---- */

enum { beat_rounds = 200, beats = 100000 };

/* The best of many short rounds: what others do on the machine is not what a beat costs. */
static double best_beat_ns(impact_health_pulse *pulse)
{
    double best = 1e9;
    for (int round = 0; round < beat_rounds; round++) {
        const uint64_t began = impact__clock_monotonic_ns();
        for (int i = 0; i < beats; i++)
            impact_health_beat(pulse);
        const double took = (double)(impact__clock_monotonic_ns() - began) / beats;
        best = took < best ? took : best;
    }
    return best;
}

static double time_beat(void)
{
    impact_health_pulse *pulse = NULL;
    impact_health *health = open_with(0, NULL);
    if (impact_health_add(health, IMPACT_CHECK(.name = "loop", .max_age_ms = 1000)) ||
        impact_health_pulse_open(&pulse, health, "loop"))
        abort();
    const double best = best_beat_ns(pulse);
    impact_health_pulse_close(pulse);
    (void)impact_health_close(health, 0);
    return best;
}

/* ---- many who ask ---- */

enum { prober_count = 32 };

typedef struct crowd {
    impact_health *health;
    unsigned probes; /* of each */
    pthread_barrier_t start;
    pthread_t threads[prober_count];
    _Atomic uint64_t worst_ns;
} crowd;

static void probe_all(impact_health *health)
{
    impact_health_report *report = NULL;
    if (impact_health_probe(health, impact_text_of("_defaults"), &report))
        abort();
    impact_health_report_close(report);
}

/* ---- a report ---- */

enum { report_rounds = 400, reports = 500, report_checks = 10 };

static impact_health_status pass(impact_health_run *run, void *unused)
{
    (void)run;
    (void)unused;
    return IMPACT_HEALTH_PASS;
}

static impact_health *open_with_results(void)
{
    impact_health *health = open_with(0, NULL);
    for (size_t i = 0; i < report_checks; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%zu", i);
        if (impact_health_add(health, IMPACT_CHECK(.name = name, .run = pass, .ttl_ms = 3600000)))
            abort();
    }
    probe_all(health);
    return health;
}

/* The best of many short rounds, as above. */
static double time_report(void)
{
    double best = 1e9;
    impact_health *health = open_with_results();
    for (int round = 0; round < report_rounds; round++) {
        const uint64_t began = impact__clock_monotonic_ns();
        for (int i = 0; i < reports; i++)
            probe_all(health);
        const double took = (double)(impact__clock_monotonic_ns() - began) / reports;
        best = took < best ? took : best;
    }
    (void)impact_health_close(health, 1000);
    return best;
}

/* ---- a crowd of probes ---- */

static void *probe_often(void *argument)
{
    crowd *c = argument;
    uint64_t worst = 0;
    (void)pthread_barrier_wait(&c->start);
    for (unsigned i = 0; i < c->probes; i++) {
        const uint64_t began = impact__clock_monotonic_ns();
        probe_all(c->health);
        const uint64_t took = impact__clock_monotonic_ns() - began;
        worst = took > worst ? took : worst;
    }
    uint64_t known = atomic_load(&c->worst_ns);
    while (worst > known && !atomic_compare_exchange_weak(&c->worst_ns, &known, worst)) {
    }
    return NULL;
}

/* Returns how long all of it took, in ns. */
static double run_crowd(crowd *c)
{
    (void)pthread_barrier_init(&c->start, NULL, prober_count);
    const uint64_t began = impact__clock_monotonic_ns();
    for (int i = 0; i < prober_count; i++)
        if (pthread_create(&c->threads[i], NULL, probe_often, c))
            abort();
    for (int i = 0; i < prober_count; i++)
        (void)pthread_join(c->threads[i], NULL);
    (void)pthread_barrier_destroy(&c->start);
    return (double)(impact__clock_monotonic_ns() - began);
}

static impact_health_status count_run(impact_health_run *run, void *runs)
{
    (void)run;
    atomic_fetch_add((atomic_uint *)runs, 1);
    return IMPACT_HEALTH_PASS;
}

static void time_probes_of_a_run(double *probes_per_run, double *probe_ns)
{
    atomic_uint runs = 0;
    crowd c = {.health = open_with(0, NULL), .probes = 2000};
    const double probes = c.probes * prober_count;
    if (impact_health_add(c.health, IMPACT_CHECK(.name = "a", .run = count_run, .userdata = &runs,
                                                 .ttl_ms = 1000)))
        abort();
    *probe_ns = run_crowd(&c) / probes;
    *probes_per_run = probes / atomic_load(&runs);
    (void)impact_health_close(c.health, 1000);
}

/* Hangs until it reads a byte. */
typedef struct hanging {
    int pipe[2];
    atomic_uint runs;
} hanging;

static impact_health_status hang(impact_health_run *run, void *userdata)
{
    (void)run;
    hanging *h = userdata;
    char byte = 0;
    atomic_fetch_add(&h->runs, 1);
    return read(h->pipe[0], &byte, 1) == 1 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void time_hung_probes(double *worst_ms, double *runs)
{
    hanging h = {.runs = 0};
    impact_health *health = NULL;
    if (pipe(h.pipe) || impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = 50)) ||
        impact_health_add(
            health, IMPACT_CHECK(.name = "hung", .run = hang, .userdata = &h, .timeout_ms = 20)))
        abort();
    crowd c = {.health = health, .probes = 40};
    (void)run_crowd(&c);
    *worst_ms = (double)atomic_load(&c.worst_ns) / (double)IMPACT__NS_PER_MS;
    *runs = atomic_load(&h.runs);
    if (write(h.pipe[1], "", 1) != 1)
        abort();
    (void)impact_health_close(health, 1000);
}

/* ---- twenty slow checks ---- */

static double time_slow_checks(void)
{
    int ms = slow_ms;
    impact_health_report *report = NULL;
    impact_health *health = open_with(slow_count, &ms);
    const uint64_t began = impact__clock_monotonic_ns();
    if (impact_health_probe(health, impact_text_of("_defaults"), &report) ||
        !impact_health_report_is_healthy(report))
        abort();
    const double took = ms_since(began);
    impact_health_report_close(report);
    (void)impact_health_close(health, 1000);
    return took;
}

/* ---- the application beside a probe ---- */

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **req_cls)
{
    static char body[] = "mine";
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    if (!*req_cls || *upload_data_size) {
        *req_cls = &seen;
        *upload_data_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address))
        abort();
    return descriptor;
}

static void send_request(int descriptor, const char *path)
{
    char request[128];
    const int size = snprintf(request, sizeof request,
                              "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    if (send(descriptor, request, (size_t)size, MSG_NOSIGNAL) != size)
        abort();
}

static void read_answer(int descriptor)
{
    char answer_text[1024];
    while (recv(descriptor, answer_text, sizeof answer_text, 0) > 0) {
    }
    (void)close(descriptor);
}

static double slowest_request_ms(uint16_t port)
{
    double slowest = 0;
    for (int i = 0; i < request_count; i++) {
        const uint64_t began = impact__clock_monotonic_ns();
        const int descriptor = connect_to(port);
        send_request(descriptor, "/");
        read_answer(descriptor);
        const double took = ms_since(began);
        slowest = took > slowest ? took : slowest;
    }
    return slowest;
}

static struct MHD_Daemon *start_daemon(impact_microhttpd *web)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        impact_microhttpd_handle, web, MHD_OPTION_NOTIFY_COMPLETED, impact_microhttpd_completed,
        web, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (!daemon)
        abort();
    return daemon;
}

/* What others do on the machine may make a request late in one round, and a probe in each. */
static void time_round(uint16_t port, double *alone, double *beside)
{
    const double without = slowest_request_ms(port);
    const int probe = connect_to(port);
    send_request(probe, "/health/");
    const double with = slowest_request_ms(port);
    read_answer(probe);
    *alone = without < *alone ? without : *alone;
    *beside = with < *beside ? with : *beside;
}

static void time_application(double *alone, double *beside)
{
    int ms = 3000; /* longer than the budget */
    impact_health *health = open_with(1, &ms);
    impact_microhttpd *web = NULL;
    if (impact_microhttpd_open(&web,
                               IMPACT_MICROHTTPD_OPTIONS(.handler = answer, .health = health)))
        abort();
    struct MHD_Daemon *daemon = start_daemon(web);
    const uint16_t port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    *alone = *beside = 1e9;
    for (int round = 0; round < application_rounds; round++)
        time_round(port, alone, beside);
    impact_microhttpd_drain(web);
    MHD_stop_daemon(daemon);
    impact_microhttpd_close(web);
    (void)impact_health_close(health, 5000);
}

int main(void)
{
    double alone = 0;
    double beside = 0;
    double per_run = 0;
    double probe_ns = 0;
    double worst_ms = 0;
    double hung_runs = 0;
    bench_print("health_beat_ns", time_beat(), "ns");
    bench_print("health_report_ns", time_report(), "ns");
    time_probes_of_a_run(&per_run, &probe_ns);
    bench_print("probes_per_run", per_run, "probes");
    bench_print("probe_ns", probe_ns, "ns");
    time_hung_probes(&worst_ms, &hung_runs);
    bench_print("hung_probe_worst_ms", worst_ms, "ms");
    bench_print("hung_runs", hung_runs, "runs");
    bench_print("twenty_slow_checks_ms", time_slow_checks(), "ms");
    time_application(&alone, &beside);
    bench_print("app_latency_alone_ms", alone, "ms");
    bench_print("app_latency_beside_probe_ms", beside, "ms");
    return 0;
}
