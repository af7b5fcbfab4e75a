/* Zipkin's JSON: each part of a span has the place that the specification gives it. That Zipkin's
 * own model reads it is in tests/integration/test_zipkin.py. */
#include "export/zipkin/zipkin_json.h"

#include <math.h>

#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static char page[16 * 1024];

/* NULL: it is malformed. */
static const char *json_of(const message *request)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    const bool is_made = zipkin__json_append(&buffer, message_text(request));
    (void)snprintf(page, sizeof page, "%.*s", (int)buffer.size, buffer.data ? buffer.data : "");
    impact__buffer_close(&buffer);
    return is_made ? page : NULL;
}

/* A request with this one span in it. */
static message request_of(const message *resource, const message *scope, const message *span)
{
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, span);
    message_nested(&scope_spans, 1, scope); /* in any order */
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&resource_spans, 1, resource);
    message_nested(&request, 1, &resource_spans);
    return request;
}

static const char *json_of_span(const message *span)
{
    const message resource = message_resource("orders");
    const message scope = {.size = 0};
    const message request = request_of(&resource, &scope, span);
    return json_of(&request);
}

static message span_of_kind(uint64_t kind)
{
    return message_span((message_span_facts){
        .trace = 1, .id = 2, .kind = kind, .name = "work", .start_ns = 5000, .end_ns = 9000});
}

#define HEAD  "[{\"traceId\": \"aa000000000000000000000000000001\", \"id\": \"bb00000000000002\", "
#define WORK  HEAD "\"name\": \"work\", "
#define TIMES "\"timestamp\": 5, \"duration\": 4, \"localEndpoint\": {\"serviceName\": \"orders\"}"

static void check_span(const message *span, const char *should)
{
    CHECK_STRING(json_of_span(span), should);
}

TEST(what_is_empty_is_left_out)
{
    const message span = span_of_kind(1);
    const message nothing = {.size = 0};
    check_span(&span, WORK TIMES "}]");
    CHECK_STRING(json_of(&nothing), "[]");
}

TEST(a_span_without_a_name_has_none)
{
    const message span = message_span(
        (message_span_facts){.trace = 1, .id = 2, .name = "", .start_ns = 5000, .end_ns = 9000});
    check_span(&span, HEAD TIMES "}]");
}

TEST(kinds_have_zipkins_names_and_what_is_internal_has_none)
{
    static const char *const members[] = {"",
                                          "",
                                          "\"kind\": \"SERVER\", ",
                                          "\"kind\": \"CLIENT\", ",
                                          "\"kind\": \"PRODUCER\", ",
                                          "\"kind\": \"CONSUMER\", "};
    for (uint64_t kind = 0; kind < 6; kind++) {
        char should[512];
        const message span = span_of_kind(kind);
        (void)snprintf(should, sizeof should, WORK "%s" TIMES "}]", members[kind]);
        check_span(&span, should);
    }
}

TEST(a_child_has_its_parents_id)
{
    const message span = message_span((message_span_facts){
        .trace = 1, .id = 2, .parent = 3, .name = "work", .start_ns = 5000, .end_ns = 9000});
    check_span(&span, HEAD "\"parentId\": \"bb00000000000003\", \"name\": \"work\", " TIMES "}]");
}

static void check_times(uint64_t start_ns, uint64_t end_ns, const char *times)
{
    char should[512];
    const message span = message_span((message_span_facts){
        .trace = 1, .id = 2, .name = "work", .start_ns = start_ns, .end_ns = end_ns});
    (void)snprintf(should, sizeof should,
                   WORK "%s, \"localEndpoint\": {\"serviceName\": \"orders\"}}]", times);
    check_span(&span, should);
}

TEST(times_are_whole_microseconds_and_a_duration_is_one_at_least)
{
    check_times(5999, 7233, "\"timestamp\": 5, \"duration\": 1");
    check_times(5000, 5000, "\"timestamp\": 5, \"duration\": 1");
    check_times(5000, 5999, "\"timestamp\": 5, \"duration\": 1");
    check_times(5000, 4000, "\"timestamp\": 5, \"duration\": 1");
    check_times(UINT64_C(1700000000000001999), UINT64_C(1700000001500002000),
                "\"timestamp\": 1700000000000001, \"duration\": 1500000");
}

/* ---- tags ---- */

static void check_tags(const message *span, const char *tags)
{
    char should[2048];
    (void)snprintf(should, sizeof should, WORK TIMES ", \"tags\": {%s}}]", tags);
    check_span(span, should);
}

