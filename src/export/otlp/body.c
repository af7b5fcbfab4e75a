/* The body of a request. */
#include "export/otlp/body.h"

#include <assert.h>

#include "export/otlp/grpc.h"
#include "export/otlp/gzip.h"
#include "export/otlp_json.h"
#include "export/zipkin/zipkin_json.h"

otlp__body otlp__body_of(const otlp__settings *settings)
{
    return (otlp__body){
        .settings = settings,
        .encoded = IMPACT__BUFFER(settings->allocator),
        .compressed = IMPACT__BUFFER(settings->allocator),
    };
}

void otlp__body_close(otlp__body *body)
{
    impact__buffer_close(&body->encoded);
    impact__buffer_close(&body->compressed);
}

typedef bool append_json_fn(impact__buffer *buffer, impact_text request);

static impact_status to_json(impact_text *text, impact__buffer *buffer, append_json_fn *append)
{
    impact__buffer_clear(buffer);
    const bool is_made = append(buffer, *text);
    assert(is_made); /* our own bytes are well formed */
    (void)is_made;
    *text = impact__buffer_text(buffer);
    return buffer->has_failed ? IMPACT_ENOMEM : IMPACT_OK;
}

static impact_status to_gzip(impact_text *text, impact__buffer *buffer)
{
    impact__buffer_clear(buffer);
    const impact_status status = otlp__gzip_append(buffer, *text);
    *text = impact__buffer_text(buffer);
    return status;
}

static impact_status to_grpc(impact_text *text, impact__buffer *buffer, bool is_compressed)
{
    char head[OTLP__GRPC_HEAD_SIZE];
    otlp__grpc_write_head(head, is_compressed, text->size);
    impact__buffer_clear(buffer);
    impact__buffer_append(buffer, head, sizeof head);
    impact__buffer_append_text(buffer, *text);
    *text = impact__buffer_text(buffer);
    return buffer->has_failed ? IMPACT_ENOMEM : IMPACT_OK;
}

impact_status otlp__body_make(impact_text *made, otlp__body *body, impact_text request)
{
    const otlp__settings *settings = body->settings;
    impact_text text = request;
    impact_status status = IMPACT_OK;
    if (settings->protocol == OTLP__HTTP_JSON)
        status = to_json(&text, &body->encoded, impact__otlp_json_append);
    if (settings->protocol == OTLP__ZIPKIN)
        status = to_json(&text, &body->encoded, zipkin__json_append);
    if (!status && settings->has_gzip)
        status = to_gzip(&text, &body->compressed);
    if (!status && settings->protocol == OTLP__GRPC) /* a message is compressed within its frame */
        status = to_grpc(&text, &body->encoded, settings->has_gzip);
    if (!status)
        *made = text;
    return status;
}
