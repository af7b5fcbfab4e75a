/* A batch as bytes: the pre-encoded resource, then a ScopeSpans for each run of spans of one scope.
 *
 * DESIGN: sizes come first, since protobuf puts a message's length before it; then the records,
 * which carry their tags and lengths already, are copied one after the other. Plugins compile this
 * file in.
 */
#include "export/gather.h"

#include "base/protobuf.h"
#include "base/text.h"

/* trace.proto */
enum {
    traces_data_resource_spans = 1,
    resource_spans_resource = 1,
    resource_spans_scope_spans = 2,
    scope_spans_scope = 1,
};

/* Spans of one scope that stand together. */
typedef struct run {
    const impact_finished_span *spans;
    size_t count;
    size_t size; /* bytes of its ScopeSpans, without tag and length */
} run;

static bool is_same_scope(const impact_finished_span *a, const impact_finished_span *b)
{
    const bool is_same_place = a->scope.data == b->scope.data && a->scope.size == b->scope.size;
    return is_same_place || impact__text_equal(a->scope, b->scope);
}

/* The run that begins with span `first`. */
static run run_at(const impact_batch *batch, size_t first)
{
    run found = {.spans = batch->spans + first};
    if (found.spans->scope.size)
        found.size = impact__field_size(scope_spans_scope, found.spans->scope.size);
    while (first + found.count < batch->span_count &&
           is_same_scope(found.spans, found.spans + found.count)) {
        found.size += found.spans[found.count].record.size;
        found.count++;
    }
    return found;
}

/* Without tag and length. The records are in memory, so their sum is a size. */
static size_t resource_spans_size(const impact_batch *batch)
{
    size_t size = impact__field_size(resource_spans_resource, batch->resource.size);
    for (size_t i = 0; i < batch->span_count;) {
        const run next = run_at(batch, i);
        size += impact__field_size(resource_spans_scope_spans, next.size);
        i += next.count;
    }
    return size;
}

size_t impact__gather_size(const impact_batch *batch)
{
    return impact__field_size(traces_data_resource_spans, resource_spans_size(batch));
}

static uint8_t *write_head(uint8_t *to, uint32_t field, size_t size)
{
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    return impact__write_varint(to, size);
}

static uint8_t *write_run(uint8_t *to, const run *of)
{
    to = write_head(to, resource_spans_scope_spans, of->size);
    if (of->spans->scope.size)
        to = impact__write_field(to, scope_spans_scope, of->spans->scope.data,
                                 of->spans->scope.size);
    for (size_t i = 0; i < of->count; i++)
        to = impact__write_bytes(to, of->spans[i].record.data, of->spans[i].record.size);
    return to;
}

impact_status impact__gather_append(impact__buffer *buffer, const impact_batch *batch)
{
    const size_t size = resource_spans_size(batch);
    const size_t whole = impact__field_size(traces_data_resource_spans, size);
    char *start = impact__buffer_reserve(buffer, whole);
    if (!start) {
        buffer->has_failed = false; /* nothing was written: what is there is whole */
        return IMPACT_ENOMEM;
    }
    uint8_t *to = write_head((uint8_t *)start, traces_data_resource_spans, size);
    to = impact__write_field(to, resource_spans_resource, batch->resource.data,
                             batch->resource.size);
    for (size_t i = 0; i < batch->span_count;) {
        const run next = run_at(batch, i);
        to = write_run(to, &next);
        i += next.count;
    }
    buffer->size += whole;
    return IMPACT_OK;
}
