/* libcurl: a CLIENT span a request with the context's fields; its checks are in
 * <impact/curl_checks.h>. Link with impact-curl.
 *
 * Call impact_curl_easy_* and impact_curl_multi_* where curl_easy_* and curl_multi_* stood, or
 * define IMPACT_CURL_REPLACE before this header and change nothing else. libcurl does not tell
 * which header list and functions a handle has, so the setopt must pass through here for the
 * application's own to be respected.
 */
#ifndef IMPACT_CURL_H
#define IMPACT_CURL_H

#include <curl/curl.h>

#include <impact/curl_checks.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- easy handles ---- */

/* As curl_easy_setopt; remembers CURLOPT_HTTPHEADER, CURLOPT_PREREQFUNCTION and CURLOPT_PREREQDATA,
 * which must pass through here, and what tells the request: URL, port and method. The list still
 * belongs to the application. What is remembered needs memory: CURLE_OUT_OF_MEMORY for those three.
 * It goes with impact_curl_easy_cleanup, which must be the handle's end then. */
IMPACT_API CURLcode impact_curl_easy_setopt(CURL *easy, CURLoption option, ...);

/* As curl_easy_perform, with a CLIENT span for each request that is sent: children of the current
 * one. The fields of the process's propagator are added to each, also without a provider, but those
 * that the application sends itself; afterwards the handle has the application's list again. */
IMPACT_API CURLcode impact_curl_easy_perform(CURL *easy);

/* As their namesakes; they keep what is remembered in step, and end a transfer that is under
 * way. */
IMPACT_API void impact_curl_easy_reset(CURL *easy);
IMPACT_API CURL *impact_curl_easy_duphandle(CURL *easy);
IMPACT_API void impact_curl_easy_cleanup(CURL *easy);

/* ---- multi handles ---- */

/* As curl_multi_add_handle: the transfer begins, in the current context, as in
 * impact_curl_easy_perform. It may be driven by any means and on any thread: curl_multi_perform,
 * curl_multi_socket_action and the others are libcurl's own. */
IMPACT_API CURLMcode impact_curl_multi_add_handle(CURLM *multi, CURL *easy);

/* As their namesakes. A transfer ends when its result is read, or its handle is removed, whichever
 * is first; cleaning up removes all. */
IMPACT_API CURLMsg *impact_curl_multi_info_read(CURLM *multi, int *queued);
IMPACT_API CURLMcode impact_curl_multi_remove_handle(CURLM *multi, CURL *easy);
IMPACT_API CURLMcode impact_curl_multi_cleanup(CURLM *multi);

#ifdef __cplusplus
}
#endif

#ifdef IMPACT_CURL_REPLACE
#undef curl_easy_setopt
#define curl_easy_setopt         impact_curl_easy_setopt
#define curl_easy_perform        impact_curl_easy_perform
#define curl_easy_reset          impact_curl_easy_reset
#define curl_easy_duphandle      impact_curl_easy_duphandle
#define curl_easy_cleanup        impact_curl_easy_cleanup
#define curl_multi_add_handle    impact_curl_multi_add_handle
#define curl_multi_info_read     impact_curl_multi_info_read
#define curl_multi_remove_handle impact_curl_multi_remove_handle
#define curl_multi_cleanup       impact_curl_multi_cleanup
#endif

#endif
