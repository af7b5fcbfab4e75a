/* An ExportTraceServiceRequest into the store, and out of it. */
#include "ingest.h"

#include "base/protobuf.h"
#include "well_formed.h"

/* trace_service.proto and trace.proto: fields of the messages around a span */
enum {
    resource_spans_field = 1,
    resource_field = 1,
    scope_spans_field = 2,
    scope_field = 1,
    spans_field = 2,
};

/* ---- in ---- */

/* The last one counts, as of any field that is not repeated; without one it is empty. */
static impact_text last_message(impact_text in, uint32_t field)
{
    impact_message_walk walk = impact_message_walk_of(in, field);
    impact_text found = impact_text_from(NULL, 0);
    impact_text next;
    while (impact_message_walk_next(&walk, &next))
        found = next;
    return found;
}

static void count(view_ingested *ingested, view_kept kept)
{
    ingested->no_ids += kept == view_kept_not;
    ingested->no_room += kept == view_kept_no_room;
}

static void refuse_spans(view_store *store, impact_text scope_spans, view_ingested *ingested)
{
    impact_message_walk spans = impact_message_walk_of(scope_spans, spans_field);
    impact_text span;
    while (impact_message_walk_next(&spans, &span)) {
        store->received++;
        store->refused++;
        ingested->no_room++;
    }
}

static void add_spans(view_store *store, impact_text scope_spans, view_shared *resource,
                      view_ingested *ingested)
{
    view_shared *scope = view_store_share(store, last_message(scope_spans, scope_field), false);
    impact_message_walk spans = impact_message_walk_of(scope_spans, spans_field);
    impact_text span;
    if (!resource || !scope)
        refuse_spans(store, scope_spans, ingested);
    else
        while (impact_message_walk_next(&spans, &span))
            count(ingested, view_store_add(store, span, resource, scope));
    view_store_release(store, scope);
}

impact_status view_ingest(view_store *store, impact_text request, view_ingested *ingested)
{
    impact_message_walk all = impact_message_walk_of(request, resource_spans_field);
    impact_text resource_spans;
    const uint64_t before = store->received;
    if (!view_is_well_formed(request))
        return IMPACT_EINVAL;
    *ingested = (view_ingested){.no_ids = 0};
    while (impact_message_walk_next(&all, &resource_spans)) {
        view_shared *resource =
            view_store_share(store, last_message(resource_spans, resource_field), true);
        impact_message_walk scopes = impact_message_walk_of(resource_spans, scope_spans_field);
        impact_text scope_spans;
        while (impact_message_walk_next(&scopes, &scope_spans))
            add_spans(store, scope_spans, resource, ingested);
        view_store_release(store, resource);
    }
    if (store->accepted && store->received != before)
        store->accepted(store->accepted_userdata, request);
    return IMPACT_OK;
}

/* ---- out ---- */

static void append_prefix(impact__buffer *to, uint32_t field, size_t size)
{
    uint8_t *at = (uint8_t *)impact__buffer_reserve(to, 2 * IMPACT__VARINT_SIZE_MOST);
    if (!at)
        return;
    uint8_t *end = impact__write_varint(at, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    end = impact__write_varint(end, size);
    to->size += (size_t)(end - at);
}

static void append_message(impact__buffer *to, uint32_t field, impact_text message)
{
    append_prefix(to, field, message.size);
    impact__buffer_append_text(to, message);
}

static bool is_of_one_run(const view_span *span, const view_span *first)
{
    return span && span->resource == first->resource && span->scope == first->scope;
}

/* Spans in a row that have their resource and their scope in common. Returns the next run's. */
static const view_span *append_run(impact__buffer *to, const view_span *first)
{
    const impact_text resource = first->resource->bytes;
    const impact_text scope = first->scope->bytes;
    size_t size = impact__field_size(scope_field, scope.size);
    for (const view_span *s = first; is_of_one_run(s, first); s = s->next)
        size += impact__field_size(spans_field, s->bytes.size);
    append_prefix(to, resource_spans_field,
                  impact__field_size(resource_field, resource.size) +
                      impact__field_size(scope_spans_field, size));
    append_message(to, resource_field, resource);
    append_prefix(to, scope_spans_field, size);
    append_message(to, scope_field, scope);
    const view_span *span = first;
    for (; is_of_one_run(span, first); span = span->next)
        append_message(to, spans_field, span->bytes);
    return span;
}

void view_append_request(impact__buffer *to, const view_trace *trace)
{
    for (const view_span *span = trace->first; span;)
        span = append_run(to, span);
}
