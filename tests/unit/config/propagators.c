/* OTEL_PROPAGATORS: what it makes of the process's propagator, and what it refuses. */
#include <impact/propagation.h>

#include <stdlib.h>

#include <impact/diagnostics.h>
#include <impact/trace.h>

#include "propagate/formats.h"
#include "support/check.h"
#include "support/faults.h"

static char reported[2048];
static int reports;

static void on_report(impact_severity severity, const char *message, uint64_t suppressed,
                      void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    reports++;
    (void)snprintf(reported, sizeof reported, "%s", message);
}

/* The fields of the propagator that a value makes. */
static const char *fields_by(const char *value)
{
    static char joined[256];
    joined[0] = '\0';
    reported[0] = '\0';
    reports = 0;
    impact_diagnostics_set_callback(on_report, NULL);
    CHECK_EQUAL(value ? setenv("OTEL_PROPAGATORS", value, 1) : unsetenv("OTEL_PROPAGATORS"), 0);
    CHECK_EQUAL(impact_propagation_set_from_environment(), IMPACT_OK);
    const char *const *fields = impact_propagation_get()->fields;
    for (size_t i = 0; fields[i]; i++)
        (void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s",
                       i ? " " : "", fields[i]);
    return joined;
}

TEST(unset_or_empty_it_is_trace_context_and_baggage)
{
    CHECK_STRING(fields_by(NULL), "traceparent tracestate baggage");
    CHECK_STRING(fields_by(""), "traceparent tracestate baggage");
    CHECK_STRING(fields_by(" , "), "traceparent tracestate baggage");
    CHECK_EQUAL(reports, 0);
}

TEST(names_are_taken_in_their_order_each_once_whatever_their_case)
{
    CHECK_STRING(fields_by("b3"), "b3");
    CHECK_STRING(fields_by("B3, tracecontext ,b3,,TraceContext"), "b3 traceparent tracestate");
    CHECK_STRING(fields_by("tracecontext,baggage,jaeger,xray"),
                 "traceparent tracestate baggage uber-trace-id X-Amzn-Trace-Id");
    CHECK_STRING(fields_by("b3multi"), "x-b3-traceid x-b3-spanid x-b3-sampled x-b3-flags");
    CHECK_EQUAL(reports, 0);
}

TEST(a_name_that_is_not_known_is_said_and_left_out)
{
    CHECK_STRING(fields_by("ottrace,b3"), "b3");
    CHECK_STRING(reported, "OTEL_PROPAGATORS=ottrace is not used: there is no such propagator");
    CHECK_STRING(fields_by("what"), "traceparent tracestate baggage");
    CHECK_STRING(fields_by("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"),
                 "traceparent tracestate baggage");
}

TEST(none_is_none_also_beside_others)
{
    CHECK_STRING(fields_by("none"), "");
    CHECK_EQUAL(reports, 0);
    CHECK_STRING(fields_by("tracecontext,none"), "");
    CHECK_EQUAL(reports, 1);
}

TEST(what_the_program_set_wins_over_the_environment)
{
    CHECK_EQUAL(impact_propagation_set(&impact__propagator_xray), IMPACT_OK);
    CHECK_STRING(fields_by("b3"), "X-Amzn-Trace-Id");
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    CHECK_STRING(impact_propagation_get()->name, "b3");
}

TEST(a_list_that_is_read_again_is_not_made_again)
{
    (void)fields_by("b3,jaeger");
    const impact_propagator *first = impact_propagation_get();
    (void)fields_by("b3,jaeger");
    CHECK(impact_propagation_get() == first);
    (void)fields_by("jaeger,b3");
    CHECK(impact_propagation_get() != first);
    (void)fields_by("b3,jaeger");
    CHECK(impact_propagation_get() == first);
}

TEST(beyond_32_lists_the_propagator_stays_what_it_was)
{
    static const char *const names[] = {"b3",   "b3multi", "jaeger",
                                        "xray", "baggage", "tracecontext"};
    impact_status status = IMPACT_OK;
    for (int i = 0; i < 36; i++) {
        char list[64];
        (void)snprintf(list, sizeof list, "%s,%s,%s", names[i / 6], names[i % 6],
                       names[(i + 1) % 6]);
        CHECK_EQUAL(setenv("OTEL_PROPAGATORS", list, 1), 0);
        const impact_propagator *before = impact_propagation_get();
        status = impact_propagation_set_from_environment();
        CHECK(!status || impact_propagation_get() == before);
    }
    CHECK_EQUAL(status, IMPACT_ELIMIT);
}

TEST(it_counts_from_init_on_also_when_tracing_is_disabled)
{
    CHECK_EQUAL(setenv("OTEL_PROPAGATORS", "b3", 1), 0);
    CHECK_EQUAL(setenv("OTEL_SDK_DISABLED", "true", 1), 0);
    CHECK_STRING(impact_propagation_get()->name, "composite");
    CHECK_EQUAL(impact_trace_init(NULL), IMPACT_OK);
    CHECK_STRING(impact_propagation_get()->name, "b3");
    CHECK_EQUAL(impact_trace_shutdown(1000), IMPACT_OK);
    CHECK_STRING(impact_propagation_get()->name, "b3");
}

/* What is made lives as long as the process: only its failure is looked at. */
TEST(without_memory_the_propagator_stays_what_it_was)
{
    faults f;
    faults_open(&f);
    f.fail_at = 1;
    impact_allocator_set_default(&f.allocator);
    CHECK_EQUAL(setenv("OTEL_PROPAGATORS", "b3,xray", 1), 0);
    CHECK_EQUAL(impact_propagation_set_from_environment(), IMPACT_ENOMEM);
    CHECK_STRING(impact_propagation_get()->fields[0], "traceparent");
    impact_allocator_set_default(NULL);
    CHECK_EQUAL(impact_propagation_set_from_environment(), IMPACT_OK);
    CHECK_STRING(impact_propagation_get()->fields[0], "b3");
}
