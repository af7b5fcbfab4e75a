/* pthread_cancel: whoever is cancelled while it waits in the library leaves no lock behind. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/health.h>
#include <impact/trace.h>

#include "base/clock.h"
#include "base/thread.h"
#include "support/check.h"
#include "support/fake_exporter.h"

enum {
    wait_ms = 100,   /* of the calls below: none can be done, all wait as long as they may */
    patience_s = 60, /* a fork that takes longer waits for a lock that nobody lets go of */
};

static fake_exporter fake;
static impact_tracer_provider *provider;
static impact_health *health;
static pthread_barrier_t barrier;

/* ---- calls that wait ---- */

static void flush_provider(void)
{
    (void)impact_tracer_provider_flush(provider, wait_ms);
}

static void shut_provider_down(void)
{
    (void)impact_tracer_provider_shutdown(provider, wait_ms);
}

static void close_provider(void)
{
    impact_tracer_provider_close(provider);
}

static void flush_default(void)
{
    (void)impact_trace_flush(wait_ms);
}

static void shut_default_down(void)
{
    (void)impact_trace_shutdown(wait_ms);
}

static void probe_health(void)
{
    impact_health_report *report = NULL;
    if (impact_health_probe(health, impact_text_of("hangs"), &report) == IMPACT_OK)
        impact_health_report_close(report);
}

static void answer_health(void)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_of("GET"),
        .path = impact_text_of("/health/"),
    };
    (void)impact_health_answer(health, &request, &response);
    impact_http_response_clear(&response);
}

static void close_health(void)
{
    (void)impact_health_close(health, wait_ms);
}

/* ---- a thread that is cancelled in one of them ---- */

static void *call(void *argument)
{
    void (*const *function)(void) = argument;
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    (void)pthread_barrier_wait(&barrier); /* from here on a cancellation is pending */
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    (*function)();
    pthread_testcancel();
    return NULL;
}

/* A point of cancellation with a lock held is hit for sure: the first one that is reached is. */
static void cancel_in(void (*function)(void))
{
    pthread_t thread;
    void *result = NULL;
    REQUIRE(pthread_barrier_init(&barrier, NULL, 2) == 0);
    REQUIRE(pthread_create(&thread, NULL, call, &function) == 0);
    (void)pthread_barrier_wait(&barrier);
    CHECK(pthread_cancel(thread) == 0);
    (void)pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
}

static void fork_in_time(void)
{
    (void)alarm(patience_s);
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    (void)alarm(0);
}

/* ---- tracing ---- */

static bool open_hanging_exporter(impact_exporter **exporter)
{
    *exporter = fake_exporter_open(&fake);
    fake_set_hangs(&fake, true);
    return true;
}

static void try_provider(void (*function)(void))
{
    impact_exporter *exporter;
    REQUIRE(open_hanging_exporter(&exporter));
    REQUIRE(impact_tracer_provider_open(
                &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)) ==
            IMPACT_OK);
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    impact_span_end(impact_span_start(tracer, "a", NULL));
    cancel_in(function);
    fork_in_time();
    fake_set_hangs(&fake, false);
}

static void try_default(void (*function)(void))
{
    impact_exporter *exporter;
    REQUIRE(open_hanging_exporter(&exporter));
    REQUIRE(impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)) ==
            IMPACT_OK);
    impact_span_end(impact_span_start(NULL, "a", NULL));
    cancel_in(function);
    fork_in_time();
    fake_set_hangs(&fake, false);
}

TEST(a_thread_cancelled_in_a_flush_leaves_no_lock_to_a_fork)
{
    try_provider(flush_provider);
}

TEST(a_thread_cancelled_in_a_shutdown_leaves_no_lock_to_a_fork)
{
    try_provider(shut_provider_down);
}

TEST(a_thread_cancelled_in_a_close_leaves_no_lock_to_a_fork)
{
    try_provider(close_provider);
}

TEST(a_thread_cancelled_in_a_flush_of_the_default_leaves_no_lock_to_a_fork)
{
    try_default(flush_default);
}

TEST(a_thread_cancelled_in_a_shutdown_of_the_default_leaves_no_lock_to_a_fork)
{
    try_default(shut_default_down);
}

/* ---- health ---- */

static int release[2];

/* It does not look at its deadline; whoever calls it closes the pipe. */
static impact_health_status hang(impact_health_run *run, void *userdata)
{
    (void)run;
    (void)userdata;
    char byte;
    return read(release[0], &byte, 1) == 0 ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static void try_health(void (*function)(void), bool runs_before)
{
    REQUIRE(pipe(release) == 0);
    REQUIRE(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = wait_ms)) == IMPACT_OK);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "hangs", .run = hang)) == IMPACT_OK);
    if (runs_before)
        probe_health();
    cancel_in(function);
    fork_in_time();
    (void)close(release[1]);
}

TEST(a_thread_cancelled_in_a_probe_leaves_no_lock_to_a_fork)
{
    try_health(probe_health, false);
}

TEST(a_thread_cancelled_in_an_answer_leaves_no_lock_to_a_fork)
{
    try_health(answer_health, false);
}

TEST(a_thread_cancelled_while_it_closes_a_registry_leaves_no_lock_to_a_fork)
{
    try_health(close_health, true);
}

/* ---- the mechanism ---- */

TEST(a_held_cancellation_comes_after_the_release)
{
    const int held = impact__cancel_hold();
    CHECK_EQUAL(held, PTHREAD_CANCEL_ENABLE);
    const int held_again = impact__cancel_hold();
    CHECK_EQUAL(held_again, PTHREAD_CANCEL_DISABLE);
    impact__cancel_release(held_again);
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    CHECK_EQUAL(before, PTHREAD_CANCEL_DISABLE);
    impact__cancel_release(held);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    CHECK_EQUAL(before, PTHREAD_CANCEL_ENABLE);
}
