/* A program that records known spans and exports them, for the tests that read them elsewhere.
 *
 *     export_client EXPORTER SCENARIO TIMEOUT_MS
 *
 * rich: three spans with everything that a span can have. plain: ten small spans. shutdown: ten
 * small spans, and a shutdown instead of a flush. large: a hundred spans of 100 KB. uneven: a
 * hundred small spans, of which one in the middle has 300 KB. fork: ten, a child that only closes,
 * and ten more. fork-export: the same, but that the child exports ten of its own before it closes.
 * patient: ten, and nothing is flushed before the worker is done with them.
 * Afterwards one line of JSON about it on standard error.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <impact/diagnostics.h>
#include <impact/propagation.h>
#include <impact/trace.h>

#define START_NS UINT64_C(1700000000000001000)
#define END_NS   UINT64_C(1700000001500002000)

enum {
    plain_count = 10,
    sized_count = 100,
    small_size = 1000,
    even_size = 100 * 1000,
    large_size = 300 * 1000,
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_every_type(impact_span *span)
{
    static const impact_text strings[] = {{"a", 1}, {"b\xC3\xA9", 3}};
    static const bool booleans[] = {true, false};
    static const int64_t integers[] = {-1, INT64_MAX};
    static const double reals[] = {0.5, -1e300};
    impact_span_set(span, impact_string("string", "caf\xC3\xA9 \"quoted\" <&>\n"));
    impact_span_set(span, impact_bool("bool", true));
    impact_span_set(span, impact_int("int", INT64_MIN));
    impact_span_set(span, impact_double("double", 0.1));
    impact_span_set(span, impact_double("whole", 3.0));
    impact_span_set(span, impact_strings("strings", strings, 2));
    impact_span_set(span, impact_bools("bools", booleans, 2));
    impact_span_set(span, impact_ints("ints", integers, 2));
    impact_span_set(span, impact_doubles("doubles", reals, 2));
    impact_span_set(span, impact_ints("empty", NULL, 0));
    impact_span_set(span, impact_null("null"));
    impact_span_set(
        span,
        impact_array("mixed", IMPACT_VALUES(impact_value_int(1), impact_value_string("two"),
                                            impact_value_null(), impact_value_ints(integers, 2))));
    impact_span_set(
        span, impact_map("map",
                         IMPACT_MEMBERS(impact_double("pi", 3.25),
                                        impact_map("of", IMPACT_MEMBERS(impact_bool("maps", true))),
                                        impact_map("empty", NULL, 0))));
    impact_span_set(span, impact_int("replaced", 1));
    impact_span_set(span, impact_string("replaced", "twice"));
}

static impact_span_context remote_parent(void)
{
    impact_span_context context;
    const impact_text header =
        impact_text_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    if (!impact_traceparent_parse(&context, header))
        exit(3);
    context.trace_state = (impact_trace_state){"a=1,b=it's"};
    context.is_remote = true;
    return context;
}

static void record_rich(impact_tracer_provider *provider)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "integration", "1.2");
    impact_tracer *other = impact_tracer_provider_get_tracer(provider, "other", NULL);
    const impact_span_context remote = remote_parent();
    const impact_attribute one[] = {impact_int("n", 1)};
    impact_span *server =
        impact_span_start(tracer, "GET /orders/{id}",
                          IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_SERVER, .parent = &remote,
                                              .start_unix_ns = START_NS));
    set_every_type(server);
    impact_span_add_event(server, "retry", START_NS + 5000, one, 1);
    impact_span_add_event(server, "again", START_NS + 6000, NULL, 0);
    impact_span_add_link(server, &(impact_link){&remote, one, 1});
    impact_span_set_status(server, IMPACT_SPAN_STATUS_ERROR, "broken");
    const impact_span_context parent = impact_span_context_of(server);
    impact_span *child = impact_span_start(
        other, "child", IMPACT_SPAN_OPTIONS(.parent = &parent, .start_unix_ns = START_NS + 1000));
    impact_span_set_status(child, IMPACT_SPAN_STATUS_OK, NULL);
    impact_span_end_at(child, END_NS - 1000);
    impact_span_end_at(server, END_NS);
    impact_span *root =
        impact_span_start(tracer, "renamed later",
                          IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_PRODUCER, .is_root = true,
                                              .start_unix_ns = START_NS));
    impact_span_set_name(root, "root");
    impact_span_set(root, impact_bytes("bytes", "\0\xFF<>", 4));
    impact_span_end_at(root, END_NS);
}

static void record_plain(impact_tracer_provider *provider)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "integration", NULL);
    for (int i = 0; i < plain_count; i++)
        impact_span_end(impact_span_start(tracer, "plain", NULL));
}

/* A hundred spans, "0" to "99", with a text each. */
static void record_sized(impact_tracer_provider *provider, bool is_uneven)
{
    static char text[large_size];
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "integration", NULL);
    memset(text, 'x', sizeof text);
    for (int i = 0; i < sized_count; i++) {
        const size_t size = !is_uneven ? even_size : i == sized_count / 2 ? large_size : small_size;
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        impact_span *span = impact_span_start(tracer, name, NULL);
        impact_span_set(span, impact_string_n("text", text, size));
        impact_span_end(span);
    }
}

