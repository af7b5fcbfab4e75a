/* A batch as the bodies of requests. */
#include "export/otlp/request.h"

#include <stdbool.h>

#include "base/protobuf.h"
#include "base/text.h"

/* The most that the tags and lengths of a message around others take. */
enum { envelope_size = 1 + IMPACT__VARINT_SIZE_MOST };

static bool begins_scope(const impact_batch *batch, size_t first, size_t i)
{
    return i == first || !impact__text_equal(batch->spans[i].scope, batch->spans[i - 1].scope);
}

/* Bytes are counted from above, so that a part is never larger than thought. */
impact_batch otlp__request_part(const impact_batch *batch, size_t first, size_t limit)
{
    impact_batch part = {.resource = batch->resource, .spans = batch->spans + first};
    size_t size = 2 * (size_t)envelope_size + batch->resource.size;
    for (size_t i = first; i < batch->span_count; i++) {
        size += batch->spans[i].record.size;
        if (begins_scope(batch, first, i))
            size += 2 * (size_t)envelope_size + batch->spans[i].scope.size;
        if (size > limit)
            break;
        part.span_count++;
    }
    return part;
}
