/* POST /v1/traces (protocol/otlp "OTLP/HTTP Request", "OTLP/HTTP Response"). */
#include "receive.h"

#include <string.h>

#include "base/json.h"
#include "base/protobuf.h"
#include "base/text.h"

static const char protobuf_type[] = "application/x-protobuf";
static const char json_type[] = "application/json";

/* google/rpc/code.proto */
enum { code_invalid_argument = 3, code_resource_exhausted = 8 };

static bool is_json(const view_response *response)
{
    return response->type == json_type;
}

/* ---- answers ---- */

/* google.rpc.Status: code = 1, message = 2. */
static void refuse(view_response *response, int status, uint8_t code, const char *message)
{
    impact__buffer *to = &response->body;
    uint8_t bytes[256];
    uint8_t *end = impact__write_varint(bytes, IMPACT__TAG(1, IMPACT__WIRE_VARINT));
    response->status = status;
    if (is_json(response)) {
        impact__buffer_printf(to, "{\"code\":%d,\"message\":", code);
        impact__json_string(to, impact_text_of(message));
        impact__buffer_append_char(to, '}');
        return;
    }
    end = impact__write_varint(end, code);
    end = impact__write_field(end, 2, message, strlen(message));
    impact__buffer_append(to, bytes, (size_t)(end - bytes));
}

/* ExportTraceServiceResponse: partial_success = 1, with rejected_spans = 1, error_message = 2. */
static void accept_some(view_response *response, size_t rejected, const char *message)
{
    impact__buffer *to = &response->body;
    uint8_t bytes[256];
    uint8_t *end = impact__write_varint(bytes, IMPACT__TAG(1, IMPACT__WIRE_VARINT));
    response->status = 200;
    if (is_json(response)) {
        impact__buffer_printf(
            to, "{\"partialSuccess\":{\"rejectedSpans\":\"%zu\",\"errorMessage\":\"%s\"}}",
            rejected, message);
        return;
    }
    end = impact__write_varint(end, rejected);
    end = impact__write_field(end, 2, message, strlen(message));
    uint8_t whole[sizeof bytes + 16];
    end = impact__write_field(whole, 1, bytes, (size_t)(end - bytes));
    impact__buffer_append(to, whole, (size_t)(end - whole));
}

static void accept_all(view_response *response)
{
    response->status = 200;
    if (is_json(response))
        impact__buffer_append_string(&response->body, "{}");
}

/* ---- requests ---- */

/* Without its parameters. */
static impact_text media_type_of(const view_request *request)
{
    impact_text rest = request->header(request->carrier, "Content-Type");
    impact_text type = impact_text_from(NULL, 0);
    (void)impact__text_split(&type, &rest, ';'); /* nothing: it is empty */
    return impact__text_trim(type);
}

static bool read_type(view_response *response, const view_request *request)
{
    const impact_text type = media_type_of(request);
    if (impact__text_equal_ignoring_case(type, impact_text_of(json_type)))
        response->type = json_type;
    else if (impact__text_equal_ignoring_case(type, impact_text_of(protobuf_type)))
        response->type = protobuf_type;
    return response->type != NULL;
}

static void begin_ingestion(view_reception *r, impact_text message)
{
    r->step = view_reception_ingests;
    view_ingest_begin(&r->ingestion, r->store, message);
}

/* What is plain, or was inflated. */
static void begin_reading(view_reception *r, impact_text body)
{
    if (!is_json(&r->response)) {
        begin_ingestion(r, body);
        return;
    }
    r->step = view_reception_reads;
    view_json_begin(&r->reader, &r->message, body);
}

static void refuse_malformed(view_reception *r)
{
    r->step = view_reception_is_over;
    refuse(&r->response, 400, code_invalid_argument, "the body is no ExportTraceServiceRequest");
}

static void inflate_some(view_reception *r, view_slice *slice)
{
    const view_inflated inflated = view_inflate_some(&r->inflation, slice);
    if (inflated == view_inflated_some)
        return;
    r->step = view_reception_is_over;
    if (inflated == view_inflated_all)
        begin_reading(r, impact__buffer_text(&r->inflation.to));
    else if (inflated == view_inflated_too_much)
        refuse(&r->response, 413, code_resource_exhausted, "the body is too large");
    else if (inflated == view_inflated_no_gzip)
        refuse(&r->response, 400, code_invalid_argument, "the body is not in gzip");
    else
        r->response.body.has_failed = true;
}

static void read_some(view_reception *r, view_slice *slice)
{
    const view_progress progress = view_json_some(&r->reader, slice);
    if (progress == view_goes_on)
        return;
    r->step = view_reception_is_over;
    if (r->message.has_failed)
        r->response.body.has_failed = true;
    else if (progress == view_is_done)
        begin_ingestion(r, impact__buffer_text(&r->message));
    else
        refuse_malformed(r);
}

static void ingest_some(view_reception *r, view_slice *slice)
{
    const view_ingested *ingested = &r->ingestion.ingested;
    const view_progress progress = view_ingest_some(&r->ingestion, slice);
    if (progress == view_goes_on)
        return;
    r->step = view_reception_is_over;
    if (progress == view_has_failed)
        refuse_malformed(r);
    else if (ingested->no_ids || ingested->no_room)
        accept_some(&r->response, ingested->no_ids + ingested->no_room,
                    ingested->no_room ? "there is no room for them" : "they have no valid ids");
    else
        accept_all(&r->response);
}

/* ---- a reception's life ---- */

static bool is_encoded(impact_text encoding, const char *name)
{
    return impact__text_equal_ignoring_case(encoding, impact_text_of(name));
}

void view_receive_begin(view_reception *r, view_store *store, const view_request *request)
{
    const impact_text encoding = request->header(request->carrier, "Content-Encoding");
    r->store = store;
    r->step = view_reception_is_over;
    r->response = (view_response){.body = IMPACT__BUFFER(store->allocator)};
    r->message = IMPACT__BUFFER(store->allocator);
    if (!read_type(&r->response, request)) {
        r->response.type = "text/plain; charset=utf-8";
        r->response.status = 415;
        impact__buffer_append_string(&r->response.body,
                                     "it is neither application/x-protobuf nor application/json\n");
    } else if (request->is_too_large) {
        refuse(&r->response, 413, code_resource_exhausted, "the body is too large");
    } else if (is_encoded(encoding, "gzip")) {
        r->step = view_reception_inflates;
        view_inflate_begin(&r->inflation, request->body, view_body_limit, store->allocator);
    } else if (!encoding.size || is_encoded(encoding, "identity")) {
        begin_reading(r, request->body);
    } else {
        refuse(&r->response, 415, code_invalid_argument, "the body is neither plain nor in gzip");
    }
}

bool view_receive_some(view_reception *r, view_slice *slice)
{
    switch (r->step) {
    case view_reception_inflates:
        inflate_some(r, slice);
        break;
    case view_reception_reads:
        read_some(r, slice);
        break;
    case view_reception_ingests:
        ingest_some(r, slice);
        break;
    case view_reception_is_over:
        break;
    }
    return r->step == view_reception_is_over;
}

void view_receive_end(view_reception *r)
{
    view_ingest_end(&r->ingestion);
    view_inflate_end(&r->inflation);
    impact__buffer_close(&r->message);
    impact__buffer_close(&r->response.body);
}
