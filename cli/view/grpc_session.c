/* One connection of OTLP/gRPC (grpc.io, "gRPC over HTTP2"; protocol/otlp "OTLP/gRPC").
 *
 * DESIGN: a unary call is one POST whose body is five bytes and a message, and its answer is the
 * same with a trailer. The message goes the way of OTLP/HTTP: its answer's status becomes a code.
 */
#include "grpc_session.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/text.h"
#include "receive.h"

enum {
    prefix_size = 5,        /* "Length-Prefixed-Message": a flag, and four bytes of length */
    stream_limit = 100,     /* at once */
    window_size = 16 << 20, /* that a client may send before it hears of us */
};

static const size_t bodies_limit = (size_t)256 << 20; /* of all calls together */
static const char export_path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/* grpc.io, "Status codes" */
enum {
    code_ok = 0,
    code_invalid_argument = 3,
    code_resource_exhausted = 8,
    code_unimplemented = 12,
    code_unavailable = 14,
};

/* A call. */
typedef struct call {
    struct call *next;
    struct call **link; /* what points at this */
    int32_t id;
    view_grpc *grpc;
    view_grpc_session *session;
    view_job job;
    impact__buffer body;
    impact__buffer reply; /* with its prefix */
    size_t sent;
    char code[4];
    bool is_gzip; /* grpc-encoding */
    bool is_known_encoding;
    bool is_export; /* :path */
    bool is_grpc;   /* content-type */
    bool is_too_large;
} call;

struct view_grpc_session {
    view_grpc *grpc;
    nghttp2_session *http;
    call *calls;
    bool is_broken; /* an answer could not be given */
};

/* ---- calls ---- */

static void drop_body(call *c)
{
    c->grpc->bodies_size -= c->body.size;
    impact__buffer_close(&c->body);
}

static void free_call(call *c)
{
    const impact_allocator *allocator = c->grpc->store->allocator;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    view_work_drop(&c->grpc->work, &c->job);
    drop_body(c);
    impact__buffer_close(&c->reply);
    impact__free(allocator, c);
}

static call *new_call(view_grpc_session *session, int32_t id)
{
    const impact_allocator *allocator = session->grpc->store->allocator;
    call *c = impact__alloc(allocator, sizeof *c);
    if (!c)
        return NULL;
    c->id = id;
    c->grpc = session->grpc;
    c->session = session;
    c->body = c->reply = IMPACT__BUFFER(allocator);
    c->is_known_encoding = true;
    c->next = session->calls;
    c->link = &session->calls;
    if (c->next)
        c->next->link = &c->next;
    session->calls = c;
    return c;
}

/* ---- answers ---- */

/* The response is a header, the message, a trailer; libnghttp2 asks for the message. */
static ssize_t read_reply(nghttp2_session *http, int32_t id, uint8_t *to, size_t size,
                          uint32_t *flags, nghttp2_data_source *source, void *userdata)
{
    call *c = source->ptr;
    (void)userdata;
    const size_t left = c->reply.size - c->sent;
    const size_t part = left < size ? left : size;
    if (part)
        memcpy(to, c->reply.data + c->sent, part);
    c->sent += part;
    if (c->sent < c->reply.size)
        return (ssize_t)part;
    nghttp2_nv trailer = {.name = (uint8_t *)"grpc-status",
                          .value = (uint8_t *)c->code,
                          .namelen = 11,
                          .valuelen = strlen(c->code)};
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return nghttp2_submit_trailer(http, id, &trailer, 1) ? NGHTTP2_ERR_CALLBACK_FAILURE
                                                         : (ssize_t)part;
}

#define HEADER(header_name, text)                                                                  \
    {                                                                                              \
        .name = (uint8_t *)(header_name), .value = (uint8_t *)(text),                              \
        .namelen = strlen(header_name), .valuelen = strlen(text)                                   \
    }

static int accept_call(nghttp2_session *http, call *c)
{
    const nghttp2_nv headers[] = {HEADER(":status", "200"),
                                  HEADER("content-type", "application/grpc")};
    const nghttp2_data_provider provider = {.source = {.ptr = c}, .read_callback = read_reply};
    return nghttp2_submit_response(http, c->id, headers, 2, &provider);
}

