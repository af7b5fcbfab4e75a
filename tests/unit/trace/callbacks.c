/* What a program gave is called in the middle of something: a thread is not cancelled there, but
 * after it. */
#include <pthread.h>
#include <sched.h>

#include <impact/diagnostics.h>

#include "support/check.h"
#include "support/tracing.h"

static tracing t;
static atomic_int calls;
static atomic_int returns;
static pthread_barrier_t gate;

/* A point of cancellation, as any that waits is. */
static void wait_a_moment(void)
{
    atomic_fetch_add(&calls, 1);
    pthread_testcancel();
    atomic_fetch_add(&returns, 1);
}

static void see_start(impact_span_processor *processor, impact_span *span,
                      const impact_context *parent)
{
    (void)processor, (void)span, (void)parent;
    wait_a_moment();
}

static void see_ending(impact_span_processor *processor, impact_span *span)
{
    (void)processor, (void)span;
    wait_a_moment();
}

static void see_end(impact_span_processor *processor, const impact_ended_span *span)
{
    (void)processor, (void)span;
    wait_a_moment();
}

static void forget(impact_span_processor *processor)
{
    (void)processor;
}

static void sample(impact_user_sampler *sampler, const impact_sampling_request *request,
                   impact_sampling_result *result)
{
    (void)sampler, (void)request;
    wait_a_moment();
    result->decision = IMPACT_SAMPLING_RECORD_AND_SAMPLE;
}

static void hear(impact_severity severity, const char *message, uint64_t suppressed, void *userdata)
{
    (void)severity, (void)message, (void)suppressed, (void)userdata;
    wait_a_moment();
}

/* ---- a thread that is cancelled ---- */

static void *use_a_span(void *argument)
{
    int before;
    (void)argument;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    (void)pthread_barrier_wait(&gate); /* from here on a cancellation is pending */
    (void)pthread_barrier_wait(&gate);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    impact_span_end(span);
    impact_span_end(span); /* late, and so reported */
    pthread_testcancel();
    return NULL;
}

static void cancel_in_the_midst(void)
{
    pthread_t thread;
    void *result = NULL;
    (void)pthread_barrier_init(&gate, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, use_a_span, NULL) == 0);
    (void)pthread_barrier_wait(&gate);
    CHECK(pthread_cancel(thread) == 0);
    (void)pthread_barrier_wait(&gate);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED); /* afterwards */
    CHECK_EQUAL(atomic_load(&calls), 1);
    CHECK_EQUAL(atomic_load(&returns), 1);
}

static void cancel_in_processor(impact_span_processor processor)
{
    impact_span_processor *given = &processor;
    impact_diagnostics_set_level(IMPACT_SEVERITY_NONE);
    processor.size = sizeof processor;
    processor.close = forget;
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.processors = &given, .processor_count = 1)));
    cancel_in_the_midst();
    CHECK_EQUAL(stats_of(t.provider).ended, 1);
    tracing_close(&t);
}

TEST(a_thread_that_is_cancelled_while_a_processor_sees_a_start_goes_on_to_the_end_of_the_span)
{
    cancel_in_processor((impact_span_processor){.on_start = see_start});
}

TEST(a_thread_that_is_cancelled_while_a_processor_sees_an_ending_goes_on_to_the_end_of_the_span)
{
    cancel_in_processor((impact_span_processor){.on_ending = see_ending});
}

TEST(a_thread_that_is_cancelled_while_a_processor_sees_an_end_goes_on_to_the_end_of_the_span)
{
    cancel_in_processor((impact_span_processor){.on_end = see_end});
}

TEST(a_thread_that_is_cancelled_while_a_sampler_decides_goes_on_to_the_end_of_the_span)
{
    impact_user_sampler sampler = {.size = sizeof sampler, .should_sample = sample};
    impact_diagnostics_set_level(IMPACT_SEVERITY_NONE);
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_user(&sampler))));
    cancel_in_the_midst();
    CHECK_EQUAL(stats_of(t.provider).ended, 1);
    tracing_close(&t);
}

TEST(a_thread_that_is_cancelled_while_it_reports_goes_on_after_the_report)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_diagnostics_set_callback(hear, NULL);
    cancel_in_the_midst();
    CHECK_EQUAL(stats_of(t.provider).ended, 1);
    tracing_close(&t);
}
