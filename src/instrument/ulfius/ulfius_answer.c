/* The health paths in an application's ulfius server: on the thread of the connection, which
 * waits. */
#include <impact/ulfius.h>

#include "base/request_target.h"
#include "base/text.h"
#include "instrument/ulfius/ulfius_request.h"

static impact_text header(void *headers, const char *name)
{
    return impact__request_header(headers, name);
}

/* ulfius copies the body, and libmicrohttpd below it sends none to a HEAD. */
static void fill(struct _u_response *to, const impact_http_response *response)
{
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        (void)u_map_put(to->map_header, response->headers[i].name, response->headers[i].value);
    (void)ulfius_set_binary_body_response(to, (unsigned)response->status,
                                          response->body.size ? response->body.data : "",
                                          response->body.size);
}

int impact_ulfius_answer(const struct _u_request *request, struct _u_response *response,
                         void *health)
{
    if (!request || !request->http_url || !response || !health)
        return U_CALLBACK_CONTINUE;
    impact__request_headers headers = impact__ulfius_headers(request);
    const impact_text method = impact_text_of(request->http_verb);
    const impact__request_target target =
        impact__request_target_of(impact_text_of(request->http_url), false);
    const impact_http_request asked = {
        .size = sizeof asked,
        .method = impact__text_equal_string(method, "HEAD") ? impact_text_of("GET") : method,
        .path = target.path,
        .query = target.query,
        .header = header,
        .carrier = &headers,
    };
    impact_http_response answer = IMPACT_HTTP_RESPONSE;
    if (!impact_health_answer(health, &asked, &answer))
        return U_CALLBACK_CONTINUE;
    fill(response, &answer);
    impact_http_response_clear(&answer);
    return U_CALLBACK_COMPLETE;
}
