/* libcurl's easy interface with spans.
 *
 * DESIGN: CURLOPT_HTTPHEADER replaces the list, borrows it, and cannot be read back. So what the
 * application sets is remembered by handle, before libcurl gets it; for the time of a transfer libcurl
 * has a list that begins with our lines and goes on with the application's; afterwards it has the
 * application's again. A handle that nothing was remembered of has a list that we do not know, and
 * nothing is added to it. CURLOPT_PRIVATE stays the application's.
 */
#include <impact/curl.h>

#include <stdarg.h>

#include "base/alloc.h"
#include "instrument/common/table.h"
#include "instrument/curl/client_span.h"
#include "instrument/curl/trace_headers.h"

/* libcurl's macro of this name checks types that are only known to the caller. */
#undef curl_easy_setopt

typedef struct transfer {
    impact__table_entry entry;  /* by handle */
    struct curl_slist *headers; /* the application's; borrowed */
    char *url;                  /* copied; NULL: not known */
    CURLU *url_handle;          /* borrowed; wins over the URL; NULL: none */
} transfer;

static transfer *find(CURL *easy)
{
    return (transfer *)impact__table_find(easy);
}

static transfer *find_or_add(CURL *easy)
{
    transfer *t = find(easy);
    if (t || !impact__table_is_ready())
        return t;
    t = impact__alloc(NULL, sizeof *t);
    if (t)
        impact__table_add(&t->entry, easy);
    return t;
}

static void forget(CURL *easy)
{
    transfer *t = (transfer *)impact__table_remove(easy);
    if (!t)
        return;
    impact__free(NULL, t->url);
    impact__free(NULL, t);
}

/* ---- options ---- */

/* Without memory the option is not set: a list that is not remembered could not be restored. */
static CURLcode set_headers(CURL *easy, struct curl_slist *headers)
{
    transfer *t = find_or_add(easy);
    if (!t)
        return CURLE_OUT_OF_MEMORY;
    const CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK)
        t->headers = headers;
    return code;
}

/* Without memory the span has the URL that libcurl tells afterwards. */
static void remember_url(CURL *easy, const char *url)
{
    transfer *t = find_or_add(easy);
    if (!t)
        return;
    impact__free(NULL, t->url);
    t->url = impact__copy_string(NULL, url);
}

/* Its content may change until the transfer begins, so it is read then. */
static void remember_url_handle(CURL *easy, CURLU *handle)
{
    transfer *t = find_or_add(easy);
    if (t)
        t->url_handle = handle;
}

static CURLcode set_pointer(CURL *easy, CURLoption option, void *value)
{
    if (!easy)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    if (option == CURLOPT_HTTPHEADER)
        return set_headers(easy, value);
    const CURLcode code = curl_easy_setopt(easy, option, value);
    if (code == CURLE_OK && option == CURLOPT_URL)
        remember_url(easy, value);
    if (code == CURLE_OK && option == CURLOPT_CURLU)
        remember_url_handle(easy, value);
    return code;
}

/* An option's number tells the type of its value: curl/curl.h, CURLOPTTYPE_*. */
CURLcode impact_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    CURLcode code;
    va_list arguments;
    va_start(arguments, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        code = curl_easy_setopt(easy, option, va_arg(arguments, long));
    else if (option >= CURLOPTTYPE_FUNCTIONPOINT && option < CURLOPTTYPE_OFF_T)
        code = curl_easy_setopt(easy, option, va_arg(arguments, void (*)(void)));
    else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        code = curl_easy_setopt(easy, option, va_arg(arguments, curl_off_t));
    else
        code = set_pointer(easy, option, va_arg(arguments, void *));
    va_end(arguments);
    return code;
}

/* ---- transfers ---- */

/* A callback may have set another list meanwhile, or have reset the handle. */
static void restore_headers(CURL *easy)
{
    const transfer *t = find(easy);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                           t ? t->headers : NULL); /* it was taken before */
}

/* Our lines are in place for the transfer alone. */
static CURLcode perform_with_headers(CURL *easy, const transfer *t)
{
    impact__trace_headers headers;
    CURLcode code;
    impact__trace_headers_open(&headers, t->headers);
    if (headers.first == t->headers ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.first) != CURLE_OK) {
        code = curl_easy_perform(easy);
    } else {
        code = curl_easy_perform(easy);
        restore_headers(easy);
    }
    impact__trace_headers_close(&headers);
    return code;
}

/* Without a span, as without a provider, what is current is handed through. */
static CURLcode perform_in(impact_span *span, CURL *easy, const transfer *t)
{
    if (!span)
        return t ? perform_with_headers(easy, t) : curl_easy_perform(easy);
    const impact_scope scope = impact_scope_enter(span);
    const CURLcode code = t ? perform_with_headers(easy, t) : curl_easy_perform(easy);
    impact_scope_leave(scope);
    return code;
}

/* A copy, since a callback may set another; NULL: not known. */
static char *copy_url(const transfer *t)
{
    if (!t || !t->url_handle)
        return t ? impact__copy_string(NULL, t->url) : NULL;
    char *url = NULL;
    (void)curl_url_get(t->url_handle, CURLUPART_URL, &url, 0); /* else it stays NULL */
    char *copy = impact__copy_string(NULL, url);
    curl_free(url);
    return copy;
}

static CURLcode perform_traced(CURL *easy, transfer *t, const char *url)
{
    if (!impact__client_span_is_for(url))
        return curl_easy_perform(easy);
    impact_span *span = impact__client_span_start(url);
    const CURLcode code = perform_in(span, easy, t);
    impact__client_span_end(span, easy, url, code);
    return code;
}

CURLcode impact_curl_easy_perform(CURL *easy)
{
    if (!easy)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    transfer *t = find(easy);
    char *url = copy_url(t);
    const CURLcode code = perform_traced(easy, t, url);
    impact__free(NULL, url);
    return code;
}

/* ---- handles ---- */

void impact_curl_easy_reset(CURL *easy)
{
    if (!easy)
        return;
    forget(easy);
    curl_easy_reset(easy);
}

/* The copy has the application's list, also when it is made during a transfer. */
static bool copy_transfer(CURL *copy, const transfer *t)
{
    transfer *copied = find_or_add(copy);
    if (!copied)
        return false;
    copied->headers = t->headers;
    copied->url = impact__copy_string(NULL, t->url);
    copied->url_handle = t->url_handle;
    return curl_easy_setopt(copy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

CURL *impact_curl_easy_duphandle(CURL *easy)
{
    CURL *copy = easy ? curl_easy_duphandle(easy) : NULL;
    const transfer *t = copy ? find(easy) : NULL;
    if (!t || copy_transfer(copy, t))
        return copy;
    impact_curl_easy_cleanup(copy);
    return NULL;
}

void impact_curl_easy_cleanup(CURL *easy)
{
    if (!easy)
        return;
    forget(easy);
    curl_easy_cleanup(easy);
}
