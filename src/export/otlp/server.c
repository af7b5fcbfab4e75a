/* The server that requests go to. */
#include "export/otlp/server.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/authority.h"

enum { http_port = 80, https_port = 443 };

static void set_address(otlp__server *server, impact_text address)
{
    if (!address.size || address.size >= sizeof server->address)
        return;
    memcpy(server->address, address.data, address.size);
    server->address[address.size] = 0;
}

/* What lies between the scheme and the path, and behind a user with his password. */
static impact_text authority_of(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin ? begin + 3 : url;
    const char *end = begin + strcspn(begin, "/?#");
    for (const char *at = begin; at < end; at++)
        if (*at == '@')
            begin = at + 1;
    return impact_text_from(begin, (size_t)(end - begin));
}

otlp__server otlp__server_of(const otlp__endpoint *endpoint)
{
    assert(endpoint->url || endpoint->unix_path);
    otlp__server server = {.port = 0};
    if (endpoint->unix_path) {
        set_address(&server, impact_text_of(endpoint->unix_path));
        return server;
    }
    const impact__authority seen = impact__authority_of(authority_of(endpoint->url));
    set_address(&server, seen.host);
    if (seen.port > 0)
        server.port = (uint32_t)seen.port;
    else
        server.port = strncasecmp(endpoint->url, "https:", 6) == 0 ? https_port : http_port;
    return server;
}
