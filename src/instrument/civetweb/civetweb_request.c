/* What CivetWeb says of a request. */
#include "instrument/civetweb/civetweb_request.h"

#include "instrument/common/encode_path.h"

bool impact__civetweb_find_path(impact_text *path, char room[impact__civetweb_path_limit],
                                const struct mg_request_info *info)
{
    size_t size = 0;
    if (!info->local_uri || !impact__encode_path(room, impact__civetweb_path_limit, &size,
                                                 impact_text_of(info->local_uri)))
        return false;
    *path = impact_text_from(room, size);
    return true;
}
