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

static impact_text header_of(const impact_http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return impact_text_of(response->headers[i].value);
    return impact_text_from(NULL, 0);
}

static bool is_message(const impact_http_response *response)
{
    return response->body.size > 0 && !header_of(response, "grpc-status").size &&
           impact__text_equal_string(header_of(response, "content-type"), "application/grpc");
}

bool http2__stream_goes_on(const http2__stream *stream)
{
    return is_message(&stream->response);
}

bool http2__stream_is_stuck(const http2__stream *stream)
{
    return stream->has_begun && !stream->is_head && stream->sent < stream->response.body.size;
}

/* False: it is what was sent already. */
static bool take_response(http2__stream *stream, impact_http_response *response)
{
    if (stream->has_begun && is_message(response) &&
        impact__text_equal(response->body, stream->response.body)) {
        impact_http_response_clear(response);
        return false;
    }
    impact_http_response_clear(&stream->response);
    stream->response = *response;
    stream->sent = 0;
    return true;
}

static bool finish(http2__stream *stream)
{
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_status status = impact_health_finish_answer(stream->ticket, &response);
    stream->ticket = NULL;
    if (!status)
        return take_response(stream, &response);
    if (!stream->has_begun)
        answer_constant(stream, 503);
    return !stream->has_begun;
}

bool http2__stream_look(http2__stream *stream)
{
    return stream->ticket && impact_health_is_done(stream->ticket) && finish(stream);
}

/* It has a ticket. True: the response is there, and to be sent. */
static bool look_or_wait(http2__stream *stream, const impact_http2_host *host)
{
    if (http2__stream_look(stream))
        return true;
    if (!stream->ticket || impact_health_notify(stream->ticket, host->done, host->connection))
        return false;
    return finish(stream);
}

bool http2__stream_begin(http2__stream *stream, const impact_http2_host *host)
{
    const bool lacks_memory = stream->head.has_failed || stream->body.has_failed;
    impact_status status = IMPACT_ENOMEM;
    if (!stream->refusal && !lacks_memory)
        status = begin(stream, host);
    if (!status)
        return look_or_wait(stream, host);
    answer_constant(stream, stream->refusal           ? stream->refusal
                            : status == IMPACT_ENOENT ? 404
                                                      : 503);
    return true;
}

/* Without memory it stays as it is until it is asked the next time. */
bool http2__stream_ask_again(http2__stream *stream, const impact_http2_host *host)
{
    stream->is_due = stream->ticket || http2__stream_is_stuck(stream);
    return !stream->is_due && !begin(stream, host) && look_or_wait(stream, host);
}
