/* Checks by libcurl, without its headers: of an HTTP API, of a server's TLS certificates. Link with
 * impact-curl, or load that by its name (<impact/plugin.h>).
 */
#ifndef IMPACT_CURL_CHECKS_H
#define IMPACT_CURL_CHECKS_H

#include <impact/health.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a check that an HTTP API answers as expected ---- */

typedef struct impact_check_http_options {
    size_t size;
    const char *method;        /* copied; NULL: "GET" */
    const char *url;           /* copied; required: http or https */
    long status;               /* expected; 0: 200 */
    uint32_t timeout_ms;       /* 3000; with `check`, that one's */
    const char *name;          /* copied; the check's; required */
    const char *groups;        /* as in impact_check */
    bool may_be_live;          /* as in impact_check */
    const impact_check *check; /* as in <impact/checks.h> */
    const char *ca_file;       /* copied; who is trusted; NULL: whom libcurl trusts */
} impact_check_http_options;

#define IMPACT_CHECK_HTTP(...)                                                                     \
    (&(const impact_check_http_options){.size = sizeof(impact_check_http_options), __VA_ARGS__})

/* Register the check. Redirects are not followed, the body is thrown away, the transfer obeys the
 * deadline. IMPACT_EINVAL: no URL, or of another scheme; else as impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_http(impact_health *health, const impact_check_http_options *options);

typedef struct impact_check_tls_options {
    size_t size;
    const char *address; /* copied; "host:port", "[::1]:port"; port 443; required */
    double warn_days; /* until the first certificate of the server's ends; 0: no limit, but one */
    double fail_days; /* of the two is set */
    const char *ca_file;    /* copied; who is trusted; NULL: whom libcurl trusts */
    bool accepts_untrusted; /* certificates that nobody trusts, or of another name */
    const char *name;       /* these four as in <impact/checks.h> */
    const char *groups;
    uint32_t timeout_ms;
    const impact_check *check;
} impact_check_tls_options;

#define IMPACT_CHECK_TLS(...)                                                                      \
    (&(const impact_check_tls_options){.size = sizeof(impact_check_tls_options), __VA_ARGS__})

/* Register a check that shakes hands by TLS, and looks when the certificates end. As
 * impact_health_add; IMPACT_EINVAL: the address is none. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_tls(impact_health *health, const impact_check_tls_options *options);

#ifdef __cplusplus
}
#endif

#endif
