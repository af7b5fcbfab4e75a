/* HTTP/2 (RFC 9113) for the health port, by libnghttp2: the plugin "http2".
 *
 * DESIGN: the port owns the socket; bytes go in and come out. Each request of a client is collected
 * in a stream, and answered when it is whole, or when its ticket is done. libnghttp2 keeps to the
 * protocol, counts what a peer may have open, and ends a connection that does not keep to it.
 *
 * Who watches asks once, and is sent a message now and then. His stream keeps the question, which
 * is begun anew whenever the answer may be another, and the last message, which the new one is
 * compared with. A new one is not asked for before the client has taken the last, so a stream has
 * one at most, however slow the client is and however often there is news.
 */
#include <impact/http2.h>

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include <impact/plugin.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/text.h"
#include "serve/http2/http2_stream.h"

enum {
    stream_limit = 16,      /* requests at once on a connection: a prober has one */
    header_limit = 12,      /* of a response: status, length, and IMPACT_HTTP_HEADER_LIMIT */
    name_size = 48,         /* of the longest header's name, and its NUL */
    head_limit = 16 * 1024, /* bytes of a request's fields that the client is told of */
};

struct impact_http2_session {
    const impact_http2_host *host; /* borrowed */
    nghttp2_session *nghttp2;
    http2__stream *streams; /* that are open */
    bool is_broken;
    bool is_pinged; /* and the client has not answered */
};

/* ---- responses ---- */

/* Fields in the form that libnghttp2 wants: names in lower case, which it copies. */
typedef struct field_list {
    nghttp2_nv fields[header_limit];
    char names[header_limit][name_size];
    size_t count;
} field_list;

static void add_field(field_list *list, const char *name, const char *value)
{
    if (list->count == header_limit)
        return;
    char *lower = list->names[list->count];
    size_t size = 0;
    for (; name[size] && size < name_size - 1; size++)
        lower[size] = (char)impact__to_lower_case(name[size]);
    list->fields[list->count++] = (nghttp2_nv){
        .name = (uint8_t *)lower,
        .value = (uint8_t *)(size_t)value, /* it is only read */
        .namelen = size,
        .valuelen = strlen(value),
    };
}

static bool is_trailer(const char *name)
{
    return strncmp(name, "grpc-", 5) == 0;
}

/* Those of the response that are trailers, or those that are none. */
static void add_headers(field_list *list, const impact_http_response *response, bool are_trailers)
{
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        if (is_trailer(response->headers[i].name) == are_trailers)
            add_field(list, response->headers[i].name, response->headers[i].value);
}

static bool has_trailers(const impact_http_response *response)
{
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        if (is_trailer(response->headers[i].name))
            return true;
    return false;
}

/* There is more to come of it, but not now. */
static ssize_t pause_body(size_t size)
{
    return size ? (ssize_t)size : NGHTTP2_ERR_DEFERRED;
}

/* The end of a body: its trailers, where there are some, end the stream. */
static int end_body(nghttp2_session *nghttp2, const http2__stream *stream, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!has_trailers(&stream->response))
        return 0;
    field_list list = {.count = 0};
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    add_headers(&list, &stream->response, true);
    return nghttp2_submit_trailer(nghttp2, stream->id, list.fields, list.count);
}

static ssize_t read_body(nghttp2_session *nghttp2, int32_t id, uint8_t *to, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *session)
{
    http2__stream *stream = source->ptr;
    const impact_text body = stream->response.body;
    const size_t left = body.size - stream->sent;
    const size_t size = left < room ? left : room;
    (void)id;
    (void)session;
    if (size)
        memcpy(to, body.data + stream->sent, size);
    stream->sent += size;
    if (http2__stream_goes_on(stream))
        return pause_body(size);
    if (stream->sent == body.size && end_body(nghttp2, stream, flags))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return (ssize_t)size;
}

