/* The address of a server: its form. */
#include "health/address.h"

#include "base/authority.h"
#include "base/ascii.h"

enum {
    host_limit = 253, /* bytes of a host's name: RFC 1035 2.3.4 less the root's two */
    unix_limit = 107, /* of a sockaddr_un */
};

/* Letters, digits and the bytes of `others`. */
static bool is_made_of(impact_text text, const char *others)
{
    for (size_t i = 0; i < text.size; i++)
        if (!impact__is_alphanumeric_or(text.data[i], others))
            return false;
    return true;
}

/* The file of a socket, or an abstract name (unix(7)). */
static bool is_unix_name(impact_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!name.data[i])
            return false;
    return name.size > 1 && name.size <= unix_limit && (name.data[0] == '/' || name.data[0] == '@');
}

bool impact__is_address(impact_text text)
{
    static const char unix_prefix[] = "unix:";
    const size_t prefix_size = sizeof unix_prefix - 1;
    if (text.size >= prefix_size && memcmp(text.data, unix_prefix, prefix_size) == 0)
        return is_unix_name(impact_text_from(text.data + prefix_size, text.size - prefix_size));
    const impact__authority address = impact__authority_of(text);
    if (!address.is_whole || address.port < 0 || address.host.size > host_limit)
        return false;
    if (address.is_bracketed) /* IPv6, perhaps with an IPv4 tail and a zone (RFC 4007 11.2) */
        return address.host.size && is_made_of(address.host, ":.%-_");
    return is_made_of(address.host, ".-_");
}
