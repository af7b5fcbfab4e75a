/* What is remembered of an easy handle. */
#include "instrument/curl/curl_handle.h"

#include <assert.h>

#include "base/alloc.h"

impact__curl_handle *impact__curl_handle_find(CURL *easy)
{
    return (impact__curl_handle *)impact__table_find(easy);
}

impact__curl_handle *impact__curl_handle_get(CURL *easy)
{
    impact__curl_handle *handle = impact__curl_handle_find(easy);
    if (handle || !impact__table_is_ready())
        return handle;
    handle = impact__alloc(NULL, sizeof *handle);
    if (!handle)
        return NULL;
    handle->easy = easy;
    impact__table_add(&handle->entry, easy);
    return handle;
}

static bool is_driven_by(const impact__table_entry *entry, const void *multi)
{
    /* Of other threads' handles it may be another in a moment, but never this one: this one is
     * ours. */
    return impact__curl_handle_multi((const impact__curl_handle *)entry) == multi;
}

impact__curl_handle *impact__curl_handle_find_in(CURLM *multi)
{
    return (impact__curl_handle *)impact__table_find_if(is_driven_by, multi);
}

void impact__curl_handle_forget(impact__curl_handle *handle)
{
    assert(!handle->transfer.is_under_way);
    (void)impact__table_remove(handle->easy); /* it is the one we have */
    impact__free(NULL, handle->settings.url);
    impact__free(NULL, handle);
}

bool impact__curl_handle_copy(CURL *to, const impact__curl_handle *handle)
{
    impact__curl_handle *copy = impact__curl_handle_get(to);
    if (!copy)
        return false;
    copy->is_known = true;
    copy->settings = handle->settings;
    copy->settings.url = impact__copy_string(NULL, handle->settings.url);
    return true;
}

char *impact__curl_handle_copy_url(const impact__curl_handle *handle)
{
    if (!handle->settings.url_handle)
        return impact__copy_string(NULL, handle->settings.url);
    char *url = NULL;
    (void)curl_url_get(handle->settings.url_handle, CURLUPART_URL, &url,
                       0); /* else it stays NULL */
    char *copy = impact__copy_string(NULL, url);
    curl_free(url);
    return copy;
}
