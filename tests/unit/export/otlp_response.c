/* Answers: partial success is read, anything else is told from it. */
#include "export/otlp/response.h"

#include "base/text.h"
#include "support/check.h"
#include "support/message.h"

static message answer(uint64_t rejected, const char *error)
{
    message partial = {.size = 0};
    message_varint(&partial, 1, rejected);
    message_string(&partial, 2, error);
    message_varint(&partial, 9, 1);
    message whole = {.size = 0};
    message_nested(&whole, 1, &partial);
    return whole;
}

TEST(an_empty_answer_is_full_success)
{
    otlp__response response = {.rejected_spans = 7};
    REQUIRE(otlp__response_parse(&response, impact_text_from(NULL, 0)));
    CHECK_EQUAL(response.rejected_spans, 0);
    CHECK_EQUAL(response.error_message.size, 0);
}

TEST(partial_success_is_read)
{
    const message body = answer(3, "quota");
    otlp__response response;
    REQUIRE(otlp__response_parse(&response, message_text(&body)));
    CHECK_EQUAL(response.rejected_spans, 3);
    CHECK_EQUAL(response.error_message.size, 5);
    CHECK(memcmp(response.error_message.data, "quota", 5) == 0);
}

TEST(a_negative_count_is_none)
{
    const message body = answer((uint64_t)-5, "");
    otlp__response response;
    REQUIRE(otlp__response_parse(&response, message_text(&body)));
    CHECK_EQUAL(response.rejected_spans, 0);
}

TEST(what_is_no_message_is_refused)
{
    otlp__response response = {.rejected_spans = 7};
    CHECK(!otlp__response_parse(&response, impact_text_of("<html>no</html>")));
    CHECK(!otlp__response_parse(&response, impact_text_of("{}")));
    CHECK(!otlp__response_parse(&response, impact_text_of("\x0a\x02\x12\x7f")));
    CHECK_EQUAL(response.rejected_spans, 7);
}

/* ---- in JSON ---- */

static otlp__response parse_json(const char *body)
{
    otlp__response response = {.rejected_spans = 99};
    CHECK(otlp__response_parse_json(&response, impact_text_of(body)));
    CHECK(response.is_json);
    return response;
}

TEST(partial_success_is_read_from_json_too)
{
    otlp__response response = parse_json(
        "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"qu\\u006fta\"}}");
    CHECK_EQUAL(response.rejected_spans, 3);
    CHECK(impact__text_equal_string(response.error_message, "qu\\u006fta"));
    CHECK_EQUAL(parse_json("{\"partialSuccess\":{\"rejectedSpans\":7}}").rejected_spans, 7);
}

TEST(in_json_what_is_not_there_or_no_count_is_none)
{
    static const char *const bodies[] = {
        "",
        "{}",
        " { } ",
        "{\"partialSuccess\":{}}",
        "{\"partialSuccess\":null}",
        "{\"rejectedSpans\":3,\"errorMessage\":\"a\"}",
        "{\"partialSuccess\":{\"rejectedSpans\":-3}}",
        "{\"partialSuccess\":{\"rejectedSpans\":\"x\",\"errorMessage\":1}}",
        "{\"x\":{\"partialSuccess\":{\"rejectedSpans\":3}}}",
        "{\"partialSuccess\":[{\"rejectedSpans\":3}]}",
        "{\"partialSuccess\":{\"x\":{\"rejectedSpans\":3}}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const otlp__response response = parse_json(bodies[i]);
        CHECK_EQUAL(response.rejected_spans, 0);
        CHECK_EQUAL(response.error_message.size, 0);
    }
}

TEST(what_is_no_object_of_json_is_no_answer)
{
    static const char *const bodies[] = {" ", "ok", "[]", "{", "{}x", "\"\""};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        otlp__response response = {.rejected_spans = 99};
        CHECK(!otlp__response_parse_json(&response, impact_text_of(bodies[i])));
        CHECK_EQUAL(response.rejected_spans, 99);
    }
}