TEST(every_value_is_a_string)
{
    message span = span_of_kind(0);
    message value = {.size = 0};
    message_attribute(&span, 9, "null", &value);
    message_string_attribute(&span, 9, "text", "caf\xC3\xA9 \"x\"");
    message_varint(&value, 2, 1);
    message_attribute(&span, 9, "bool", &value);
    const message list = message_array_of(&value);
    message_attribute(&span, 9, "array", &list);
    const message map = message_map_of(&list);
    message_attribute(&span, 9, "map", &map);
    value.size = 0;
    message_varint(&value, 3, (uint64_t)INT64_MIN);
    message_attribute(&span, 9, "int", &value);
    value.size = 0;
    message_double(&value, 4, 0.5);
    message_attribute(&span, 9, "double", &value);
    value.size = 0;
    message_bytes(&value, 7, "\0\xFF", 2);
    message_attribute(&span, 9, "bytes", &value);
    check_tags(&span, "\"null\": \"\", \"text\": \"caf\xC3\xA9 \\\"x\\\"\", \"bool\": \"true\", "
                      "\"array\": \"[true]\", \"map\": \"{\\\"k\\\": [true]}\", "
                      "\"int\": \"-9223372036854775808\", \"double\": \"0.5\", "
                      "\"bytes\": \"AP8=\"");
}

static message span_with_double(double number)
{
    message span = span_of_kind(0);
    message value = {.size = 0};
    message_double(&value, 4, number);
    const message list = message_array_of(&value);
    message_attribute(&span, 9, "alone", &value);
    message_attribute(&span, 9, "inside", &list);
    return span;
}

TEST(doubles_that_json_cannot_say_have_names)
{
    message span = span_with_double(NAN);
    check_tags(&span, "\"alone\": \"NaN\", \"inside\": \"[\\\"NaN\\\"]\"");
    span = span_with_double(INFINITY);
    check_tags(&span, "\"alone\": \"Infinity\", \"inside\": \"[\\\"Infinity\\\"]\"");
    span = span_with_double(-INFINITY);
    check_tags(&span, "\"alone\": \"-Infinity\", \"inside\": \"[\\\"-Infinity\\\"]\"");
}

TEST(a_failed_span_has_an_error_tag_and_no_other_one_has)
{
    message span = span_of_kind(0);
    message status = {.size = 0};
    message_string_attribute(&span, 9, "error", "false");
    check_span(&span, WORK TIMES "}]");
    message_varint(&status, 3, 1);
    message_nested(&span, 15, &status);
    check_tags(&span, "\"otel.status_code\": \"OK\"");
    status.size = 0;
    message_varint(&status, 3, 2);
    message_nested(&span, 15, &status);
    check_tags(&span, "\"otel.status_code\": \"ERROR\", \"error\": \"\"");
    message_string(&status, 2, "broken");
    message_nested(&span, 15, &status);
    check_tags(&span, "\"otel.status_code\": \"ERROR\", \"error\": \"broken\"");
}

TEST(what_was_dropped_is_counted_in_tags)
{
    message span = span_of_kind(0);
    message_varint(&span, 10, 1);
    message_varint(&span, 12, 2);
    message_varint(&span, 14, 3);
    check_tags(&span, "\"otel.dropped_attributes_count\": \"1\", "
                      "\"otel.dropped_events_count\": \"2\", \"otel.dropped_links_count\": \"3\"");
}

TEST(resource_and_scope_are_tags_and_the_span_s_own_win)
{
    message resource = message_resource("orders");
    message scope = {.size = 0};
    message span = span_of_kind(0);
    message_string_attribute(&resource, 1, "service.namespace", "shop");
    message_string_attribute(&resource, 1, "both", "resource");
    message_string(&scope, 1, "http");
    message_string(&scope, 2, "1.2");
    message_string_attribute(&scope, 3, "both", "scope");
    message_string_attribute(&scope, 3, "service.namespace", "scope");
    message_string_attribute(&scope, 3, "own", "scope");
    message_string_attribute(&span, 9, "both", "span");
    message_string_attribute(&span, 9, "otel.scope.name", "forged");
    const message request = request_of(&resource, &scope, &span);
    CHECK_STRING(json_of(&request),
                 WORK TIMES ", \"tags\": {\"both\": \"span\", \"service.namespace\": \"shop\", "
                            "\"own\": \"scope\", \"otel.scope.name\": \"http\", "
                            "\"otel.library.name\": \"http\", \"otel.scope.version\": \"1.2\", "
                            "\"otel.library.version\": \"1.2\"}}]");
}

TEST(a_resource_without_a_name_has_the_default_one)
{
    const message nothing = {.size = 0};
    const message span = span_of_kind(0);
    const message request = request_of(&nothing, &nothing, &span);
    CHECK_STRING(json_of(&request), WORK "\"timestamp\": 5, \"duration\": 4, \"localEndpoint\": "
                                         "{\"serviceName\": \"unknown_service\"}}]");
}

/* ---- annotations ---- */

