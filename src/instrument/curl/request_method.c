/* The method of a handle's next request.
 *
 * DESIGN: samplers are to see the method, and libcurl tells it only once a transfer has begun:
 * before, it tells the last one's. So the options that choose it are followed here as their manual
 * pages say: the last one counts, some take CURLOPT_NOBODY back, and CURLOPT_CUSTOMREQUEST wins
 * over all. Should a libcurl do otherwise, the span is corrected before its request is sent.
 */
#include "instrument/curl/request_method.h"

/* Their names are deprecated, what they do is not. */
enum {
    option_put = CURLOPTTYPE_LONG + 54,
    option_httppost = CURLOPTTYPE_OBJECTPOINT + 24,
};

/* A method that has a body, or is meant to bring one. */
static void choose(impact__request_method *method, const char *word)
{
    method->word = word;
    method->has_no_body = false;
}

bool impact__request_method_follow(impact__request_method *method, CURLoption option, bool is_set)
{
    switch ((int)option) {
    case CURLOPT_CUSTOMREQUEST:
        method->is_custom = is_set;
        break;
    case CURLOPT_NOBODY:
        method->has_no_body = is_set;
        if (is_set)
            method->word = NULL; /* what follows when it is taken back */
        break;
    case CURLOPT_HTTPGET:
        if (is_set)
            choose(method, NULL);
        break;
    case CURLOPT_POST:
        if (is_set)
            choose(method, "POST");
        else
            method->word = NULL;
        break;
    case CURLOPT_UPLOAD:
    case option_put:
        if (is_set)
            choose(method, "PUT");
        else
            method->word = NULL;
        break;
    case CURLOPT_MIMEPOST:
    case option_httppost:
        choose(method, "POST");
        break;
    case CURLOPT_POSTFIELDS:
    case CURLOPT_COPYPOSTFIELDS:
        method->word = "POST"; /* but CURLOPT_NOBODY stays */
        break;
    default:
        return false;
    }
    return true;
}

const char *impact__request_method_of(const impact__request_method *method, CURL *easy)
{
    char *custom = NULL;
    if (method->is_custom &&
        curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_METHOD, &custom) == CURLE_OK)
        return custom;
    if (method->has_no_body)
        return "HEAD";
    return method->word ? method->word : "GET";
}
