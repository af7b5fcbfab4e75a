/* Span processors: who is told of a provider's recorded spans as they start and end (OpenTelemetry
 * specification, trace/sdk "Span processor"). A provider has one for each of its exporters, which
 * batches; here are the simple one and the interface to write another. */
#ifndef IMPACT_PROCESSOR_H
#define IMPACT_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/context.h>
#include <impact/exporter.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A span that has ended. All is borrowed until on_end returns. */
typedef struct impact_ended_span {
    size_t size;
    impact_text span;  /* opentelemetry.proto.trace.v1.Span: read it with <impact/span_view.h> */
    impact_text scope; /* opentelemetry.proto.common.v1.InstrumentationScope; may be empty */
    impact_text scope_schema_url;
    impact_text resource; /* opentelemetry.proto.resource.v1.Resource */
    bool is_sampled;      /* or it is only recorded, and not to be exported */
} impact_ended_span;

/* A processor is a struct that its maker fills and the provider takes. Of its functions all but
 * `close` may be NULL. Those that begin with on_ are called on the thread that starts or ends the
 * span, in the order of the processors, several at once from several threads; they must be quick,
 * and may not block. */
typedef struct impact_span_processor impact_span_processor;
struct impact_span_processor {
    size_t size;
    void *userdata;

    /* The span has started; it may be recorded into. `parent` is the context that it was started
     * in. */
    void (*on_start)(impact_span_processor *processor, impact_span *span,
                     const impact_context *parent);

    /* The span is about to end, at a time that is fixed; it may be recorded into for the last
     * time. */
    void (*on_ending)(impact_span_processor *processor, impact_span *span);

    void (*on_end)(impact_span_processor *processor, const impact_ended_span *span);

    /* Within timeout_ms; as impact_trace_flush and impact_trace_shutdown answer. No span is given
     * to the processor after shutdown. */
    impact_status (*flush)(impact_span_processor *processor, uint32_t timeout_ms);
    impact_status (*shutdown)(impact_span_processor *processor, uint32_t timeout_ms);

    /* Free the processor itself. */
    void (*close)(impact_span_processor *processor);
};

/* The simple processor (trace/sdk "Simple processor"): exports each span as it ends, on its thread,
 * which waits; never two at once. For tests and tools. `exporter` is taken on success; `allocator`
 * NULL: the default. IMPACT_EINVAL, IMPACT_ENOMEM, IMPACT_ESYSTEM. */
IMPACT_API IMPACT_CHECKED impact_status
impact_simple_processor_open(impact_span_processor **processor, impact_exporter *exporter,
                             const impact_allocator *allocator);

/* Close a processor that no provider took. NULL is accepted. */
IMPACT_API void impact_span_processor_close(impact_span_processor *processor);

#ifdef __cplusplus
}
#endif

#endif
