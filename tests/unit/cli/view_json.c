/* OTLP in JSON, read: it is led by the table that it is written from, so that both agree. */
#include "json_request.h"

#include <impact/attribute.h>

#include "export/otlp_json.h"
#include "json_number.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static char page[64 * 1024];

/* The document, read and written again; NULL: it cannot be read. */
static const char *again(const char *document)
{
    impact__buffer request = IMPACT__BUFFER(NULL);
    impact__buffer text = IMPACT__BUFFER(NULL);
    const bool is_read = view_json_request(&request, impact_text_of(document));
    CHECK(!is_read || impact__otlp_json_append(&text, impact__buffer_text(&request)));
    (void)snprintf(page, sizeof page, "%.*s", (int)text.size, text.data ? text.data : "");
    impact__buffer_close(&request);
    impact__buffer_close(&text);
    return is_read ? page : NULL;
}

#define IN_SPAN(members) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" members "}]}]}]}"
#define VALUE(value)     IN_SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{" value "}}]")

TEST(what_is_written_is_read)
{
    static const char *const documents[] = {
        "{}",
        IN_SPAN(""),
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
        "\"value\":{\"stringValue\":\"a\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"lib\","
        "\"version\":\"1\"},\"spans\":[{\"name\":\"one\"},{\"name\":\"two\"}]}]}]}",
        IN_SPAN("\"traceId\":\"aa000000000000000000000000000001\",\"spanId\":\"bb00000000000002\","
                "\"parentSpanId\":\"bb00000000000003\",\"flags\":257,\"name\":\"a\",\"kind\":2,"
                "\"startTimeUnixNano\":\"18446744073709551615\",\"endTimeUnixNano\":\"2\""),
        IN_SPAN("\"events\":[{\"timeUnixNano\":\"1\",\"name\":\"e\",\"attributes\":[{\"key\":"
                "\"k\",\"value\":{\"boolValue\":true}}]},{\"name\":\"f\"}]"),
        IN_SPAN("\"status\":{\"message\":\"no\",\"code\":2}"),
        VALUE(""),
        VALUE("\"stringValue\":\"\\\"\\n\\\\/\""),
        VALUE("\"intValue\":\"-9223372036854775808\""),
        VALUE("\"doubleValue\":0.5"),
        VALUE("\"doubleValue\":\"NaN\""),
        VALUE("\"doubleValue\":\"-Infinity\""),
        VALUE("\"bytesValue\":\"AP88Pg==\""),
        VALUE("\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"boolValue\":false},{}]}"),
        VALUE("\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"arrayValue\":"
              "{}}}]}"),
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        CHECK_STRING(again(documents[i]), documents[i]);
}

TEST(numbers_may_be_strings_and_members_may_stand_anywhere)
{
    CHECK_STRING(again(VALUE("\"intValue\":7")), VALUE("\"intValue\":\"7\""));
    CHECK_STRING(again(VALUE("\"doubleValue\":\"1e3\"")), VALUE("\"doubleValue\":1000.0"));
    CHECK_STRING(again(IN_SPAN("\"startTimeUnixNano\":5,\"name\":\"\\u00e9\\ud83d\\ude00\"")),
                 IN_SPAN("\"name\":\"\xC3\xA9\xF0\x9F\x98\x80\",\"startTimeUnixNano\":\"5\""));
    CHECK_STRING(again(IN_SPAN("\"traceId\":\"AABB\"")), IN_SPAN("\"traceId\":\"aabb\""));
    CHECK_STRING(again(" { \"resourceSpans\" :\n[ ] } "), "{}");
}

TEST(what_is_not_known_and_null_are_left_out)
{
    CHECK_STRING(again("{\"x\":[[1],{\"resourceSpans\":[3]}],\"resourceSpans\":null}"), "{}");
    CHECK_STRING(again(IN_SPAN("\"trace_id\":\"zz\",\"name\":null,\"kind\":1")),
                 IN_SPAN("\"kind\":1"));
}

TEST(what_is_no_request_is_refused)
{
    static const char *const broken[] = {
        "",
        "[]",
        "3",
        "null",
        "{\"resourceSpans\":{}}",
        "{\"resourceSpans\":3}",
        "{\"resourceSpans\":[3]}",
        "{\"resourceSpans\":[[]]}",
        "{\"resourceSpans\":[null]}",
        "{\"resourceSpans\":[{}]",
        "{\"resourceSpans\":[{}]}}",
        "{} {}",
        IN_SPAN("\"name\":3"),
        IN_SPAN("\"name\":{}"),
        IN_SPAN("\"name\":[]"),
        IN_SPAN("\"traceId\":\"abc\""),
        IN_SPAN("\"traceId\":\"xx\""),
        IN_SPAN("\"traceId\":12"),
        IN_SPAN("\"kind\":\"server\""),
        IN_SPAN("\"kind\":-1x"),
        IN_SPAN("\"startTimeUnixNano\":-1"),
        IN_SPAN("\"startTimeUnixNano\":\"18446744073709551616\""),
        IN_SPAN("\"status\":[]"),
        VALUE("\"boolValue\":\"true\""),
        VALUE("\"boolValue\":1"),
        VALUE("\"doubleValue\":\"inf\""),
        VALUE("\"doubleValue\":0x10"),
        VALUE("\"bytesValue\":\"*\""),
        VALUE("\"arrayValue\":[]"),
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        if (again(broken[i]))
            check_failed(__FILE__, __LINE__, "%s reads as %s", broken[i], page);
}

TEST(what_an_exporter_nests_deepest_is_read)
{
    message value = message_string_value("deep");
    message span = {.size = 0};
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    for (int i = 0; i < IMPACT_VALUE_DEPTH_LIMIT; i++)
        value = message_map_of(&value);
    message_attribute(&span, 9, "k", &value);
    message_nested(&scope_spans, 2, &span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    impact__buffer text = IMPACT__BUFFER(NULL);
    impact__buffer back = IMPACT__BUFFER(NULL);
    CHECK(impact__otlp_json_append(&text, message_text(&request)));
    CHECK(view_json_request(&back, impact__buffer_text(&text)));
    CHECK_EQUAL(back.size, request.size);
    CHECK(back.size == request.size && memcmp(back.data, request.data, back.size) == 0);
    impact__buffer_close(&text);
    impact__buffer_close(&back);
}

TEST(without_memory_nothing_is_read_and_nothing_leaks)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer request = IMPACT__BUFFER(&f.allocator);
        const bool is_read =
            view_json_request(&request, impact_text_of(IN_SPAN("\"name\":\"a\\n\"")));
        CHECK(is_read != atomic_load(&f.injected));
        CHECK(is_read != request.has_failed);
        impact__buffer_close(&request);
    }
}
