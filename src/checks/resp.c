/* Redis' protocol. */
#include "checks/resp.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

void impact__resp_write(impact__buffer *to, const impact_text *words, size_t count)
{
    assert(words || !count);
    impact__buffer_printf(to, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        impact__buffer_printf(to, "$%zu\r\n", words[i].size);
        impact__buffer_append_text(to, words[i]);
        impact__buffer_append_string(to, "\r\n");
    }
}

/* By its mark: an array, a number and the like are no answers to what is asked here. */
static impact__resp_kind kind_of(char mark)
{
    if (mark == '+')
        return impact__resp_text;
    return mark == '-' ? impact__resp_error : impact__resp_other;
}

impact__resp_reply impact__resp_read(impact_text bytes)
{
    impact__resp_reply reply = {.kind = impact__resp_partial};
    if (!bytes.size)
        return reply;
    const impact__resp_kind kind = kind_of(bytes.data[0]);
    const char *end = memchr(bytes.data, '\n', bytes.size);
    const size_t line_size = end ? (size_t)(end - bytes.data) : bytes.size;
    if (kind == impact__resp_other || line_size >= impact__resp_line_limit ||
        (end && (line_size < 2 || end[-1] != '\r'))) {
        reply.kind = impact__resp_other;
        return reply;
    }
    if (!end)
        return reply;
    reply.kind = kind;
    reply.size = (size_t)(end + 1 - bytes.data);
    reply.text = impact_text_from(bytes.data + 1, reply.size - 3);
    return reply;
}
