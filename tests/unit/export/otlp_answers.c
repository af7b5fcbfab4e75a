/* The exporter "otlp": what an answer means for a batch, to the span, and what libcurl may refuse.
 * The same with whole programs is in tests/integration/test_otlp_answers.py. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <curl/curl.h>

#include <impact/diagnostics.h>

#include "process/door.h"
#include "support/otlp_peer.h"
#include "support/tracing.h"

enum { span_count = 4 };

/* Four spans of one scope, of which the third is larger than all others together. */
typedef struct example {
    message resource;
    message records[span_count];
    impact_text spans[span_count];
    message_batch batch;
} example;

static void fill(example *e)
{
    char large[2000];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = 0;
    e->resource = message_resource("orders");
    for (uint8_t i = 0; i < span_count; i++) {
        e->records[i] = message_span((message_span_facts){.trace = 1, .id = i, .name = "work"});
        if (i == 2)
            message_string_attribute(&e->records[i], 9, "large", large);
        e->spans[i] = message_text(&e->records[i]);
    }
    message_batch_open(&e->batch, &e->resource);
    message_batch_add(&e->batch, impact_text_from(NULL, 0), e->spans, span_count);
}

static char said[512];

static void keep(impact_severity severity, const char *line, uint64_t suppressed, void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    (void)snprintf(said, sizeof said, "%s", line);
}

/* The four spans, to a peer that has `answers`; all of these must be asked for. */
static outcome export_to(const char *const *answers, uint32_t timeout_ms)
{
    exchange e = {.peer = open_peer(8)};
    for (size_t i = 0; i < exchange_limit && answers[i]; i++)
        e.answers[i] = answers[i];
    example batch;
    fill(&batch);
    pthread_t thread;
    outcome o = {.rejected = 0};
    said[0] = 0;
    impact_diagnostics_set_callback(keep, NULL);
    impact_exporter *exporter = open_exporter();
    CHECK(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    o.status = exporter->export_batch(exporter, &batch.batch.shown, timeout_ms, &o.rejected);
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(e.peer);
    return o;
}

#define EXPORT_TO(...) export_to((const char *const[exchange_limit + 1]){__VA_ARGS__}, 20000)

#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nhuge"

TEST(spans_that_were_taken_are_said_nothing_of)
{
    const outcome o = EXPORT_TO(HTTP_OK);
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 0);
    CHECK_STRING(said, "");
}

TEST(a_program_that_the_host_starts_inherits_no_connection_that_is_kept)
{
    enum { descriptor_count = 64 };
    bool was_open[descriptor_count];
    exchange e = {.peer = open_peer(8), .answers = {HTTP_OK}};
    pthread_t thread;
    int new_count = 0;
    impact_exporter *exporter = open_exporter();
    for (int i = 0; i < descriptor_count; i++)
        was_open[i] = fcntl(i, F_GETFD) >= 0;
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(export_one(exporter, 20000).status, IMPACT_OK);
    for (int i = 0; i < descriptor_count; i++) {
        const int flags = was_open[i] ? -1 : fcntl(i, F_GETFD);
        new_count += flags >= 0 && (flags & FD_CLOEXEC);
    }
    CHECK(new_count > 0);
    impact_exporter_close(exporter);
    (void)pthread_join(thread, NULL);
    (void)close(e.peer);
}

TEST(partial_success_rejects_as_many_as_it_says)
{
    const outcome o =
        EXPORT_TO("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x0a\x07\x08\x03\x12\x03why");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 3);
    CHECK_STRING(said, "the backend rejected 3 of 4 spans: why");
}

TEST(no_more_are_rejected_than_were_sent)
{
    const outcome o = EXPORT_TO("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\x0a\x02\x08\x09");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 4);
    CHECK_STRING(said, "the backend rejected 4 of 4 spans");
}

TEST(a_warning_rejects_nothing)
{
    const outcome o = EXPORT_TO("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\x0a\x05\x12\x03why");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 0);
    CHECK_STRING(said, "the backend took the spans and warns: why");
}

