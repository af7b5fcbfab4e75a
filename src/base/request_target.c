/* A request's target in any of its forms. */
#include "base/request_target.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

static const impact_text nothing = {NULL, 0};

/* From `start` on. */
static impact_text tail(impact_text text, size_t start)
{
    return start < text.size ? impact_text_from(text.data + start, text.size - start) : nothing;
}

/* Where `c` first stands, or the size. */
static size_t find(impact_text text, char c)
{
    const char *found = text.size ? memchr(text.data, c, text.size) : NULL;
    return found ? (size_t)(found - text.data) : text.size;
}

static impact_text without_user(impact_text authority)
{
    const char *at = authority.size ? memrchr(authority.data, '@', authority.size) : NULL;
    return at ? tail(authority, (size_t)(at + 1 - authority.data)) : authority;
}

/* What follows "scheme://"; false for another form. */
static bool cut_scheme(impact_text *rest, impact_text text)
{
    static const char mark[] = "://";
    const size_t size = find(text, ':');
    const impact_text behind = tail(text, size);
    if (size == 0 || behind.size < 3 || memcmp(behind.data, mark, 3) != 0 ||
        find(impact_text_from(text.data, size), '/') < size)
        return false;
    *rest = tail(behind, 3);
    return true;
}

/* A path that has an at sign, decoded, may be the end of a password: then nothing is known. */
static impact__request_target read_absolute(impact_text rest, bool is_decoded)
{
    const size_t size = find(rest, '/');
    const impact_text path = tail(rest, size);
    if (is_decoded && find(path, '@') < path.size)
        return (impact__request_target){nothing, nothing, nothing};
    return (impact__request_target){
        .authority = without_user(size ? impact_text_from(rest.data, size) : nothing),
        .path = path.size ? path : impact_text_of("/"),
    };
}

/* The authority form, of CONNECT, has no path. */
static impact__request_target read_without_query(impact_text text, bool is_decoded)
{
    impact_text rest;
    if (text.size && text.data[0] == '/')
        return (impact__request_target){.path = text};
    if (impact__text_equal_string(text, "*"))
        return (impact__request_target){.path = text};
    if (cut_scheme(&rest, text))
        return read_absolute(rest, is_decoded);
    return (impact__request_target){nothing, nothing, nothing};
}

impact__request_target impact__request_target_of(impact_text text, bool is_decoded)
{
    assert(text.data || text.size == 0);
    const size_t size = is_decoded ? text.size : find(text, '?');
    const impact_text before = size ? impact_text_from(text.data, size) : nothing;
    impact__request_target target = read_without_query(before, is_decoded);
    target.query = tail(text, size + 1);
    return target;
}
