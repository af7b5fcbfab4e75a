/* POST /v1/traces (protocol/otlp "OTLP/HTTP Request", "OTLP/HTTP Response"). */
#include "receive.h"

#include <string.h>

#include "base/json.h"
#include "base/protobuf.h"
#include "base/text.h"
#include "inflate.h"
#include "ingest.h"
#include "json_request.h"

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

static void ingest(view_response *response, view_store *store, impact_text body)
{
    impact__buffer message = IMPACT__BUFFER(store->allocator);
    view_ingested ingested;
    const bool is_read = !is_json(response) || view_json_request(&message, body);
    if (is_json(response))
        body = impact__buffer_text(&message);
    if (message.has_failed)
        response->body.has_failed = true;
    else if (!is_read || view_ingest(store, body, &ingested))
        refuse(response, 400, code_invalid_argument, "the body is no ExportTraceServiceRequest");
    else if (ingested.no_ids || ingested.no_room)
        accept_some(response, ingested.no_ids + ingested.no_room,
                    ingested.no_room ? "there is no room for them" : "they have no valid ids");
    else
        accept_all(response);
    impact__buffer_close(&message);
}

static void ingest_compressed(view_response *response, view_store *store, impact_text body)
{
    impact__buffer inflated = IMPACT__BUFFER(store->allocator);
    switch (view_inflate(&inflated, body, view_body_limit)) {
    case view_inflated_all:
        ingest(response, store, impact__buffer_text(&inflated));
        break;
    case view_inflated_too_much:
        refuse(response, 413, code_resource_exhausted, "the body is too large");
        break;
    case view_inflated_no_gzip:
        refuse(response, 400, code_invalid_argument, "the body is not in gzip");
        break;
    case view_inflated_no_memory:
        response->body.has_failed = true;
        break;
    }
    impact__buffer_close(&inflated);
}

void view_receive(view_response *response, view_store *store, const view_request *request)
{
    const impact_text encoding = request->header(request->carrier, "Content-Encoding");
    const bool is_gzip = impact__text_equal_ignoring_case(encoding, impact_text_of("gzip"));
    const bool is_plain =
        !encoding.size || impact__text_equal_ignoring_case(encoding, impact_text_of("identity"));
    if (!read_type(response, request)) {
        response->type = "text/plain; charset=utf-8";
        response->status = 415;
        impact__buffer_append_string(&response->body,
                                     "it is neither application/x-protobuf nor application/json\n");
    } else if (request->is_too_large) {
        refuse(response, 413, code_resource_exhausted, "the body is too large");
    } else if (is_gzip) {
        ingest_compressed(response, store, request->body);
    } else if (is_plain) {
        ingest(response, store, request->body);
    } else {
        refuse(response, 415, code_invalid_argument, "the body is neither plain nor in gzip");
    }
}
