/* JSON (RFC 8259), one piece after the other. */
#include "probe_json.h"

#include <string.h>

#include "base/ascii.h"

static void skip(probe_json *json, size_t size)
{
    json->rest = impact_text_from(json->rest.data + size, json->rest.size - size);
}

static void skip_blanks(probe_json *json)
{
    size_t size = 0;
    while (size < json->rest.size && json->rest.data[size] &&
           strchr(" \t\r\n,", json->rest.data[size]))
        size++;
    skip(json, size);
}

static probe_json_kind open_one(probe_json *json, bool is_object)
{
    if (json->depth == probe_json_depth_limit)
        return probe_json_broken;
    json->is_object[++json->depth] = is_object;
    json->is_behind_key = false;
    skip(json, 1);
    return probe_json_open;
}

static probe_json_kind close_one(probe_json *json, bool is_object)
{
    if (!json->depth || json->is_object[json->depth] != is_object || json->is_behind_key)
        return probe_json_broken;
    json->depth--;
    skip(json, 1);
    return probe_json_close;
}

/* False: it has no end. */
static bool cut_string(probe_json *json, impact_text *text)
{
    size_t size = 1;
    while (size < json->rest.size && json->rest.data[size] != '"')
        size += json->rest.data[size] == '\\' ? 2 : 1;
    if (size >= json->rest.size)
        return false;
    *text = impact_text_from(json->rest.data + 1, size - 1);
    skip(json, size + 1);
    return true;
}

static probe_json_kind read_string(probe_json *json, impact_text *text)
{
    if (!cut_string(json, text))
        return probe_json_broken;
    if (!json->is_object[json->depth] || json->is_behind_key) {
        json->is_behind_key = false;
        return probe_json_string;
    }
    skip_blanks(json);
    if (!json->rest.size || json->rest.data[0] != ':')
        return probe_json_broken;
    skip(json, 1);
    json->is_behind_key = true;
    return probe_json_key;
}

static probe_json_kind read_word(probe_json *json, impact_text *text)
{
    size_t size = 0;
    while (size < json->rest.size && impact__is_alphanumeric_or(json->rest.data[size], "+-."))
        size++;
    if (!size || (json->is_object[json->depth] && !json->is_behind_key))
        return probe_json_broken;
    *text = impact_text_from(json->rest.data, size);
    json->is_behind_key = false;
    skip(json, size);
    return probe_json_word;
}

probe_json_kind probe_json_next(probe_json *json, impact_text *text)
{
    *text = impact_text_from(NULL, 0);
    skip_blanks(json);
    if (!json->depth && json->has_begun)
        return json->rest.size ? probe_json_broken : probe_json_end;
    json->has_begun = true;
    if (!json->rest.size)
        return probe_json_broken;
    const char first = json->rest.data[0];
    if (first == '{' || first == '[')
        return json->is_object[json->depth] && !json->is_behind_key ? probe_json_broken
                                                                    : open_one(json, first == '{');
    if (first == '}' || first == ']')
        return close_one(json, first == '}');
    return first == '"' ? read_string(json, text) : read_word(json, text);
}
