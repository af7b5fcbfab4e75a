/* An ExportTraceServiceRequest into the store, and out of it. */
#include "ingest.h"

#include "base/protobuf.h"

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

void view_ingest_begin(view_ingestion *in, view_store *store, impact_text request)
{
    *in = (view_ingestion){.store = store, .request = request};
    in->resources = impact_message_walk_of(request, resource_spans_field);
    view_check_begin(&in->check, request);
}

void view_ingest_end(view_ingestion *in)
{
    view_store_release(in->store, in->resource);
    view_store_release(in->store, in->scope);
    in->resource = in->scope = NULL;
}

static void enter_resource(view_ingestion *in, impact_text resource_spans)
{
    const impact_text resource = last_message(resource_spans, resource_field);
    view_ingest_end(in); /* what was around it before */
    in->resource = view_store_share(in->store, resource, true);
    in->scopes = impact_message_walk_of(resource_spans, scope_spans_field);
}

static void enter_scope(view_ingestion *in, impact_text scope_spans)
{
    view_store_release(in->store, in->scope);
    in->scope = view_store_share(in->store, last_message(scope_spans, scope_field), false);
    in->spans = impact_message_walk_of(scope_spans, spans_field);
}

static void add_span(view_ingestion *in, impact_text span)
{
    view_kept kept = view_kept_no_room;
    in->has_spans = true;
    if (in->resource && in->scope) {
        kept = view_store_add(in->store, span, in->resource, in->scope);
    } else {
        in->store->received++;
        in->store->refused++;
    }
    in->ingested.no_ids += kept == view_kept_not;
    in->ingested.no_room += kept == view_kept_no_room;
}

/* A span, or the way to the next one. False: there is none. */
static bool step(view_ingestion *in)
{
    impact_text next;
    if (impact_message_walk_next(&in->spans, &next))
        add_span(in, next);
    else if (impact_message_walk_next(&in->scopes, &next))
        enter_scope(in, next);
    else if (impact_message_walk_next(&in->resources, &next))
        enter_resource(in, next);
    else
        return false;
    return true;
}

view_progress view_ingest_some(view_ingestion *in, view_slice *slice)
{
    const view_progress checked =
        in->is_checked ? view_is_done : view_check_some(&in->check, slice);
    in->is_checked = checked == view_is_done;
    if (!in->is_checked)
        return checked;
    do {
        if (step(in))
            continue;
        if (in->store->accepted && in->has_spans)
            in->store->accepted(in->store->accepted_userdata, in->request);
        return view_is_done;
    } while (!view_slice_is_over(slice));
    return view_goes_on;
}

impact_status view_ingest(view_store *store, impact_text request, view_ingested *ingested)
{
    view_ingestion in;
    view_ingest_begin(&in, store, request);
    const view_progress progress = view_ingest_some(&in, &VIEW_WHOLE_SLICE);
    view_ingest_end(&in);
    if (progress != view_is_done)
        return IMPACT_EINVAL;
    *ingested = in.ingested;
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
