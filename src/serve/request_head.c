/* The head of an HTTP/1.x request (RFC 9112).
 *
 * It is strict where two readers could understand two things: a field without a name, a folded
 * line, two lengths, a length and an encoding. A line may end without its carriage return (2.2).
 */
#include "serve/request_head.h"

#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    bad_request = 400,
    not_implemented = 501,
    version_not_supported = 505,
    empty_line_limit = 2, /* in front of a request, as old clients send behind a body (2.2) */
};

/* ---- pieces ---- */

/* Cut the first line off, without its end. False: it has none yet. */
static bool cut_line(impact_text *line, impact_text *rest)
{
    const char *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    if (!end)
        return false;
    const size_t size = (size_t)(end - rest->data);
    *line = impact_text_from(rest->data, size);
    if (size && end[-1] == '\r')
        line->size--;
    *rest = impact_text_from(end + 1, rest->size - size - 1);
    return true;
}

/* RFC 9110 5.6.2. */
static bool is_token(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!impact__is_alphanumeric_or(text.data[i], "!#$%&'*+-.^_`|~"))
            return false;
    return text.size > 0;
}

/* Without blanks and control characters: bytes above ASCII are taken, as browsers send them. */
static bool is_target(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
            return false;
    return text.size > 0;
}

static bool is_field_value(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (((unsigned char)text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 0x7f)
            return false;
    return true;
}

static bool is_name(impact_text name, const char *lower_case)
{
    return impact__text_equal_ignoring_case(name, impact_text_of(lower_case));
}

/* ---- the request line ---- */

/* 0, or the status that refuses it. */
static int read_request_line(impact__request_head *to, impact_text line)
{
    impact_text rest = line;
    impact_text version = {NULL, 0};
    if (!impact__text_split(&to->method, &rest, ' ') || !is_token(to->method) ||
        !impact__text_split(&to->target, &rest, ' ') || !is_target(to->target) || !rest.data)
        return bad_request;
    version = rest;
    if (version.size != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.' ||
        !impact__is_digit(version.data[5]) || !impact__is_digit(version.data[7]))
        return bad_request;
    if (version.data[5] != '1')
        return version_not_supported;
    to->keeps_alive = version.data[7] != '0';
    return 0;
}

/* ---- the fields ---- */

/* What the fields say together. */
typedef struct field_reader {
    impact__request_head *to;
    unsigned host_count;
    bool has_length;
    bool is_encoded;
} field_reader;

static bool cut_field(impact_text *name, impact_text *value, impact_text line)
{
    *value = line;
    if (!impact__text_split(name, value, ':') || !value->data || !is_token(*name))
        return false;
    *value = impact__text_trim(*value);
    return is_field_value(*value);
}

static bool read_length(field_reader *r, impact_text value)
{
    uint64_t length = 0;
    if (!impact__text_parse_uint(&length, value, INT64_MAX) ||
        (r->has_length && r->to->body_size != length))
        return false;
    r->to->body_size = length;
    r->has_length = true;
    return true;
}

/* Whether a list, such as that of Connection, has a member. */
static bool has_member(impact_text list, const char *member)
{
    impact_text part;
    while (impact__text_split(&part, &list, ','))
        if (is_name(impact__text_trim(part), member))
            return true;
    return false;
}

static bool read_field(field_reader *r, impact_text line)
{
    impact_text name;
    impact_text value;
    if (!cut_field(&name, &value, line))
        return false;
    if (is_name(name, "content-length"))
        return read_length(r, value);
    if (is_name(name, "host"))
        r->host_count++;
    else if (is_name(name, "transfer-encoding"))
        r->is_encoded = true;
    else if (is_name(name, "expect"))
        r->to->wants_no_body_read = true;
    else if (is_name(name, "connection") && has_member(value, "close"))
        r->to->keeps_alive = false;
    return true;
}

/* 0, or the status that refuses it. RFC 9112 3.2: one Host, but before 1.1. 6.1: an encoding and a
 * length is an attack. Nobody who asks for health sends a body in pieces. */
static int judge(const field_reader *r, bool needs_host)
{
    if (r->host_count > 1 || (needs_host && !r->host_count) || (r->is_encoded && r->has_length))
        return bad_request;
    return r->is_encoded ? not_implemented : 0;
}

/* ---- all of it ---- */

static bool refuse(impact__request_head *to, int status)
{
    *to = (impact__request_head){.refusal = status};
    return true;
}

/* Behind the request line. */
static bool read_fields(impact__request_head *to, const impact__request_head *began,
                        impact_text bytes, impact_text rest)
{
    impact__request_head read = *began;
    field_reader reader = {.to = &read};
    impact_text line;
    const bool is_1_1 = began->keeps_alive;
    read.fields = impact_text_from(rest.data, 0);
    while (cut_line(&line, &rest)) {
        if (!line.size) {
            read.size = (size_t)(rest.data - bytes.data);
            read.refusal = judge(&reader, is_1_1);
            *to = read;
            return read.refusal ? refuse(to, read.refusal) : true;
        }
        if (!read_field(&reader, line))
            return refuse(to, bad_request);
        read.fields.size = (size_t)(rest.data - read.fields.data);
    }
    return false;
}

bool impact__request_head_parse(impact__request_head *to, impact_text bytes)
{
    impact__request_head read = {.size = 0};
    impact_text rest = bytes;
    impact_text line = {NULL, 0};
    for (int i = 0; i <= empty_line_limit && !line.size; i++)
        if (!cut_line(&line, &rest))
            return false;
    const int refusal = read_request_line(&read, line);
    return refusal ? refuse(to, refusal) : read_fields(to, &read, bytes, rest);
}

impact_text impact__request_head_field(void *head, const char *name)
{
    const impact__request_head *read = head;
    impact_text rest = read->fields;
    impact_text line;
    impact_text found;
    impact_text value;
    while (cut_line(&line, &rest))
        if (cut_field(&found, &value, line) && is_name(found, name))
            return value;
    return impact_text_from(NULL, 0);
}
