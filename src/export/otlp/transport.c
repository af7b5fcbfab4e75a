/* POSTs over libcurl.
 *
 * DESIGN: one easy handle in one multi handle, which keeps the connection. Whoever posts begins,
 * and looks again and again until it is over; between two looks he waits for one descriptor
 * (sockets.h), which another thread can make readable, or does what he likes. A forked child shares
 * the sockets and the TLS state of its parent, so it must not even close what it inherited (a TLS
 * close would end the parent's session): it drops the handles and opens its own. That is found out
 * by getpid.
 *
 * A post is a transfer, or several of them with look-ups of names in between (names.h), where no
 * thread may do that.
 *
 * The end of the process is like that: OpenSSL frees what a handle stands on. Where TLS is spoken,
 * all that touches the handles is done inside the door of <impact/process.h>: each look is, and a
 * transfer that waits is outside; once the door is shut they are not touched any more, nor freed.
 * Without TLS a handler of exit may still export.
 */
#include "export/otlp/transport.h"

#include <assert.h>
#include <stdatomic.h>
#include <unistd.h>

#include <curl/curl.h>

#include <impact/process.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/once.h"
#include "export/otlp/curl_options.h"
#include "export/otlp/names.h"
#include "export/otlp/reception.h"
#include "export/otlp/sockets.h"

/* Once all is to be over, who has not taken the connection so long after is away. */
static const uint64_t connect_grace_ns = 900 * IMPACT__NS_PER_MS;

struct otlp__http {
    const otlp__settings *settings;
    otlp__sockets sockets;
    CURL *easy;
    _Atomic pid_t owner; /* the process that opened the two: written behind them */
    struct curl_slist *headers;
    atomic_bool is_interrupted;
    _Atomic uint64_t end_ns;      /* of all, once somebody hastens */
    _Atomic uint64_t hastened_ns; /* when that was; written before it */
    bool is_away;                 /* since then nobody has taken the connection */
    bool has_tls;
    otlp__names names;

    /* The post that runs. */
    impact_text request;
    bool is_sent; /* the handle is with libcurl */
    uint64_t began_ns;
    uint64_t deadline_ns;
    uint64_t moment_ns; /* of the next look at latest */
    otlp__reception received;
};

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

/* Otherwise they are the parent's, or there are none. */
static bool owns_handles(const otlp__http *http)
{
    return atomic_load(&http->owner) == getpid();
}

static bool configure(otlp__http *http, CURL *easy)
{
    return otlp__curl_configure(easy, http->settings, http->headers) &&
           otlp__reception_configure(&http->received, easy);
}

static impact_status open_handles(otlp__http *http)
{
    CURL *easy = curl_easy_init();
    if (!easy || !configure(http, easy) || !otlp__sockets_open(&http->sockets)) {
        curl_easy_cleanup(easy);
        return IMPACT_ENOMEM;
    }
    http->easy = easy;
    http->is_sent = false; /* what a parent sent is not here */
    otlp__names_forget(&http->names);
    atomic_store(&http->owner, getpid());
    return IMPACT_OK;
}

/* From libcurl. */
static void take_back(otlp__http *http)
{
    if (http->is_sent)
        (void)curl_multi_remove_handle(http->sockets.multi, http->easy); /* it was added */
    http->is_sent = false;
}

static impact__once start_once;
static impact_status start_status;

/* Never undone: curl_global_cleanup is the host's to call, who may use libcurl too. */
static void start_libcurl(void)
{
    start_status = curl_global_init(CURL_GLOBAL_DEFAULT) ? IMPACT_ESYSTEM : impact_door_watch();
    otlp__lookup_prepare();
}

