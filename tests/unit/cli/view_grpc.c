/* A connection of OTLP/gRPC, without a socket: libnghttp2's client on the other side. */
#include "grpc_session.h"

#include <nghttp2/nghttp2.h>

#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

typedef struct caller {
    nghttp2_session *http;
    view_grpc_session *server;
    impact_text body; /* what is yet to be sent of it */
    char status[8];
    bool is_done;
} caller;

static const char export_path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/* ---- the client ---- */

static ssize_t give_body(nghttp2_session *http, int32_t id, uint8_t *to, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *userdata)
{
    caller *c = userdata;
    const size_t part = c->body.size < size ? c->body.size : size;
    (void)http;
    (void)id;
    (void)source;
    if (part)
        memcpy(to, c->body.data, part);
    c->body = impact_text_from(c->body.data + part, c->body.size - part);
    if (!c->body.size)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

static int take_header(nghttp2_session *http, const nghttp2_frame *frame, const uint8_t *name,
                       size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                       void *userdata)
{
    caller *c = userdata;
    (void)http;
    (void)frame;
    (void)flags;
    if (name_size == 11 && memcmp(name, "grpc-status", 11) == 0)
        (void)snprintf(c->status, sizeof c->status, "%.*s", (int)value_size, (const char *)value);
    return 0;
}

static int end_stream(nghttp2_session *http, int32_t id, uint32_t error, void *userdata)
{
    caller *c = userdata;
    (void)http;
    (void)id;
    (void)error;
    c->is_done = true;
    return 0;
}

static nghttp2_nv header_of(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static void open_client(caller *c)
{
    nghttp2_session_callbacks *callbacks = NULL;
    CHECK_EQUAL(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, end_stream);
    CHECK_EQUAL(nghttp2_session_client_new(&c->http, callbacks, c), 0);
    nghttp2_session_callbacks_del(callbacks);
    CHECK_EQUAL(nghttp2_submit_settings(c->http, 0, NULL, 0), 0);
}

/* Until nobody has anything to say; the server's work goes on a step at a time. */
static void talk(caller *c, view_work *work)
{
    bool has_spoken = true;
    while (has_spoken || work->first) {
        const uint8_t *bytes = NULL;
        const ssize_t size = nghttp2_session_mem_send(c->http, &bytes);
        has_spoken = size > 0;
        if (has_spoken && !view_grpc_session_receive(
                              c->server, impact_text_from((const char *)bytes, (size_t)size)))
            return;
        view_work_run(work);
        for (impact_text out; (out = view_grpc_session_send(c->server)).size; has_spoken = true)
            (void)nghttp2_session_mem_recv(c->http, (const uint8_t *)out.data, out.size);
    }
}

typedef struct call_facts {
    const char *path;
    const char *type;
    const char *encoding;
    uint8_t flag;
    impact_text message;
    size_t says; /* the length in the prefix; 0: that of the message */
} call_facts;

/* The code that a call ends with; "": it has none. */
static const char *call(view_grpc *grpc, call_facts facts)
{
    static char body[16 * 1024];
    static caller c;
    const size_t says = facts.says ? facts.says : facts.message.size;
    const char prefix[] = {(char)facts.flag, (char)(says >> 24), (char)(says >> 16),
                           (char)(says >> 8), (char)says};
    c = (caller){.server = view_grpc_session_open(grpc)};
    if (!c.server)
        return "";
    memcpy(body, prefix, sizeof prefix);
    if (facts.message.size)
        memcpy(body + sizeof prefix, facts.message.data, facts.message.size);
    c.body = impact_text_from(body, sizeof prefix + facts.message.size);
    const nghttp2_nv headers[] = {
        header_of(":method", "POST"),
        header_of(":scheme", "http"),
        header_of(":authority", "localhost"),
        header_of(":path", facts.path ? facts.path : export_path),
        header_of("content-type", facts.type ? facts.type : "application/grpc"),
        header_of("grpc-encoding", facts.encoding ? facts.encoding : "identity"),
    };
    const nghttp2_data_provider provider = {.read_callback = give_body};
    open_client(&c);
    CHECK(nghttp2_submit_request(c.http, NULL, headers, 6, &provider, NULL) > 0);
    talk(&c, &grpc->work);
    nghttp2_session_del(c.http);
    view_grpc_session_close(c.server);
    CHECK_EQUAL(grpc->bodies_size, 0);
    return c.status;
}

/* ---- the tests ---- */

static message request_of(uint8_t number)
{
    const message span = message_span((message_span_facts){.trace = number, .id = 1, .name = "a"});
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    return request;
}

TEST(a_call_is_answered_with_a_code)
{
    view_store store;
    const view_store_options options = {.span_limit = 10};
    REQUIRE(!view_store_open(&store, &options));
    view_grpc grpc = {.store = &store};
    const message request = request_of(1);
    const impact_text whole = message_text(&request);
    CHECK_STRING(call(&grpc, (call_facts){.message = whole}), "0");
    CHECK_EQUAL(store.span_count, 1);
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .type = "application/grpc+proto"}),
                 "0");
    CHECK_EQUAL(store.repeated, 1);
    CHECK_STRING(call(&grpc, (call_facts){.flag = 0}), "0");
    CHECK_STRING(call(&grpc, (call_facts){.message = impact_text_of("\x0A\x7F")}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .says = 3}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .says = 70000}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .flag = 1}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .flag = 2}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .flag = 1, .encoding = "gzip"}), "3");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .encoding = "br"}), "12");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .path = "/a.b/C"}), "12");
    CHECK_STRING(call(&grpc, (call_facts){.message = whole, .type = "text/plain"}), "");
    CHECK_EQUAL(store.received, 2);
    view_store_close(&store);
}

TEST(what_is_no_http2_ends_the_connection)
{
    view_store store;
    const view_store_options options = {.span_limit = 10};
    REQUIRE(!view_store_open(&store, &options));
    view_grpc grpc = {.store = &store};
    view_grpc_session *session = view_grpc_session_open(&grpc);
    REQUIRE(session);
    const bool goes_on =
        view_grpc_session_receive(session, impact_text_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (view_grpc_session_send(session).size) {
    }
    CHECK(!goes_on || view_grpc_session_is_over(session));
    view_grpc_session_close(session);
    view_store_close(&store);
}

TEST(without_memory_a_call_fails_and_nothing_leaks)
{
    faults f;
    const message request = request_of(1);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        view_store store;
        const view_store_options options = {.span_limit = 10, .allocator = &f.allocator};
        if (!view_store_open(&store, &options)) {
            view_grpc grpc = {.store = &store};
            const char *code = call(&grpc, (call_facts){.message = message_text(&request)});
            CHECK(atomic_load(&f.injected) || strcmp(code, "0") == 0);
        }
        view_store_close(&store);
    }
}
