/* The check of an HTTP API: one request, and the status that is expected.
 *
 * DESIGN: Each run has a handle of its own: no connection outlives it, so there is nothing that a
 * broken network or a fork could leave behind, and a check that passes has connected just now.
 */
#include <impact/curl.h>

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/packed.h"
#include "checks/provided.h"
#include "driven.h"

enum {
    default_status = 200,
    default_timeout_ms = 3000,
    body_limit = 1 << 20, /* bytes of a body that are read and thrown away; then we hang up */
};

typedef struct http_check {
    long status;
    const char *url; /* all three in the same piece of memory as the struct */
    const char *method;
    const char *ca_file;   /* NULL: the system's */
    impact__driven driven; /* of the run that is under way */
} http_check;

/* What one run knows. */
typedef struct http_run {
    const http_check *check;
    size_t body_size; /* as far as it came */
} http_run;

/* ---- a run ---- */

/* Says no to the piece that passes the limit, which ends the transfer. */
static size_t throw_away(char *data, size_t item_size, size_t count, void *userdata)
{
    (void)data;
    size_t *size = userdata;
    *size += item_size * count; /* libcurl's pieces are at most CURL_MAX_READ_SIZE */
    return *size <= body_limit ? item_size * count : 0;
}

static bool set_up(CURL *easy, void *userdata)
{
    http_run *this_run = userdata;
    const char *method = this_run->check->method;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, this_run->check->url);
    if (code == CURLE_OK)
        code = strcmp(method, "HEAD") == 0 ? curl_easy_setopt(easy, CURLOPT_NOBODY, 1L)
                                           : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK && this_run->check->ca_file)
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, this_run->check->ca_file);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, &this_run->body_size);
    return code == CURLE_OK;
}

static impact_health_status judge(impact_health_run *run, CURL *easy, CURLcode code, void *userdata)
{
    const http_run *this_run = userdata;
    const long expected = this_run->check->status;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* else it stays 0 */
    const bool was_cut = code == CURLE_WRITE_ERROR && this_run->body_size > body_limit;
    if (code != CURLE_OK && !was_cut) {
        impact_health_explain(run, "%s", curl_easy_strerror(code));
        return IMPACT_HEALTH_FAIL;
    }
    if (status != expected) {
        impact_health_explain(run, "status %ld, expected %ld", status, expected);
        return IMPACT_HEALTH_FAIL;
    }
    return IMPACT_HEALTH_PASS;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    http_check *check = userdata;
    http_run this_run = {.check = check};
    return impact__driven_run(&check->driven, run, set_up, judge, &this_run);
}

/* ---- registering ---- */

static bool is_http(const char *url)
{
    return url && (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
}

/* In one piece: the struct, and its texts. */
static http_check *copy_check(const impact_check_http_options *options)
{
    const char *method = options->method ? options->method : "GET";
    const size_t size = impact__packed_size(options->url) + impact__packed_size(method) +
                        impact__packed_size(options->ca_file);
    http_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    char *texts = (char *)(check + 1);
    check->status = options->status ? options->status : default_status;
    check->url = impact__pack(&texts, options->url);
    check->method = impact__pack(&texts, method);
    check->ca_file = impact__pack(&texts, options->ca_file);
    return check;
}

impact_status impact_health_add_http(impact_health *health,
                                     const impact_check_http_options *options)
{
    impact_check_http_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    if (!is_http(known.url))
        return IMPACT_EINVAL;
    const impact_status status = impact__driven_prepare(known.url);
    if (!known.timeout_ms && !known.check)
        known.timeout_ms = default_timeout_ms;
    return status ? status
                  : impact__provided_add(health,
                                         IMPACT__PROVIDED(known, .is_external = true,
                                                          .may_be_live = known.may_be_live),
                                         run_check, copy_check(&known));
}
