/* Batches: spans that were taken from a queue, arranged as exporters get them. */
#ifndef IMPACT_PIPELINE_BATCH_H
#define IMPACT_PIPELINE_BATCH_H

#include <stddef.h>

#include <impact/exporter.h>

/* A span as it came. All is borrowed. */
typedef struct impact__batch_item {
    impact_text span;
    impact_text scope;
    impact_text schema_url; /* of the scope: where the scope is the same, so is this */
} impact__batch_item;

typedef struct impact__batch {
    impact__batch_item *items; /* owned, as all here: room for `limit`; fill the first `count` */
    size_t count;
    size_t limit;
    impact_text *spans;
    impact_scope_batch *scopes;
    const impact_scope_batch **scope_list;
    const impact_allocator *allocator;
} impact__batch;

impact_status impact__batch_open(impact__batch *batch, size_t limit,
                                 const impact_allocator *allocator);
/* Accepts a batch that is all zero. */
void impact__batch_close(impact__batch *batch);

/* The items by their scopes: a scope stands where its first span stood, and its spans keep their
 * order. Borrowed until the batch is shown again. */
impact_batch impact__batch_show(impact__batch *batch, impact_text resource);

#endif
