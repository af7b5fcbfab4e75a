/* The authority of a server: host and port. */
#include "base/authority.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum { port_digit_limit = 5 };

/* Of a colon and digits. */
static int32_t port_of(impact_text text)
{
    uint64_t port = 0;
    if (text.size < 2 || text.size > 1 + port_digit_limit || text.data[0] != ':')
        return -1;
    const impact_text digits = impact_text_from(text.data + 1, text.size - 1);
    return impact__text_parse_uint(&port, digits, UINT16_MAX) ? (int32_t)port : -1;
}

impact__authority impact__authority_of(impact_text text)
{
    assert(text.data || text.size == 0);
    const bool is_bracketed = text.size && text.data[0] == '[';
    const size_t start = is_bracketed ? 1 : 0;
    const char *end = text.size ? memchr(text.data, is_bracketed ? ']' : ':', text.size) : NULL;
    const size_t stop = end ? (size_t)(end - text.data) : text.size;
    const size_t behind = stop + (is_bracketed && end ? 1 : 0);
    const impact_text rest = text.size == behind
                                 ? impact_text_from(NULL, 0)
                                 : impact_text_from(text.data + behind, text.size - behind);
    const int32_t port = port_of(rest);
    return (impact__authority){
        .host = stop == start ? impact_text_from(NULL, 0)
                              : impact_text_from(text.data + start, stop - start),
        .is_bracketed = is_bracketed,
        .is_whole = (end || !is_bracketed) && (!rest.size || port >= 0),
        .port = port,
    };
}
