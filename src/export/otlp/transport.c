/* POSTs over libcurl.
 *
 * DESIGN: one easy handle in one multi handle, driven by its one user; the multi handle keeps the
 * connection, and curl_multi_wakeup reaches into its waiting from another thread. A forked child
 * shares the sockets and the TLS state of its parent, so it must not even close what it inherited
 * (a TLS close would end the parent's session): it drops the handles and opens its own. That is
 * found out by getpid. The multi handle is an atomic so that an interruption can read it meanwhile;
 * one that was dropped stays valid memory.
 *
 * The end of the process is like that: OpenSSL frees what a handle stands on. Where TLS is spoken,
 * all that touches the handles is done inside the door of <impact/process.h>, which is left while a
 * transfer waits; once the door is shut they are not touched any more, nor freed. Without TLS a
 * handler of exit may still export.
 */
#include "export/otlp/transport.h"

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include <impact/process.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/once.h"
#include "base/text.h"
#include "export/otlp/curl_code.h"
#include "export/otlp/curl_options.h"
#include "export/otlp/retry.h"
#include "export/otlp/wakeup.h"

/* Bytes of an answer's headers, interim answers and trailers: below what libcurl since 8.3.0 takes
 * itself (MAX_HTTP_RESP_HEADER_SIZE, 300 KiB), so that the answer counts as too large with all. */
enum { header_limit = 256 * 1024 };

/* Once all is to be over, who has not taken the connection so long after is away. */
static const uint64_t connect_grace_ns = 900 * IMPACT__NS_PER_MS;

struct otlp__http {
    const otlp__settings *settings;
    _Atomic(CURLM *) multi;
    CURL *easy;
    pid_t owner; /* the process that opened the two */
    struct curl_slist *headers;
    atomic_bool is_interrupted;
    _Atomic uint64_t end_ns;      /* of all, once somebody hastens */
    _Atomic uint64_t hastened_ns; /* when that was; written before it */
    bool is_away;                 /* since then nobody has taken the connection */
    bool has_tls;
    bool is_over; /* the process ends: the door is shut */
    curl_off_t request_size;
    otlp__answer answer; /* of the post that runs */
    size_t header_size;  /* of the answer, as far as it is here */
    impact__buffer body;
    char error[CURL_ERROR_SIZE];
};

/* ---- what curl calls ---- */

static size_t take_body(char *data, size_t one, size_t size, void *userdata)
{
    assert(one == 1);
    (void)one; /* is 1 */
    otlp__http *http = userdata;
    if (http->body.size + size > http->settings->response_limit) {
        http->answer.is_too_large = true;
        return 0;
    }
    impact__buffer_append(&http->body, data, size);
    return http->body.has_failed ? 0 : size;
}

/* "name: value", cut in two. False: it is another line. */
static bool split_header(impact_text *name, impact_text *value, impact_text line)
{
    const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
    if (!colon)
        return false;
    *name = impact_text_from(line.data, (size_t)(colon - line.data));
    *value = impact__text_strip(impact_text_from(colon + 1, line.size - name->size - 1));
    return true;
}

static void take_retry_info(otlp__answer *answer)
{
    if (!answer->grpc.asks_to_wait)
        return;
    answer->asks_to_wait = true;
    answer->wait_ms = answer->grpc.wait_ms;
}

static void read_header(otlp__answer *answer, impact_text line)
{
    impact_text name;
    impact_text value;
    if (!split_header(&name, &value, line))
        return;
    if (impact__text_equal_ignoring_case(name, impact_text_of("retry-after")))
        answer->asks_to_wait = otlp__retry_after_parse(&answer->wait_ms, value, time(NULL));
    if (answer->protocol == OTLP__GRPC) {
        otlp__grpc_take(&answer->grpc, name, value);
        take_retry_info(answer);
    }
}

/* Trailers and interim answers come here too. libcurl keeps them all. */
static size_t take_header(char *line, size_t one, size_t size, void *userdata)
{
    assert(one == 1);
    (void)one; /* is 1 */
    otlp__http *http = userdata;
    http->header_size += size;
    if (http->header_size > header_limit) {
        http->answer.is_too_large = true;
        return 0;
    }
    read_header(&http->answer, impact_text_from(line, size));
    return size;
}

/* ---- the door ---- */

static bool enter(const otlp__http *http)
{
    return !http->has_tls || impact_door_enter();
}

static void leave(const otlp__http *http)
{
    if (http->has_tls)
        impact_door_leave();
}

/* ---- handles ---- */

static bool configure(otlp__http *http, CURL *easy)
{
    unsigned failed = !otlp__curl_configure(easy, http->settings, http->headers);
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->error);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
    return failed == 0;
}

static impact_status open_handles(otlp__http *http)
{
    CURL *easy = curl_easy_init();
    CURLM *multi = easy ? otlp__multi_open() : NULL;
    if (!multi || !configure(http, easy)) {
        (void)curl_multi_cleanup(multi); /* nothing is in it */
        curl_easy_cleanup(easy);
        return IMPACT_ENOMEM;
    }
    http->easy = easy;
    http->owner = getpid();
    /* With the load in otlp__http_interrupt: whoever sees the handle sees it opened. */
    atomic_store(&http->multi, multi);
    return IMPACT_OK;
}

