/* The answers of impact view: OTLP as its specification has it, the page, and its interface. That
 * official exporters and a browser are content is in tests/integration/test_view.py. */
#include "answer.h"

#include <zlib.h>

#include "inflate.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static view_store store;
static view_response response;

typedef struct headers {
    const char *type;
    const char *encoding;
    const char *host;
} headers;

static impact_text header(void *carrier, const char *name)
{
    const headers *h = carrier;
    if (strcmp(name, "Content-Type") == 0)
        return impact_text_of(h->type);
    if (strcmp(name, "Content-Encoding") == 0)
        return impact_text_of(h->encoding);
    return impact_text_of(h->host);
}

static int ask(const char *method, const char *path, const char *query, headers h, impact_text body)
{
    const view_request request = {
        .method = impact_text_of(method),
        .path = impact_text_of(path),
        .query = impact_text_of(query),
        .header = header,
        .carrier = &h,
        .body = body,
        .is_too_large = body.size > view_body_limit,
    };
    impact__buffer_close(&response.body);
    view_answer(&response, &store, &request, true);
    return response.status;
}

static int get(const char *path, const char *query)
{
    return ask("GET", path, query, (headers){.host = "localhost:4318"}, impact_text_of(NULL));
}

static int post(const char *type, const char *encoding, impact_text body)
{
    return ask("POST", "/v1/traces", NULL, (headers){.type = type, .encoding = encoding}, body);
}

static const char *body(void)
{
    static char text[16 * 1024];
    (void)snprintf(text, sizeof text, "%.*s", (int)response.body.size,
                   response.body.data ? response.body.data : "");
    return text;
}

static void open_store(void)
{
    const view_store_options options = {.span_limit = 100};
    CHECK_EQUAL(view_store_open(&store, &options), IMPACT_OK);
}

static void close_store(void)
{
    CHECK_EQUAL(store.received, store.span_count + store.evicted + store.repeated + store.refused);
    impact__buffer_close(&response.body);
    view_store_close(&store);
}

static message request_with(const message *span, const char *service)
{
    const message resource = message_resource(service);
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, span);
    message_nested(&resource_spans, 1, &resource);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    return request;
}

static message example(void)
{
    const message span = message_span(
        (message_span_facts){.trace = 1, .id = 1, .name = "<b>", .start_ns = 5000, .end_ns = 9000});
    return request_with(&span, "orders");
}

static const char protobuf[] = "application/x-protobuf";
static const char json[] = "application/json";

TEST(a_request_in_protobuf_is_answered_in_protobuf)
{
    open_store();
    const message request = example();
    CHECK_EQUAL(post(protobuf, NULL, message_text(&request)), 200);
    CHECK_STRING(response.type, protobuf);
    CHECK_EQUAL(response.body.size, 0);
    CHECK_EQUAL(store.span_count, 1);
    CHECK_EQUAL(post(protobuf, NULL, impact_text_of("\x0A\x7F")), 400);
    CHECK_STRING(response.type, protobuf);
    CHECK(response.body.size > 2 && memcmp(response.body.data, "\x08\x03\x12", 3) == 0);
    close_store();
}

TEST(a_request_in_json_is_answered_in_json)
{
    open_store();
    CHECK_EQUAL(post("application/json; charset=utf-8", "identity",
                     impact_text_of("{\"resourceSpans\":[]}")),
                200);
    CHECK_STRING(response.type, json);
    CHECK_STRING(body(), "{}");
    CHECK_EQUAL(post(json, NULL, impact_text_of("{")), 400);
    CHECK_STRING(body(), "{\"code\":3,\"message\":\"the body is no ExportTraceServiceRequest\"}");
    CHECK_EQUAL(post(json, NULL,
                     impact_text_of("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}")),
                200);
    CHECK_STRING(body(), "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"they "
                         "have no valid ids\"}}");
    close_store();
}

