/* Responses as they travel. */
#include "serve/response_bytes.h"

#include "support/check.h"
#include "support/faults.h"

static const time_t moment = 784111777; /* the example of RFC 9110 5.6.7 */

static impact_http_response some_response(int status, const char *body)
{
    return (impact_http_response){
        .size = sizeof(impact_http_response),
        .status = status,
        .headers = {{"X-One", "1"}, {"X-Two", "2"}},
        .header_count = 2,
        .body = impact_text_of(body),
    };
}

/* Lives until the next. */
static const char *bytes_of(int status, const char *body, bool is_head, bool keeps_alive)
{
    static char text[1024];
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    const impact_http_response response = some_response(status, body);
    impact__response_append(&buffer, &response, is_head, keeps_alive, moment);
    (void)snprintf(text, sizeof text, "%.*s", (int)buffer.size, buffer.data);
    impact__buffer_close(&buffer);
    return text;
}

TEST(a_response_has_its_headers_a_date_and_its_length)
{
    CHECK_STRING(bytes_of(200, "pong", false, true),
                 "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-One: 1\r\n"
                 "X-Two: 2\r\nContent-Length: 4\r\n\r\npong");
}

TEST(a_head_gets_the_length_and_no_body)
{
    const char *text = bytes_of(503, "pong", true, false);
    CHECK(check_contains(text, "HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(check_contains(text, "Content-Length: 4\r\nConnection: close\r\n\r\n"));
    CHECK(!check_contains(text, "pong"));
}

TEST(a_response_without_content_has_no_length)
{
    CHECK(!check_contains(bytes_of(204, "", false, true), "Content-Length"));
    CHECK(check_contains(bytes_of(200, "", false, true), "Content-Length: 0\r\n"));
}

TEST(an_unknown_status_has_no_reason)
{
    CHECK(check_contains(bytes_of(299, "", false, true), "HTTP/1.1 299 \r\n"));
}

TEST(without_memory_it_is_not_whole)
{
    faults f;
    const impact_http_response response = some_response(200, "pong");
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer buffer = IMPACT__BUFFER(&f.allocator);
        impact__response_append(&buffer, &response, false, true, moment);
        CHECK(buffer.has_failed == f.injected);
        impact__buffer_close(&buffer);
    }
}
