/* The JSON of answers: one member is found, and only in what is JSON from end to end. */
#include "export/otlp/json_reader.h"

#include "support/check.h"

static char text[1024];

/* What the member "message" holds, its escapes resolved; NULL when there is none. */
static const char *message_of(const char *document)
{
    impact_text inside;
    size_t size = 0;
    if (!otlp__json_string_member(&inside, impact_text_of(document), "message"))
        return NULL;
    for (size_t step; (step = otlp__json_next_character(text + size, &inside));)
        size += step;
    text[size] = 0;
    return text;
}

TEST(a_string_member_is_found)
{
    CHECK_STRING(message_of("{\"message\":\"a\"}"), "a");
    CHECK_STRING(message_of(" {\n\t\"code\" : 3 , \"message\" :\r\"b\" } "), "b");
    CHECK_STRING(message_of("{\"message\":\"a\",\"message\":\"b\"}"), "b");
    CHECK_STRING(message_of("{\"x\":[1,{},[],{\"message\":\"in\"}],\"message\":\"out\"}"), "out");
    CHECK_STRING(message_of("{\"x\":[true,false,null,-0.5e+3,1E9,0,12.0e-1],\"message\":\"n\"}"),
                 "n");
}

TEST(what_is_no_string_member_is_not_found)
{
    static const char *const without[] = {
        "{}",
        "[]",
        "\"message\"",
        "1",
        "{\"message\":1}",
        "{\"Message\":\"a\"}",
        "[\"message\",\"a\"]",
        "{\"x\":{\"message\":\"a\"}}",
        "[{\"message\":\"a\"}]",
    };
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        CHECK(!message_of(without[i]));
}

TEST(what_is_no_json_is_refused)
{
    static const char *const broken[] = {
        "",
        " ",
        "{",
        "}",
        "{\"message\":\"a\"",
        "{\"message\":\"a\"}}",
        "{\"message\":\"a\"},",
        "{\"message\":\"a\",}",
        "{\"message\" \"a\"}",
        "{\"message\":\"a\" \"b\":1}",
        "{,}",
        "{\"message\":\"a\"]",
        "{\"message\":\"a\",\"x\":[1,]}",
        "{\"message\":\"a\",\"x\":[1}",
        "{message:\"a\"}",
        "{\"message\":'a'}",
        "{\"message\":\"a\",\"x\":01}",
        "{\"message\":\"a\",\"x\":1.}",
        "{\"message\":\"a\",\"x\":.5}",
        "{\"message\":\"a\",\"x\":+1}",
        "{\"message\":\"a\",\"x\":1e}",
        "{\"message\":\"a\",\"x\":-}",
        "{\"message\":\"a\",\"x\":tru}",
        "{\"message\":\"a\",\"x\":NaN}",
        "{\"message\":\"\\x\"}",
        "{\"message\":\"\\u12g4\"}",
        "{\"message\":\"\\u123",
        "{\"message\":\"\\",
        "{\"message\":\"\n\"}",
        "{\"message\":\"a",
        "{1:2}",
        "[1 2]",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK(!message_of(broken[i]));
}

TEST(escapes_are_resolved)
{
    CHECK_STRING(message_of("{\"message\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), "\"\\/\b\f\n\r\t");
    CHECK_STRING(message_of("{\"message\":\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\\uffff\"}"),
                 "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF");
}

TEST(half_a_pair_is_the_replacement_character)
{
    CHECK_STRING(message_of("{\"message\":\"\\uD83Dx\"}"), "\xEF\xBF\xBDx");
    CHECK_STRING(message_of("{\"message\":\"\\uDE00\"}"), "\xEF\xBF\xBD");
    CHECK_STRING(message_of("{\"message\":\"\\uDE00\\uDE00\"}"), "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK_STRING(message_of("{\"message\":\"\\uD83D\\u0041\"}"), "\xEF\xBF\xBD"
                                                                 "A");
    CHECK_STRING(message_of("{\"message\":\"\\uD83D\\n\"}"), "\xEF\xBF\xBD\n");
}

TEST(bytes_that_are_not_escaped_come_through)
{
    CHECK_STRING(message_of("{\"message\":\"\xC3\xA9\xF0\x9F\x98\x80\xFF\"}"),
                 "\xC3\xA9\xF0\x9F\x98\x80\xFF");
}

TEST(a_document_may_be_64_deep)
{
    char document[2 * 65 + 32];
    for (int depth = 63; depth <= 64; depth++) { /* and one for the object itself */
        static const char begin[] = "{\"message\":\"a\",\"x\":";
        char *to = document + sizeof begin - 1;
        memcpy(document, begin, sizeof begin);
        memset(to, '[', (size_t)depth);
        memset(to + depth, ']', (size_t)depth);
        memcpy(to + 2 * depth, "}", 2);
        CHECK_EQUAL(message_of(document) != NULL, depth == 63);
    }
}
