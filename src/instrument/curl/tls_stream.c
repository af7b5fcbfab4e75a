/* A TLS connection for checks that speak something else than HTTP.
 *
 * DESIGN: libcurl shakes hands and nothing more (CURLOPT_CONNECT_ONLY), as for the check of
 * certificates; then it carries bytes. Who talks waits by what is given to him, so that he is
 * outside of the door meanwhile (driven.h).
 */
#include "tls_stream.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <impact/process.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "driven.h"

enum { url_size = 320, longest_wait_ms = 1000 };

struct impact_tls_client {
    impact__driven driven;
    bool accepts_untrusted;
    const char *ca_file; /* these three in the same piece of memory; NULL: none */
    const char *certificate_file;
    const char *key_file;
    char url[url_size];
};

/* One that is connected, while it is talked to. */
typedef struct talk {
    impact_tls_client *client;
    impact_health_run *run;
    CURL *easy;
    curl_socket_t socket;
    impact_tls_talk_fn talk;
    void *userdata;
} talk;

/* ---- bytes ---- */

static ptrdiff_t fail(const talk *t, const char *why)
{
    impact_health_explain(t->run, "%s", why);
    return IMPACT_TLS_FAILED;
}

static ptrdiff_t result_of(const talk *t, CURLcode code, size_t size)
{
    if (code == CURLE_OK)
        return (ptrdiff_t)size;
    return code == CURLE_AGAIN ? 0 : fail(t, curl_easy_strerror(code));
}

static ptrdiff_t send_bytes(void *connection, const void *data, size_t size)
{
    const talk *t = connection;
    size_t sent = 0;
    if (t->client->driven.is_left)
        return IMPACT_TLS_FAILED;
    const CURLcode code = curl_easy_send(t->easy, data, size, &sent);
    return result_of(t, code, sent);
}

static ptrdiff_t receive_bytes(void *connection, void *data, size_t limit)
{
    const talk *t = connection;
    size_t got = 0;
    if (t->client->driven.is_left)
        return IMPACT_TLS_FAILED;
    const CURLcode code = curl_easy_recv(t->easy, data, limit, &got);
    return code == CURLE_OK && !got ? fail(t, "it hangs up") : result_of(t, code, got);
}

/* A piece of the time, so that who has left the door comes back to it. False: the process ends. */
static bool poll_outside(talk *t, short events, uint32_t limit_ms, bool *is_ready)
{
    struct pollfd one = {.fd = t->socket, .events = events};
    impact_door_leave();
    *is_ready = poll(&one, 1, limit_ms < longest_wait_ms ? (int)limit_ms : longest_wait_ms) > 0;
    t->client->driven.is_left = !impact_door_enter();
    return !t->client->driven.is_left;
}

static bool wait_for(void *connection, bool for_input, uint32_t limit_ms)
{
    talk *t = connection;
    const uint64_t deadline = impact__deadline_after_ms(limit_ms);
    bool is_ready = false;
    for (uint32_t left_ms; !is_ready && (left_ms = impact__remaining_ms(deadline)) != 0;)
        if (t->client->driven.is_left ||
            !poll_outside(t, for_input ? POLLIN : POLLOUT, left_ms, &is_ready))
            return false;
    return is_ready;
}

/* ---- a run ---- */

static CURLcode set_file(CURL *easy, CURLoption option, const char *file)
{
    return file ? curl_easy_setopt(easy, option, file) : CURLE_OK;
}

static CURLcode set_files(CURL *easy, const impact_tls_client *client)
{
    CURLcode code = set_file(easy, CURLOPT_CAINFO, client->ca_file);
    if (code == CURLE_OK)
        code = set_file(easy, CURLOPT_SSLCERT, client->certificate_file);
    return code == CURLE_OK ? set_file(easy, CURLOPT_SSLKEY, client->key_file) : code;
}

/* Without ALPN: what is spoken is not HTTP. */
static bool set_up(CURL *easy, void *userdata)
{
    const talk *t = userdata;
    const long verifies = !t->client->accepts_untrusted;
    return curl_easy_setopt(easy, CURLOPT_URL, t->client->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verifies) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2 * verifies) == CURLE_OK &&
           set_files(easy, t->client) == CURLE_OK;
}

static impact_health_status judge(impact_health_run *run, CURL *easy, CURLcode code, void *userdata)
{
    talk *t = userdata;
    t->easy = easy;
    if (code == CURLE_OK)
        code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &t->socket);
    if (code != CURLE_OK) {
        impact_health_explain(run, "%s", curl_easy_strerror(code));
        return IMPACT_HEALTH_FAIL;
    }
    const impact_tls_stream stream = {
        .size = sizeof stream,
        .connection = t,
        .send = send_bytes,
        .receive = receive_bytes,
        .wait = wait_for,
    };
    return t->talk(&stream, t->userdata) ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static bool talk_to(impact_tls_client *client, impact_health_run *run, impact_tls_talk_fn function,
                    void *userdata)
{
    talk t = {.client = client, .run = run, .talk = function, .userdata = userdata};
    return impact__driven_run(&client->driven, run, set_up, judge, &t) == IMPACT_HEALTH_PASS;
}

/* ---- open and close ---- */

static bool write_url(char url[url_size], const impact_tls_target *target)
{
    const bool is_v6 = strchr(target->host, ':') != NULL;
    const int size = snprintf(url, url_size, is_v6 ? "https://[%s]:%u/" : "https://%s:%u/",
                              target->host, (unsigned)target->port);
    return size > 0 && size < url_size;
}

static size_t room_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *put(char **to, const char *text)
{
    if (!text)
        return NULL;
    const size_t size = room_of(text);
    char *copy = memcpy(*to, text, size);
    *to += size;
    return copy;
}

static impact_tls_client *make_client(const impact_tls_target *target, const char *url)
{
    impact_tls_client *client =
        impact__alloc(NULL, sizeof *client + room_of(target->ca_file) +
                                room_of(target->certificate_file) + room_of(target->key_file));
    if (!client)
        return NULL;
    char *texts = (char *)(client + 1);
    client->accepts_untrusted = target->accepts_untrusted;
    client->ca_file = put(&texts, target->ca_file);
    client->certificate_file = put(&texts, target->certificate_file);
    client->key_file = put(&texts, target->key_file);
    memcpy(client->url, url, strlen(url) + 1);
    return client;
}

static impact_status open_client(impact_tls_client **client, const impact_tls_target *target)
{
    impact_tls_target known;
    char url[url_size];
    if (!client || !target || !impact__struct_read(&known, sizeof known, target) || !known.host ||
        !write_url(url, &known))
        return IMPACT_EINVAL;
    const impact_status status = impact__driven_prepare(url);
    if (status)
        return status;
    impact_tls_client *made = make_client(&known, url);
    if (!made)
        return IMPACT_ENOMEM;
    *client = made;
    return IMPACT_OK;
}

static void close_client(impact_tls_client *client)
{
    impact__free(NULL, client);
}

const impact_tls impact__curl_tls = {
    .size = sizeof impact__curl_tls,
    .open = open_client,
    .talk = talk_to,
    .close = close_client,
};
