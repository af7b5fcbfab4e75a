/* Reasons: what a backend says, cut and cleaned for a line. */
#include "export/otlp/reason.h"

#include "support/check.h"
#include "support/message.h"

static const char *told(otlp__reason reason)
{
    static otlp__reason kept;
    kept = reason;
    return kept.text;
}

static const char *of_text(const char *text)
{
    return told(otlp__reason_of_text(impact_text_of(text)));
}

static const char *of_body(const char *body)
{
    return told(otlp__reason_of_body(impact_text_of(body)));
}

TEST(nothing_is_no_reason)
{
    CHECK_STRING(told(otlp__reason_of_text(impact_text_from(NULL, 0))), "");
    CHECK_STRING(told(otlp__reason_of_body(impact_text_from(NULL, 0))), "");
    CHECK_STRING(of_text(" \t\r\n"), "");
}

TEST(blanks_and_control_characters_are_one_blank)
{
    CHECK_STRING(of_text("  a \x1B\x7F\r\n b\xC2\x80\xC2\x9F"
                         "c  "),
                 "a b c");
    CHECK_STRING(of_text("\xC2\xA0"), "\xC2\xA0"); /* the first one behind C1 */
}

TEST(what_is_ill_formed_is_a_question_mark)
{
    CHECK_STRING(of_text("a\xFF\xC3z\xED\xA0\x80"), "a??z???");
}

TEST(a_reason_is_cut_behind_a_whole_character)
{
    char text[OTLP__REASON_LIMIT + 9];
    for (size_t room = 0; room <= 4; room++) {
        const size_t before = OTLP__REASON_LIMIT - room;
        memset(text, 'x', before);
        memcpy(text + before,
               "\xF0\x9F\x98\x80"
               "tail",
               9);
        const size_t left = strlen(of_text(text));
        CHECK_EQUAL(left, room < 4 ? before : OTLP__REASON_LIMIT);
    }
}

TEST(a_gap_needs_room_too)
{
    char text[OTLP__REASON_LIMIT + 3];
    memset(text, 'x', sizeof text);
    text[OTLP__REASON_LIMIT - 1] = ' ';
    text[sizeof text - 1] = 0;
    CHECK_EQUAL(strlen(of_text(text)), OTLP__REASON_LIMIT - 1);
}

TEST(the_message_of_a_status_is_the_reason)
{
    message status = {.size = 0};
    message_varint(&status, 1, 8);
    message_string(&status, 2, "over\nquota");
    message_string(&status, 3, "details");
    CHECK_STRING(told(otlp__reason_of_body(message_text(&status))), "over quota");
    status.size--;
    CHECK_STRING(told(otlp__reason_of_body(message_text(&status))), ""); /* neither this nor text */
}

TEST(the_message_of_a_json_status_is_the_reason)
{
    CHECK_STRING(of_body("{\"code\": 8, \"message\": \"over\\nquota \\u00e4\"}"),
                 "over quota \xC3\xA4");
    CHECK_STRING(of_body(" {\"message\":\"\"} "), "");
}

TEST(other_text_is_the_reason_itself)
{
    CHECK_STRING(of_body("no such tenant\r\n"), "no such tenant");
    CHECK_STRING(of_body("{\"msg\": \"no\"}"), "{\"msg\": \"no\"}");
    CHECK_STRING(of_body("\x01"), "");
    CHECK_STRING(of_body("caf\xC3"), "");
}

TEST(only_the_beginning_of_a_body_shows_whether_it_is_text)
{
    static char body[2000];
    memset(body, 'x', sizeof body);
    memcpy(body + 1022, "\xF0\x9F\x98\x80", 4); /* 1024 cuts it */
    body[1500] = 1;
    const otlp__reason reason = otlp__reason_of_body(impact_text_from(body, sizeof body));
    CHECK_EQUAL(strlen(reason.text), OTLP__REASON_LIMIT);
    body[1020] = '\xFF';
    CHECK_STRING(told(otlp__reason_of_body(impact_text_from(body, sizeof body))), "");
}
