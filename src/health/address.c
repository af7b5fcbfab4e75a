/* The address of a server: its form. */
#include "health/address.h"

#include "core/text.h"

enum { host_limit = 253 }; /* bytes of a host's name: RFC 1035 2.3.4 less the root's two */

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and the bytes of `others`. */
static bool is_made_of(impact_text text, const char *others)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_alphanumeric(text.data[i]) && !(text.data[i] && strchr(others, text.data[i])))
            return false;
    return true;
}

static bool is_bracketed(impact_text host)
{
    return host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
}

static bool is_host(impact_text host)
{
    if (host.size > host_limit)
        return false;
    if (is_bracketed(host)) /* IPv6, perhaps with an IPv4 tail and a zone (RFC 4007 11.2) */
        return is_made_of(impact_text_from(host.data + 1, host.size - 2), ":.%-_");
    return is_made_of(host, ".-_");
}

bool impact__is_address(impact_text address)
{
    const char *colon = address.size ? memrchr(address.data, ':', address.size) : NULL;
    if (!colon)
        return false;
    const size_t host_size = (size_t)(colon - address.data);
    uint64_t port = 0;
    return is_host(impact_text_from(address.data, host_size)) &&
           impact__text_parse_uint(
               &port, impact_text_from(colon + 1, address.size - host_size - 1), 65535);
}
