/* The headers that a user adds to the requests. */
#include "export/otlp/otlp_headers.h"

#include <assert.h>
#include <stdbool.h>

#include <impact/diagnostics.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/environment.h"
#include "base/text.h"

enum { list_size_limit = 64 * 1024 }; /* bytes of a variable */

/* What says how a message is framed, what it is, or where it goes is the transport's to say (RFC
 * 9110 7.6.1, 8.3 to 8.6, 10.1.1); and we could not read an answer that is encoded. */
static const char *const owned_names[] = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};

/* NULL: it is anybody's. */
static const char *owned_name(impact_text name)
{
    for (size_t i = 0; i < sizeof owned_names / sizeof *owned_names; i++)
        if (impact__text_equal_ignoring_case(name, impact_text_of(owned_names[i])))
            return owned_names[i];
    return impact__text_begins_with(name, "grpc-") ? "grpc-*" : NULL;
}

/* RFC 9110 5.6.2, token. */
static bool is_token(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!impact__is_alphanumeric_or(text.data[i], "!#$%&'*+-.^_`|~"))
            return false;
    return text.size > 0;
}

/* No control character: a line end would begin another header. */
static bool is_value(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (((unsigned char)text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 0x7F)
            return false;
    return true;
}

/* libcurl: "name: value"; a header without a value is "name;", for "name:" takes one away. */
static void write_line(char *to, impact_text name, impact_text value)
{
    assert(is_token(name) && is_value(value));
    memcpy(to, name.data, name.size);
    to += name.size;
    if (!value.size) {
        memcpy(to, ";", sizeof ";");
        return;
    }
    memcpy(to, ": ", 2);
    memcpy(to + 2, value.data, value.size);
    to[2 + value.size] = '\0';
}

impact_status otlp__headers_add(otlp__headers *headers, impact_text name, impact_text value)
{
    const impact_text trimmed = impact__text_trim(value); /* blanks are not part of it */
    if (!is_token(name) || !is_value(trimmed) || owned_name(name))
        return IMPACT_EINVAL;
    if (headers->count == OTLP__HEADER_LIMIT)
        return IMPACT_ELIMIT;
    char *line = impact__alloc(headers->allocator, name.size + sizeof ": " + trimmed.size);
    if (!line)
        return IMPACT_ENOMEM;
    write_line(line, name, trimmed);
    headers->lines[headers->count++] = line;
    return IMPACT_OK;
}

/* ---- a list ---- */

static void report(const char *variable, impact_text name, impact_status status)
{
    const char *owned = owned_name(name);
    if (owned)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "header", owned,
                                  "%s: the header %s is the transport's to set, and is left out",
                                  variable, owned);
    else if (status == IMPACT_ELIMIT)
        impact__environment_refuse_unseen(variable, "it has more than 64 headers: the last ones");
    else
        impact__environment_refuse_unseen(variable, "one member of it, which is not name=value");
}

/* `room` has as much as the member. */
static impact_status add_member(otlp__headers *headers, impact_text member, char *room,
                                impact_text *name)
{
    impact_text value = member;
    impact_text part;
    size_t size = 0;
    (void)impact__text_split(&part, &value, '='); /* a member is not empty */
    *name = impact__text_strip(part);
    const impact_text encoded = impact__text_strip(value);
    if (!value.data || !impact__percent_decode(room, &size, encoded, false))
        return IMPACT_EINVAL;
    return otlp__headers_add(headers, *name, impact_text_from(room, size));
}

static impact_status add_members(otlp__headers *headers, impact_text list, char *room,
                                 const char *variable)
{
    impact_text member;
    while (impact__environment_member(&member, &list)) {
        impact_text name;
        const impact_status status = add_member(headers, member, room, &name);
        if (status == IMPACT_ENOMEM)
            return status;
        if (status)
            report(variable, name, status);
    }
    return IMPACT_OK;
}

impact_status otlp__headers_add_list(otlp__headers *headers, impact_text list, const char *variable)
{
    if (list.size > list_size_limit) {
        impact__environment_refuse_unseen(variable, "it is too long");
        return IMPACT_OK;
    }
    char *room = impact__alloc(headers->allocator, list.size + 1);
    if (!room)
        return IMPACT_ENOMEM;
    const impact_status status = add_members(headers, list, room, variable);
    impact__free(headers->allocator, room);
    return status;
}

void otlp__headers_close(otlp__headers *headers)
{
    assert(headers->count <= OTLP__HEADER_LIMIT);
    while (headers->count)
        impact__free(headers->allocator, headers->lines[--headers->count]);
}
