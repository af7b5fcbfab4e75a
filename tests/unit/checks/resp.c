/* Redis' protocol. */
#include "checks/resp.h"

#include <string.h>

#include "base/text.h"
#include "support/check.h"
#include "support/faults.h"

TEST(a_command_is_an_array_of_bulk_strings)
{
    const impact_text words[] = {impact_text_of("AUTH"), impact_text_of("p\r\n"), {0}};
    impact__buffer to = IMPACT__BUFFER(NULL);
    impact__resp_write(&to, words, 3);
    CHECK(impact__text_equal_string(impact__buffer_text(&to),
                                    "*3\r\n$4\r\nAUTH\r\n$3\r\np\r\n\r\n$0\r\n\r\n"));
    impact__buffer_close(&to);
}

TEST(a_command_needs_memory)
{
    const impact_text word = impact_text_of("PING");
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer to = IMPACT__BUFFER(&f.allocator);
        impact__resp_write(&to, &word, 1);
        CHECK(to.has_failed == f.injected);
        impact__buffer_close(&to);
    }
}

TEST(replies_of_a_line_are_read)
{
    static const struct {
        const char *bytes;
        impact__resp_kind kind;
        const char *text;
        size_t size;
    } rows[] = {
        {"+PONG\r\n", impact__resp_text, "PONG", 7},
        {"+OK\r\n+PONG\r\n", impact__resp_text, "OK", 5},
        {"-ERR no\r\n", impact__resp_error, "ERR no", 9},
        {"+\r\n", impact__resp_text, "", 3},
        {"", impact__resp_partial, "", 0},
        {"+", impact__resp_partial, "", 0},
        {"+PONG\r", impact__resp_partial, "", 0},
        {"+PONG\n", impact__resp_other, "", 0},
        {"+\n", impact__resp_other, "", 0},
        {":1\r\n", impact__resp_other, "", 0},
        {"$4\r\nPONG\r\n", impact__resp_other, "", 0},
        {"HTTP/1.1 400\r\n", impact__resp_other, "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const impact__resp_reply reply = impact__resp_read(impact_text_of(rows[i].bytes));
        CHECK_EQUAL(reply.kind, rows[i].kind);
        CHECK(impact__text_equal_string(reply.text, rows[i].text));
        CHECK_EQUAL(reply.size, rows[i].size);
    }
}

TEST(a_line_without_an_end_is_no_reply)
{
    char bytes[impact__resp_line_limit];
    memset(bytes, '+', sizeof bytes);
    CHECK_EQUAL(impact__resp_read(impact_text_from(bytes, sizeof bytes - 1)).kind,
                impact__resp_partial);
    CHECK_EQUAL(impact__resp_read(impact_text_from(bytes, sizeof bytes)).kind, impact__resp_other);
}

TEST(a_line_that_is_too_long_is_no_reply_with_its_end_either)
{
    char bytes[impact__resp_line_limit + 1];
    memset(bytes, '+', sizeof bytes);
    bytes[sizeof bytes - 2] = '\r';
    bytes[sizeof bytes - 1] = '\n';
    CHECK_EQUAL(impact__resp_read(impact_text_from(bytes, sizeof bytes)).kind, impact__resp_other);
    CHECK_EQUAL(impact__resp_read(impact_text_from(bytes + 1, sizeof bytes - 1)).kind,
                impact__resp_text);
}
