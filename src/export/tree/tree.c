/* The tree exporter: each trace of a batch as a waterfall; and the same for data from elsewhere. */
#include <impact/exporter.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "export/descriptor.h"
#include "export/tree/forest.h"
#include "export/tree/waterfall.h"

typedef struct tree {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    const impact_allocator *allocator;
    impact__descriptor descriptor;
    bool in_colour;
} tree;

/* Link, draw and write what the forest holds. */
static impact_status print(impact__forest *forest, bool in_colour, impact__descriptor *descriptor,
                           uint64_t deadline_ns)
{
    impact__buffer page = IMPACT__BUFFER(forest->allocator);
    impact_status status = impact__forest_plant(forest);
    if (status == IMPACT_OK)
        impact__waterfall_append(&page, forest, in_colour);
    if (status == IMPACT_OK && page.has_failed)
        status = IMPACT_ENOMEM;
    if (status == IMPACT_OK)
        status = impact__descriptor_write(descriptor, impact__buffer_text(&page), deadline_ns);
    impact__buffer_close(&page);
    return status;
}

static impact_status add_scope(impact__forest *forest, const impact_scope_batch *scope,
                               impact_text service, size_t *unreadable)
{
    for (size_t i = 0; i < scope->span_count; i++) {
        const impact_status status = impact__forest_add(forest, scope->spans[i], service);
        if (status == IMPACT_ENOMEM)
            return status;
        *unreadable += status != IMPACT_OK;
    }
    return IMPACT_OK;
}

static impact_status add_batch(impact__forest *forest, const impact_batch *batch,
                               size_t *unreadable)
{
    const impact_text service = impact__forest_service_of(batch->resource);
    impact_status status = IMPACT_OK;
    for (size_t i = 0; i < batch->scope_count && status != IMPACT_ENOMEM; i++)
        status = add_scope(forest, batch->scopes[i], service, unreadable);
    return status;
}

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    tree *to = (tree *)exporter;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    size_t unreadable = 0;
    impact__forest forest = IMPACT__FOREST(to->allocator);
    impact_status status = add_batch(&forest, batch, &unreadable);
    if (status == IMPACT_OK)
        status = print(&forest, to->in_colour, &to->descriptor, deadline_ns);
    impact__forest_close(&forest);
    if (status == IMPACT_OK)
        *rejected = unreadable;
    return status;
}

static void interrupt(impact_exporter *exporter)
{
    impact__descriptor_interrupt(&((tree *)exporter)->descriptor);
}

static void close_tree(impact_exporter *exporter)
{
    impact__free(((tree *)exporter)->allocator, exporter);
}

impact_status impact_exporter_tree_open(impact_exporter **exporter, int descriptor,
                                        const impact_allocator *allocator)
{
    if (!exporter || descriptor < 0)
        return IMPACT_EINVAL;
    tree *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->base = (impact_exporter){
        .size = sizeof to->base,
        .name = "tree",
        .export_batch = export_batch,
        .interrupt = interrupt,
        .close = close_tree,
    };
    to->allocator = allocator;
    impact__descriptor_open(&to->descriptor, descriptor);
    to->in_colour = impact__descriptor_may_colour(descriptor);
    *exporter = &to->base;
    return IMPACT_OK;
}

impact_status impact_tree_print(int descriptor, const impact_text *data, size_t count,
                                const impact_allocator *allocator)
{
    if (descriptor < 0 || (count && !data))
        return IMPACT_EINVAL;
    impact__forest forest = IMPACT__FOREST(allocator);
    impact__descriptor to = {0};
    impact_status status = IMPACT_OK;
    impact__descriptor_open(&to, descriptor);
    for (size_t i = 0; i < count && status == IMPACT_OK; i++)
        status = impact__forest_add_data(&forest, data[i]);
    if (status == IMPACT_OK)
        status = print(&forest, impact__descriptor_may_colour(descriptor), &to, UINT64_MAX);
    impact__forest_close(&forest);
    return status;
}
