/* The console exporter: one JSON object a span on a descriptor.
 *
 * DESIGN: a span is formatted and then written as a whole. When the descriptor fails in the middle
 * of a batch, the spans that stand there count as exported and the rest as rejected, so that the
 * counters say what the reader sees; when not one was written, the batch has failed.
 */
#include <impact/exporter.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "export/descriptor.h"
#include "export/span_json.h"

typedef struct console {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    impact__descriptor descriptor;
    impact__buffer object; /* kept between spans for its memory */
} console;

/* IMPACT_EINVAL: it cannot be read; the others tell that the batch ends here. */
static impact_status write_span(console *to, impact_text span, impact_text resource,
                                uint64_t deadline_ns)
{
    impact__buffer_clear(&to->object);
    if (!impact__span_json_append(&to->object, span, resource))
        return IMPACT_EINVAL;
    if (to->object.has_failed)
        return IMPACT_ENOMEM;
    return impact__descriptor_write(&to->descriptor, impact__buffer_text(&to->object), deadline_ns);
}

/* What became of the spans of a batch that came first. */
typedef struct outcome {
    size_t written;
    size_t unreadable;
} outcome;

static impact_status write_scope(console *to, const impact_scope_batch *scope, impact_text resource,
                                 uint64_t deadline_ns, outcome *so_far)
{
    for (size_t i = 0; i < scope->span_count; i++) {
        const impact_status status = write_span(to, scope->spans[i], resource, deadline_ns);
        so_far->written += status == IMPACT_OK;
        so_far->unreadable += status == IMPACT_EINVAL;
        if (status && status != IMPACT_EINVAL)
            return status;
    }
    return IMPACT_OK;
}

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    console *to = (console *)exporter;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    outcome so_far = {0};
    impact_status status = IMPACT_OK;
    for (size_t i = 0; i < batch->scope_count && status == IMPACT_OK; i++)
        status = write_scope(to, batch->scopes[i], batch->resource, deadline_ns, &so_far);
    if (status && so_far.written + so_far.unreadable == 0)
        return status;
    *rejected = batch->span_count - so_far.written;
    return IMPACT_OK;
}

static void interrupt(impact_exporter *exporter)
{
    impact__descriptor_interrupt(&((console *)exporter)->descriptor);
}

static void close_console(impact_exporter *exporter)
{
    console *to = (console *)exporter;
    const impact_allocator *allocator = to->object.allocator;
    impact__buffer_close(&to->object);
    impact__free(allocator, to);
}

impact_status impact_exporter_console_open(impact_exporter **exporter, int descriptor,
                                           const impact_allocator *allocator)
{
    if (!exporter || descriptor < 0)
        return IMPACT_EINVAL;
    console *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->base = (impact_exporter){
        .size = sizeof to->base,
        .name = "console",
        .export_batch = export_batch,
        .interrupt = interrupt,
        .close = close_console,
    };
    impact__descriptor_open(&to->descriptor, descriptor);
    to->object = IMPACT__BUFFER(allocator);
    *exporter = &to->base;
    return IMPACT_OK;
}
