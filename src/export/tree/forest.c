/* Spans as trees.
 *
 * DESIGN: an index sorted by trace and span id finds parents; a pass from the latest span to the
 * earliest pushes each to the front of its parent's list, which leaves every list in order of
 * start. Bytes from outside may name parents in a circle. Whatever no root reaches is in one or
 * below one: its first span is taken out and made a root, until all are reached. Nothing recurses.
 */
#include "export/tree/forest.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

enum { first_capacity = 64 };

void impact__forest_close(impact__forest *forest)
{
    impact__free(forest->allocator, forest->nodes);
    impact__free(forest->allocator, forest->traces);
    *forest = IMPACT__FOREST(forest->allocator);
}

/* ---- collecting ---- */

static bool reserve_node(impact__forest *forest)
{
    if (forest->node_count < forest->node_capacity)
        return true;
    const size_t capacity = forest->node_capacity ? 2 * forest->node_capacity : first_capacity;
    if (capacity > SIZE_MAX / sizeof *forest->nodes)
        return false;
    void *nodes =
        impact__resize(forest->allocator, forest->nodes, capacity * sizeof *forest->nodes);
    if (!nodes)
        return false;
    forest->nodes = nodes;
    forest->node_capacity = capacity;
    return true;
}

impact_status impact__forest_add(impact__forest *forest, impact_text span, impact_text service)
{
    impact_span_view view;
    if (!impact_span_view_parse(&view, span))
        return IMPACT_EINVAL;
    if (!reserve_node(forest))
        return IMPACT_ENOMEM;
    forest->nodes[forest->node_count++] = (impact__forest_node){.span = view, .service = service};
    return IMPACT_OK;
}

impact_text impact__forest_service_of(impact_text resource)
{
    impact_message_walk walk;
    impact_text key;
    impact_value_view value;
    if (impact_resource_view_parse(&walk, resource))
        while (impact_attribute_view_next(&walk, &key, &value))
            if (impact__text_equal_string(key, "service.name") && value.type == IMPACT_VALUE_STRING)
                return value.string;
    return impact_text_from(NULL, 0);
}

static impact_text first_message(impact_text message, uint32_t field)
{
    impact_message_walk walk = impact_message_walk_of(message, field);
    impact_text first = impact_text_from(NULL, 0);
    (void)impact_message_walk_next(&walk, &first); /* absent reads as empty */
    return first;
}

/* trace.proto: ResourceSpans has resource 1 and scope_spans 2; ScopeSpans has spans 2. */
static impact_status add_resource_spans(impact__forest *forest, impact_text resource_spans)
{
    const impact_text service = impact__forest_service_of(first_message(resource_spans, 1));
    impact_message_walk scopes = impact_message_walk_of(resource_spans, 2);
    impact_text scope_spans;
    while (impact_message_walk_next(&scopes, &scope_spans)) {
        impact_message_walk spans = impact_message_walk_of(scope_spans, 2);
        impact_text span;
        while (impact_message_walk_next(&spans, &span))
            if (impact__forest_add(forest, span, service) == IMPACT_ENOMEM)
                return IMPACT_ENOMEM;
    }
    return IMPACT_OK;
}

impact_status impact__forest_add_data(impact__forest *forest, impact_text data)
{
    impact_message_walk walk = impact_message_walk_of(data, 1);
    impact_text resource_spans;
    impact_status status = IMPACT_OK;
    while (status == IMPACT_OK && impact_message_walk_next(&walk, &resource_spans))
        status = add_resource_spans(forest, resource_spans);
    return status;
}

/* ---- order ---- */

static int compare_ids(const void *a, const void *b)
{
    const impact_span_context_view *left = &(*(impact__forest_node *const *)a)->span.context;
    const impact_span_context_view *right = &(*(impact__forest_node *const *)b)->span.context;
    const int traces = memcmp(&left->trace_id, &right->trace_id, sizeof left->trace_id);
    return traces ? traces : memcmp(&left->span_id, &right->span_id, sizeof left->span_id);
}

/* Later first; of equal ones those that end earlier, so that an enclosing span comes out above. */
static int compare_latest_first(const void *a, const void *b)
{
    const impact_span_view *left = &(*(impact__forest_node *const *)a)->span;
    const impact_span_view *right = &(*(impact__forest_node *const *)b)->span;
    if (left->start_unix_ns != right->start_unix_ns)
        return left->start_unix_ns < right->start_unix_ns ? 1 : -1;
    if (left->end_unix_ns != right->end_unix_ns)
        return left->end_unix_ns > right->end_unix_ns ? 1 : -1;
    return -compare_ids(a, b);
}

