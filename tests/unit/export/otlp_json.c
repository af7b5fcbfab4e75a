/* OTLP in JSON: names, kinds of values, order, depth, and what cannot be read. That official
 * classes read it is in tests/integration/test_otlp_protocols.py. */
#include "export/otlp_json.h"

#include <math.h>

#include <impact/attribute.h>

#include "export/otlp_schema.h"
#include "base/text.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/message.h"

static char page[64 * 1024];

/* NULL: it is malformed. */
static const char *json_of(const message *request)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    const bool is_made = impact__otlp_json_append(&buffer, message_text(request));
    (void)snprintf(page, sizeof page, "%.*s", (int)buffer.size, buffer.data ? buffer.data : "");
    impact__buffer_close(&buffer);
    return is_made ? page : NULL;
}

/* A request with this one span in it. */
static message request_of(const message *span)
{
    message scope_spans = {.size = 0};
    message resource_spans = {.size = 0};
    message request = {.size = 0};
    message_nested(&scope_spans, 2, span);
    message_nested(&resource_spans, 2, &scope_spans);
    message_nested(&request, 1, &resource_spans);
    return request;
}

static const char *json_of_span(const message *span)
{
    const message request = request_of(span);
    return json_of(&request);
}

#define IN_SPAN(members) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" members "}]}]}]}"

TEST(a_message_without_fields_is_an_empty_object)
{
    const message empty = {.size = 0};
    CHECK_STRING(json_of(&empty), "{}");
    CHECK_STRING(json_of_span(&empty), IN_SPAN(""));
}

TEST(ids_are_hex_times_are_strings_and_enums_are_numbers)
{
    const message span = message_span((message_span_facts){
        .trace = 1, .id = 2, .parent = 3, .name = "a", .kind = 2, .start_ns = 1, .end_ns = 2});
    CHECK_STRING(json_of_span(&span),
                 IN_SPAN("\"traceId\":\"aa000000000000000000000000000001\","
                         "\"spanId\":\"bb00000000000002\",\"parentSpanId\":\"bb00000000000003\","
                         "\"flags\":257,\"name\":\"a\",\"kind\":2,\"startTimeUnixNano\":\"1\","
                         "\"endTimeUnixNano\":\"2\""));
}

/* The JSON of one attribute's value. */
static const char *json_of_value(const message *value)
{
    static char text[32 * 1024];
    message span = {.size = 0};
    message_attribute(&span, 9, "k", value);
    const char *whole = json_of_span(&span);
    static const char before[] = IN_SPAN("\"attributes\":[{\"key\":\"k\",\"value\":");
    const size_t skipped = sizeof before - sizeof "}]}]}]}";
    CHECK(whole && strncmp(whole, before, skipped) == 0);
    if (!whole || strlen(whole) < skipped)
        return "";
    const size_t size = strlen(whole + skipped) - strlen("}]}]}]}]}");
    (void)snprintf(text, sizeof text, "%.*s", (int)size, whole + skipped);
    return text;
}

TEST(each_kind_of_value_has_its_name)
{
    message value = {.size = 0};
    CHECK_STRING(json_of_value(&value), "{}");
    value = message_string_value("");
    CHECK_STRING(json_of_value(&value), "{\"stringValue\":\"\"}");
    value = message_string_value("\"\n\xFF");
    CHECK_STRING(json_of_value(&value), "{\"stringValue\":\"\\\"\\n\xEF\xBF\xBD\"}");
    value = (message){.size = 0};
    message_varint(&value, 2, 0);
    CHECK_STRING(json_of_value(&value), "{\"boolValue\":false}");
    value = (message){.size = 0};
    message_varint(&value, 3, (uint64_t)INT64_MIN);
    CHECK_STRING(json_of_value(&value), "{\"intValue\":\"-9223372036854775808\"}");
    value = (message){.size = 0};
    message_bytes(&value, 7, "\0\xFF<>", 4);
    CHECK_STRING(json_of_value(&value), "{\"bytesValue\":\"AP88Pg==\"}");
}

