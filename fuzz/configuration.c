/* A whole life under any configuration: environment, init, a few spans and headers, shutdown. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <impact/propagation.h>
#include <impact/trace.h>

#include "lines.h"

enum { span_count = 3, timeout_ms = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *carrier, const char *name, const char *value)
{
    (void)carrier, (void)name, (void)value;
}

static void record(void)
{
    impact_span *span = impact_span_start(NULL, "outer", NULL);
    impact_span_set(span, impact_string("key", "a value of some length"));
    impact_span_set(span, impact_int("number", 7));
    const impact_attribute of_event = impact_string("k", "v");
    impact_span_add_event(span, "event", 0, &of_event, 1);
    const impact_scope scope = impact_scope_enter(span);
    impact_propagation_inject(NULL, ignore, NULL);
    impact_span_end(impact_span_start(NULL, "inner", NULL));
    impact_scope_leave(scope);
    impact_span_end(span);
}

static bool adds_up(const impact_trace_stats *s)
{
    return s->ended == s->queued + s->in_flight + s->exported + s->dropped_full +
                           s->dropped_memory + s->dropped_closed + s->rejected + s->failed;
}

/* The exporter and the size of the queue are the code's: an input that asks for the network, or for
 * gigabytes, would find nothing else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_exporter *memory = NULL;
    impact_trace_stats stats = {.size = sizeof stats};
    lines_set_all(data, size);
    if (impact_exporter_memory_open(&memory, NULL))
        return 0;
    if (impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &memory, .exporter_count = 1,
                                               .queue_limit = 16)) != IMPACT_OK)
        abort(); /* no environment is an error of the program's */
    for (int i = 0; i < span_count; i++)
        record();
    if (impact_trace_shutdown(timeout_ms) != IMPACT_OK)
        abort();
    impact_trace_get_stats(&stats);
    if (!adds_up(&stats) || stats.exported != stats.ended || stats.ended > 2 * span_count)
        abort();
    return 0;
}
