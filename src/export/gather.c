/* A batch as bytes: the pre-encoded resource, then a ScopeSpans for each scope.
 *
 * DESIGN: sizes come first, since protobuf puts a message's length before it; then the spans, which
 * are encoded already, are copied one after the other. Plugins compile this file in.
 */
#include "export/gather.h"

#include <assert.h>

#include "base/protobuf.h"

/* trace.proto */
enum {
    traces_data_resource_spans = 1,
    resource_spans_resource = 1,
    resource_spans_scope_spans = 2,
    resource_spans_schema_url = 3,
    scope_spans_scope = 1,
    scope_spans_spans = 2,
    scope_spans_schema_url = 3,
};

/* The part of a scope's spans that is within a range. */
typedef struct run {
    const impact_scope_batch *of;
    const impact_text *spans;
    size_t count;
} run;

/* `before` counts the spans of the scopes before this one. */
static run run_of(const impact_scope_batch *scope, size_t before, impact__span_range range)
{
    const size_t end = range.first + range.count;
    const size_t first = range.first > before ? range.first - before : 0;
    size_t stop = end > before ? end - before : 0;
    if (stop > scope->span_count)
        stop = scope->span_count;
    return (run){scope, scope->spans + first, stop > first ? stop - first : 0};
}

/* An empty text is no field at all. */
static size_t text_field_size(uint32_t field, impact_text text)
{
    return text.size ? impact__field_size(field, text.size) : 0;
}

static uint8_t *write_text_field(uint8_t *to, uint32_t field, impact_text text)
{
    assert(text.data || text.size == 0);
    return text.size ? impact__write_field(to, field, text.data, text.size) : to;
}

/* Of a ScopeSpans, without tag and length. The spans are in memory, so their sum is a size. */
static size_t run_size(const run *of)
{
    size_t size = text_field_size(scope_spans_scope, of->of->scope) +
                  text_field_size(scope_spans_schema_url, of->of->schema_url);
    for (size_t i = 0; i < of->count; i++)
        size += impact__field_size(scope_spans_spans, of->spans[i].size);
    return size;
}

/* Without tag and length. */
static size_t resource_spans_size(const impact_batch *batch, impact__span_range range)
{
    size_t size = impact__field_size(resource_spans_resource, batch->resource.size) +
                  text_field_size(resource_spans_schema_url, batch->schema_url);
    size_t before = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const run part = run_of(batch->scopes[i], before, range);
        if (part.count)
            size += impact__field_size(resource_spans_scope_spans, run_size(&part));
        before += batch->scopes[i]->span_count;
    }
    return size;
}

size_t impact__gather_size(const impact_batch *batch, impact__span_range range)
{
    assert(range.count > 0);
    return impact__field_size(traces_data_resource_spans, resource_spans_size(batch, range));
}

static uint8_t *write_head(uint8_t *to, uint32_t field, size_t size)
{
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    return impact__write_varint(to, size);
}

static uint8_t *write_run(uint8_t *to, const run *of)
{
    to = write_head(to, resource_spans_scope_spans, run_size(of));
    to = write_text_field(to, scope_spans_scope, of->of->scope);
    for (size_t i = 0; i < of->count; i++)
        to = impact__write_field(to, scope_spans_spans, of->spans[i].data, of->spans[i].size);
    return write_text_field(to, scope_spans_schema_url, of->of->schema_url);
}

static void write_resource_spans(uint8_t *to, const impact_batch *batch, impact__span_range range)
{
    to = impact__write_field(to, resource_spans_resource, batch->resource.data,
                             batch->resource.size);
    size_t before = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const run part = run_of(batch->scopes[i], before, range);
        if (part.count)
            to = write_run(to, &part);
        before += batch->scopes[i]->span_count;
    }
    (void)write_text_field(to, resource_spans_schema_url, batch->schema_url);
}

impact_status impact__gather_append(impact__buffer *buffer, const impact_batch *batch,
                                    impact__span_range range)
{
    const size_t size = resource_spans_size(batch, range);
    const size_t whole = impact__field_size(traces_data_resource_spans, size);
    char *start = impact__buffer_reserve(buffer, whole);
    if (!start) {
        buffer->has_failed = false; /* nothing was written: what is there is whole */
        return IMPACT_ENOMEM;
    }
    uint8_t *to = write_head((uint8_t *)start, traces_data_resource_spans, size);
    write_resource_spans(to, batch, range);
    buffer->size += whole;
    return IMPACT_OK;
}
