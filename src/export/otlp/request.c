/* A batch as the bodies of requests. */
#include "export/otlp/request.h"

#include <stdbool.h>

#include "base/protobuf.h"

/* The most that the tags and lengths of a message around others take. */
enum { envelope_size = 1 + IMPACT__VARINT_SIZE_MOST };

/* A request that grows. Bytes are counted from above, so that it is never larger than thought. */
typedef struct request {
    size_t size;
    size_t limit;
    size_t span_count;
} request;

static bool add_spans(request *to, const impact_scope_batch *scope, size_t first)
{
    size_t head = 3 * (size_t)envelope_size + scope->scope.size + scope->schema_url.size;
    for (size_t i = first; i < scope->span_count; i++) {
        to->size += head + envelope_size + scope->spans[i].size;
        head = 0;
        if (to->size > to->limit)
            return false;
        to->span_count++;
    }
    return true;
}

impact__span_range otlp__request_range(const impact_batch *batch, size_t first, size_t limit)
{
    request to = {
        .size = 3 * (size_t)envelope_size + batch->resource.size + batch->schema_url.size,
        .limit = limit,
    };
    size_t before = 0;
    bool has_room = true;
    for (size_t i = 0; i < batch->scope_count && has_room; i++) {
        const impact_scope_batch *scope = batch->scopes[i];
        if (first < before + scope->span_count)
            has_room = add_spans(&to, scope, first > before ? first - before : 0);
        before += scope->span_count;
    }
    return (impact__span_range){first, to.span_count};
}