TEST(an_answer_that_is_not_otlp_takes_the_spans)
{
    const outcome o = EXPORT_TO("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 0);
    CHECK_STRING(said, "the backend took the spans with an answer that is not OTLP");
}

TEST(an_answer_that_is_cut_off_counts_by_its_status)
{
    CHECK_EQUAL(EXPORT_TO("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n").rejected, 0);
    CHECK_STRING(said, "the backend took the spans with an answer that is cut off");
    CHECK_EQUAL(EXPORT_TO("HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\nwhy").rejected, 4);
    CHECK_STRING(said, "the backend refused 4 spans: HTTP status 400: why");
    CHECK_EQUAL(EXPORT_TO("HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\n", HTTP_OK).rejected, 0);
}

TEST(a_refusal_rejects_all_and_is_told_with_its_reason)
{
    const outcome o = EXPORT_TO("HTTP/1.1 401 No\r\nContent-Length: 7\r\n\r\nsecret?");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 4);
    CHECK_STRING(said, "the backend refused 4 spans: HTTP status 401: secret?");
}

TEST(what_ran_out_of_time_is_told_with_the_last_answer)
{
    const char *const answers[] = {
        "HTTP/1.1 429 No\r\nRetry-After: 60\r\nContent-Length: 4\r\n\r\nlazy", NULL};
    const outcome o = export_to(answers, 20000);
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
    CHECK_EQUAL(o.rejected, 0);
    CHECK_STRING(said, "4 spans could not be sent: HTTP status 429: lazy");
}

TEST(a_request_that_is_too_large_is_sent_in_halves)
{
    /* The third span weighs most: what is half as large has the first two, then it goes alone. */
    const outcome o = EXPORT_TO(TOO_LARGE, HTTP_OK, HTTP_OK, HTTP_OK);
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 0);
    CHECK_STRING(said, "");
}

TEST(a_span_that_is_refused_alone_is_the_only_one_that_is_lost)
{
    const outcome o = EXPORT_TO(TOO_LARGE, HTTP_OK, TOO_LARGE, HTTP_OK);
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 1);
    CHECK_STRING(said, "the backend refused 1 span: HTTP status 413: huge");
}

TEST(spans_as_large_as_one_that_was_refused_are_not_sent)
{
    /* All four, two, and one: the others are larger or as large. */
    const outcome o = EXPORT_TO(TOO_LARGE, TOO_LARGE, TOO_LARGE);
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 4);
    CHECK(strstr(said, "a span is above the limit of a request"));
}

TEST(what_follows_a_part_that_was_taken_counts_as_rejected_when_the_time_is_over)
{
    const outcome o = EXPORT_TO(TOO_LARGE, HTTP_OK,
                                "HTTP/1.1 503 No\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 2);
}

TEST(an_answer_that_comes_in_pieces_is_measured_as_a_whole)
{
    enum { body_size = 40000 };
    static char whole[body_size + 100] = "HTTP/1.1 400 No\r\nContent-Length: 40000\r\n\r\n";
    exchange e = {.peer = open_peer(8), .answers = {whole, NULL}};
    pthread_t thread;
    impact_exporter *exporter = NULL;
    memset(whole + strlen(whole), 'x', body_size);
    impact_diagnostics_set_callback(keep, NULL);
    REQUIRE(impact_plugin_otlp.otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.response_limit = 39999),
                                         NULL) == IMPACT_OK);
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(export_one(exporter, 20000).rejected, 1);
    (void)pthread_join(thread, NULL);
    CHECK_STRING(said, "the backend's answer to 1 span is too large: HTTP status 400");
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(an_answer_above_the_limit_is_not_read_and_final)
{
    exchange e = {
        .peer = open_peer(8),
        .answers = {"HTTP/1.1 503 No\r\nContent-Length: 20\r\n\r\nlonger than its limit", NULL},
    };
    pthread_t thread;
    impact_exporter *exporter = NULL;
    impact_diagnostics_set_callback(keep, NULL);
    REQUIRE(impact_plugin_otlp.otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.response_limit = 19),
                                         NULL) == IMPACT_OK);
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    const outcome o = export_one(exporter, 20000);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(o.status, IMPACT_OK);
    CHECK_EQUAL(o.rejected, 1);
    CHECK_STRING(said, "the backend's answer to 1 span is too large: HTTP status 503");
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

