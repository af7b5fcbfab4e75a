/* The address of a server: its form. */
#include "health/address.h"

#include "base/text.h"

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

/* At the last colon: an IPv6 host has others. */
static bool split_address(impact_text *host, impact_text *port, impact_text address)
{
    for (size_t i = address.size; i-- > 0;) {
        if (address.data[i] != ':')
            continue;
        *host = impact_text_from(address.data, i);
        *port = impact_text_from(address.data + i + 1, address.size - i - 1);
        return true;
    }
    return false;
}

bool impact__is_address(impact_text address)
{
    impact_text host;
    impact_text port;
    uint64_t number = 0;
    return split_address(&host, &port, address) && is_host(host) &&
           impact__text_parse_uint(&number, port, 65535);
}