impact_status otlp__http_open(otlp__http **http, const otlp__settings *settings)
{
    otlp__http *opened = impact__alloc(settings->allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->settings = settings;
    opened->has_tls = otlp__curl_speaks_tls(settings);
    opened->sockets.descriptor = -1;
    atomic_init(&opened->sockets.bell, -1);
    atomic_init(&opened->end_ns, UINT64_MAX);
    atomic_init(&opened->hastened_ns, 0);
    otlp__reception_open(&opened->received, settings);
    otlp__names_open(&opened->names, settings);
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
    if (owns_handles(http) && enter(http)) {
        take_back(http);
        otlp__names_stop(&http->names);
        curl_easy_cleanup(http->easy);
        otlp__sockets_close(&http->sockets);
        leave(http);
    }
    otlp__names_close(&http->names);
    curl_slist_free_all(http->headers);
    otlp__reception_close(&http->received);
    impact__free(http->settings->allocator, http);
}

/* ---- a post ---- */

static bool is_interrupted(otlp__http *http)
{
    /* With the store in otlp__http_interrupt, which comes before its ringing. */
    return atomic_load(&http->is_interrupted);
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

/* The moment by which who was asked has to have taken the connection: at once, if he has not done
 * so before. */
static uint64_t connect_end_of(otlp__http *http)
{
    if (otlp__http_end(http) == UINT64_MAX || is_connected(http->easy))
        return UINT64_MAX;
    if (http->is_away)
        return 0;
    const uint64_t hastened_ns = atomic_load(&http->hastened_ns);
    return (hastened_ns > http->began_ns ? hastened_ns : http->began_ns) + connect_grace_ns;
}

/* There is time for another look. Only one that was taken after its end tells that nobody took the
 * connection: on a busy machine we may come late ourselves. */
static bool is_patient(otlp__http *http, uint64_t looked_ns)
{
    const uint64_t connect_end_ns = connect_end_of(http);
    http->moment_ns = impact__earlier_ns(connect_end_ns, http->deadline_ns);
    if (connect_end_ns >= http->deadline_ns)
        return impact__clock_monotonic_ns() < http->deadline_ns;
    http->is_away = http->received.answer.is_unreachable = looked_ns >= connect_end_ns;
    return !http->is_away;
}

static bool is_under_way(const otlp__http *http)
{
    return http->is_sent || otlp__names_are_wanted(&http->names);
}

static impact_status send_request(otlp__http *http)
{
    unsigned failed = !otlp__names_tell(&http->names, http->easy);
    failed |=
        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->request.size);
    failed |= curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, http->request.data);
    if (failed || curl_multi_add_handle(http->sockets.multi, http->easy))
        return IMPACT_ENOMEM;
    http->is_sent = true;
    return IMPACT_OK;
}

/* A look-up, as long as an address is wanted, or else the transfer. */
static impact_status begin_step(otlp__http *http)
{
    if (!otlp__names_are_wanted(&http->names))
        return send_request(http);
    http->received.answer.error = "no address in time";
    return otlp__names_look_up(&http->names, &http->sockets);
}

/* IMPACT_EAGAIN: it goes on, or the next one does. IMPACT_OK: the transfer is through. */
static impact_status look_at_step(otlp__http *http, bool is_running)
{
    impact_status status = IMPACT_OK;
    if (!http->is_sent)
        status = otlp__names_look(&http->names);
    else if (is_running)
        status = IMPACT_EAGAIN;
    else if (!otlp__names_are_wanted(&http->names))
        return IMPACT_OK;
    if (status)
        return status;
    take_back(http);
    http->received.answer.error = "no answer in time";
    status = begin_step(http);
    return status ? status : IMPACT_EAGAIN;
}

/* IMPACT_EAGAIN: the post goes on. IMPACT_OK: it is through. */
static impact_status go_on(otlp__http *http)
{
    int running = 1;
    const uint64_t looked_ns = impact__clock_monotonic_ns();
    const bool is_sound = otlp__sockets_hush(&http->sockets);
    if (is_interrupted(http))
        return IMPACT_ECLOSED;
    if (!is_sound || !otlp__sockets_act(&http->sockets, &running))
        return IMPACT_EEXPORT;
    const impact_status status = look_at_step(http, running);
    if (status != IMPACT_EAGAIN)
        return status;
    if (!is_patient(http, looked_ns))
        return IMPACT_ETIMEDOUT;
    http->moment_ns = impact__earlier_ns(http->moment_ns, otlp__sockets_moment(&http->sockets));
    http->moment_ns = impact__earlier_ns(http->moment_ns, otlp__names_moment(&http->names));
    return IMPACT_EAGAIN;
}

