/* Whom a span called. */
#include "export/zipkin/remote_endpoint.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* The table of trace/sdk_exporters/zipkin "Remote endpoint", best first. */
static const struct rank {
    const char *name;
    const char *port; /* beside an address; NULL: it is the name of a service, or like one */
} ranks[] = {
    {"peer.service", NULL},
    {"server.address", NULL},
    {"net.peer.name", NULL},
    {"network.peer.address", "network.peer.port"},
    {"server.socket.domain", NULL},
    {"server.socket.address", "server.socket.port"},
    {"net.sock.peer.name", NULL},
    {"net.sock.peer.addr", "net.sock.peer.port"},
    {"peer.hostname", NULL},
    {"peer.address", NULL},
    {"db.name", NULL},
};

static bool find(impact_value_view *value, impact_message_walk attributes, const char *name)
{
    impact_text key;
    while (impact_attribute_view_next(&attributes, &key, value))
        if (impact__text_equal_string(key, name))
            return true;
    return false;
}

static bool find_text(impact_text *text, impact_message_walk attributes, const char *name)
{
    impact_value_view value;
    if (!find(&value, attributes, name) || value.type != IMPACT_VALUE_STRING || !value.string.size)
        return false;
    *text = value.string;
    return true;
}

static uint16_t find_port(impact_message_walk attributes, const char *name)
{
    impact_value_view value;
    if (!find(&value, attributes, name) || value.type != IMPACT_VALUE_INT)
        return 0;
    return value.integer > 0 && value.integer <= UINT16_MAX ? (uint16_t)value.integer : 0;
}

/* The path of a socket is an address too, and no number. */
static const char *member_of_address(impact_text text)
{
    char address[INET6_ADDRSTRLEN] = "";
    struct in6_addr parsed; /* of both families */
    if (text.size >= sizeof address)
        return "serviceName";
    memcpy(address, text.data, text.size);
    if (inet_pton(AF_INET, address, &parsed) == 1)
        return "ipv4";
    return inet_pton(AF_INET6, address, &parsed) == 1 ? "ipv6" : "serviceName";
}

bool zipkin__remote_endpoint_find(zipkin__remote_endpoint *endpoint, impact_message_walk attributes)
{
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        impact_text text;
        if (!find_text(&text, attributes, ranks[i].name))
            continue;
        const bool is_address = ranks[i].port != NULL;
        *endpoint = (zipkin__remote_endpoint){
            .member = is_address ? member_of_address(text) : "serviceName",
            .text = text,
            .port = is_address ? find_port(attributes, ranks[i].port) : 0,
        };
        return true;
    }
    return false;
}
