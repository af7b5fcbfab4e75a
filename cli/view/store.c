/* The spans that are kept. */
#include "store.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

enum {
    default_span_limit = 200 * 1000,
    bucket_limit = 1 << 20,
    same_id_limit = 64, /* spans that are kept of one id; they are looked through one by one */
};

static const size_t default_size_limit = (size_t)256 << 20;

/* ---- hashes ---- */

/* FNV-1a, from a seed that nobody knows who sends ids. */
static uint64_t add_to_hash(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static size_t bucket_of(const view_store *store, uint64_t hash)
{
    return (size_t)(hash ^ (hash >> 32)) & (store->bucket_count - 1);
}

static view_trace **trace_bucket(const view_store *store, const impact_trace_id *id)
{
    return &store->traces[bucket_of(store, add_to_hash(store->seed, id, sizeof *id))];
}

static view_span **span_bucket(const view_store *store, const impact_trace_id *trace_id,
                               const impact_span_id *id)
{
    const uint64_t hash = add_to_hash(store->seed, trace_id, sizeof *trace_id);
    return &store->spans[bucket_of(store, add_to_hash(hash, id, sizeof *id))];
}

/* ---- a store's life ---- */

static size_t count_buckets(size_t span_limit)
{
    size_t count = 64;
    while (count < span_limit && count < bucket_limit)
        count *= 2;
    return count;
}

impact_status view_store_open(view_store *store, const view_store_options *options)
{
    impact__random random;
    impact__random_seed(&random);
    *store = (view_store){
        .allocator = options->allocator,
        .span_limit = options->span_limit ? options->span_limit : default_span_limit,
        .size_limit = options->size_limit ? options->size_limit : default_size_limit,
        .seed = impact__random_next(&random),
        .instance = impact__random_next(&random) >> 11,
    };
    store->bucket_count = count_buckets(store->span_limit);
    const size_t size = store->bucket_count * sizeof(void *);
    store->traces = impact__alloc(store->allocator, size);
    store->spans = impact__alloc(store->allocator, size);
    store->shared = impact__alloc(store->allocator, size);
    return store->traces && store->spans && store->shared ? IMPACT_OK : IMPACT_ENOMEM;
}

static void evict_first(view_store *store);

void view_store_close(view_store *store)
{
    while (store->first)
        evict_first(store);
    impact__free(store->allocator, store->traces);
    impact__free(store->allocator, store->spans);
    impact__free(store->allocator, store->shared);
    *store = (view_store){.allocator = NULL};
}

/* ---- resources and scopes ---- */

static impact_text service_of(impact_text resource)
{
    impact_message_walk attributes;
    impact_text key;
    impact_value_view value;
    if (impact_resource_view_parse(&attributes, resource))
        while (impact_attribute_view_next(&attributes, &key, &value))
            if (impact__text_equal_string(key, "service.name") &&
                value.type == IMPACT_VALUE_STRING && value.string.size)
                return value.string;
    return impact_text_of("unknown_service"); /* resource/sdk "SDK-provided attributes" */
}

static view_shared *new_shared(view_store *store, impact_text bytes, uint64_t hash)
{
    view_shared *made = impact__alloc(store->allocator, sizeof *made + bytes.size);
    if (!made)
        return NULL;
    char *copy = (char *)(made + 1);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    made->hash = hash;
    made->bytes = impact_text_from(copy, bytes.size);
    store->size += sizeof *made + bytes.size;
    return made;
}

/* A scope and a resource of the same bytes are two: their hashes begin differently. */
view_shared *view_store_share(view_store *store, impact_text bytes, bool is_resource)
{
    const uint64_t hash = add_to_hash(store->seed ^ is_resource, bytes.data, bytes.size);
    view_shared **bucket = &store->shared[bucket_of(store, hash)];
    for (view_shared *one = *bucket; one; one = one->next)
        if (one->hash == hash && impact__text_equal(one->bytes, bytes)) {
            one->user_count++;
            return one;
        }
    view_shared *made = new_shared(store, bytes, hash);
    if (!made)
        return NULL;
    if (is_resource)
        made->service = service_of(made->bytes);
    made->user_count = 1;
    made->next = *bucket;
    *bucket = made;
    return made;
}

void view_store_release(view_store *store, view_shared *shared)
{
    if (!shared || --shared->user_count)
        return;
    view_shared **at = &store->shared[bucket_of(store, shared->hash)];
    while (*at != shared)
        at = &(*at)->next;
    *at = shared->next;
    store->size -= sizeof *shared + shared->bytes.size;
    impact__free(store->allocator, shared);
}

/* ---- finding ---- */

view_trace *view_store_find(const view_store *store, const impact_trace_id *id)
{
    view_trace *one = *trace_bucket(store, id);
    while (one && memcmp(&one->id, id, sizeof *id) != 0)
        one = one->next_in_bucket;
    return one;
}

static bool is_span(const view_span *span, const impact_trace_id *trace_id,
                    const impact_span_id *id)
{
    return memcmp(&span->id, id, sizeof *id) == 0 &&
           memcmp(&span->trace->id, trace_id, sizeof *trace_id) == 0;
}

view_span *view_store_find_span(const view_store *store, const impact_trace_id *trace_id,
                                const impact_span_id *id)
{
    view_span *one = *span_bucket(store, trace_id, id);
    while (one && !is_span(one, trace_id, id))
        one = one->next_in_bucket;
    return one;
}

/* Spans of one id are neighbours of nobody: all of the bucket are looked at. Whose ids are always
 * the same would be looked through for minutes: of many, more are taken for repeated. */
static bool is_kept_already(const view_store *store, const impact_span_view *view, impact_text span)
{
    const impact_trace_id *trace_id = &view->context.trace_id;
    const view_span *one = *span_bucket(store, trace_id, &view->context.span_id);
    size_t count = 0;
    for (; one; one = one->next_in_bucket)
        if (is_span(one, trace_id, &view->context.span_id) &&
            (++count == same_id_limit || impact__text_equal(one->bytes, span)))
            return true;
    return false;
}

/* ---- the list ---- */

static void unlist(view_store *store, view_trace *trace)
{
    *(trace->earlier ? &trace->earlier->later : &store->first) = trace->later;
    *(trace->later ? &trace->later->earlier : &store->last) = trace->earlier;
}

/* To the end: it has changed. */
static void list(view_store *store, view_trace *trace)
{
    trace->earlier = store->last;
    trace->later = NULL;
    *(store->last ? &store->last->later : &store->first) = trace;
    store->last = trace;
    trace->version = ++store->version;
    trace->changed_ns = impact__clock_coarse_ns();
    trace->is_shown = false;
}

static void relist(view_store *store, view_trace *trace)
{
    unlist(store, trace);
    list(store, trace);
}

/* ---- making room ---- */

static void free_span(view_store *store, view_span *span)
{
    view_span **at = span_bucket(store, &span->trace->id, &span->id);
    while (*at != span)
        at = &(*at)->next_in_bucket;
    *at = span->next_in_bucket;
    view_store_release(store, span->resource);
    view_store_release(store, span->scope);
    store->size -= sizeof *span + span->bytes.size;
    store->span_count--;
    impact__free(store->allocator, span);
}

static void free_trace(view_store *store, view_trace *trace)
{
    view_trace **at = trace_bucket(store, &trace->id);
    while (*at != trace)
        at = &(*at)->next_in_bucket;
    *at = trace->next_in_bucket;
    unlist(store, trace);
    store->trace_count--;
    store->size -= sizeof *trace;
    impact__free(store->allocator, trace);
}

static void evict_first(view_store *store)
{
    view_trace *trace = store->first;
    store->evicted += trace->span_count;
    for (view_span *span = trace->first; span;) {
        view_span *next = span->next;
        free_span(store, span);
        span = next;
    }
    free_trace(store, trace);
}

/* False: only `keep` is left. It stands at the end of the list; NULL: it is yet to come. */
static bool make_room(view_store *store, const view_trace *keep, size_t size)
{
    if (size > store->size_limit)
        return false;
    while (store->span_count >= store->span_limit || store->size > store->size_limit - size) {
        if (!store->first || store->first == keep)
            return false;
        evict_first(store);
    }
    return true;
}

/* ---- adding ---- */

static view_trace *new_trace(view_store *store, const impact_trace_id *id)
{
    view_trace *trace = impact__alloc(store->allocator, sizeof *trace);
    view_trace **bucket = trace_bucket(store, id);
    if (!trace)
        return NULL;
    trace->id = *id;
    trace->number = ++store->number;
    trace->start_ns = UINT64_MAX;
    trace->next_in_bucket = *bucket;
    *bucket = trace;
    list(store, trace);
    store->trace_count++;
    store->size += sizeof *trace;
    return trace;
}

static view_span *new_span(view_store *store, const impact_span_view *view, impact_text bytes)
{
    view_span *span = impact__alloc(store->allocator, sizeof *span + bytes.size);
    if (!span)
        return NULL;
    char *copy = (char *)(span + 1);
    memcpy(copy, bytes.data, bytes.size);
    span->bytes = impact_text_from(copy, bytes.size);
    span->id = view->context.span_id;
    span->parent_id = view->parent_span_id;
    span->has_parent = view->has_parent;
    span->has_error = view->status == IMPACT_SPAN_STATUS_ERROR;
    span->kind = view->kind;
    span->start_ns = view->start_unix_ns;
    if (view->end_unix_ns > view->start_unix_ns)
        span->duration_ns = view->end_unix_ns - view->start_unix_ns;
    return span;
}

static bool is_better_root(const view_span *span, const view_span *root)
{
    if (!root || span->has_parent != root->has_parent)
        return !root || !span->has_parent;
    return span->start_ns < root->start_ns;
}

static void join_trace(view_trace *trace, view_span *span)
{
    const uint64_t end_ns = span->start_ns + span->duration_ns;
    *(trace->last ? &trace->last->next : &trace->first) = span;
    trace->last = span;
    span->trace = trace;
    if (is_better_root(span, trace->root))
        trace->root = span;
    if (span->start_ns < trace->start_ns)
        trace->start_ns = span->start_ns;
    if (end_ns > trace->end_ns)
        trace->end_ns = end_ns;
    trace->span_count++;
    trace->error_count += span->has_error;
    trace->size += span->bytes.size;
}

static void link_span(view_store *store, view_trace *trace, view_span *span)
{
    view_span **bucket = span_bucket(store, &trace->id, &span->id);
    join_trace(trace, span);
    span->next_in_bucket = *bucket;
    *bucket = span;
    store->span_count++;
    store->size += sizeof *span + span->bytes.size;
}

static view_kept keep(view_store *store, const impact_span_view *view, impact_text bytes,
                      view_shared *resource, view_shared *scope)
{
    view_trace *trace = view_store_find(store, &view->context.trace_id);
    if (trace)
        relist(store, trace);
    if (!make_room(store, trace, sizeof(view_span) + sizeof(view_trace) + bytes.size))
        return view_kept_no_room;
    view_span *span = new_span(store, view, bytes);
    if (span && !trace)
        trace = new_trace(store, &view->context.trace_id);
    if (!span || !trace) {
        impact__free(store->allocator, span);
        return view_kept_no_room;
    }
    span->resource = resource;
    span->scope = scope;
    resource->user_count++;
    scope->user_count++;
    link_span(store, trace, span);
    return view_kept_it;
}

static view_kept try_to_keep(view_store *store, impact_text bytes, view_shared *resource,
                             view_shared *scope)
{
    impact_span_view view;
    if (!impact_span_view_parse(&view, bytes) ||
        impact__is_zero(&view.context.trace_id, sizeof view.context.trace_id) ||
        impact__is_zero(&view.context.span_id, sizeof view.context.span_id))
        return view_kept_not;
    if (is_kept_already(store, &view, bytes))
        return view_kept_already;
    return keep(store, &view, bytes, resource, scope);
}

view_kept view_store_add(view_store *store, impact_text span, view_shared *resource,
                         view_shared *scope)
{
    assert(resource && scope);
    const view_kept kept = try_to_keep(store, span, resource, scope);
    store->received++;
    store->repeated += kept == view_kept_already;
    store->refused += kept == view_kept_not || kept == view_kept_no_room;
    return kept;
}
