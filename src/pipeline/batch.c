/* Batches, arranged by scope.
 *
 * DESIGN: for each scope one walk over the items. Scopes are few, and a walk compares addresses:
 * every span of a tracer points to the same bytes.
 */
#include "pipeline/batch.h"

#include <assert.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/text.h"

impact_status impact__batch_open(impact__batch *batch, size_t limit,
                                 const impact_allocator *allocator)
{
    assert(limit > 0);
    *batch = (impact__batch){
        .limit = limit,
        .allocator = allocator,
        .items = impact__alloc(allocator, limit * sizeof *batch->items),
        .spans = impact__alloc(allocator, limit * sizeof *batch->spans),
        .scopes = impact__alloc(allocator, limit * sizeof *batch->scopes),
        .scope_list = impact__alloc(allocator, limit * sizeof *batch->scope_list),
    };
    if (batch->items && batch->spans && batch->scopes && batch->scope_list)
        return IMPACT_OK;
    impact__batch_close(batch);
    return IMPACT_ENOMEM;
}

void impact__batch_close(impact__batch *batch)
{
    impact__free(batch->allocator, batch->items);
    impact__free(batch->allocator, batch->spans);
    impact__free(batch->allocator, batch->scopes);
    impact__free(batch->allocator, batch->scope_list);
    *batch = (impact__batch){.allocator = batch->allocator};
}

static bool is_of(const impact__batch_item *item, const impact_scope_batch *scope)
{
    const bool is_same_place =
        item->scope.data == scope->scope.data && item->scope.size == scope->scope.size;
    return is_same_place || (impact__text_equal(item->scope, scope->scope) &&
                             impact__text_equal(item->schema_url, scope->schema_url));
}

static bool is_shown(const impact__batch *batch, size_t scope_count, const impact__batch_item *item)
{
    for (size_t i = 0; i < scope_count; i++)
        if (is_of(item, &batch->scopes[i]))
            return true;
    return false;
}

/* The spans of the scope of item `first`, put at `spans`. */
static impact_scope_batch gather_scope(const impact__batch *batch, size_t first, impact_text *spans)
{
    assert(first < batch->count);
    impact_scope_batch scope = {
        .size = sizeof scope,
        .scope = batch->items[first].scope,
        .schema_url = batch->items[first].schema_url,
        .spans = spans,
    };
    for (size_t i = first; i < batch->count; i++)
        if (is_of(&batch->items[i], &scope))
            spans[scope.span_count++] = batch->items[i].span;
    return scope;
}

impact_batch impact__batch_show(impact__batch *batch, impact_text resource)
{
    assert(batch->count <= batch->limit);
    impact_batch shown = {
        .size = sizeof shown,
        .resource = resource,
        .scopes = batch->scope_list,
    };
    for (size_t i = 0; i < batch->count && shown.span_count < batch->count; i++) {
        if (is_shown(batch, shown.scope_count, &batch->items[i]))
            continue;
        impact_scope_batch *scope = &batch->scopes[shown.scope_count];
        *scope = gather_scope(batch, i, batch->spans + shown.span_count);
        batch->scope_list[shown.scope_count++] = scope;
        shown.span_count += scope->span_count;
    }
    return shown;
}
