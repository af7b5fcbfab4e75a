/* The health paths of a FastCGI application: on the thread that answers, which waits. */
#include <impact/fastcgi.h>

#include <stdio.h>

#include "base/ascii.h"
#include "base/request_target.h"
#include "base/text.h"
#include "instrument/common/encode_path.h"

enum { path_limit = 4096, name_limit = 64 };

static impact_text parameter(const FCGX_Request *request, const char *name)
{
    return impact_text_of(FCGX_GetParam(name, request->envp));
}

/* RFC 3875 4.1.18: HTTP_, and the name in upper case with underscores. */
static impact_text header(void *request, const char *name)
{
    char variable[name_limit];
    const int size = snprintf(variable, sizeof variable, "HTTP_%s", name);
    if (size < 0 || (size_t)size >= sizeof variable)
        return impact_text_from(NULL, 0);
    for (char *c = variable; *c; c++)
        *c = *c == '-' ? '_' : impact__to_upper_case(*c);
    return parameter(request, variable);
}

/* As it came, where the server says that (REQUEST_URI is no part of the standard); else from
 * SCRIPT_NAME and PATH_INFO, which are decoded. False: it is too long. */
static bool find_path(impact_text *path, char room[path_limit], const FCGX_Request *request)
{
    size_t size = 0;
    const impact_text uri = parameter(request, "REQUEST_URI");
    *path = impact__request_target_of(uri, false).path;
    if (uri.size)
        return true;
    const bool fits =
        impact__encode_path(room, path_limit, &size, parameter(request, "SCRIPT_NAME")) &&
        impact__encode_path(room, path_limit, &size, parameter(request, "PATH_INFO"));
    *path = impact_text_from(room, size);
    return fits;
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
    char room[path_limit];
    impact_text path;
    if (!request || !request->envp || !health || !find_path(&path, room, request))
        return false;
    const impact_text method = parameter(request, "REQUEST_METHOD");
    const bool is_head = impact__text_equal_string(method, "HEAD");
    const impact_http_request asked = {
        .size = sizeof asked,
        .method = is_head ? impact_text_of("GET") : method,
        .path = path,
        .query = parameter(request, "QUERY_STRING"),
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