TEST(what_it_does_not_understand_it_says)
{
    open_store();
    const impact_text nothing = impact_text_of(NULL);
    CHECK_EQUAL(post(NULL, NULL, nothing), 415);
    CHECK_EQUAL(post("text/plain", NULL, nothing), 415);
    CHECK_EQUAL(post(protobuf, "br", nothing), 415);
    CHECK_EQUAL(post(protobuf, "gzip", impact_text_of("no gzip")), 400);
    CHECK_EQUAL(post(protobuf, "gzip", nothing), 400);
    CHECK_EQUAL(post(protobuf, NULL, impact_text_from("", (size_t)view_body_limit + 1)), 413);
    CHECK_EQUAL(ask("GET", "/v1/traces", NULL, (headers){0}, nothing), 405);
    CHECK_STRING(response.allow, "POST");
    CHECK_EQUAL(ask("POST", "/", NULL, (headers){0}, nothing), 405);
    CHECK_EQUAL(get("/v1/metrics", NULL), 404);
    close_store();
}

/* `size` zeros, compressed. */
static impact_text compressed(impact__buffer *to, const char *data, size_t size)
{
    z_stream stream = {.zalloc = Z_NULL};
    CHECK_EQUAL(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t bound = deflateBound(&stream, size);
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)impact__buffer_reserve(to, bound);
    stream.avail_out = (uInt)bound;
    CHECK_EQUAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    to->size += bound - stream.avail_out;
    CHECK_EQUAL(deflateEnd(&stream), Z_OK);
    return impact__buffer_text(to);
}

static view_inflated inflate_all(impact_text packed, size_t limit)
{
    view_inflation inflation;
    view_inflate_begin(&inflation, packed, limit, NULL);
    const view_inflated result = view_inflate_some(&inflation, &VIEW_WHOLE_SLICE);
    view_inflate_end(&inflation);
    return result;
}

TEST(gzip_is_read_as_far_as_the_limit)
{
    open_store();
    const message request = example();
    impact__buffer packed = IMPACT__BUFFER(NULL);
    impact_text whole = compressed(&packed, (const char *)request.data, request.size);
    CHECK_EQUAL(post(protobuf, "gzip", whole), 200);
    CHECK_EQUAL(store.span_count, 1);
    CHECK_EQUAL(inflate_all(whole, request.size), view_inflated_all);
    CHECK_EQUAL(inflate_all(whole, request.size - 1), view_inflated_too_much);
    whole.size--;
    CHECK_EQUAL(inflate_all(whole, request.size), view_inflated_no_gzip);
    impact__buffer_close(&packed);
    close_store();
}

TEST(the_list_says_what_changed_since)
{
    open_store();
    const message request = example();
    CHECK_EQUAL(get("/api/traces", NULL), 200);
    CHECK(check_contains(body(), "\"version\":0,\"oldest\":1,\"traces\":[],\"services\":[],"));
    CHECK_EQUAL(post(protobuf, NULL, message_text(&request)), 200);
    CHECK_EQUAL(get("/api/traces", "since=0"), 200);
    CHECK(check_contains(body(), "\"version\":1,\"oldest\":1,\"traces\":[[1,1,"
                                 "\"aa000000000000000000000000000001\",\"orders\","
                                 "\"\\u003cb\\u003e\",5,4000,1,0]],\"services\":[\"orders\"],"));
    CHECK_EQUAL(get("/api/traces", "since=1"), 200);
    CHECK(check_contains(body(), "\"traces\":[]"));
    CHECK_EQUAL(get("/api/traces", "since=1x"), 400);
    CHECK_EQUAL(get("/api/traces", "q=%"), 400);
    close_store();
}

