/* A stream: its request is collected, then answered as any other. */
#include "serve/http2/http2_stream.h"

#include <string.h>

#include "base/alloc.h"
#include "base/request_target.h"
#include "base/text.h"

enum {
    head_limit = 16 * 1024, /* as of a request of HTTP/1.1 */
    body_limit = 4 * 1024,  /* the name of a service, and what others send for nothing */
};

http2__stream *http2__stream_open(int32_t id)
{
    http2__stream *stream = impact__alloc(NULL, sizeof *stream);
    if (!stream)
        return NULL;
    stream->id = id;
    stream->head = IMPACT__BUFFER(NULL);
    stream->body = IMPACT__BUFFER(NULL);
    return stream;
}

void http2__stream_close(http2__stream *stream)
{
    if (!stream)
        return;
    impact_health_abandon(stream->ticket);
    impact_http_response_clear(&stream->response);
    impact__buffer_close(&stream->head);
    impact__buffer_close(&stream->body);
    impact__free(NULL, stream);
}

/* ---- what comes ---- */

void http2__stream_add_field(http2__stream *stream, impact_text name, impact_text value)
{
    if (stream->head.size + name.size + value.size + 2 > head_limit)
        stream->refusal = 431;
    if (stream->refusal)
        return;
    impact__buffer_append_text(&stream->head, name);
    impact__buffer_append_char(&stream->head, '\0');
    impact__buffer_append_text(&stream->head, value);
    impact__buffer_append_char(&stream->head, '\0');
}

void http2__stream_add_body(http2__stream *stream, impact_text piece)
{
    if (stream->body.size + piece.size > body_limit)
        stream->refusal = 413;
    if (!stream->refusal)
        impact__buffer_append_text(&stream->body, piece);
}

/* The first field of a name. libnghttp2 refuses a NUL in any. */
static impact_text find_field(void *carrier, const char *name)
{
    const impact__buffer *head = carrier;
    const char *at = head->data;
    const char *end = at ? at + head->size : at;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return impact_text_of(value);
        at = value + strlen(value) + 1;
    }
    return impact_text_from(NULL, 0);
}

/* ---- the answer ---- */

static void answer_constant(http2__stream *stream, int status)
{
    stream->response = (impact_http_response){
        .size = sizeof stream->response,
        .status = status,
        .headers = {{"cache-control", "no-cache, no-store"}},
        .header_count = 1,
    };
}

static impact_status begin(http2__stream *stream, const impact_http2_host *host)
{
    const impact_text method = find_field(&stream->head, ":method");
    const impact__request_target target =
        impact__request_target_of(find_field(&stream->head, ":path"), false);
    stream->is_head = impact__text_equal_string(method, "HEAD");
    const impact_http_request request = {
        .size = sizeof request,
        .method = stream->is_head ? impact_text_of("GET") : method,
        .path = target.path,
        .query = target.query,
        .header = find_field,
        .carrier = &stream->head,
    };
    return host->begin(host->service, &stream->ticket, &request,
                       impact__buffer_text(&stream->body));
}

static void finish(http2__stream *stream)
{
    stream->response = IMPACT_HTTP_RESPONSE;
    if (impact_health_finish_answer(stream->ticket, &stream->response))
        answer_constant(stream, 503);
    stream->ticket = NULL;
}

bool http2__stream_look(http2__stream *stream)
{
    if (!stream->ticket || !impact_health_is_done(stream->ticket))
        return false;
    finish(stream);
    return true;
}

bool http2__stream_begin(http2__stream *stream, const impact_http2_host *host)
{
    const bool lacks_memory = stream->head.has_failed || stream->body.has_failed;
    impact_status status = IMPACT_ENOMEM;
    if (!stream->refusal && !lacks_memory)
        status = begin(stream, host);
    if (status)
        answer_constant(stream, stream->refusal           ? stream->refusal
                                : status == IMPACT_ENOENT ? 404
                                                          : 503);
    else if (http2__stream_look(stream))
        return true;
    else if (impact_health_notify(stream->ticket, host->done, host->connection))
        return false;
    else
        finish(stream);
    return true;
}