/* ---- TLS ---- */

static void open_tls_peer(int *peer)
{
    char url[64];
    *peer = open_peer(0);
    (void)snprintf(url, sizeof url, "https%s", getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + 4);
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
}

TEST(certificates_that_cannot_be_read_fail_the_export_at_once)
{
    int peer;
    open_tls_peer(&peer);
    CHECK(listen(peer, 8) == 0);
    (void)setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/dev/null/none", 1);
    (void)setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/dev/null/none", 1);
    (void)setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/dev/null/none", 1);
    impact_exporter *exporter = open_exporter();
    const outcome o = export_one(exporter, 20000);
    CHECK_EQUAL(o.status, IMPACT_EEXPORT);
    CHECK(o.took_ms < 15000);
    impact_exporter_close(exporter);
    (void)close(peer);
}

/* What OpenSSL stands on is left alone then, and never freed: so this is a process that ends
 * without being asked for what it has. */
static void end_amid_tls(void)
{
    impact_exporter *exporter = open_exporter();
    const outcome before = export_one(exporter, 1); /* refused */
    impact__door_shut();
    const outcome after = export_one(exporter, 20000);
    impact_exporter_close(exporter);
    _exit(before.status == IMPACT_EAGAIN && after.status == IMPACT_ECLOSED ? 0 : 1);
}

TEST(nothing_is_sent_over_tls_once_the_process_ends)
{
    int peer;
    int status = 1;
    open_tls_peer(&peer);
    const pid_t child = fork();
    if (child == 0)
        end_amid_tls();
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    (void)close(peer);
}

/* ---- libcurl's own failures: its functions are found here before the library's ---- */

static const char *refusing;       /* the function that fails from now on */
static int transfers;              /* that were begun */
static int bell = -1;              /* what an exporter is woken by */
static impact_exporter *to_hasten; /* as soon as something is sent */

static bool is_refused(const char *name)
{
    return refusing && strcmp(refusing, name) == 0;
}

#define LOAD(real, name)                                                                           \
    __typeof__(name) *real;                                                                        \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

CURL *curl_easy_init(void)
{
    LOAD(real, curl_easy_init);
    return is_refused("curl_easy_init") ? NULL : real();
}

CURLM *curl_multi_init(void)
{
    LOAD(real, curl_multi_init);
    return is_refused("curl_multi_init") ? NULL : real();
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    LOAD(real, curl_slist_append);
    return is_refused("curl_slist_append") ? NULL : real(list, text);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    LOAD(real, curl_multi_add_handle);
    transfers++;
    return is_refused("curl_multi_add_handle") ? CURLM_OUT_OF_MEMORY : real(multi, easy);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int events, int *running)
{
    LOAD(real, curl_multi_socket_action);
    if (to_hasten)
        to_hasten->hasten(to_hasten, 500000);
    return is_refused("curl_multi_socket_action") ? CURLM_INTERNAL_ERROR
                                                  : real(multi, socket, events, running);
}

int epoll_create1(int flags)
{
    LOAD(real, epoll_create1);
    return is_refused("epoll_create1") ? -1 : real(flags);
}

int eventfd(unsigned value, int flags)
{
    LOAD(real, eventfd);
    bell = is_refused("eventfd") ? -1 : real(value, flags);
    return bell;
}

CURLMcode curl_multi_wakeup(CURLM *multi)
{
    LOAD(real, curl_multi_wakeup);
    return is_refused("curl_multi_wakeup") ? CURLM_WAKEUP_FAILURE : real(multi);
}

TEST(an_exporter_does_not_open_without_what_it_stands_on)
{
    static const char *const names[] = {"curl_easy_init", "curl_multi_init", "curl_slist_append",
                                        "epoll_create1", "eventfd"};
    const int peer = open_peer(0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        impact_exporter *exporter = NULL;
        refusing = names[i];
        CHECK_EQUAL(impact_plugin_otlp.exporter_open(&exporter, NULL), IMPACT_ENOMEM);
        CHECK(!exporter);
    }
    (void)close(peer);
}

