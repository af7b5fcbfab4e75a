/* A provider over the memory exporter, and its spans read back: what tests of tracing share. */
#ifndef IMPACT_TESTS_TRACING_H
#define IMPACT_TESTS_TRACING_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include <impact/span_view.h>
#include <impact/trace.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/faults.h"
#include "trace/thread_state.h"

typedef struct tracing {
    impact_tracer_provider *provider;
    impact_tracer *tracer;
    impact_exporter *memory;
} tracing;

enum { tracing_timeout_ms = 20000 };

/* The equation of <impact/trace.h>. */
static inline void check_equation(const impact_trace_stats *s)
{
    CHECK_EQUAL(s->ended, s->queued + s->in_flight + s->exported + s->dropped_full +
                              s->dropped_memory + s->dropped_closed + s->rejected + s->failed);
}

static inline impact_trace_stats stats_of(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider, &stats);
    check_equation(&stats);
    return stats;
}

/* `options` may be NULL; its exporters are replaced. */
static inline bool tracing_open(tracing *t, const impact_trace_options *options)
{
    impact_trace_options whole = options ? *options : (impact_trace_options){.size = sizeof whole};
    *t = (tracing){0};
    if (impact_exporter_memory_open(&t->memory, NULL))
        return false;
    whole.exporters = &t->memory;
    whole.exporter_count = 1;
    if (impact_tracer_provider_open(&t->provider, &whole)) {
        impact_exporter_close(t->memory);
        return false;
    }
    t->tracer = impact_tracer_provider_get_tracer(t->provider, "test", "1");
    return t->tracer != NULL;
}

/* Every test that ends a span ends here: the equation holds, and nothing is left under way. */
static inline void tracing_close(tracing *t)
{
    CHECK_EQUAL(impact_tracer_provider_flush(t->provider, tracing_timeout_ms), IMPACT_OK);
    const impact_trace_stats stats = stats_of(t->provider);
    CHECK_EQUAL(stats.queued + stats.in_flight, 0);
    impact_tracer_provider_close(t->provider);
}

/* Read the span of that number, from 0 in the order of export. False: there are not so many. */
static inline bool tracing_read_in(impact_span_view *view, impact_text data, size_t number)
{
    impact_message_walk resources = impact_message_walk_of(data, 1);
    impact_text resource_spans, scope_spans, span;
    while (impact_message_walk_next(&resources, &resource_spans)) {
        impact_message_walk scopes = impact_message_walk_of(resource_spans, 2);
        while (impact_message_walk_next(&scopes, &scope_spans)) {
            impact_message_walk spans = impact_message_walk_of(scope_spans, 2);
            while (impact_message_walk_next(&spans, &span))
                if (number-- == 0)
                    return impact_span_view_parse(view, span);
        }
    }
    return false;
}

static inline size_t tracing_count_in(impact_text data)
{
    impact_span_view view;
    size_t count = 0;
    while (tracing_read_in(&view, data, count))
        count++;
    return count;
}

static inline bool tracing_read(tracing *t, impact_span_view *view, size_t number)
{
    CHECK_EQUAL(impact_tracer_provider_flush(t->provider, tracing_timeout_ms), IMPACT_OK);
    return tracing_read_in(view, impact_exporter_memory_data(t->memory), number);
}

static inline size_t tracing_count(tracing *t)
{
    CHECK_EQUAL(impact_tracer_provider_flush(t->provider, tracing_timeout_ms), IMPACT_OK);
    return tracing_count_in(impact_exporter_memory_data(t->memory));
}

/* End `span` and read it back as the only one there is. */
static inline bool tracing_end(tracing *t, impact_span *span, impact_span_view *view)
{
    CHECK_EQUAL(impact_tracer_provider_flush(t->provider, tracing_timeout_ms), IMPACT_OK);
    impact_exporter_memory_clear(t->memory);
    impact_span_end(span);
    return tracing_count(t) == 1 && tracing_read(t, view, 0);
}

/* Close the provider and give the thread's state back; the worker's follows when its thread is
 * over. */
static inline void tracing_close_all(tracing *t, faults *f)
{
    impact_tracer_provider_close(t->provider);
    impact__thread_state_release();
    const uint64_t deadline_ns = impact__deadline_after_ms(tracing_timeout_ms);
    while (atomic_load(&f->live) && impact__remaining_ms(deadline_ns))
        (void)sched_yield();
    impact_allocator_set_default(NULL);
}

static inline bool is_text(impact_text text, const char *should)
{
    return text.size == strlen(should) && (!text.size || memcmp(text.data, should, text.size) == 0);
}

static inline size_t count_attributes(impact_message_walk walk)
{
    impact_text key;
    impact_value_view value;
    size_t count = 0;
    while (impact_attribute_view_next(&walk, &key, &value))
        count++;
    CHECK_EQUAL(walk.rest.size, 0); /* the end, not something malformed */
    return count;
}

/* The value of `key`, which must stand there once. */
static inline bool find_attribute(impact_message_walk walk, const char *name,
                                  impact_value_view *found)
{
    impact_text key;
    impact_value_view value;
    size_t count = 0;
    while (impact_attribute_view_next(&walk, &key, &value))
        if (is_text(key, name) && ++count)
            *found = value;
    return count == 1;
}

static inline bool has_string(impact_message_walk walk, const char *key, const char *should)
{
    impact_value_view value;
    return find_attribute(walk, key, &value) && value.type == IMPACT_VALUE_STRING &&
           is_text(value.string, should);
}

static inline bool has_int(impact_message_walk walk, const char *key, int64_t should)
{
    impact_value_view value;
    return find_attribute(walk, key, &value) && value.type == IMPACT_VALUE_INT &&
           value.integer == should;
}

#endif