/* A response without a body has its trailers in its head (gRPC's "Trailers-Only"). */
static void respond(impact_http2_session *session, http2__stream *stream)
{
    const impact_http_response *response = &stream->response;
    const bool has_body = response->body.size && !stream->is_head;
    const bool goes_on = http2__stream_goes_on(stream);
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = read_body};
    field_list list = {.count = 0};
    char status[16];
    char length[32];
    (void)snprintf(status, sizeof status, "%d", response->status);
    (void)snprintf(length, sizeof length, "%zu", response->body.size);
    add_field(&list, ":status", status);
    add_headers(&list, response, false);
    if (!has_trailers(response) && !goes_on)
        add_field(&list, "content-length", length);
    else if (!has_body)
        add_headers(&list, response, true);
    stream->has_begun = true;
    if (nghttp2_submit_response(session->nghttp2, stream->id, list.fields, list.count,
                                has_body ? &provider : NULL))
        session->is_broken = true; /* no memory */
}

/* The next message, or the end, of a stream that has begun. libnghttp2 minds if it is waiting for
 * room in the client's window; then it comes to it by itself. */
static void resume(impact_http2_session *session, const http2__stream *stream)
{
    const int status = nghttp2_session_resume_data(session->nghttp2, stream->id);
    session->is_broken |= nghttp2_is_fatal(status) != 0;
}

static void send_news(impact_http2_session *session, http2__stream *stream)
{
    if (stream->has_begun)
        resume(session, stream);
    else
        respond(session, stream);
}

static void ask_again(impact_http2_session *session, http2__stream *stream)
{
    if (stream->has_begun && http2__stream_goes_on(stream) &&
        http2__stream_ask_again(stream, session->host))
        send_news(session, stream);
}

/* ---- what libnghttp2 tells ---- */

static http2__stream *stream_of(nghttp2_session *nghttp2, int32_t id)
{
    return nghttp2_session_get_stream_user_data(nghttp2, id);
}

static bool is_request(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *userdata)
{
    impact_http2_session *session = userdata;
    if (!is_request(frame))
        return 0;
    http2__stream *stream = http2__stream_open(frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    stream->next = session->streams;
    session->streams = stream;
    return nghttp2_session_set_stream_user_data(nghttp2, stream->id, stream);
}

static int on_field(nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name,
                    size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                    void *userdata)
{
    http2__stream *stream = is_request(frame) ? stream_of(nghttp2, frame->hd.stream_id) : NULL;
    (void)flags;
    (void)userdata;
    if (stream)
        http2__stream_add_field(stream, impact_text_from((const char *)name, name_length),
                                impact_text_from((const char *)value, value_length));
    return 0;
}

static int on_data(nghttp2_session *nghttp2, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t size, void *userdata)
{
    http2__stream *stream = stream_of(nghttp2, id);
    (void)flags;
    (void)userdata;
    if (stream)
        http2__stream_add_body(stream, impact_text_from((const char *)data, size));
    return 0;
}

static int on_frame(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *userdata)
{
    impact_http2_session *session = userdata;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
        session->is_pinged = false;
    const bool is_part = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!is_part || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    http2__stream *stream = stream_of(nghttp2, frame->hd.stream_id);
    if (stream && http2__stream_begin(stream, session->host))
        respond(session, stream);
    return 0;
}

static int on_close(nghttp2_session *nghttp2, int32_t id, uint32_t error, void *userdata)
{
    impact_http2_session *session = userdata;
    http2__stream *stream = stream_of(nghttp2, id);
    http2__stream **link = &session->streams;
    (void)error;
    while (stream && *link != stream)
        link = &(*link)->next;
    if (stream)
        *link = stream->next;
    http2__stream_close(stream);
    return 0;
}

/* ---- a session ---- */

static void session_close(impact_http2_session *session)
{
    if (!session)
        return;
    nghttp2_session_del(session->nghttp2); /* tells of no stream */
    while (session->streams) {
        http2__stream *stream = session->streams;
        session->streams = stream->next;
        http2__stream_close(stream);
    }
    impact__free(NULL, session);
}

static bool open_nghttp2(impact_http2_session *session)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, stream_limit},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head_limit},
    };
    nghttp2_session_callbacks *callbacks = NULL;
    if (nghttp2_session_callbacks_new(&callbacks))
        return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    const int status = nghttp2_session_server_new(&session->nghttp2, callbacks, session);
    nghttp2_session_callbacks_del(callbacks);
    return !status && !nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, settings,
                                               sizeof settings / sizeof *settings);
}

