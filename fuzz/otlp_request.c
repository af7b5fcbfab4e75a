/* Any batch and any limit: its requests are within the limit, hold each span once and in its order,
 * and none could hold one more. The input: two bytes of limit, then a byte for each span's size, or
 * 255 for a scope that begins. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/span_view.h>

#include "export/otlp/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    scope_limit = 8,
    span_limit = 64,
    span_size_most = 40000, /* lengths of one, two and three bytes */
};

static char memory[span_size_most];

typedef struct example {
    impact_text spans[span_limit];
    impact_scope_batch scopes[scope_limit];
    const impact_scope_batch *list[scope_limit];
    impact_batch batch;
} example;

static void begin_scope(example *e, uint8_t text_size)
{
    if (e->batch.scope_count == scope_limit)
        return;
    e->scopes[e->batch.scope_count] = (impact_scope_batch){
        .size = sizeof e->scopes[0],
        .scope = impact_text_from(memory, text_size),
        .schema_url = impact_text_from(memory, text_size / 2),
        .spans = e->spans + e->batch.span_count,
    };
    e->list[e->batch.scope_count] = &e->scopes[e->batch.scope_count];
    e->batch.scope_count++;
}

static void add_span(example *e, uint8_t size)
{
    if (e->batch.span_count == span_limit)
        return;
    e->spans[e->batch.span_count++] =
        impact_text_from(memory, (size_t)size * size * size % span_size_most);
    e->scopes[e->batch.scope_count - 1].span_count++;
}

static void fill(example *e, const uint8_t *data, size_t size)
{
    e->batch = (impact_batch){
        .size = sizeof e->batch,
        .resource = impact_text_from(memory, size % 200),
        .schema_url = impact_text_from(memory, size % 3),
        .scopes = e->list,
    };
    begin_scope(e, 0);
    for (size_t i = 0; i < size; i++)
        if (data[i] == 255)
            begin_scope(e, (uint8_t)i);
        else
            add_span(e, data[i]);
}

/* The spans in `request` must have the sizes of those from `expected` on. */
static size_t count_spans(impact_text request, const impact_text *expected)
{
    impact_text resource_spans, scope_spans, span;
    size_t count = 0;
    impact_message_walk resources = impact_message_walk_of(request, 1);
    if (!impact_message_walk_next(&resources, &resource_spans) || resources.rest.size)
        abort();
    impact_message_walk scopes = impact_message_walk_of(resource_spans, 2);
    while (impact_message_walk_next(&scopes, &scope_spans)) {
        impact_message_walk spans = impact_message_walk_of(scope_spans, 2);
        for (; impact_message_walk_next(&spans, &span); count++)
            if (span.size != expected[count].size)
                abort();
    }
    return count;
}

static void check_part(const impact_batch *batch, impact__span_range part, size_t limit,
                       const impact_text *spans)
{
    impact__buffer request = IMPACT__BUFFER(NULL);
    if (impact__gather_append(&request, batch, part))
        return; /* no memory */
    if (request.size > limit || request.size != impact__gather_size(batch, part) ||
        count_spans(impact__buffer_text(&request), spans + part.first) != part.count)
        abort();
    impact__buffer_close(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static example e;
    if (size < 2)
        return 0;
    const size_t limit = (size_t)data[0] << 8 | data[1];
    memset(&e, 0, sizeof e);
    fill(&e, data + 2, size - 2);
    for (size_t first = 0; first < e.batch.span_count;) {
        const impact__span_range part = otlp__request_range(&e.batch, first, limit);
        const impact__span_range one_more = {first, part.count + 1};
        const bool is_last = first + part.count == e.batch.span_count;
        if (part.first != first || first + part.count > e.batch.span_count ||
            (!is_last && impact__gather_size(&e.batch, one_more) <= limit))
            abort();
        if (part.count)
            check_part(&e.batch, part, limit, e.spans);
        first += part.count ? part.count : 1;
    }
    return 0;
}