static void record(impact_tracer_provider *provider, const char *scenario)
{
    if (strcmp(scenario, "rich") == 0)
        record_rich(provider);
    else if (strcmp(scenario, "large") == 0 || strcmp(scenario, "uneven") == 0)
        record_sized(provider, scenario[0] == 'u');
    else
        record_plain(provider);
}

/* What is flushed before the fork has opened a connection, which is the parent's alone. */
static void close_in_child(impact_tracer_provider *provider, bool exports, uint32_t timeout_ms)
{
    if (impact_tracer_provider_flush(provider, timeout_ms))
        exit(3);
    const pid_t child = fork();
    if (child == 0) {
        impact_status flushed = IMPACT_OK;
        if (exports) {
            record_plain(provider);
            flushed = impact_tracer_provider_flush(provider, timeout_ms);
        }
        impact_tracer_provider_close(provider);
        _exit(flushed == IMPACT_OK ? 0 : 1);
    }
    int status = 1;
    if (waitpid(child, &status, 0) != child || status != 0)
        exit(3);
}

/* As long as it takes, and no longer than the caller has. */
static void wait_for_worker(impact_tracer_provider *provider, uint64_t end_ms)
{
    impact_trace_stats stats = {.size = sizeof stats, .queued = 1};
    while (stats.queued + stats.in_flight && now_ms() < end_ms) {
        (void)poll(NULL, 0, 5); /* only its counters tell */
        impact_tracer_provider_get_stats(provider, &stats);
    }
}

static bool is_balanced(const impact_trace_stats *s)
{
    return s->ended == s->queued + s->in_flight + s->exported + s->dropped_full +
                           s->dropped_memory + s->dropped_closed + s->rejected + s->failed;
}

static void report(impact_status status, const impact_trace_stats *s, uint64_t took_ms)
{
    (void)fprintf(stderr,
                  "{\"status\": %d, \"took_ms\": %" PRIu64 ", \"ended\": %" PRIu64
                  ", \"queued\": %" PRIu64 ", \"exported\": %" PRIu64 ", \"rejected\": %" PRIu64
                  ", \"failed\": %" PRIu64 ", \"balanced\": %s}\n",
                  (int)status, took_ms, s->ended, s->queued, s->exported, s->rejected, s->failed,
                  is_balanced(s) ? "true" : "false");
}

static int run(impact_exporter *exporter, const char *scenario, uint32_t timeout_ms)
{
    impact_tracer_provider *provider = NULL;
    const bool is_patient = strcmp(scenario, "patient") == 0;
    const impact_status opened = impact_tracer_provider_open(
        &provider,
        IMPACT_TRACE_OPTIONS(.service_name = "orders", .journal_directory = getenv("CODE_JOURNAL"),
                             .exporters = &exporter, .exporter_count = 1,
                             .schedule_delay_ms = is_patient ? 10 : 60000,
                             IMPACT_ATTRIBUTES(impact_int("shard", 7),
                                               impact_bool("canary", true))));
    if (opened)
        return 3;
    record(provider, scenario);
    if (strncmp(scenario, "fork", 4) == 0) {
        close_in_child(provider, strcmp(scenario, "fork-export") == 0, timeout_ms);
        record_plain(provider);
    }
    const uint64_t begin_ms = now_ms();
    if (is_patient)
        wait_for_worker(provider, begin_ms + timeout_ms);
    const impact_status status = strcmp(scenario, "shutdown") == 0
                                     ? impact_tracer_provider_shutdown(provider, timeout_ms)
                                     : impact_tracer_provider_flush(provider, timeout_ms);
    const uint64_t took_ms = now_ms() - begin_ms;
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    report(status, &stats, took_ms);
    impact_tracer_provider_close(provider);
    return 0;
}

/* OTLP by options: where they come from is the test's way to reach this program. */
static impact_status open_in_code(impact_exporter **exporter, const char *endpoint)
{
    static const impact_http_header headers[] = {{"x-code", "one, two%20"}, {"x-empty", ""}};
    return impact_exporter_otlp_open(
        exporter,
        IMPACT_OTLP_OPTIONS(.endpoint = endpoint, .headers = headers, .header_count = 2,
                            .certificate = getenv("CODE_CERTIFICATE"),
                            .client_certificate = getenv("CODE_CLIENT_CERTIFICATE"),
                            .client_key = getenv("CODE_CLIENT_KEY"), .timeout_ms = IMPACT_ZERO,
                            .request_limit = 1 << 20, .response_limit = 1000,
                            .protocol = getenv("CODE_PROTOCOL"),
                            .compression = getenv("CODE_COMPRESSION"),
                            .product = getenv("CODE_PRODUCT")),
        NULL);
}

static impact_status open_exporter(impact_exporter **exporter, const char *name)
{
    const char *endpoint = getenv("CODE_ENDPOINT");
    return endpoint ? open_in_code(exporter, endpoint) : impact_exporter_open(exporter, name, NULL);
}

int main(int argc, char **argv)
{
    unsigned timeout_ms = 0;
    if (argc != 4 || sscanf(argv[3], "%u", &timeout_ms) != 1)
        return 2;
    impact_diagnostics_set_callback(impact_diagnostics_to_stderr, NULL);
    impact_exporter *exporter = NULL;
    const impact_status status = open_exporter(&exporter, argv[1]);
    if (status) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], impact_status_text(status));
        return 3;
    }
    return run(exporter, argv[2], timeout_ms);
}
