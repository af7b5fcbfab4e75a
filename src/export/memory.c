/* The exporter that keeps what it is given: for tests, and for those who read their own spans.
 *
 * DESIGN: each batch is appended as one ResourceSpans, field 1 of TracesData (trace.proto), with a
 * ScopeSpans for each scope. An append that runs out of memory is undone, so
 * the data is always whole messages.
 */
#include <impact/exporter.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "export/gather.h"

typedef struct memory_exporter {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    impact__buffer data;
} memory_exporter;

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    (void)timeout_ms; /* it waits for nothing */
    (void)rejected;   /* and refuses nothing */
    memory_exporter *memory = (memory_exporter *)exporter;
    return impact__gather_append(&memory->data, batch, (impact__span_range){0, batch->span_count});
}

static void close_memory(impact_exporter *exporter)
{
    memory_exporter *memory = (memory_exporter *)exporter;
    const impact_allocator *allocator = memory->data.allocator;
    impact__buffer_close(&memory->data);
    impact__free(allocator, memory);
}

impact_status impact_exporter_memory_open(impact_exporter **exporter,
                                          const impact_allocator *allocator)
{
    if (!exporter)
        return IMPACT_EINVAL;
    memory_exporter *memory = impact__alloc(allocator, sizeof *memory);
    if (!memory)
        return IMPACT_ENOMEM;
    memory->base = (impact_exporter){
        .size = sizeof memory->base,
        .name = "memory",
        .export_batch = export_batch,
        .close = close_memory,
    };
    memory->data = IMPACT__BUFFER(allocator);
    *exporter = &memory->base;
    return IMPACT_OK;
}

/* NULL when `exporter` is none, or one of another kind. */
static memory_exporter *memory_of(const impact_exporter *exporter)
{
    return exporter && exporter->close == close_memory ? (memory_exporter *)exporter : NULL;
}

impact_text impact_exporter_memory_data(const impact_exporter *exporter)
{
    const memory_exporter *memory = memory_of(exporter);
    return memory ? impact__buffer_text(&memory->data) : impact_text_from(NULL, 0);
}

void impact_exporter_memory_clear(impact_exporter *exporter)
{
    memory_exporter *memory = memory_of(exporter);
    if (memory)
        impact__buffer_clear(&memory->data);
}