static impact__once start_once;
static impact_status start_status;

/* Never undone: curl_global_cleanup is the host's to call, who may use libcurl too. */
static void start_libcurl(void)
{
    start_status = curl_global_init(CURL_GLOBAL_DEFAULT) ? IMPACT_ESYSTEM : impact_door_watch();
}

impact_status otlp__http_open(otlp__http **http, const otlp__settings *settings)
{
    otlp__http *opened = impact__alloc(settings->allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->settings = settings;
    opened->has_tls = otlp__curl_speaks_tls(settings);
    atomic_init(&opened->end_ns, UINT64_MAX);
    atomic_init(&opened->hastened_ns, 0);
    opened->body = IMPACT__BUFFER(settings->allocator);
    impact__once_do(&start_once, start_libcurl);
    impact_status status = start_status;
    if (status == IMPACT_OK) {
        opened->headers = otlp__curl_headers(settings);
        status = opened->headers ? open_handles(opened) : IMPACT_ENOMEM;
    }
    if (status) {
        otlp__http_close(opened);
        return status;
    }
    *http = opened;
    return IMPACT_OK;
}

void otlp__http_close(otlp__http *http)
{
    if (http->owner == getpid() && enter(http)) { /* otherwise they are the parent's */
        curl_easy_cleanup(http->easy);
        (void)curl_multi_cleanup(atomic_load(&http->multi)); /* nothing is in it */
        leave(http);
    }
    curl_slist_free_all(http->headers);
    impact__buffer_close(&http->body);
    impact__free(http->settings->allocator, http);
}

/* ---- a post ---- */

static bool is_interrupted(otlp__http *http)
{
    /* With the store in otlp__http_interrupt, which comes before its wakeup. */
    return atomic_load(&http->is_interrupted);
}

static int poll_ms(uint64_t deadline_ns)
{
    const uint32_t remaining = impact__remaining_ms(deadline_ns);
    return remaining < INT_MAX ? (int)remaining : INT_MAX;
}

/* Until something can be done. */
static bool wait_outside(otlp__http *http, CURLM *multi, int wait_ms)
{
    leave(http);
    const bool has_waited = curl_multi_poll(multi, NULL, 0, wait_ms, NULL) == CURLM_OK;
    http->is_over = !enter(http);
    return has_waited;
}

/* A connection that is used again takes no time; then the request's own beginning tells. */
static bool is_connected(CURL *easy)
{
    double connect_s = 0;
    double begin_s = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &connect_s);   /* known to all versions; */
    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME, &begin_s); /* likewise */
    return connect_s > 0 || begin_s > 0;
}

/* The moment by which who was asked at `began_ns` has to have taken the connection: at once, if he
 * has not done so before. */
static uint64_t connect_end_of(otlp__http *http, uint64_t began_ns)
{
    if (otlp__http_end(http) == UINT64_MAX || is_connected(http->easy))
        return UINT64_MAX;
    if (http->is_away)
        return 0;
    const uint64_t hastened_ns = atomic_load(&http->hastened_ns);
    return (hastened_ns > began_ns ? hastened_ns : began_ns) + connect_grace_ns;
}

/* How long to wait for what comes next. Only a look that was taken after its end tells that nobody
 * took the connection: on a busy machine we may come late ourselves. */
static int patience_ms(otlp__http *http, uint64_t began_ns, uint64_t looked_ns,
                       uint64_t deadline_ns)
{
    const uint64_t connect_end_ns = connect_end_of(http, began_ns);
    if (connect_end_ns >= deadline_ns)
        return poll_ms(deadline_ns);
    http->is_away = http->answer.is_unreachable = looked_ns >= connect_end_ns;
    if (http->is_away)
        return 0;
    const int wait = poll_ms(connect_end_ns);
    return wait ? wait : 1;
}

/* Until the transfer is through. */
static impact_status drive(otlp__http *http, CURLM *multi, uint64_t deadline_ns)
{
    const uint64_t began_ns = impact__clock_monotonic_ns();
    for (int running = 1;;) {
        const uint64_t looked_ns = impact__clock_monotonic_ns();
        if (is_interrupted(http))
            return IMPACT_ECLOSED;
        if (curl_multi_perform(multi, &running))
            return IMPACT_EEXPORT;
        if (!running)
            return IMPACT_OK;
        const int wait = patience_ms(http, began_ns, looked_ns, deadline_ns);
        if (wait == 0)
            return IMPACT_ETIMEDOUT;
        const bool has_waited = wait_outside(http, multi, wait);
        if (http->is_over)
            return IMPACT_ECLOSED;
        if (!has_waited)
            return IMPACT_EEXPORT;
    }
}

