/* What a web server says of a request to a FastCGI application. */
#include "instrument/fastcgi/fastcgi_request.h"

#include "base/request_target.h"
#include "instrument/common/encode_path.h"

impact_text impact__fastcgi_parameter(const FCGX_Request *request, const char *name)
{
    return impact_text_of(FCGX_GetParam(name, request->envp));
}

bool impact__fastcgi_find_path(impact_text *path, char room[impact__fastcgi_path_limit],
                               const FCGX_Request *request)
{
    size_t size = 0;
    const impact_text uri = impact__fastcgi_parameter(request, "REQUEST_URI");
    *path = impact__request_target_of(uri, false).path;
    if (uri.size)
        return true;
    const bool fits = impact__encode_path(room, impact__fastcgi_path_limit, &size,
                                          impact__fastcgi_parameter(request, "SCRIPT_NAME")) &&
                      impact__encode_path(room, impact__fastcgi_path_limit, &size,
                                          impact__fastcgi_parameter(request, "PATH_INFO"));
    *path = impact_text_from(room, fits ? size : 0);
    return fits;
}
