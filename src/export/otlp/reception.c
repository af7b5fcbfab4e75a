/* What comes of a post, and what libcurl leaves out of it. */
#include "export/otlp/reception.h"

#include <assert.h>

#include "export/otlp/curl_code.h"

/* Bytes of an answer's headers, interim answers and trailers: below what libcurl since 8.3.0 takes
 * itself (MAX_HTTP_RESP_HEADER_SIZE, 300 KiB), so that the answer counts as too large with all. */
enum { header_limit = 256 * 1024 };

void otlp__reception_open(otlp__reception *received, const otlp__settings *settings)
{
    *received = (otlp__reception){
        .settings = settings,
        .body = IMPACT__BUFFER(settings->allocator),
    };
}

void otlp__reception_close(otlp__reception *received)
{
    impact__buffer_close(&received->body);
}

void otlp__reception_begin(otlp__reception *received)
{
    received->answer = (otlp__answer){
        .protocol = received->settings->protocol,
        .error = "no answer in time",
    };
    received->error[0] = 0;
    received->header_size = 0;
    impact__buffer_clear(&received->body);
}

/* ---- what curl calls ---- */

static size_t take_body(char *data, size_t one, size_t size, void *userdata)
{
    assert(one == 1);
    (void)one; /* is 1 */
    otlp__reception *received = userdata;
    if (received->body.size + size > received->settings->response_limit) {
        received->answer.is_too_large = true;
        return 0;
    }
    impact__buffer_append(&received->body, data, size);
    return received->body.has_failed ? 0 : size;
}

/* Trailers and interim answers come here too. libcurl keeps them all. */
static size_t take_header(char *line, size_t one, size_t size, void *userdata)
{
    assert(one == 1);
    (void)one; /* is 1 */
    otlp__reception *received = userdata;
    received->header_size += size;
    if (received->header_size > header_limit) {
        received->answer.is_too_large = true;
        return 0;
    }
    otlp__answer_take_header(&received->answer, impact_text_from(line, size));
    return size;
}

bool otlp__reception_configure(otlp__reception *received, CURL *easy)
{
    unsigned failed = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, received->error);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, received);
    return failed == 0;
}

/* ---- the end ---- */

static bool is_sent_whole(CURL *easy, size_t request_size)
{
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent); /* known to all versions */
    return sent >= (curl_off_t)request_size;
}

/* A server sends its message when it has taken the request, and its status behind that. The status
 * is lost with the connection, or with a GOAWAY before it, behind which libcurl before 8.0 reads no
 * trailers. Sent again, the spans would be there twice. */
static bool is_unended(const otlp__answer *answer)
{
    bool is_compressed = false;
    impact_text message;
    return !answer->grpc.is_there && answer->http_status == 200 &&
           otlp__grpc_message(&message, &is_compressed, answer->body);
}

/* A server may end a call before it has read the request, and reset the stream behind its status
 * (RFC 9113 8.1). libcurl before 8.0 then shows the reset only. */
static impact_status settle_grpc(otlp__answer *answer, bool is_reset, impact_status status)
{
    answer->is_unended = is_unended(answer);
    answer->is_reset = is_reset && !answer->grpc.is_there;
    const bool is_answered = answer->grpc.is_there || answer->is_unended || answer->is_too_large;
    return is_answered || is_reset ? IMPACT_OK : status;
}

impact_status otlp__reception_end(otlp__reception *received, CURL *easy, CURLcode code,
                                  size_t request_size)
{
    otlp__answer *answer = &received->answer;
    const impact_status status = otlp__curl_status(code);
    answer->error = received->error[0] ? received->error : curl_easy_strerror(code);
    answer->body = impact__buffer_text(&received->body);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->http_status);
    answer->is_unreachable = otlp__curl_is_unreachable(code);
    if (answer->protocol == OTLP__GRPC)
        return settle_grpc(answer, code == CURLE_HTTP2_STREAM && !is_sent_whole(easy, request_size),
                           status);
    answer->is_cut = status == IMPACT_ESYSTEM && answer->http_status >= 200;
    return answer->is_cut || answer->is_too_large ? IMPACT_OK : status;
}
