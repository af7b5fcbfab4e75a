/* impact's own requests and responses over a libmicrohttpd connection. */
#include "instrument/microhttpd/answer.h"

static impact_text header(void *carrier, const char *name)
{
    return impact_text_of(MHD_lookup_connection_value(carrier, MHD_HEADER_KIND, name));
}

impact_http_request impact__answer_request(struct MHD_Connection *connection, const char *method,
                                           const impact__target *target)
{
    return (impact_http_request){
        .size = sizeof(impact_http_request),
        .method = impact_text_of(method),
        .path = target->path,
        .query = target->query,
        .header = header,
        .carrier = connection,
    };
}

static bool add_headers(struct MHD_Response *to, const impact_http_response *response)
{
    bool are_added = true;
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        are_added = are_added && MHD_add_response_header(to, response->headers[i].name,
                                                         response->headers[i].value) == MHD_YES;
    return are_added;
}

enum MHD_Result impact__answer_queue(struct MHD_Connection *connection,
                                     const impact_http_response *response)
{
    /* libmicrohttpd declares the buffer writable, and only copies it. */
    struct MHD_Response *queued = MHD_create_response_from_buffer(
        response->body.size, (void *)(uintptr_t)response->body.data, MHD_RESPMEM_MUST_COPY);
    if (!queued)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(queued, response))
        result = MHD_queue_response(connection, (unsigned)response->status, queued);
    MHD_destroy_response(queued);
    return result;
}