TEST(an_export_fails_with_what_libcurl_fails_at)
{
    const int peer = open_peer(8); /* silent */
    impact_exporter *exporter = open_exporter();
    refusing = "curl_multi_add_handle";
    CHECK_EQUAL(export_one(exporter, 20000).status, IMPACT_ENOMEM);
    refusing = "curl_multi_socket_action";
    CHECK_EQUAL(export_one(exporter, 20000).status, IMPACT_EEXPORT);
    refusing = NULL;
    CHECK_EQUAL(export_one(exporter, 40).status, IMPACT_EAGAIN); /* as if nothing had been */
    impact_exporter_close(exporter);
    (void)close(peer);
}

TEST(a_pause_that_cannot_be_waited_for_ends_the_export)
{
    exchange e = {
        .peer = open_peer(8),
        .answers = {"HTTP/1.1 503 No\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", NULL},
    };
    pthread_t thread;
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1); /* but the batch's own */
    impact_exporter *exporter = open_exporter();
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(export_one(exporter, 20000).status, IMPACT_EAGAIN);
    (void)pthread_join(thread, NULL);
    (void)close(bell); /* as a program does that closes all that it does not know */
    CHECK_EQUAL(export_one(exporter, 600000).status, IMPACT_EEXPORT);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

static void hasten_what_was_the_parents(impact_exporter *exporter)
{
    int ends[2];
    char byte;
    if (pipe2(ends, O_NONBLOCK) || dup2(ends[1], bell) != bell) /* which closes it */
        _exit(2);
    exporter->hasten(exporter, 1000);
    exporter->interrupt(exporter);
    _exit(read(ends[0], &byte, 1) < 0 ? 0 : 1);
}

TEST(a_forked_child_writes_to_no_descriptor_that_was_the_parents)
{
    int status = 1;
    const int peer = open_peer(0);
    impact_exporter *exporter = open_exporter();
    const pid_t child = fork();
    if (child == 0)
        hasten_what_was_the_parents(exporter);
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    impact_exporter_close(exporter);
    (void)close(peer);
}

static tracing host;
static impact_span *begun_while_told;

static void trace_what_is_said(impact_severity severity, const char *line, uint64_t suppressed,
                               void *userdata)
{
    keep(severity, line, suppressed, userdata);
    begun_while_told = impact_span_start(host.tracer, "told", NULL);
}

TEST(what_a_program_does_while_it_is_told_of_an_export_is_not_traced)
{
    const int peer = open_peer(0); /* refuses */
    REQUIRE(tracing_open(&host, NULL));
    impact_exporter *exporter = open_exporter();
    impact_diagnostics_set_callback(trace_what_is_said, NULL);
    (void)export_one(exporter, 50);
    CHECK(said[0] && !begun_while_told);
    impact_exporter_close(exporter);
    tracing_close(&host);
    (void)close(peer);
}

TEST(a_backend_that_is_away_is_tried_exactly_once_more_when_the_end_is_near)
{
    const int peer = open_peer(0); /* refuses */
    (void)setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1);
    to_hasten = open_exporter();
    const outcome o = export_one(to_hasten, 600000);
    CHECK_EQUAL(o.status, IMPACT_EAGAIN);
    CHECK_EQUAL(transfers, 2);
    CHECK(o.took_ms < 60000);
    CHECK_EQUAL(export_one(to_hasten, 600000).status, IMPACT_EAGAIN);
    CHECK_EQUAL(transfers, 3);
    impact_exporter_close(to_hasten);
    (void)close(peer);
}

TEST(an_exporter_opens_though_nobody_can_be_woken)
{
    const int peer = open_peer(0);
    refusing = "curl_multi_wakeup";
    impact_exporter *exporter = open_exporter();
    exporter->interrupt(exporter);
    CHECK_EQUAL(export_one(exporter, 20000).status, IMPACT_ECLOSED);
    impact_exporter_close(exporter);
    (void)close(peer);
}