TEST(a_trace_is_otlp_in_json)
{
    open_store();
    const message request = example();
    CHECK_EQUAL(post(protobuf, NULL, message_text(&request)), 200);
    CHECK_EQUAL(get("/api/trace/aa000000000000000000000000000001", NULL), 200);
    CHECK_STRING(response.type, json);
    CHECK(check_contains(body(), "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":"
                                 "\"service.name\",\"value\":{\"stringValue\":\"orders\"}}]},"
                                 "\"scopeSpans\":[{\"scope\":{},\"spans\":[{\"traceId\":"));
    CHECK_EQUAL(get("/api/trace/aa000000000000000000000000000002", NULL), 404);
    CHECK_EQUAL(get("/api/trace/aa", NULL), 404);
    CHECK_EQUAL(get("/api/trace/AA000000000000000000000000000001", NULL), 404);
    close_store();
}

static void post_span(message_span_facts facts, const char *service, const char *peer)
{
    message span = message_span(facts);
    if (peer)
        message_string_attribute(&span, 9, "db.system", peer);
    const message request = request_with(&span, service);
    CHECK_EQUAL(post(protobuf, NULL, message_text(&request)), 200);
}

TEST(the_map_is_drawn_from_parents_and_from_peers_that_record_nothing)
{
    open_store();
    post_span((message_span_facts){.trace = 1, .id = 1, .name = "in", .kind = 2}, "shop", NULL);
    post_span((message_span_facts){.trace = 1, .id = 2, .parent = 1, .name = "out", .kind = 3},
              "shop", "never shown");
    post_span(
        (message_span_facts){
            .trace = 1, .id = 3, .parent = 2, .name = "in", .kind = 2, .end_ns = 7, .status = 2},
        "orders", NULL);
    post_span(
        (message_span_facts){.trace = 1, .id = 4, .parent = 3, .name = "q", .kind = 3, .end_ns = 5},
        "orders", "sqlite");
    CHECK_EQUAL(get("/api/map", NULL), 200);
    CHECK_STRING(body(), "{\"version\":4,\"nodes\":[[\"shop\",true,2,0],[\"orders\",true,2,1],"
                         "[\"sqlite\",false,0,0]],\"edges\":[[0,1,1,1,7],[1,2,1,0,5]]}\n");
    close_store();
}

TEST(the_page_is_given_to_whoever_asks_this_machine_by_its_name)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"localhost:4318", 200}, {"LOCALHOST", 200},      {"127.0.0.1:4318", 200},
        {"[::1]:4318", 200},     {"evil.example", 403},   {"evil.example:4318", 403},
        {"localhost.evil", 403}, {"127.0.0.1.evil", 403},
    };
    open_store();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_EQUAL(ask("GET", "/", NULL, (headers){.host = rows[i].host}, impact_text_of(NULL)),
                    rows[i].status);
    CHECK_EQUAL(get("/", NULL), 200);
    CHECK(response.policy && check_contains(response.policy, "default-src 'none'"));
    CHECK(response.body.size > 1000);
    const message request = example();
    CHECK_EQUAL(ask("POST", "/v1/traces", NULL, (headers){.type = protobuf, .host = "any.host"},
                    message_text(&request)),
                200);
    close_store();
}

TEST(without_memory_it_says_so_and_nothing_leaks)
{
    faults f;
    const message request = example();
    impact__buffer packed = IMPACT__BUFFER(NULL);
    const impact_text whole = compressed(&packed, (const char *)request.data, request.size);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const view_store_options options = {.span_limit = 10, .allocator = &f.allocator};
        if (!view_store_open(&store, &options)) {
            const int status = post(protobuf, "gzip", whole);
            CHECK(status == 200 || status == 503);
            CHECK(atomic_load(&f.injected) || store.span_count == 1);
            const int listed = get("/api/traces", NULL);
            CHECK(listed == 200 || listed == 503);
            (void)get("/api/trace/aa000000000000000000000000000001", NULL);
            (void)get("/api/map", NULL);
            CHECK_EQUAL(store.received, store.span_count + store.refused);
        }
        impact__buffer_close(&response.body);
        view_store_close(&store);
    }
    impact__buffer_close(&packed);
}
