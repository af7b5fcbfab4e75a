/* Answers, piece by piece. What has no memory to be written in is answered from constants. */
#include "health/reply.h"

#include <assert.h>
#include <string.h>

#include "health/render/page_parts.h"

void impact__reply_add_header(impact_http_response *response, const char *name, const char *value)
{
    assert(response->header_count < IMPACT_HTTP_HEADER_LIMIT);
    response->headers[response->header_count++] = (impact_http_header){name, value};
}

void impact__reply_begin(impact_http_response *response, int status)
{
    assert(status >= 100 && status < 600);
    *response = (impact_http_response){.size = sizeof *response, .status = status};
    impact__reply_add_header(response, "Cache-Control", "no-cache, no-store");
    /* A text may repeat what a stranger has sent: no browser is to take it for HTML. */
    impact__reply_add_header(response, "X-Content-Type-Options", "nosniff");
}

void impact__reply_constant(impact_http_response *response, int status, const char *content_type,
                            const char *body)
{
    impact__reply_begin(response, status);
    impact__reply_add_header(response, "Content-Type", content_type);
    response->body = impact_text_of(body);
}

void impact__reply_error(impact_http_response *response, int status, const char *body)
{
    impact__reply_constant(response, status, "application/json", body);
}

void impact__reply_buffer(impact_http_response *response, int status, const char *content_type,
                          impact__buffer *buffer, const char *service_id)
{
    const size_t size = buffer->size;
    if (service_id) /* behind the body: both live as long as the response */
        impact__buffer_append(buffer, service_id, strlen(service_id) + 1);
    if (buffer->has_failed) {
        impact__buffer_close(buffer);
        impact__reply_error(response, 503, "{\"error\":\"no memory\"}\n");
        return;
    }
    impact__reply_begin(response, status);
    impact__reply_add_header(response, "Content-Type", content_type);
    response->body = impact_text_from(buffer->data, size);
    response->memory = buffer->data;
    response->allocator = buffer->allocator;
    if (service_id) /* the header that Envoy's service_name_matcher looks at */
        impact__reply_add_header(response, "x-envoy-upstream-healthchecked-cluster",
                                 buffer->data + size);
}

void impact__reply_page(impact_http_response *response)
{
    impact__reply_add_header(response, "Content-Security-Policy", impact__page_policy);
    impact__reply_add_header(response, "Referrer-Policy", "no-referrer");
}

void impact__reply_allow(impact_http_response *response)
{
    impact__reply_add_header(response, "Allow", "GET, HEAD, OPTIONS");
}