/* How the transfer that has ended went. */
static impact_status result_of(otlp__http *http)
{
    int left = 0;
    const CURLMsg *ended = curl_multi_info_read(http->sockets.multi, &left);
    const CURLcode code = ended ? ended->data.result : CURLE_RECV_ERROR;
    return otlp__reception_end(&http->received, http->easy, code, http->request.size);
}

/* A child opens its own. */
static impact_status own_handles(otlp__http *http)
{
    return owns_handles(http) ? IMPACT_OK : open_handles(http);
}

static impact_status begin_post(otlp__http *http)
{
    impact_status status = own_handles(http);
    if (status == IMPACT_OK)
        status = otlp__names_begin(&http->names);
    http->began_ns = impact__clock_monotonic_ns();
    return status ? status : begin_step(http);
}

static void tell_no_address(otlp__http *http)
{
    http->received.answer.error = http->names.error;
    http->received.answer.is_unreachable = true;
}

static impact_status look_inside(otlp__http *http)
{
    impact_status status = is_under_way(http) ? IMPACT_OK : begin_post(http);
    if (status == IMPACT_OK)
        status = go_on(http);
    if (status == IMPACT_EAGAIN)
        return status;
    if (status == IMPACT_OK)
        status = result_of(http);
    else if (status == IMPACT_ESYSTEM)
        tell_no_address(http);
    take_back(http);
    otlp__names_stop(&http->names);
    return status;
}

void otlp__http_begin(otlp__http *http, impact_text body, uint64_t deadline_ns)
{
    assert(body.data || body.size == 0);
    assert(!is_under_way(http) || !owns_handles(http)); /* one at a time */
    otlp__reception_begin(&http->received);
    http->request = body;
    http->deadline_ns = deadline_ns;
    http->is_sent = false; /* in a child, what the parent sent is not here */
    otlp__names_forget(&http->names);
}

void otlp__http_look_names_up(otlp__http *http)
{
    otlp__names_guard(&http->names);
}

impact_status otlp__http_look(otlp__http *http, otlp__answer *answer)
{
    impact_status status = IMPACT_ECLOSED;
    if (enter(http)) {
        status = look_inside(http);
        leave(http);
    } else {
        http->is_sent = false; /* for good */
        http->received.answer.error = "the process ends";
    }
    if (status != IMPACT_EAGAIN)
        *answer = http->received.answer;
    return status;
}

uint64_t otlp__http_moment(const otlp__http *http)
{
    return http->moment_ns;
}

/* Pauses need a descriptor that is this process's own too. */
impact_status otlp__http_look_idle(otlp__http *http)
{
    if (!enter(http))
        return IMPACT_ECLOSED;
    const impact_status status = own_handles(http);
    leave(http);
    if (status)
        return status;
    const bool is_sound = otlp__sockets_hush(&http->sockets);
    if (is_interrupted(http))
        return IMPACT_ECLOSED;
    return is_sound ? IMPACT_OK : IMPACT_EEXPORT;
}

int otlp__http_descriptor(const otlp__http *http)
{
    return http->sockets.descriptor;
}

void otlp__http_wait(const otlp__http *http, uint64_t until_ns)
{
    otlp__sockets_wait(&http->sockets, until_ns);
}

uint64_t otlp__http_end(const otlp__http *http)
{
    /* With the store in otlp__http_hasten, which comes before its ringing. */
    return atomic_load(&http->end_ns);
}

/* A child's numbers are new, too: what stands under the parent's may be somebody else's there. */
static void ring(otlp__http *http)
{
    if (owns_handles(http))
        otlp__sockets_ring(&http->sockets);
}

void otlp__http_hasten(otlp__http *http, uint64_t end_ns)
{
    atomic_store(&http->hastened_ns, impact__clock_monotonic_ns());
    atomic_store(&http->end_ns, end_ns);
    ring(http);
}

void otlp__http_interrupt(otlp__http *http)
{
    atomic_store(&http->is_interrupted, true);
    ring(http);
}