static impact_status session_open(impact_http2_session **session, const impact_http2_host *host)
{
    impact_http2_session *opened = impact__alloc(NULL, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->host = host;
    if (!open_nghttp2(opened)) {
        session_close(opened);
        return IMPACT_ENOMEM;
    }
    *session = opened;
    return IMPACT_OK;
}

static bool session_receive(impact_http2_session *session, impact_text bytes)
{
    const ssize_t read =
        nghttp2_session_mem_recv(session->nghttp2, (const uint8_t *)bytes.data, bytes.size);
    return read == (ssize_t)bytes.size && !session->is_broken;
}

static size_t session_answer(impact_http2_session *session)
{
    size_t waiting = 0;
    for (http2__stream *stream = session->streams; stream; stream = stream->next) {
        if (http2__stream_look(stream))
            send_news(session, stream);
        if (stream->is_due)
            ask_again(session, stream);
        waiting += stream->ticket || http2__stream_goes_on(stream);
    }
    return waiting;
}

static void session_ask_again(impact_http2_session *session)
{
    for (http2__stream *stream = session->streams; stream; stream = stream->next)
        ask_again(session, stream);
}

static void session_ping(impact_http2_session *session)
{
    if (session->is_pinged)
        return;
    session->is_pinged = true;
    if (nghttp2_submit_ping(session->nghttp2, NGHTTP2_FLAG_NONE, NULL))
        session->is_broken = true; /* no memory */
}

static bool session_owes(impact_http2_session *session)
{
    const http2__stream *stream = session->streams;
    while (stream && !http2__stream_is_stuck(stream))
        stream = stream->next;
    return stream || session->is_pinged;
}

/* The streams that a client has begun by now come to their ends before the connection does (RFC
 * 9113 6.8). */
static void session_end(impact_http2_session *session)
{
    for (http2__stream *stream = session->streams; stream; stream = stream->next) {
        if (!stream->has_begun || !http2__stream_goes_on(stream))
            continue;
        impact_health_abandon(stream->ticket);
        stream->ticket = NULL;
        ask_again(session, stream);
    }
    if (nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session->nghttp2),
                              NGHTTP2_NO_ERROR, NULL, 0))
        session->is_broken = true; /* no memory */
}

static impact_text session_next(impact_http2_session *session)
{
    const uint8_t *bytes = NULL;
    const ssize_t size = nghttp2_session_mem_send(session->nghttp2, &bytes);
    session->is_broken |= size < 0;
    return impact_text_from((const char *)bytes, size > 0 ? (size_t)size : 0);
}

static bool session_is_over(impact_http2_session *session)
{
    return session->is_broken || (!nghttp2_session_want_read(session->nghttp2) &&
                                  !nghttp2_session_want_write(session->nghttp2));
}

/* ---- the plugin ---- */

static const impact_http2 http2 = {
    .size = sizeof http2,
    .open = session_open,
    .receive = session_receive,
    .answer = session_answer,
    .next = session_next,
    .is_over = session_is_over,
    .close = session_close,
    .ask_again = session_ask_again,
    .ping = session_ping,
    .owes = session_owes,
    .end = session_end,
};

IMPACT_API extern const impact_plugin impact_plugin_http2;
const impact_plugin impact_plugin_http2 = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "http2",
    .http2 = &http2,
};
