/* The check of a server's TLS certificates: they are trusted, and do not end too soon.
 *
 * DESIGN: libcurl shakes hands and nothing more (CURLOPT_CONNECT_ONLY), and tells the certificates
 * that the server has shown. The one that ends first counts, be it an intermediate one: without it
 * the others are worth nothing.
 */
#include <impact/curl.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "certificate_date.h"
#include "checks/endpoint.h"
#include "checks/limits.h"
#include "checks/provided.h"
#include "driven.h"

enum { https_port = 443, seconds_per_day = 24 * 60 * 60, url_size = 320 };

typedef struct tls_check {
    impact__limits days;
    bool accepts_untrusted;
    impact__driven driven;
    const char *ca_file; /* in the same piece of memory as the struct; NULL: the system's */
    char url[url_size];
} tls_check;

/* ---- certificates ---- */

/* When the certificate ends, by one of its lines. */
static bool read_end(int64_t *end_s, const char *line)
{
    static const char key[] = "Expire date:";
    return strncmp(line, key, sizeof key - 1) == 0 &&
           impact__certificate_date_read(end_s, impact_text_of(line + sizeof key - 1));
}

/* The earliest end of all. False: none is told. */
static bool find_end(int64_t *end_s, const struct curl_certinfo *chain)
{
    bool has_found = false;
    for (int i = 0; i < chain->num_of_certs; i++) {
        for (const struct curl_slist *line = chain->certinfo[i]; line; line = line->next) {
            int64_t found_s = 0;
            if (!read_end(&found_s, line->data) || (has_found && found_s >= *end_s))
                continue;
            *end_s = found_s;
            has_found = true;
        }
    }
    return has_found;
}

/* The fewer the days, the worse. */
static impact_health_status judge_days(impact__limits limits, double days)
{
    if (days <= 0 || (limits.fail > 0 && days <= limits.fail))
        return IMPACT_HEALTH_FAIL;
    return limits.warn > 0 && days <= limits.warn ? IMPACT_HEALTH_WARN : IMPACT_HEALTH_PASS;
}

/* ---- a run ---- */

static bool set_up(CURL *easy, void *userdata)
{
    const tls_check *check = userdata;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, check->url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the server itself is meant */
    if (code == CURLE_OK && check->ca_file)
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, check->ca_file);
    if (code == CURLE_OK && check->accepts_untrusted)
        code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    if (code == CURLE_OK && check->accepts_untrusted)
        code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return code == CURLE_OK;
}

static impact_health_status judge(impact_health_run *run, CURL *easy, CURLcode code, void *userdata)
{
    const tls_check *check = userdata;
    const struct curl_certinfo *chain = NULL;
    int64_t end_s = 0;
    if (code != CURLE_OK) {
        impact_health_explain(run, "%s", curl_easy_strerror(code));
        return IMPACT_HEALTH_FAIL;
    }
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) || !chain || !find_end(&end_s, chain)) {
        impact_health_explain(run, "libcurl does not tell when the certificates end");
        return IMPACT_HEALTH_UNKNOWN;
    }
    const double now_s = (double)impact__clock_unix_ns() / (double)IMPACT__NS_PER_SEC;
    const double days = ((double)end_s - now_s) / (double)seconds_per_day;
    impact_health_observe(run, days, "days");
    impact_health_explain(run, "%.1f days are left", days);
    return judge_days(check->days, days);
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    tls_check *check = userdata;
    return impact__driven_run(&check->driven, run, set_up, judge, check);
}

/* ---- registering ---- */

static void write_url(char url[url_size], const impact__endpoint *to)
{
    const bool is_v6 = strchr(to->where, ':') != NULL;
    const int size = snprintf(url, url_size, is_v6 ? "https://[%s]:%u/" : "https://%s:%u/",
                              to->where, (unsigned)to->port);
    assert(size > 0 && size < url_size);
    (void)size;
}

static tls_check *make_check(const impact_check_tls_options *options, impact__limits days,
                             const char *url)
{
    const size_t ca_size = options->ca_file ? strlen(options->ca_file) + 1 : 0;
    tls_check *check = impact__alloc(NULL, sizeof *check + ca_size);
    if (!check)
        return NULL;
    check->days = days;
    check->accepts_untrusted = options->accepts_untrusted;
    if (ca_size)
        check->ca_file = memcpy(check + 1, options->ca_file, ca_size);
    memcpy(check->url, url, strlen(url) + 1);
    return check;
}

impact_status impact_health_add_tls(impact_health *health, const impact_check_tls_options *options)
{
    impact_check_tls_options known;
    impact__endpoint to;
    char url[url_size];
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !impact__endpoint_read(&to, known.address, https_port) || !to.port)
        return IMPACT_EINVAL;
    const impact__limits days = {known.warn_days, known.fail_days};
    if (!impact__limits_are_set(days))
        return IMPACT_EINVAL;
    write_url(url, &to);
    const impact_status status = impact__driven_prepare(url);
    return status ? status
                  : impact__provided_add(health, IMPACT__PROVIDED(known, .is_external = true),
                                         run_check, make_check(&known, days, url));
}
