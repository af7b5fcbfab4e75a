/* libcurl's easy interface with spans. */
#include <impact/curl.h>

#include <stdarg.h>

#include "base/alloc.h"
#include "instrument/curl/curl_handle.h"
#include "instrument/curl/transfer.h"

/* libcurl's macro of this name checks types that are only known to the caller. */
#undef curl_easy_setopt

/* ---- options that are remembered ---- */

/* NULL: no memory. */
static impact__curl_handle *know(CURL *easy)
{
    impact__curl_handle *handle = impact__curl_handle_get(easy);
    if (handle)
        handle->is_known = true;
    return handle;
}

static impact__curl_settings *settings_of(CURL *easy)
{
    impact__curl_handle *handle = know(easy);
    return handle ? &handle->settings : NULL;
}

/* Without memory the option is not set: a list that is not remembered could not be restored. */
static CURLcode set_headers(CURL *easy, struct curl_slist *headers)
{
    impact__curl_handle *handle = know(easy);
    if (!handle)
        return CURLE_OUT_OF_MEMORY;
    const CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (code != CURLE_OK)
        return code;
    handle->settings.headers = headers;
    handle->transfer.is_list_new = true;
    return CURLE_OK;
}

/* Ours calls it while requests are watched; it is remembered for that, and for afterwards. */
static bool is_watched(CURL *easy)
{
    const impact__curl_handle *handle = impact__curl_handle_find(easy);
    return handle && handle->transfer.is_watched;
}

static CURLcode set_prereq(CURL *easy, curl_prereq_callback callback)
{
    impact__curl_settings *settings = settings_of(easy);
    if (!settings)
        return CURLE_OUT_OF_MEMORY;
    const CURLcode code =
        is_watched(easy) ? CURLE_OK : curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
    if (code == CURLE_OK)
        settings->prereq = callback;
    return code;
}

static CURLcode set_prereq_data(CURL *easy, void *data)
{
    impact__curl_settings *settings = settings_of(easy);
    if (!settings)
        return CURLE_OUT_OF_MEMORY;
    const CURLcode code =
        is_watched(easy) ? CURLE_OK : curl_easy_setopt(easy, CURLOPT_PREREQDATA, data);
    if (code == CURLE_OK)
        settings->prereq_data = data;
    return code;
}

/* What else is of use later. Without memory it is told later, too, by libcurl. */
static void remember_method(CURL *easy, CURLoption option, bool is_set)
{
    const impact__curl_handle *handle = impact__curl_handle_find(easy);
    impact__request_method method = {NULL, false, false};
    if (handle)
        method = handle->settings.method;
    if (!impact__request_method_follow(&method, option, is_set))
        return;
    impact__curl_settings *settings = settings_of(easy);
    if (settings)
        settings->method = method;
}

static void remember_url(CURL *easy, const char *url)
{
    impact__curl_settings *settings = settings_of(easy);
    if (!settings)
        return;
    impact__free(NULL, settings->url);
    settings->url = impact__copy_string(NULL, url);
}

/* Its content may change until the transfer begins, so it is read then. */
static void remember_url_handle(CURL *easy, CURLU *url_handle)
{
    impact__curl_settings *settings = settings_of(easy);
    if (settings)
        settings->url_handle = url_handle;
}

static void remember_port(CURL *easy, long port)
{
    impact__curl_settings *settings = settings_of(easy);
    if (settings)
        settings->port = port;
}

static void remember_connect_only(CURL *easy, long value)
{
    impact__curl_settings *settings = settings_of(easy);
    if (settings)
        settings->is_connect_only = value != 0;
}

/* ---- setopt ---- */

static CURLcode set_number(CURL *easy, CURLoption option, long value)
{
    const CURLcode code = curl_easy_setopt(easy, option, value);
    if (code != CURLE_OK)
        return code;
    if (option == CURLOPT_PORT)
        remember_port(easy, value);
    else if (option == CURLOPT_CONNECT_ONLY)
        remember_connect_only(easy, value);
    else
        remember_method(easy, option, value != 0);
    return CURLE_OK;
}

