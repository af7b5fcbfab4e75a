/* Heads of HTTP requests. */
#include "serve/request_head.h"

#include "support/check.h"

static impact__request_head head;

static bool parse(const char *text)
{
    head = (impact__request_head){.size = 0};
    return impact__request_head_parse(&head, impact_text_of(text));
}

static bool is(impact_text text, const char *should)
{
    return text.size == strlen(should) && memcmp(text.data, should, text.size) == 0;
}

TEST(a_head_is_whole_with_its_empty_line_and_not_before)
{
    static const char text[] = "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    for (size_t size = 0; size < sizeof text - 1; size++)
        CHECK(!impact__request_head_parse(&head, impact_text_from(text, size)));
    REQUIRE(parse("GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /more"));
    CHECK_EQUAL(head.size, sizeof text - 1);
    CHECK_EQUAL(head.refusal, 0);
    CHECK(is(head.method, "GET") && is(head.target, "/a?b"));
    CHECK(head.keeps_alive && !head.body_size && !head.wants_no_body_read);
}

TEST(lines_may_end_without_carriage_return_and_empty_ones_may_come_before)
{
    REQUIRE(parse("\r\n\nGET / HTTP/1.1\nHost: a\n\n"));
    CHECK_EQUAL(head.refusal, 0);
    REQUIRE(parse("\n\n\nGET / HTTP/1.1\nHost: a\n\n"));
    CHECK_EQUAL(head.refusal, 400);
}

TEST(fields_are_found_by_their_names)
{
    REQUIRE(parse("GET / HTTP/1.1\r\nhOsT:\ta \r\nX-Empty:\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n"));
    CHECK(is(impact__request_head_field(&head, "host"), "a"));
    CHECK(is(impact__request_head_field(&head, "x-empty"), ""));
    CHECK(is(impact__request_head_field(&head, "x-twice"), "1"));
    CHECK(impact__request_head_field(&head, "x").data == NULL);
    CHECK(impact__request_head_field(&head, "get / http/1.1").data == NULL);
}

TEST(a_connection_is_kept_from_version_1_1_on_unless_it_says_close)
{
    REQUIRE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n\r\n"));
    CHECK(!head.keeps_alive);
    REQUIRE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK(!head.keeps_alive && !head.refusal);
    REQUIRE(parse("GET / HTTP/1.2\r\nHost: a\r\n\r\n"));
    CHECK(head.keeps_alive && !head.refusal);
}

TEST(a_body_has_the_length_that_is_said)
{
    REQUIRE(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nContent-Length: 12\r\n"
                  "Expect: 100-continue\r\n\r\n"));
    CHECK_EQUAL(head.refusal, 0);
    CHECK_EQUAL(head.body_size, 12);
    CHECK(head.wants_no_body_read);
}

static void check_refused(const char *text, int status)
{
    if (!parse(text) || head.refusal != status || head.size || head.method.size)
        check_failed(__FILE__, __LINE__, "%d, not %d: \"%s\"", head.refusal, status, text);
}

TEST(what_could_be_read_in_two_ways_is_refused)
{
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                  400);
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400);
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400);
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                  400);
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  400);
    check_refused("GET / HTTP/1.1\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400);
    check_refused("GET / HTTP/1.1\r\nHost\r\n\r\n", 400);
    check_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
}

TEST(what_is_no_request_line_is_refused_at_once)
{
    check_refused("nonsense\r\n", 400);
    check_refused(" GET / HTTP/1.1\r\n", 400);
    check_refused("GET  / HTTP/1.1\r\n", 400);
    check_refused("GET /a b HTTP/1.1\r\n", 400);
    check_refused("GET / HTTP/1.1 \r\n", 400);
    check_refused("GET /\x01 HTTP/1.1\r\n", 400);
    check_refused("G\xc3T / HTTP/1.1\r\n", 400);
    check_refused("GET / http/1.1\r\n", 400);
    check_refused("GET / HTTP/1\r\n", 400);
    check_refused("GET / HTTP/2.0\r\n", 505);
    check_refused("GET /\r\n", 400);
    check_refused("\x16\x03\x01\n", 400);
}
