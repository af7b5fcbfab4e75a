/* A span in JSON: every kind of value, kinds, links, trace states, and what cannot be read. */
#include "export/span_json.h"

#include <math.h>

#include <impact/attribute.h>
#include <impact/span_context.h>

#include "support/check.h"
#include "support/message.h"

static char page[16 * 1024];

/* The object of `span`; "" when it is none. */
static const char *json_of(const message *span)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    page[0] = 0;
    if (impact__span_json_append(&buffer, message_text(span), impact_text_from(NULL, 0)))
        (void)snprintf(page, sizeof page, "%.*s", (int)buffer.size, buffer.data);
    impact__buffer_close(&buffer);
    return page;
}

static message named(const char *name, uint64_t kind)
{
    return message_span((message_span_facts){.trace = 1, .id = 1, .name = name, .kind = kind});
}

/* The JSON of one attribute's value, up to the end of its line. */
static const char *value_of(const message *value)
{
    static char text[4096];
    message span = named("a", 1);
    message_attribute(&span, 9, "key", value);
    const char *begin = strstr(json_of(&span), "\"key\": ");
    const char *end = begin ? strstr(begin, "\n    },\n    \"events\"") : NULL;
    CHECK(end);
    if (!end)
        return "";
    (void)snprintf(text, sizeof text, "%.*s", (int)(end - begin - 7), begin + 7);
    return text;
}

TEST(simple_values_are_what_json_has_for_them)
{
    message value = {.size = 0};
    CHECK_STRING(value_of(&value), "null");
    value = message_string_value("<a> & \"b\"");
    CHECK_STRING(value_of(&value), "\"<a> & \\\"b\\\"\"");
    value = (message){.size = 0};
    message_varint(&value, 2, 1);
    CHECK_STRING(value_of(&value), "true");
    value = (message){.size = 0};
    message_varint(&value, 2, 0);
    CHECK_STRING(value_of(&value), "false");
    value = (message){.size = 0};
    message_varint(&value, 3, (uint64_t)INT64_MIN);
    CHECK_STRING(value_of(&value), "-9223372036854775808");
}

TEST(doubles_and_bytes_too)
{
    message value = {.size = 0};
    message_double(&value, 4, 0.5);
    CHECK_STRING(value_of(&value), "0.5");
    value = (message){.size = 0};
    message_double(&value, 4, (double)NAN);
    CHECK_STRING(value_of(&value), "null");
    value = (message){.size = 0};
    message_bytes(&value, 7, "\0\xFF<>", 4);
    CHECK_STRING(value_of(&value), "\"AP88Pg==\"");
}

TEST(arrays_and_maps_stand_in_each_other)
{
    message empty = {.size = 0};
    message_bytes(&empty, 5, NULL, 0);
    CHECK_STRING(value_of(&empty), "[]");
    empty = (message){.size = 0};
    message_bytes(&empty, 6, NULL, 0);
    CHECK_STRING(value_of(&empty), "{}");
    const message text = message_string_value("t");
    const message array = message_array_of(&text);
    const message map = message_map_of(&array);
    CHECK_STRING(value_of(&map),
                 "{\n            \"k\": [\n                \"t\"\n            ]\n        }");
}

TEST(what_lies_too_deep_is_null)
{
    message value = message_string_value("bottom");
    for (int depth = 0; depth < IMPACT_VALUE_DEPTH_LIMIT; depth++)
        value = message_array_of(&value);
    CHECK(strstr(value_of(&value), "\"bottom\""));
    value = message_array_of(&value);
    CHECK(!strstr(value_of(&value), "\"bottom\"") && strstr(value_of(&value), "null"));
}

TEST(every_kind_has_its_name)
{
    static const char *const names[] = {"INTERNAL", "INTERNAL", "SERVER",
                                        "CLIENT",   "PRODUCER", "CONSUMER"};
    for (uint64_t kind = 0; kind < sizeof names / sizeof names[0]; kind++) {
        char line[64];
        const message span = named("a", kind);
        (void)snprintf(line, sizeof line, "\"kind\": \"SpanKind.%s\"", names[kind]);
        CHECK(strstr(json_of(&span), line));
    }
}

TEST(a_status_has_its_name_and_its_description)
{
    static const char *const names[] = {"UNSET", "OK", "ERROR"};
    for (uint64_t code = 0; code < sizeof names / sizeof names[0]; code++) {
        char line[64];
        message span = named("a", 1);
        message status = {.size = 0};
        message_varint(&status, 3, code);
        message_string(&status, 2, "why");
        message_nested(&span, 15, &status);
        (void)snprintf(line, sizeof line, "\"status_code\": \"%s\"", names[code]);
        CHECK(strstr(json_of(&span), line) && strstr(page, "\"description\": \"why\""));
    }
}

TEST(a_trace_state_is_python_s_list)
{
    message span = named("a", 1);
    message_string(&span, 3, "a=1, ,b=it's,c='\"\\,d");
    CHECK(strstr(json_of(&span), "\"trace_state\": \"["
                                 "'{key=a, value=1}', "
                                 "\\\"{key=b, value=it's}\\\", "
                                 "'{key=c, value=\\\\'\\\"\\\\\\\\}', "
                                 "'{key=d, value=}'"
                                 "]\""));
}

TEST(events_and_links_have_their_attributes)
{
    message span = named("a", 1);
    message event = {.size = 0};
    message link = {.size = 0};
    message_string(&event, 2, "ev");
    message_fixed64(&event, 1, UINT64_C(1700000000000001499));
    message_string_attribute(&event, 3, "of", "event");
    message_nested(&span, 11, &event);
    message_bytes(&link, 1, "0123456789abcdef", 16);
    message_bytes(&link, 2, "01234567", 8);
    message_string_attribute(&link, 4, "of", "link");
    message_nested(&span, 13, &link);
    message_nested(&span, 13, &link);
    CHECK(strstr(json_of(&span), "\"timestamp\": \"2023-11-14T22:13:20.000001Z\""));
    CHECK(strstr(page, "\"of\": \"event\"") && strstr(page, "\"of\": \"link\""));
    CHECK(strstr(page, "\"trace_id\": \"0x30313233343536373839616263646566\""));
}

TEST(a_time_beyond_all_years_that_fit_is_still_one)
{
    const message span =
        message_span((message_span_facts){.trace = 1, .id = 1, .name = "a", .end_ns = UINT64_MAX});
    CHECK(strstr(json_of(&span), "\"start_time\": null"));
    CHECK(strstr(page, "\"end_time\": \"2554-07-21T23:34:33.709552Z\""));
}

TEST(what_is_no_span_is_no_object)
{
    message span = named("a", 1);
    span.size--;
    CHECK_STRING(json_of(&span), "");
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    span = named("a", 1);
    CHECK(!impact__span_json_append(&buffer, message_text(&span), impact_text_of("\x0a\x7f")));
    CHECK_EQUAL(buffer.size, 0);
}