TEST(doubles_that_json_cannot_say_have_names)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.5, "{\"doubleValue\":0.5}"},
        {-3, "{\"doubleValue\":-3.0}"},
        {(double)NAN, "{\"doubleValue\":\"NaN\"}"},
        {(double)INFINITY, "{\"doubleValue\":\"Infinity\"}"},
        {-(double)INFINITY, "{\"doubleValue\":\"-Infinity\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        message value = {.size = 0};
        message_double(&value, 4, cases[i].value);
        CHECK_STRING(json_of_value(&value), cases[i].text);
    }
}

TEST(arrays_and_maps_stand_in_each_other)
{
    const message text = message_string_value("t");
    const message array = message_array_of(&text);
    const message map = message_map_of(&array);
    CHECK_STRING(json_of_value(&map), "{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{"
                                      "\"arrayValue\":{\"values\":[{\"stringValue\":\"t\"}]}}}]}}");
}

/* In the value of an event's attribute, which lies deepest. */
TEST(as_deep_as_spans_ever_are_nothing_is_lost)
{
    message value = message_string_value("bottom");
    for (int depth = 0; depth < IMPACT_VALUE_DEPTH_LIMIT; depth++)
        value = message_map_of(&value);
    message event = {.size = 0};
    message span = {.size = 0};
    message_attribute(&event, 3, "k", &value);
    message_nested(&span, 11, &event);
    CHECK(strstr(json_of_span(&span), "\"bottom\""));
}

TEST(what_lies_deeper_than_any_span_is_empty)
{
    message value = message_string_value("bottom");
    for (int depth = 0; depth < IMPACT__OTLP_DEPTH_LIMIT; depth++)
        value = message_array_of(&value);
    const char *json = json_of_value(&value);
    CHECK(!strstr(json, "bottom") && strstr(json, "{}"));
}

/* Recorded in between, as a span's are. */
TEST(items_of_one_field_come_together_in_their_order)
{
    message event = {.size = 0};
    message span = {.size = 0};
    message_string(&event, 2, "e");
    message_string_attribute(&span, 9, "a", "1");
    message_nested(&span, 11, &event);
    message_string_attribute(&span, 9, "b", "2");
    message_nested(&span, 11, &event);
    CHECK_STRING(json_of_span(&span),
                 IN_SPAN("\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"1\"}},"
                         "{\"key\":\"b\",\"value\":{\"stringValue\":\"2\"}}],"
                         "\"events\":[{\"name\":\"e\"},{\"name\":\"e\"}]"));
}

TEST(of_a_field_that_is_not_repeated_the_last_one_counts)
{
    message span = {.size = 0};
    message_string(&span, 5, "first");
    message_string(&span, 5, "last");
    CHECK_STRING(json_of_span(&span), IN_SPAN("\"name\":\"last\""));
}

TEST(unknown_fields_and_wire_types_are_left_out)
{
    message span = {.size = 0};
    message_string(&span, 99, "unknown");
    message_varint(&span, 5, 1); /* the name's number */
    message_string(&span, 5, "a");
    CHECK_STRING(json_of_span(&span), IN_SPAN("\"name\":\"a\""));
}

TEST(what_is_malformed_adds_nothing)
{
    const char cut[] = "\x0A\x05\x12";
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__buffer_append_string(&buffer, "before");
    CHECK(!impact__otlp_json_append(&buffer, impact_text_from(cut, sizeof cut - 1)));
    CHECK(impact__text_equal_string(impact__buffer_text(&buffer), "before"));
    impact__buffer_close(&buffer);
    message span = {.size = 0};
    message_string(&span, 5, "a");
    span.data[span.size++] = 0xFF; /* behind what was found */
    const message request = request_of(&span);
    CHECK(!json_of(&request));
}

TEST(without_memory_the_buffer_has_failed)
{
    faults f;
    const message span = message_span((message_span_facts){.trace = 1, .id = 2, .name = "a"});
    const message request = request_of(&span);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
        CHECK(impact__otlp_json_append(&buffer, message_text(&request)));
        CHECK(buffer.has_failed == f.injected);
        impact__buffer_close(&buffer);
    }
}
