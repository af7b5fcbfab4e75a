/* A provider whose exporter may have several batches at once, with a thread or pumped: for tests of
 * what becomes of them. */
#ifndef IMPACT_TESTS_CONCURRENT_FIXTURE_H
#define IMPACT_TESTS_CONCURRENT_FIXTURE_H

#include <poll.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/provider_fixture.h"
#include "support/several_exporter.h"
#include "support/tracing.h"

enum { at_once = 4, batch_size = 10 };

static bool pumps;

/* The body runs with a thread, and then without one. */
#define FOR_EACH_WAY for (int way_ = 0; (pumps = way_ == 1, way_ < 2); way_++)

static inline bool open_several(impact_trace_options options)
{
    impact_exporter *exporter = several_exporter_open(options.allocator);
    options.starts_no_thread = pumps;
    options.batch_limit = batch_size;
    options.queue_limit = options.queue_limit ? options.queue_limit : 1000;
    options.schedule_delay_ms = options.schedule_delay_ms ? options.schedule_delay_ms : 3600000;
    options.concurrent_export_limit =
        options.concurrent_export_limit ? options.concurrent_export_limit : at_once;
    return open_provider(&exporter, 1, options);
}

/* One turn of the host's loop, or of a thread that waits. */
static inline void turn(void)
{
    struct pollfd readable = {.fd = -1, .events = POLLIN};
    if (pumps) {
        (void)impact_tracer_provider_pump(provider);
        readable.fd = impact_tracer_provider_get_descriptor(provider);
    }
    (void)poll(&readable, 1, 1);
}

static inline void wait_begun(unsigned count)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    while (several_begun() < count && impact__remaining_ms(deadline_ns))
        turn();
    CHECK_EQUAL(several_begun(), count);
}

static inline bool has_settled(uint64_t count)
{
    const impact_trace_stats s = stats_of(provider);
    return s.exported + s.rejected + s.failed >= count;
}

static inline void wait_settled(uint64_t count)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    while (!has_settled(count) && impact__remaining_ms(deadline_ns))
        turn();
    CHECK(has_settled(count));
}

static inline void wait_queued(uint64_t count)
{
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    while (stats_of(provider).queued != count && impact__remaining_ms(deadline_ns))
        turn();
    CHECK_EQUAL(stats_of(provider).queued, count);
}

/* The worker is at rest, and nothing that it was told of is left to do. */
static inline void settle_down(void)
{
    for (int i = 0; i < 20; i++)
        turn();
}

static inline void close_when_answered(impact_status answer)
{
    several_answer_from(1, answer);
    close_and_check();
}

#endif
