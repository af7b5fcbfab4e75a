/* A batch as the bodies of requests.
 *
 * DESIGN: a request's size is the one that it is written with, envelope and all. It grows with each
 * span, so the most that fit are found by halving; a batch that fits as a whole is looked at once.
 */
#include "export/otlp/request.h"

#include <assert.h>
#include <stdbool.h>

static bool fits(const impact_batch *batch, impact__span_range range, size_t limit)
{
    return impact__gather_size(batch, range) <= limit;
}

impact__span_range otlp__request_range(const impact_batch *batch, size_t first, size_t limit)
{
    assert(first < batch->span_count);
    impact__span_range part = {first, 0};
    size_t too_many = batch->span_count - first;
    if (fits(batch, (impact__span_range){first, too_many}, limit))
        return (impact__span_range){first, too_many};
    while (too_many - part.count > 1) {
        const size_t middle = part.count + (too_many - part.count) / 2;
        if (fits(batch, (impact__span_range){first, middle}, limit))
            part.count = middle;
        else
            too_many = middle;
    }
    return part;
}