static int compare_traces(const void *a, const void *b)
{
    const impact__forest_trace *left = a;
    const impact__forest_trace *right = b;
    if (left->start_unix_ns != right->start_unix_ns)
        return left->start_unix_ns < right->start_unix_ns ? -1 : 1;
    return 0;
}

/* ---- linking ---- */

static bool is_same_trace(const impact__forest_node *a, const impact__forest_node *b)
{
    return memcmp(&a->span.context.trace_id, &b->span.context.trace_id, sizeof(impact_trace_id)) ==
           0;
}

/* Number the traces along the index; returns how many there are. */
static size_t number_traces(impact__forest_node **index, size_t count)
{
    assert(count > 0);
    size_t traces = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !is_same_trace(index[i - 1], index[i]))
            traces++;
        index[i]->trace = traces - 1;
    }
    return traces;
}

static void measure(impact__forest_trace *trace, const impact_span_view *span)
{
    const bool is_first = trace->span_count++ == 0;
    if (is_first || span->start_unix_ns < trace->start_unix_ns)
        trace->start_unix_ns = span->start_unix_ns;
    if (is_first || span->end_unix_ns > trace->end_unix_ns)
        trace->end_unix_ns = span->end_unix_ns;
}

static impact__forest_node *parent_of(const impact__forest_node *node, impact__forest_node **index,
                                      size_t count)
{
    if (!node->span.has_parent)
        return NULL;
    impact__forest_node key = {.span.context = node->span.context};
    key.span.context.span_id = node->span.parent_span_id;
    impact__forest_node *const wanted = &key;
    impact__forest_node **found = bsearch(&wanted, index, count, sizeof *index, compare_ids);
    return found ? *found : NULL;
}

static void hang(impact__forest *forest, impact__forest_node *node)
{
    assert(node);
    impact__forest_node **list =
        node->parent ? &node->parent->first_child : &forest->traces[node->trace].first_root;
    node->next = *list;
    *list = node;
}

/* Mark all that hangs on `root`. */
static void place(impact__forest_node *root)
{
    size_t depth = 0;
    impact__forest_node *node = root;
    do {
        node->is_placed = true;
        node = impact__forest_next(node, &depth);
    } while (node && depth > 0);
}

static void take_out(impact__forest_node *node)
{
    impact__forest_node **place_of = &node->parent->first_child;
    while (*place_of != node)
        place_of = &(*place_of)->next;
    *place_of = node->next;
    node->parent = NULL;
    node->is_orphan = true;
}

/* Circles become trees. */
static void open_circles(impact__forest *forest)
{
    for (size_t i = 0; i < forest->trace_count; i++)
        for (impact__forest_node *root = forest->traces[i].first_root; root; root = root->next)
            place(root);
    for (size_t i = 0; i < forest->node_count; i++) {
        impact__forest_node *node = &forest->nodes[i];
        if (node->is_placed)
            continue;
        take_out(node);
        hang(forest, node);
        place(node);
    }
}

static void link_all(impact__forest *forest, impact__forest_node **index)
{
    const size_t count = forest->node_count;
    for (size_t i = 0; i < count; i++) {
        impact__forest_node *node = index[i];
        node->parent = parent_of(node, index, count);
        node->is_orphan = node->span.has_parent && !node->parent;
        measure(&forest->traces[node->trace], &node->span);
    }
    qsort(index, count, sizeof *index, compare_latest_first);
    for (size_t i = 0; i < count; i++)
        hang(forest, index[i]);
    open_circles(forest);
    qsort(forest->traces, forest->trace_count, sizeof *forest->traces, compare_traces);
}

impact_status impact__forest_plant(impact__forest *forest)
{
    const size_t count = forest->node_count;
    if (!count)
        return IMPACT_OK;
    impact__forest_node **index = impact__alloc(forest->allocator, count * sizeof *index);
    if (!index)
        return IMPACT_ENOMEM;
    for (size_t i = 0; i < count; i++)
        index[i] = &forest->nodes[i];
    qsort(index, count, sizeof *index, compare_ids);
    forest->trace_count = number_traces(index, count);
    forest->traces = impact__alloc(forest->allocator, forest->trace_count * sizeof *forest->traces);
    if (forest->traces)
        link_all(forest, index);
    impact__free(forest->allocator, index);
    return forest->traces ? IMPACT_OK : IMPACT_ENOMEM;
}

impact__forest_node *impact__forest_next(impact__forest_node *node, size_t *depth)
{
    assert(node && depth);
    if (node->first_child) {
        ++*depth;
        return node->first_child;
    }
    while (!node->next && node->parent) {
        --*depth;
        node = node->parent;
    }
    return node->next;
}
