/* The servers that resolv.conf(5) names. */
#include "checks/resolver_file.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum { dns_port = 53 };

/* Tabs are blanks here. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static impact_text next_word(impact_text *rest)
{
    const impact_text text = impact__text_strip(*rest); /* a file may have been made elsewhere */
    size_t size = 0;
    while (size < text.size && !is_blank(text.data[size]))
        size++;
    *rest = impact_text_from(text.data ? text.data + size : NULL, text.size - size);
    return impact_text_from(text.data, size);
}

/* An address as inet_pton reads it, perhaps with a zone: never a port. */
static bool read_server(impact__endpoint *server, impact_text line)
{
    const impact_text keyword = next_word(&line);
    const impact_text address = next_word(&line);
    if (!impact__text_equal_string(keyword, "nameserver") || !address.size ||
        address.size > impact__host_limit || memchr(address.data, 0, address.size))
        return false;
    *server = (impact__endpoint){.port = dns_port};
    memcpy(server->where, address.data, address.size);
    return true;
}

size_t impact__resolvers_read(impact__endpoint servers[impact__resolver_limit], impact_text file)
{
    size_t count = 0;
    impact_text line;
    assert(servers);
    while (count < impact__resolver_limit && impact__text_split(&line, &file, '\n'))
        count += read_server(&servers[count], line);
    if (count)
        return count;
    servers[0] = (impact__endpoint){.port = dns_port, .where = "127.0.0.1"};
    return 1;
}