/* "Trailers-Only". */
static int refuse_call(nghttp2_session *http, const call *c, const char *message)
{
    const nghttp2_nv headers[] = {HEADER(":status", "200"),
                                  HEADER("content-type", "application/grpc"),
                                  HEADER("grpc-status", c->code), HEADER("grpc-message", message)};
    return nghttp2_submit_response(http, c->id, headers, 4, NULL);
}

static int finish(nghttp2_session *http, call *c, int code, const char *message)
{
    (void)snprintf(c->code, sizeof c->code, "%d", code); /* it fits; likewise HTTP's below */
    return code == code_ok ? accept_call(http, c) : refuse_call(http, c, message);
}

/* ---- a whole request ---- */

/* What OTLP/HTTP would have said in its header. */
static impact_text header_of(void *carrier, const char *name)
{
    const call *c = carrier;
    const bool is_packed = c->body.size && c->body.data[0];
    if (strcmp(name, "Content-Type") == 0)
        return impact_text_of("application/x-protobuf");
    return impact_text_of(is_packed ? "gzip" : NULL);
}

static void append_reply(call *c, impact_text message)
{
    const uint32_t size = (uint32_t)message.size;
    const char prefix[prefix_size] = {0, (char)(size >> 24), (char)(size >> 16), (char)(size >> 8),
                                      (char)size};
    impact__buffer_append(&c->reply, prefix, sizeof prefix);
    impact__buffer_append_text(&c->reply, message);
}

static int code_of(int status)
{
    switch (status) {
    case 200:
        return code_ok;
    case 413:
        return code_resource_exhausted;
    case 503:
        return code_unavailable;
    default:
        return code_invalid_argument;
    }
}

static int reply(nghttp2_session *http, call *c)
{
    const view_response *response = &c->job.reception.response;
    if (!response->body.has_failed)
        append_reply(c, impact__buffer_text(&response->body));
    const bool has_memory = !response->body.has_failed && !c->reply.has_failed;
    const int code = has_memory ? code_of(response->status) : code_unavailable;
    view_receive_end(&c->job.reception);
    drop_body(c);
    return finish(http, c, code,
                  has_memory ? "the message is no ExportTraceServiceRequest" : "no memory");
}

static void reply_later(void *userdata)
{
    call *c = userdata;
    c->grpc->has_answers = true;
    if (reply(c->session->http, c))
        c->session->is_broken = true;
}

static int receive_message(nghttp2_session *http, call *c, impact_text message)
{
    const view_request request = {.header = header_of, .carrier = c, .body = message};
    c->job.done = reply_later;
    c->job.userdata = c;
    const bool is_over = view_work_begin(&c->grpc->work, &c->job, c->grpc->store, &request);
    return is_over ? reply(http, c) : 0;
}