static bool is_sent_whole(const otlp__http *http)
{
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(http->easy, CURLINFO_SIZE_UPLOAD_T, &sent); /* known to all versions */
    return sent >= http->request_size;
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
static impact_status settle_grpc(otlp__http *http, CURLcode code, impact_status status)
{
    otlp__answer *answer = &http->answer;
    const bool is_reset = code == CURLE_HTTP2_STREAM && !is_sent_whole(http);
    answer->is_unended = is_unended(answer);
    answer->is_reset = is_reset && !answer->grpc.is_there;
    const bool is_answered = answer->grpc.is_there || answer->is_unended || answer->is_too_large;
    return is_answered || is_reset ? IMPACT_OK : status;
}

/* How the transfer that has ended went. */
static impact_status result_of(otlp__http *http, CURLM *multi)
{
    int left = 0;
    const CURLMsg *ended = curl_multi_info_read(multi, &left);
    const CURLcode code = ended ? ended->data.result : CURLE_RECV_ERROR;
    http->answer.error = http->error[0] ? http->error : curl_easy_strerror(code);
    http->answer.body = impact__buffer_text(&http->body);
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &http->answer.http_status);
    http->answer.is_unreachable = otlp__curl_is_unreachable(code);
    const impact_status status = otlp__curl_status(code);
    if (http->answer.protocol == OTLP__GRPC)
        return settle_grpc(http, code, status);
    http->answer.is_cut = status == IMPACT_ESYSTEM && http->answer.http_status >= 200;
    return http->answer.is_cut || http->answer.is_too_large ? IMPACT_OK : status;
}

static impact_status transfer(otlp__http *http, impact_text body, uint64_t deadline_ns)
{
    assert(http->owner == getpid() && !http->is_over);
    CURLM *multi = atomic_load(&http->multi);
    unsigned failed = 0;
    http->request_size = (curl_off_t)body.size;
    failed |= curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, http->request_size);
    failed |= curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, body.data);
    if (failed || curl_multi_add_handle(multi, http->easy))
        return IMPACT_ENOMEM;
    impact_status status = drive(http, multi, deadline_ns);
    if (status == IMPACT_OK)
        status = result_of(http, multi);
    if (!http->is_over)
        (void)curl_multi_remove_handle(multi, http->easy); /* it was added */
    return status;
}

/* A child opens its own. */
static impact_status own_handles(otlp__http *http)
{
    return http->owner == getpid() ? IMPACT_OK : open_handles(http);
}

static impact_status post_inside(otlp__http *http, impact_text body, uint64_t deadline_ns)
{
    http->is_over = !enter(http);
    impact_status status = http->is_over ? IMPACT_ECLOSED : IMPACT_OK;
    if (status == IMPACT_OK)
        status = own_handles(http);
    if (status == IMPACT_OK)
        status = transfer(http, body, deadline_ns);
    if (http->is_over)
        http->answer.error = "the process ends";
    else
        leave(http);
    return status;
}

impact_status otlp__http_post(otlp__http *http, otlp__answer *answer, impact_text body,
                              uint64_t deadline_ns)
{
    assert(body.data || body.size == 0);
    http->answer = (otlp__answer){
        .protocol = http->settings->protocol,
        .error = "no answer in time",
    };
    http->error[0] = 0;
    http->header_size = 0;
    impact__buffer_clear(&http->body);
    const impact_status status = post_inside(http, body, deadline_ns);
    *answer = http->answer;
    return status;
}

/* Pauses need handles that are this process's own too. */
static impact_status prepare_to_wait(otlp__http *http)
{
    if (!enter(http))
        return IMPACT_ECLOSED;
    const impact_status status = own_handles(http);
    leave(http);
    return status;
}

uint64_t otlp__http_end(const otlp__http *http)
{
    /* With the store in otlp__http_hasten, which comes before its wakeup. */
    return atomic_load(&http->end_ns);
}

static bool is_to_go_on(otlp__http *http, uint64_t known_end_ns)
{
    return is_interrupted(http) || otlp__http_end(http) != known_end_ns;
}

impact_status otlp__http_wait(otlp__http *http, uint64_t until_ns, uint64_t known_end_ns)
{
    const impact_status status = prepare_to_wait(http);
    if (status)
        return status;
    CURLM *multi = atomic_load(&http->multi);
    for (int wait; (wait = poll_ms(until_ns)) > 0 && !is_to_go_on(http, known_end_ns);)
        if (curl_multi_poll(multi, NULL, 0, wait, NULL))
            return IMPACT_EEXPORT;
    return is_interrupted(http) ? IMPACT_ECLOSED : IMPACT_OK;
}

void otlp__http_hasten(otlp__http *http, uint64_t end_ns)
{
    atomic_store(&http->hastened_ns, impact__clock_monotonic_ns());
    atomic_store(&http->end_ns, end_ns);
    (void)curl_multi_wakeup(atomic_load(&http->multi)); /* fails where nobody can wait either */
}

void otlp__http_interrupt(otlp__http *http)
{
    atomic_store(&http->is_interrupted, true);
    (void)curl_multi_wakeup(atomic_load(&http->multi)); /* fails where nobody can wait either */
}