static CURLcode set_pointer(CURL *easy, CURLoption option, void *value)
{
    if (option == CURLOPT_HTTPHEADER)
        return set_headers(easy, value);
    if (option == CURLOPT_PREREQDATA)
        return set_prereq_data(easy, value);
    const CURLcode code = curl_easy_setopt(easy, option, value);
    if (code != CURLE_OK)
        return code;
    if (option == CURLOPT_URL)
        remember_url(easy, value);
    else if (option == CURLOPT_CURLU)
        remember_url_handle(easy, value);
    else
        remember_method(easy, option, value != NULL);
    return CURLE_OK;
}

static CURLcode set_function(CURL *easy, CURLoption option, void (*function)(void))
{
    if (option == CURLOPT_PREREQFUNCTION)
        return set_prereq(easy, (curl_prereq_callback)function);
    return curl_easy_setopt(easy, option, function);
}

/* An option's number tells the type of its value: curl/curl.h, CURLOPTTYPE_*. */
CURLcode impact_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    if (!easy)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    CURLcode code;
    va_list arguments;
    va_start(arguments, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        code = set_number(easy, option, va_arg(arguments, long));
    else if (option >= CURLOPTTYPE_FUNCTIONPOINT && option < CURLOPTTYPE_OFF_T)
        code = set_function(easy, option, va_arg(arguments, void (*)(void)));
    else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        code = curl_easy_setopt(easy, option, va_arg(arguments, curl_off_t));
    else
        code = set_pointer(easy, option, va_arg(arguments, void *));
    va_end(arguments);
    return code;
}

/* ---- transfers ---- */

/* What its callbacks do is in its span. Without one, as without a provider, what is current stays
 * so. */
static CURLcode perform_in(impact_span *span, CURL *easy)
{
    if (!span)
        return curl_easy_perform(easy);
    const impact_scope scope = impact_scope_enter(span);
    const CURLcode code = curl_easy_perform(easy);
    impact_scope_leave(scope);
    return code;
}

/* One that is under way already is for libcurl to refuse. */
CURLcode impact_curl_easy_perform(CURL *easy)
{
    if (!easy)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    impact__curl_handle *handle = impact__curl_handle_get(easy);
    if (!handle || handle->transfer.is_under_way)
        return curl_easy_perform(easy);
    impact__transfer_begin(handle, NULL);
    const CURLcode code = perform_in(handle->transfer.span, easy);
    handle = impact__curl_handle_find(easy); /* a callback may have reset it */
    if (handle)
        impact__transfer_end(handle, code);
    return code;
}

/* ---- handles ---- */

static void forget(CURL *easy)
{
    impact__curl_handle *handle = impact__curl_handle_find(easy);
    if (handle)
        impact__transfer_abandon(handle);
    handle = impact__curl_handle_find(easy); /* the end of a transfer forgets some */
    if (handle)
        impact__curl_handle_forget(handle);
}

void impact_curl_easy_reset(CURL *easy)
{
    if (!easy)
        return;
    forget(easy);
    curl_easy_reset(easy);
}

/* The copy has what the application set, also when it is made during a transfer. */
static bool copy_settings(CURL *copy, const impact__curl_handle *handle)
{
    const impact__curl_settings *settings = &handle->settings;
    return impact__curl_handle_copy(copy, handle) &&
           curl_easy_setopt(copy, CURLOPT_HTTPHEADER, settings->headers) == CURLE_OK &&
           curl_easy_setopt(copy, CURLOPT_PREREQFUNCTION, settings->prereq) == CURLE_OK &&
           curl_easy_setopt(copy, CURLOPT_PREREQDATA, settings->prereq_data) == CURLE_OK;
}

CURL *impact_curl_easy_duphandle(CURL *easy)
{
    CURL *copy = easy ? curl_easy_duphandle(easy) : NULL;
    const impact__curl_handle *handle = copy ? impact__curl_handle_find(easy) : NULL;
    if (!handle || !handle->is_known || copy_settings(copy, handle))
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
