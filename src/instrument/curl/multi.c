/* libcurl's multi interface with spans.
 *
 * DESIGN: a transfer begins when its handle is added, with the spans' parent that is current there,
 * and ends when its result is read, or its handle is taken away, whichever is first. What drives it
 * in between, by whatever means and on whatever thread, is libcurl's alone. Handles that were added
 * without these functions are as they were.
 */
#include <impact/curl.h>

#include "instrument/curl/curl_handle.h"
#include "instrument/curl/transfer.h"

static void abandon(CURL *easy)
{
    impact__curl_handle *handle = impact__curl_handle_find(easy);
    if (handle)
        impact__transfer_abandon(handle);
}

/* libcurl sends nothing before the handle is driven, which is after this. */
CURLMcode impact_curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    const CURLMcode code = curl_multi_add_handle(multi, easy);
    if (code != CURLM_OK)
        return code;
    abandon(easy); /* it may have been taken away behind our back */
    impact__curl_handle *handle = impact__curl_handle_get(easy);
    if (handle)
        impact__transfer_begin(handle, multi);
    return CURLM_OK;
}

CURLMcode impact_curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    const CURLMcode code = curl_multi_remove_handle(multi, easy);
    if (code == CURLM_OK)
        abandon(easy);
    return code;
}

CURLMsg *impact_curl_multi_info_read(CURLM *multi, int *queued)
{
    CURLMsg *message = curl_multi_info_read(multi, queued);
    if (!message || message->msg != CURLMSG_DONE)
        return message;
    impact__curl_handle *handle = impact__curl_handle_find(message->easy_handle);
    if (handle)
        impact__transfer_end(handle, message->data.result);
    return message;
}

/* What is still in it is in no multi handle afterwards, and not closed. */
CURLMcode impact_curl_multi_cleanup(CURLM *multi)
{
    impact__curl_handle *handle;
    while (multi && (handle = impact__curl_handle_find_in(multi)))
        impact__transfer_abandon(handle);
    return curl_multi_cleanup(multi);
}