/* Its message; false: it is not one message, whole and alone. */
static bool message_of(impact_text *message, const call *c)
{
    const uint8_t *bytes = (const uint8_t *)c->body.data;
    if (c->body.size < prefix_size || bytes[0] > 1)
        return false;
    const size_t size =
        (size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | (size_t)bytes[4];
    *message = impact_text_from(c->body.data + prefix_size, c->body.size - prefix_size);
    return size == message->size && (!bytes[0] || c->is_gzip);
}

static int answer(nghttp2_session *http, call *c)
{
    impact_text message;
    if (!c->is_grpc) {
        const nghttp2_nv status = HEADER(":status", "415");
        return nghttp2_submit_response(http, c->id, &status, 1, NULL);
    }
    if (!c->is_export)
        return finish(http, c, code_unimplemented, "there is no such method");
    if (!c->is_known_encoding)
        return finish(http, c, code_unimplemented, "messages are plain or in gzip");
    if (c->is_too_large || c->body.has_failed)
        return finish(http, c, code_resource_exhausted, "the message is too large");
    if (!message_of(&message, c))
        return finish(http, c, code_invalid_argument, "it is not one message");
    return receive_message(http, c, message);
}

/* ---- libnghttp2's callbacks ---- */

static int begin_headers(nghttp2_session *http, const nghttp2_frame *frame, void *userdata)
{
    view_grpc_session *session = userdata;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    call *c = new_call(session, frame->hd.stream_id);
    if (!c)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* this stream alone is reset */
    (void)nghttp2_session_set_stream_user_data(http, frame->hd.stream_id, c); /* it is there */
    return 0;
}

static int take_header(nghttp2_session *http, const nghttp2_frame *frame, const uint8_t *name,
                       size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                       void *userdata)
{
    call *c = nghttp2_session_get_stream_user_data(http, frame->hd.stream_id);
    const impact_text key = impact_text_from((const char *)name, name_size);
    const impact_text text = impact_text_from((const char *)value, value_size);
    (void)flags;
    (void)userdata;
    if (!c)
        return 0;
    if (impact__text_equal_string(key, ":path"))
        c->is_export = impact__text_equal_string(text, export_path);
    else if (impact__text_equal_string(key, "content-type"))
        c->is_grpc = impact__text_begins_with(text, "application/grpc");
    if (!impact__text_equal_string(key, "grpc-encoding"))
        return 0;
    c->is_gzip = impact__text_equal_string(text, "gzip");
    c->is_known_encoding = c->is_gzip || impact__text_equal_string(text, "identity");
    return 0;
}

static int take_data(nghttp2_session *http, uint8_t flags, int32_t id, const uint8_t *data,
                     size_t size, void *userdata)
{
    call *c = nghttp2_session_get_stream_user_data(http, id);
    (void)flags;
    (void)userdata;
    if (!c || c->is_too_large)
        return 0;
    if (size > view_body_limit + prefix_size - c->body.size ||
        size > bodies_limit - c->grpc->bodies_size) {
        c->is_too_large = true;
        drop_body(c);
        return 0;
    }
    const size_t before = c->body.size;
    impact__buffer_append(&c->body, data, size);
    c->grpc->bodies_size += c->body.size - before;
    return 0;
}

static int take_frame(nghttp2_session *http, const nghttp2_frame *frame, void *userdata)
{
    const bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    (void)userdata;
    if (!may_end || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    call *c = nghttp2_session_get_stream_user_data(http, frame->hd.stream_id);
    return c && answer(http, c) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int end_stream(nghttp2_session *http, int32_t id, uint32_t error, void *userdata)
{
    call *c = nghttp2_session_get_stream_user_data(http, id);
    (void)error;
    (void)userdata;
    if (c)
        free_call(c);
    return 0;
}

/* ---- a session's life ---- */

static bool open_http(view_grpc_session *session)
{
    nghttp2_session_callbacks *callbacks = NULL;
    if (nghttp2_session_callbacks_new(&callbacks))
        return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, take_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, end_stream);
    const int error = nghttp2_session_server_new(&session->http, callbacks, session);
    nghttp2_session_callbacks_del(callbacks);
    return error == 0;
}

static bool greet(nghttp2_session *http)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, stream_limit},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_size},
    };
    return !nghttp2_submit_settings(http, NGHTTP2_FLAG_NONE, settings, 2) &&
           !nghttp2_session_set_local_window_size(http, NGHTTP2_FLAG_NONE, 0, window_size);
}

view_grpc_session *view_grpc_session_open(view_grpc *grpc)
{
    view_grpc_session *session = impact__alloc(grpc->store->allocator, sizeof *session);
    if (!session)
        return NULL;
    session->grpc = grpc;
    if (open_http(session) && greet(session->http))
        return session;
    view_grpc_session_close(session);
    return NULL;
}

void view_grpc_session_close(view_grpc_session *session)
{
    if (!session)
        return;
    while (session->calls)
        free_call(session->calls);
    nghttp2_session_del(session->http);
    impact__free(session->grpc->store->allocator, session);
}

bool view_grpc_session_receive(view_grpc_session *session, impact_text bytes)
{
    return nghttp2_session_mem_recv(session->http, (const uint8_t *)bytes.data, bytes.size) >= 0;
}

impact_text view_grpc_session_send(view_grpc_session *session)
{
    const uint8_t *bytes = NULL;
    const ssize_t size = nghttp2_session_mem_send(session->http, &bytes);
    return size > 0 ? impact_text_from((const char *)bytes, (size_t)size)
                    : impact_text_from(NULL, 0);
}

bool view_grpc_session_is_over(const view_grpc_session *session)
{
    return session->is_broken || (!nghttp2_session_want_read(session->http) &&
                                  !nghttp2_session_want_write(session->http));
}
