/* The health paths in an application's CivetWeb server: on one of its threads, which waits. */
#include <impact/civetweb.h>

#include "base/text.h"
#include "instrument/civetweb/civetweb_request.h"

static impact_text header(void *connection, const char *name)
{
    return impact_text_of(mg_get_header(connection, name));
}

/* Whole, as it travels: CivetWeb's own writers know no answer to a HEAD with the length of the
 * GET's. A peer that does not read it has left. */
static void write_response(struct mg_connection *connection, const impact_http_response *response,
                           bool is_head)
{
    (void)mg_printf(connection, "HTTP/1.1 %d %s\r\n", response->status,
                    mg_get_response_code_text(connection, response->status));
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        (void)mg_printf(connection, "%s: %s\r\n", response->headers[i].name,
                        response->headers[i].value);
    if (response->status != 204)
        (void)mg_printf(connection, "Content-Length: %zu\r\n", response->body.size);
    (void)mg_printf(connection, "Connection: close\r\n\r\n");
    if (!is_head && response->body.size)
        (void)mg_write(connection, response->body.data, response->body.size);
}

int impact_civetweb_answer(struct mg_connection *connection, void *health)
{
    char room[impact__civetweb_path_limit];
    impact_text path;
    const struct mg_request_info *info = connection ? mg_get_request_info(connection) : NULL;
    if (!info || !health || !impact__civetweb_find_path(&path, room, info))
        return 0;
    const bool is_head = impact__text_equal_string(impact_text_of(info->request_method), "HEAD");
    const impact_http_request asked = {
        .size = sizeof asked,
        .method = impact_text_of(is_head ? "GET" : info->request_method),
        .path = path,
        .query = impact_text_of(info->query_string),
        .header = header,
        .carrier = connection,
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    if (!impact_health_answer(health, &asked, &response))
        return 0;
    write_response(connection, &response, is_head);
    const int status = response.status;
    impact_http_response_clear(&response);
    return status;
}
