/* The spans of one trace as a tree of which parts are folded. */
#include "trace_tree.h"

#include <string.h>

#include "ingest.h"

void view_trace_tree_init(view_trace_tree *tree, const view_store *store)
{
    const impact_allocator *allocator = store->allocator;
    *tree = (view_trace_tree){.store = store,
                              .request = IMPACT__BUFFER(allocator),
                              .forest = IMPACT__FOREST(allocator),
                              .folded = IMPACT__BUFFER(allocator),
                              .rows = IMPACT__BUFFER(allocator)};
}

void view_trace_tree_close(view_trace_tree *tree)
{
    impact__forest_close(&tree->forest);
    impact__buffer_close(&tree->request);
    impact__buffer_close(&tree->folded);
    impact__buffer_close(&tree->rows);
    tree->is_open = false;
}

/* ---- reading ---- */

const impact__forest_trace *view_trace_tree_facts(const view_trace_tree *tree)
{
    return &tree->forest.traces[0];
}

size_t view_trace_tree_row_count(const view_trace_tree *tree)
{
    return tree->rows.size / sizeof(view_tree_row);
}

view_tree_row view_trace_tree_row(const view_trace_tree *tree, size_t number)
{
    view_tree_row row;
    memcpy(&row, tree->rows.data + number * sizeof row, sizeof row);
    return row;
}

const impact__forest_node *view_trace_tree_node(const view_trace_tree *tree, size_t number)
{
    return &tree->forest.nodes[number];
}

static size_t number_of(const view_trace_tree *tree, const impact__forest_node *node)
{
    return (size_t)(node - tree->forest.nodes);
}

static size_t row_of(const view_trace_tree *tree, size_t node)
{
    const size_t count = view_trace_tree_row_count(tree);
    for (size_t i = 0; i < count; i++)
        if (view_trace_tree_row(tree, i).node == node)
            return i;
    return count;
}

/* A parent stands above its children, so what hides a node is the topmost folded ancestor. */
size_t view_trace_tree_find(const view_trace_tree *tree, size_t node)
{
    const impact__forest_node *shown = view_trace_tree_node(tree, node);
    for (const impact__forest_node *n = shown->parent; n; n = n->parent)
        if (view_trace_tree_is_folded(tree, number_of(tree, n)))
            shown = n;
    return row_of(tree, number_of(tree, shown));
}

/* ---- folding ---- */

bool view_trace_tree_is_folded(const view_trace_tree *tree, size_t node)
{
    return tree->folded.data[node];
}

/* What follows a node when it has no children to be shown. */
static const impact__forest_node *skip_children(const impact__forest_node *node, size_t *depth)
{
    impact__forest_node leaf = *node;
    leaf.first_child = NULL;
    return impact__forest_next(&leaf, depth);
}

static const impact__forest_node *next_shown(const view_trace_tree *tree,
                                             const impact__forest_node *node, size_t *depth)
{
    if (!node->first_child || view_trace_tree_is_folded(tree, number_of(tree, node)))
        return skip_children(node, depth);
    ++*depth;
    return node->first_child;
}

static void list_rows(view_trace_tree *tree)
{
    size_t depth = 0;
    impact__buffer_clear(&tree->rows);
    for (const impact__forest_node *n = view_trace_tree_facts(tree)->first_root; n;
         n = next_shown(tree, n, &depth)) {
        const view_tree_row row = {.node = number_of(tree, n), .depth = depth};
        impact__buffer_append(&tree->rows, &row, sizeof row);
    }
}

void view_trace_tree_fold(view_trace_tree *tree, size_t node, bool is_folded)
{
    tree->folded.data[node] = is_folded;
    list_rows(tree);
    if (tree->rows.has_failed)
        view_trace_tree_close(tree);
}

/* ---- what is shown ---- */

static bool read_trace(view_trace_tree *tree, const view_trace *trace)
{
    const size_t known = tree->folded.size;
    impact__buffer_clear(&tree->request);
    impact__forest_close(&tree->forest);
    view_append_request(&tree->request, trace);
    if (tree->request.has_failed ||
        impact__forest_add_data(&tree->forest, impact__buffer_text(&tree->request)) ||
        impact__forest_plant(&tree->forest))
        return false;
    const size_t more = tree->forest.node_count - known;
    char *room = impact__buffer_reserve(&tree->folded, more);
    if (!room)
        return more == 0;
    memset(room, 0, more);
    tree->folded.size += more;
    return true;
}

static bool show(view_trace_tree *tree, const view_trace *trace)
{
    tree->is_gone = false;
    tree->version = trace->version;
    tree->is_open = read_trace(tree, trace);
    if (tree->is_open)
        list_rows(tree);
    tree->is_open = tree->is_open && !tree->rows.has_failed;
    if (!tree->is_open)
        view_trace_tree_close(tree);
    return tree->is_open;
}

bool view_trace_tree_open(view_trace_tree *tree, const view_trace *trace)
{
    tree->id = trace->id;
    impact__buffer_clear(&tree->folded);
    return show(tree, trace);
}

/* One of the same id that came after this had left is another one: it has fewer spans than this, or
 * others. */
bool view_trace_tree_update(view_trace_tree *tree)
{
    const view_trace *trace = view_store_find(tree->store, &tree->id);
    if (!tree->is_open || tree->is_gone || (trace && trace->version == tree->version))
        return false;
    if (trace && trace->span_count >= tree->forest.node_count)
        (void)show(tree, trace); /* without memory nothing is open */
    else
        tree->is_gone = true;
    return true;
}
