/* Who calls whom. */
#include "service_map.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"

typedef view_map_node node;
typedef view_map_edge edge;
typedef view_map map;

/* view_map_node_limit: there is no room. */
static size_t find_node(map *m, impact_text name, bool is_service)
{
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].is_service == is_service && impact__text_equal(m->nodes[i].name, name))
            return i;
    if (m->node_count == view_map_node_limit)
        return view_map_node_limit;
    m->nodes[m->node_count] = (node){.name = name, .is_service = is_service};
    return m->node_count++;
}

static edge *find_edge(map *m, size_t from, size_t to)
{
    for (size_t i = 0; i < m->edge_count; i++)
        if (m->edges[i].from == from && m->edges[i].to == to)
            return &m->edges[i];
    if (m->edge_count == view_map_edge_limit)
        return NULL;
    m->edges[m->edge_count] = (edge){.from = from, .to = to};
    return &m->edges[m->edge_count++];
}

static void count_call(map *m, size_t from, size_t to, const view_span *span)
{
    edge *e =
        from < view_map_node_limit && to < view_map_node_limit ? find_edge(m, from, to) : NULL;
    if (!e)
        return;
    e->count++;
    e->error_count += span->has_error;
    e->total_ns += span->duration_ns;
}

/* ---- calls between services ---- */

/* Its parent is marked as one whose call somebody else recorded. */
static void take_span(map *m, const view_store *store, const view_span *span)
{
    const size_t to = find_node(m, span->resource->service, true);
    if (to == view_map_node_limit)
        return;
    m->nodes[to].span_count++;
    m->nodes[to].error_count += span->has_error;
    view_span *parent =
        span->has_parent ? view_store_find_span(store, &span->trace->id, &span->parent_id) : NULL;
    if (!parent || parent->resource == span->resource ||
        impact__text_equal(parent->resource->service, span->resource->service))
        return;
    parent->mark = store->mark;
    count_call(m, find_node(m, parent->resource->service, true), to, span);
}

/* ---- calls of what records nothing ---- */

/* The attributes that name a peer, the best first (semantic conventions: general, database,
 * messaging; db.system and peer.service are older names). */
static const char *const peer_keys[] = {
    "peer.service",     "service.peer.name", "db.system.name", "db.system",
    "messaging.system", "rpc.service",       "server.address",
};

enum { peer_key_count = sizeof peer_keys / sizeof *peer_keys };

static impact_text peer_of(const view_span *span)
{
    impact_span_view view;
    impact_text key;
    impact_value_view value;
    impact_text found = impact_text_from(NULL, 0);
    size_t best = peer_key_count;
    if (!impact_span_view_parse(&view, span->bytes))
        return found;
    while (impact_attribute_view_next(&view.attributes, &key, &value))
        for (size_t i = 0; i < best && value.type == IMPACT_VALUE_STRING; i++)
            if (impact__text_equal_string(key, peer_keys[i])) {
                best = i;
                found = value.string;
            }
    return found;
}

static void take_outside_call(map *m, const view_store *store, const view_span *span)
{
    if ((span->kind != IMPACT_SPAN_KIND_CLIENT && span->kind != IMPACT_SPAN_KIND_PRODUCER) ||
        span->mark == store->mark)
        return;
    const impact_text peer = peer_of(span);
    if (peer.size)
        count_call(m, find_node(m, span->resource->service, true), find_node(m, peer, false), span);
}

const view_map *view_map_of(view_store *store)
{
    static map drawn; /* of the one thread that asks: too large for its stack */
    map *m = &drawn;
    m->node_count = m->edge_count = 0;
    store->mark++;
    for (const view_trace *t = store->first; t; t = t->later)
        for (const view_span *s = t->first; s; s = s->next)
            take_span(m, store, s);
    for (const view_trace *t = store->first; t; t = t->later)
        for (const view_span *s = t->first; s; s = s->next)
            take_outside_call(m, store, s);
    return m;
}

/* ---- in JSON ---- */

static void append_node(impact__buffer *to, const node *n)
{
    impact__buffer_append_char(to, '[');
    impact__json_html_string(to, n->name);
    impact__buffer_printf(to, ",%s,%" PRIu64 ",%" PRIu64 "]", n->is_service ? "true" : "false",
                          n->span_count, n->error_count);
}

static void append_edge(impact__buffer *to, const edge *e)
{
    impact__buffer_printf(to, "[%zu,%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", e->from, e->to,
                          e->count, e->error_count, e->total_ns);
}

void view_append_map(impact__buffer *to, view_store *store)
{
    const map *m = view_map_of(store);
    impact__buffer_printf(to, "{\"version\":%" PRIu64 ",\"nodes\":[", store->version);
    for (size_t i = 0; i < m->node_count; i++) {
        impact__buffer_append_string(to, i ? "," : "");
        append_node(to, &m->nodes[i]);
    }
    impact__buffer_append_string(to, "],\"edges\":[");
    for (size_t i = 0; i < m->edge_count; i++) {
        impact__buffer_append_string(to, i ? "," : "");
        append_edge(to, &m->edges[i]);
    }
    impact__buffer_append_string(to, "]}\n");
}