TEST(events_are_annotations_and_their_attributes_stand_in_the_text)
{
    message span = span_of_kind(0);
    message event = {.size = 0};
    message_fixed64(&event, 1, 6999);
    message_string(&event, 2, "retry");
    message_nested(&span, 11, &event);
    message_string_attribute(&event, 3, "key1", "value1");
    message value = {.size = 0};
    message_varint(&value, 3, 2);
    message_attribute(&event, 3, "key2", &value);
    message_varint(&event, 4, 7);
    message_nested(&span, 11, &event);
    check_span(&span, WORK TIMES
               ", \"annotations\": [{\"timestamp\": 6, \"value\": \"retry\"}, "
               "{\"timestamp\": 6, \"value\": \"\\\"retry\\\": {\\\"key1\\\": \\\"value1\\\", "
               "\\\"key2\\\": 2, \\\"otel.dropped_attributes_count\\\": 7}\"}]}]");
}

/* ---- remote endpoint ---- */

static message span_that_calls(const char *key, const char *value)
{
    message span = span_of_kind(3);
    message_string_attribute(&span, 9, key, value);
    return span;
}

static void check_remote(const message *span, const char *endpoint)
{
    char member[256] = "";
    if (*endpoint)
        (void)snprintf(member, sizeof member, ", \"remoteEndpoint\": {%s}, \"tags\"", endpoint);
    const char *whole = json_of_span(span);
    CHECK(whole && (strstr(whole, "remoteEndpoint") != NULL) == (*endpoint != '\0'));
    if (!check_contains(whole, member))
        check_failed(__FILE__, __LINE__, "%s is not in %s", member, whole);
}

TEST(the_attribute_of_the_best_rank_says_whom_a_client_calls)
{
    static const char *const ranks[] = {"db.name",
                                        "peer.address",
                                        "peer.hostname",
                                        "net.sock.peer.addr",
                                        "net.sock.peer.name",
                                        "server.socket.address",
                                        "server.socket.domain",
                                        "network.peer.address",
                                        "net.peer.name",
                                        "server.address",
                                        "peer.service"};
    message span = span_of_kind(3);
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        char endpoint[128];
        message_string_attribute(&span, 9, ranks[i], ranks[i]);
        (void)snprintf(endpoint, sizeof endpoint, "\"serviceName\": \"%s\"", ranks[i]);
        check_remote(&span, endpoint);
    }
}

TEST(an_address_is_one_of_zipkins_and_has_a_port)
{
    message port = {.size = 0};
    message_varint(&port, 3, 8080);
    message span = span_that_calls("network.peer.address", "192.168.99.100");
    check_remote(&span, "\"ipv4\": \"192.168.99.100\"");
    message_attribute(&span, 9, "network.peer.port", &port);
    check_remote(&span, "\"ipv4\": \"192.168.99.100\", \"port\": 8080");
    span = span_that_calls("net.sock.peer.addr", "2001:db8::c001");
    message_attribute(&span, 9, "net.sock.peer.port", &port);
    check_remote(&span, "\"ipv6\": \"2001:db8::c001\", \"port\": 8080");
    span = span_that_calls("network.peer.address", "/run/db.sock");
    check_remote(&span, "\"serviceName\": \"/run/db.sock\"");
}

TEST(a_port_that_is_none_is_left_out)
{
    static const int64_t numbers[] = {0, -1, 65536, INT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        message port = {.size = 0};
        message_varint(&port, 3, (uint64_t)numbers[i]);
        message span = span_that_calls("network.peer.address", "10.0.0.1");
        message_attribute(&span, 9, "network.peer.port", &port);
        check_remote(&span, "\"ipv4\": \"10.0.0.1\"");
    }
}

TEST(who_does_not_call_has_no_remote_endpoint)
{
    for (uint64_t kind = 0; kind < 6; kind++) {
        message span = span_of_kind(kind);
        message_string_attribute(&span, 9, "peer.service", "db");
        check_remote(&span, kind == 3 || kind == 4 ? "\"serviceName\": \"db\"" : "");
    }
    const message span = span_that_calls("peer.service", "");
    check_remote(&span, "");
}

/* ---- what cannot be read, and no memory ---- */

TEST(what_is_malformed_adds_nothing)
{
    const message span = span_of_kind(0);
    const message resource = message_resource("orders");
    const message scope = {.size = 0};
    message request = request_of(&resource, &scope, &span);
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__buffer_append_string(&buffer, "before");
    for (size_t size = 1; size < request.size; size++) {
        const impact_text cut = impact_text_from((const char *)request.data, size);
        CHECK(!zipkin__json_append(&buffer, cut));
        CHECK_EQUAL(buffer.size, strlen("before"));
    }
    impact__buffer_close(&buffer);
}

TEST(without_memory_the_buffer_has_failed)
{
    message span = span_of_kind(0);
    message value = message_string_value("x");
    const message list = message_array_of(&value);
    message_attribute(&span, 9, "list", &list);
    const message resource = message_resource("orders");
    const message scope = {.size = 0};
    const message request = request_of(&resource, &scope, &span);
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
        CHECK(zipkin__json_append(&buffer, message_text(&request)));
        CHECK_EQUAL(buffer.has_failed, f.injected);
        impact__buffer_close(&buffer);
    }
}
