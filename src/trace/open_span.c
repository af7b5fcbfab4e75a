/* Spans that are open are kept in the journals of their provider's exporters. */
#include "trace/open_span.h"

#include <assert.h>

#include "base/thread.h"
#include "pipeline/open_spans.h"
#include "trace/finish.h"
#include "trace/provider.h"
#include "trace/span_time.h"

static bool is_sampled(const impact__span *span)
{
    return atomic_load_explicit(&span->id_flags, memory_order_relaxed) & IMPACT_TRACE_FLAG_SAMPLED;
}

void impact__open_span_begin(impact__span *span)
{
    assert(impact__lock_is_held(&span->lock));
    span->is_kept = span->pooled.number < impact__open_cell_count && is_sampled(span);
}

void impact__open_span_keep(impact__span *span)
{
    assert(impact__lock_is_held(&span->lock));
    impact__span_finish(span, 0); /* the head is written before the rest, which stays as it is */
    const impact__open_span open = {
        .number = span->pooled.number,
        .scope = impact__tracer_number(span->tracer),
        .span = impact__span_finished(span),
        .now_unix_ns = impact__span_time_now(span),
    };
    for (size_t i = 0; i < span->provider->batcher_count; i++)
        impact__batcher_keep_open(span->provider->batchers[i], &open);
}

void impact__open_span_end(impact__span *span)
{
    assert(impact__lock_is_held(&span->lock));
    const uint64_t now = impact__span_time_now(span);
    span->is_kept = false;
    for (size_t i = 0; i < span->provider->batcher_count; i++)
        impact__batcher_forget_open(span->provider->batchers[i], span->pooled.number, now);
}
