/* Where a server is. */
#include "checks/endpoint.h"

#include <assert.h>
#include <string.h>

#include "base/authority.h"

static bool read_path(impact__endpoint *to, impact_text path)
{
    if (path.size >= sizeof((struct sockaddr_un *)0)->sun_path)
        return false;
    *to = (impact__endpoint){0};
    memcpy(to->where, path.data, path.size);
    return true;
}

bool impact__endpoint_read(impact__endpoint *to, const char *address, uint16_t default_port)
{
    assert(to);
    const impact_text text = impact_text_of(address);
    if (text.size && text.data[0] == '/')
        return read_path(to, text);
    const impact__authority authority = impact__authority_of(text);
    const int32_t port = authority.port >= 0 ? authority.port : default_port;
    if (!authority.is_whole || !port || !authority.host.size ||
        authority.host.size > impact__host_limit)
        return false;
    *to = (impact__endpoint){.port = (uint16_t)port};
    memcpy(to->where, authority.host.data, authority.host.size);
    return true;
}
