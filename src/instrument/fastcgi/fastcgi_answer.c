/* The health paths of a FastCGI application: on the thread that answers, which waits. */
#include <impact/fastcgi.h>

#include <stdio.h>

#include "base/ascii.h"
#include "base/text.h"
#include "instrument/fastcgi/fastcgi_request.h"

/* RFC 3875 4.1.18: HTTP_, and the name in upper case with underscores. */
static impact_text header(void *request, const char *name)
{
    char variable[impact__fastcgi_name_limit];
    const int size = snprintf(variable, sizeof variable, "HTTP_%s", name);
    if (size < 0 || (size_t)size >= sizeof variable)
        return impact_text_from(NULL, 0);
    for (char *c = variable; *c; c++)
        *c = *c == '-' ? '_' : impact__to_upper_case(*c);
    return impact__fastcgi_parameter(request, variable);
}

/* A peer that does not read it has left. */
static void write_response(FCGX_Stream *out, const impact_http_response *response, bool is_head)
{
    (void)FCGX_FPrintF(out, "Status: %d\r\n", response->status);
    for (size_t i = 0; i < response->header_count && i < IMPACT_HTTP_HEADER_LIMIT; i++)
        (void)FCGX_FPrintF(out, "%s: %s\r\n", response->headers[i].name,
                           response->headers[i].value);
    if (response->status != 204)
        (void)FCGX_FPrintF(out, "Content-Length: %d\r\n", (int)response->body.size);
    (void)FCGX_FPrintF(out, "\r\n");
    if (!is_head && response->body.size)
        (void)FCGX_PutStr(response->body.data, (int)response->body.size, out);
}

bool impact_fastcgi_answer(FCGX_Request *request, impact_health *health)
{
    char room[impact__fastcgi_path_limit];
    impact_text path;
    if (!request || !request->envp || !health || !impact__fastcgi_find_path(&path, room, request))
        return false;
    const impact_text method = impact__fastcgi_parameter(request, "REQUEST_METHOD");
    const bool is_head = impact__text_equal_string(method, "HEAD");
    const impact_http_request asked = {
        .size = sizeof asked,
        .method = is_head ? impact_text_of("GET") : method,
        .path = path,
        .query = impact__fastcgi_parameter(request, "QUERY_STRING"),
        .header = header,
        .carrier = request,
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    if (!impact_health_answer(health, &asked, &response))
        return false;
    write_response(request->out, &response, is_head);
    impact_http_response_clear(&response);
    return true;
}
