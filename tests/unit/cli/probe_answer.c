/* HTTP answers as they come in. */
#include "probe_answer.h"

#include "support/check.h"

enum { room = 1024 };

/* A copy to be read, which lives until the next. */
static probe_answer_state parse(probe_answer *to, const char *text, probe_answer_rest rest)
{
    static char bytes[room];
    const size_t size = strlen(text);
    memcpy(bytes, text, size + 1);
    return probe_answer_parse(to, bytes, size, rest);
}

static void check_whole(const char *text, probe_answer_rest rest, int status, const char *body)
{
    probe_answer answer = {.status = 0};
    char shown[room];
    CHECK_EQUAL(parse(&answer, text, rest), probe_answer_whole);
    (void)snprintf(shown, sizeof shown, "%.*s", (int)answer.body.size,
                   answer.body.data ? answer.body.data : "");
    CHECK_EQUAL(answer.status, status);
    CHECK_STRING(shown, body);
}

/* As `text`, and incomplete however much of its end is missing. */
static void check_only_whole(const char *text, int status, const char *body)
{
    char part[room];
    probe_answer unused;
    for (size_t size = 0; size < strlen(text); size++) {
        (void)snprintf(part, size + 1, "%s", text);
        CHECK_EQUAL(parse(&unused, part, probe_rest_open), probe_answer_incomplete);
    }
    check_whole(text, probe_rest_open, status, body);
}

static void check_broken(const char *text)
{
    probe_answer unused;
    if (parse(&unused, text, probe_rest_closed) != probe_answer_broken)
        check_failed(__FILE__, __LINE__, "taken: \"%s\"", text);
}

TEST(a_body_has_its_length)
{
    check_only_whole("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong", 200, "pong");
    check_only_whole("HTTP/1.0 503 No\r\ncontent-LENGTH:0\r\n\r\n", 503, "");
    check_only_whole("HTTP/1.1 503\nContent-Length: 1\n\nx", 503, "x");
    check_whole("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz", probe_rest_open, 200, "x");
}

TEST(a_body_without_length_ends_with_the_connection)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\npong";
    probe_answer unused;
    CHECK_EQUAL(parse(&unused, text, probe_rest_open), probe_answer_incomplete);
    check_whole(text, probe_rest_closed, 200, "pong");
    check_whole("HTTP/1.1 204 Nothing\r\n\r\n", probe_rest_open, 204, "");
}

TEST(chunks_are_put_together)
{
    check_only_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2\r\npo\r\n02;x=y\r\nng\r\n0\r\n\r\n",
                     200, "pong");
    check_only_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                     "A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
                     200, "0123456789");
}

TEST(interim_answers_come_before_it)
{
    check_whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                probe_rest_open, 200, "x");
}

TEST(an_answer_that_ends_early_is_broken)
{
    check_broken("");
    check_broken("HTTP/1.1 200 OK");
    check_broken("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npon");
    check_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n");
    check_broken("HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(an_answer_for_which_there_was_no_room_counts_as_it_is)
{
    check_whole("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npon", probe_rest_cut, 200, "pon");
    check_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npon", probe_rest_cut,
                200, "pon");
    check_broken("HTTP/1.1 200 OK\r\nX: ");
}

TEST(what_is_no_http_is_broken)
{
    check_broken("SSH-2.0-OpenSSH\r\n");
    check_broken("HTTP/2 200 OK\r\n\r\n");
    check_broken("HTTP/1.1 99 No\r\n\r\n");
    check_broken("HTTP/1.1 600 No\r\n\r\n");
    check_broken("HTTP/1.1 2000 No\r\n\r\n");
    check_broken("HTTP/1.1 200\tOK\r\n\r\n");
    check_broken("HTTP/1.1 101 Switch\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy");
    check_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n0\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n");
    check_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n");
}

TEST(the_type_is_told)
{
    probe_answer answer = {.status = 0};
    CHECK_EQUAL(
        parse(&answer, "HTTP/1.1 204 \r\nContent-Type: \t text/plain \r\n\r\n", probe_rest_open),
        probe_answer_whole);
    CHECK_EQUAL(answer.content_type.size, 10);
    CHECK(answer.content_type.data && memcmp(answer.content_type.data, "text/plain", 10) == 0);
}
