/* The check of an HTTP API: one request, and the status that is expected.
 *
 * DESIGN: Each run has a handle of its own: no connection outlives it, so there is nothing that a
 * broken network or a fork could leave behind, and a check that passes has connected just now. It
 * is driven here rather than by curl_easy_perform, so that a run that waits is outside the door of
 * <impact/process.h> when the process ends.
 */
#include <impact/curl.h>

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <impact/process.h>

#include "base/alloc.h"
#include "base/once.h"
#include "base/options.h"

enum {
    default_status = 200,
    default_timeout_ms = 3000,
    longest_wait_ms = 1000,
    body_limit = 1 << 20, /* bytes of a body that are read and thrown away; then we hang up */
};

typedef struct http_check {
    long status;
    char *url; /* both in the same piece of memory as the struct */
    char *method;
    CURL *easy; /* of the run that is under way; both are left here when the process ends */
    CURLM *multi;
} http_check;

/* ---- a run ---- */

/* Says no to the piece that passes the limit, which ends the transfer. */
static size_t throw_away(char *data, size_t item_size, size_t count, void *userdata)
{
    (void)data;
    size_t *size = userdata;
    *size += item_size * count; /* libcurl's pieces are at most CURL_MAX_READ_SIZE */
    return *size <= body_limit ? item_size * count : 0;
}

static bool set_up(const http_check *check, long remaining_ms, size_t *body_size)
{
    CURL *easy = check->easy;
    const bool is_head = strcmp(check->method, "HEAD") == 0;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, check->url);
    if (code == CURLE_OK)
        code = is_head ? curl_easy_setopt(easy, CURLOPT_NOBODY, 1L)
                       : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, check->method);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, remaining_ms);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, remaining_ms);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, body_size);
    return code == CURLE_OK;
}

static impact_health_status judge(impact_health_run *run, const http_check *check, CURLcode code,
                                  size_t body_size)
{
    long status = 0;
    (void)curl_easy_getinfo(check->easy, CURLINFO_RESPONSE_CODE, &status); /* else it stays 0 */
    const bool was_cut = code == CURLE_WRITE_ERROR && body_size > body_limit;
    if (code != CURLE_OK && !was_cut) {
        impact_health_explain(run, "%s", curl_easy_strerror(code));
        return IMPACT_HEALTH_FAIL;
    }
    if (status != check->status) {
        impact_health_explain(run, "status %ld, expected %ld", status, check->status);
        return IMPACT_HEALTH_FAIL;
    }
    return IMPACT_HEALTH_PASS;
}

/* Until something can be done, be it to give up: libcurl has the time limit. False: the process
 * ends. */
static bool wait_outside(CURLM *multi)
{
    impact_door_leave();
    (void)curl_multi_poll(multi, NULL, 0, longest_wait_ms,
                          NULL); /* if it fails, the transfer does */
    return impact_door_enter();
}

static CURLcode result_of(CURLM *multi)
{
    int left = 0;
    const CURLMsg *ended = curl_multi_info_read(multi, &left);
    return ended ? ended->data.result : CURLE_OUT_OF_MEMORY;
}

/* Inside the door. False: the process ends, the door was shut, and the transfer hangs in the
 * air. */
static bool perform(const http_check *check, CURLcode *code)
{
    *code = CURLE_OUT_OF_MEMORY;
    if (curl_multi_add_handle(check->multi, check->easy))
        return true;
    CURLMcode state;
    int running = 1;
    while ((state = curl_multi_perform(check->multi, &running)) == CURLM_OK && running)
        if (!wait_outside(check->multi))
            return false;
    if (state == CURLM_OK)
        *code = result_of(check->multi);
    (void)curl_multi_remove_handle(check->multi, check->easy); /* it was added */
    return true;
}

/* As perform; the status is FAIL before. */
static bool ask(impact_health_run *run, const http_check *check, impact_health_status *status)
{
    size_t body_size = 0;
    CURLcode code;
    const long remaining_ms = (long)impact_health_remaining_ms(run);
    if (!remaining_ms) { /* to libcurl, 0 is no limit */
        impact_health_explain(run, "no time is left");
        return true;
    }
    if (!set_up(check, remaining_ms, &body_size)) {
        impact_health_explain(run, "libcurl refuses an option");
        return true;
    }
    if (!perform(check, &code))
        return false;
    *status = judge(run, check, code, body_size);
    return true;
}

/* As ask. */
static bool run_inside(impact_health_run *run, http_check *check, impact_health_status *status)
{
    check->easy = curl_easy_init();
    check->multi = check->easy ? curl_multi_init() : NULL;
    if (!check->multi)
        impact_health_explain(run, "no memory");
    else if (!ask(run, check, status))
        return false;
    (void)curl_multi_cleanup(check->multi); /* nothing is in it */
    curl_easy_cleanup(check->easy);
    check->multi = check->easy = NULL;
    return true;
}

static impact_health_status run_check(impact_health_run *run, void *check)
{
    impact_health_status status = IMPACT_HEALTH_FAIL;
    if (!impact_door_enter() || !run_inside(run, check, &status))
        impact_health_explain(run, "the process ends");
    else
        impact_door_leave();
    return status;
}

/* ---- registering ---- */

static bool is_http(const char *url)
{
    return url && (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
}

/* libcurl can read it, so that a mistake shows at registration. */
static impact_status examine(const char *url)
{
    if (!is_http(url))
        return IMPACT_EINVAL;
    CURLU *parsed = curl_url();
    if (!parsed)
        return IMPACT_ENOMEM;
    const CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, 0);
    curl_url_cleanup(parsed);
    if (code == CURLUE_OUT_OF_MEMORY)
        return IMPACT_ENOMEM;
    return code == CURLUE_OK ? IMPACT_OK : IMPACT_EINVAL;
}

/* In one piece: the struct, the URL, the method. */
static http_check *copy_check(const impact_check_http_options *options)
{
    const char *method = options->method ? options->method : "GET";
    const size_t url_size = strlen(options->url) + 1;
    const size_t method_size = strlen(method) + 1;
    http_check *check = impact__alloc(NULL, sizeof *check + url_size + method_size);
    if (!check)
        return NULL;
    check->status = options->status ? options->status : default_status;
    check->url = memcpy((char *)(check + 1), options->url, url_size);
    check->method = memcpy(check->url + url_size, method, method_size);
    return check;
}

static void free_check(void *check)
{
    impact__free(NULL, check);
}

static impact_status add(impact_health *health, const impact_check_http_options *options)
{
    http_check *check = copy_check(options);
    if (!check)
        return IMPACT_ENOMEM;
    const impact_status status = impact_health_add(
        health, IMPACT_CHECK(.name = options->name, .run = run_check, .userdata = check,
                             .free_userdata = free_check, .groups = options->groups,
                             .timeout_ms = options->timeout_ms ? options->timeout_ms
                                                               : (uint32_t)default_timeout_ms));
    if (status)
        free_check(check);
    return status;
}

static impact__once start_once;
static impact_status start_status;

/* Here, where no thread of ours runs yet: it is not safe everywhere at first use. */
static void start_libcurl(void)
{
    start_status = curl_global_init(CURL_GLOBAL_DEFAULT) ? IMPACT_ENOMEM : impact_door_watch();
}

impact_status impact_health_add_http(impact_health *health,
                                     const impact_check_http_options *options)
{
    impact_check_http_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact_status status = examine(known.url);
    if (status)
        return status;
    impact__once_do(&start_once, start_libcurl);
    return start_status ? start_status : add(health, &known);
}
