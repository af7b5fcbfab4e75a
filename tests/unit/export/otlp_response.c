/* Answers: partial success is read, anything else is told from it. */
#include "export/otlp/response.h"

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
