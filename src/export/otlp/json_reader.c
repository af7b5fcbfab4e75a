/* One member of a JSON document, found by reading all of it.
 *
 * DESIGN: a document is a sequence of tokens, and what may come next depends on the innermost
 * container only. So a stack of one bit a level is all that is kept, and nothing recurses on input.
 */
#include "export/otlp/json_reader.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

/* ---- tokens: each is cut off the front of `rest`, or is not there ---- */

static void cut(impact_text *rest, size_t size)
{
    assert(size <= rest->size);
    *rest = impact_text_from(rest->data + size, rest->size - size);
}

static bool take(impact_text *rest, char c)
{
    if (!rest->size || rest->data[0] != c)
        return false;
    cut(rest, 1);
    return true;
}

static void skip_blanks(impact_text *rest)
{
    while (take(rest, ' ') || take(rest, '\t') || take(rest, '\n') || take(rest, '\r'))
        ;
}

static bool take_word(impact_text *rest, const char *word)
{
    const size_t size = strlen(word);
    if (rest->size < size || memcmp(rest->data, word, size) != 0)
        return false;
    cut(rest, size);
    return true;
}

static bool take_digits(impact_text *rest)
{
    const size_t before = rest->size;
    while (rest->size && impact__is_digit(rest->data[0]))
        cut(rest, 1);
    return rest->size < before;
}

static bool take_number(impact_text *rest)
{
    (void)take(rest, '-'); /* or not */
    if (!take(rest, '0') && !take_digits(rest))
        return false;
    if (take(rest, '.') && !take_digits(rest))
        return false;
    if (!take(rest, 'e') && !take(rest, 'E'))
        return true;
    if (!take(rest, '+'))
        (void)take(rest, '-'); /* or neither */
    return take_digits(rest);
}

static bool take_hex(uint32_t *value, impact_text *rest)
{
    uint32_t read = 0;
    if (rest->size < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const int digit = impact__hex_value(rest->data[i]);
        if (digit < 0)
            return false;
        read = read << 4 | (uint32_t)digit;
    }
    cut(rest, 4);
    *value = read;
    return true;
}

/* Behind a backslash. */
static bool take_escape(impact_text *rest)
{
    uint32_t ignored;
    if (take(rest, 'u'))
        return take_hex(&ignored, rest);
    if (!rest->size || !rest->data[0] || !strchr("\"\\/bfnrt", rest->data[0]))
        return false;
    cut(rest, 1);
    return true;
}

static bool take_string(impact_text *inside, impact_text *rest)
{
    if (!take(rest, '"'))
        return false;
    const char *begin = rest->data;
    while (rest->size && rest->data[0] != '"') {
        if ((unsigned char)rest->data[0] < 0x20)
            return false;
        const bool is_escape = rest->data[0] == '\\';
        cut(rest, 1);
        if (is_escape && !take_escape(rest))
            return false;
    }
    *inside = impact_text_from(begin, (size_t)(rest->data - begin));
    return take(rest, '"');
}

/* ---- the document ---- */

typedef struct reader {
    impact_text rest;
    uint64_t objects; /* a bit a level, the innermost lowest: an object, otherwise an array */
    unsigned depth;
    impact_text key; /* the last one */
    const char *const *path;
    size_t path_size;
    size_t matched; /* of the path: the objects that we are in; so many levels down */
    otlp__json_scalar found;
    bool is_found;
} reader;

static bool is_in_object(const reader *r)
{
    return r->objects & 1;
}

static bool take_key(reader *r)
{
    skip_blanks(&r->rest);
    if (!take_string(&r->key, &r->rest))
        return false;
    skip_blanks(&r->rest);
    return take(&r->rest, ':');
}

/* The value that comes next has the next name of the path. */
static bool is_on_path(const reader *r)
{
    return r->depth == r->matched + 1 && r->matched < r->path_size && is_in_object(r) &&
           impact__text_equal_string(r->key, r->path[r->matched]);
}

static void keep(reader *r, impact_text text, bool is_string)
{
    if (!is_on_path(r) || r->matched + 1 != r->path_size)
        return;
    r->found = (otlp__json_scalar){text, is_string};
    r->is_found = true;
}

static bool take_scalar(reader *r)
{
    impact_text text = r->rest;
    if (r->rest.size && r->rest.data[0] == '"') {
        if (!take_string(&text, &r->rest))
            return false;
        keep(r, text, true);
        return true;
    }
    if (!take_word(&r->rest, "true") && !take_word(&r->rest, "false") &&
        !take_word(&r->rest, "null") && !take_number(&r->rest))
        return false;
    text.size -= r->rest.size;
    keep(r, text, false);
    return true;
}

/* Close containers for as long as they end here. */
static void close_containers(reader *r)
{
    skip_blanks(&r->rest);
    while (r->depth && take(&r->rest, is_in_object(r) ? '}' : ']')) {
        r->depth--;
        r->objects >>= 1;
        if (r->matched && r->matched >= r->depth)
            r->matched = r->depth ? r->depth - 1 : 0;
        skip_blanks(&r->rest);
    }
}

typedef enum step {
    step_failed,
    step_value, /* comes next */
    step_ended
} step;

/* Behind a whole value. */
static step go_on(reader *r)
{
    close_containers(r);
    if (!r->depth)
        return r->rest.size ? step_failed : step_ended;
    if (!take(&r->rest, ',') || (is_in_object(r) && !take_key(r)))
        return step_failed;
    return step_value;
}

/* An opening bracket was read: up to the first value in it, or behind it when it is empty. */
static step enter(reader *r, bool is_object)
{
    if (r->depth == OTLP__JSON_DEPTH_LIMIT)
        return step_failed;
    if (is_object && is_on_path(r) && r->matched + 1 < r->path_size)
        r->matched++;
    r->depth++;
    r->objects = r->objects << 1 | is_object;
    skip_blanks(&r->rest);
    if (r->rest.size && r->rest.data[0] == (is_object ? '}' : ']'))
        return go_on(r);
    return !is_object || take_key(r) ? step_value : step_failed;
}

static step read_value(reader *r)
{
    skip_blanks(&r->rest);
    if (take(&r->rest, '{'))
        return enter(r, true);
    if (take(&r->rest, '['))
        return enter(r, false);
    return take_scalar(r) ? go_on(r) : step_failed;
}

/* To the document's end; false: it is no JSON. */
static bool read_all(reader *r)
{
    step next = step_value;
    while (next == step_value)
        next = read_value(r);
    return next == step_ended;
}

bool otlp__json_find(otlp__json_scalar *scalar, impact_text document, const char *const *path,
                     size_t path_size)
{
    assert(path_size > 0);
    reader r = {.rest = document, .path = path, .path_size = path_size};
    if (!read_all(&r) || !r.is_found)
        return false;
    *scalar = r.found;
    return true;
}

bool otlp__json_string_member(impact_text *string, impact_text document, const char *name)
{
    otlp__json_scalar found;
    if (!otlp__json_find(&found, document, &name, 1) || !found.is_string)
        return false;
    *string = found.text;
    return true;
}

bool otlp__json_is_object(impact_text document)
{
    reader r = {.rest = document};
    skip_blanks(&document);
    return document.size && document.data[0] == '{' && read_all(&r);
}

/* ---- characters ---- */

static size_t write_utf8(char *to, uint32_t point)
{
    assert(point < 0x110000);
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    const size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i; i--, point >>= 6)
        to[i] = (char)(0x80 | (point & 0x3F));
    to[0] = (char)((0xF00u >> size & 0xFF) | point);
    return size;
}

/* Behind "\u". */
static size_t resolve_point(char *to, impact_text *inside)
{
    const uint32_t replacement = 0xFFFD;
    uint32_t point = replacement;
    uint32_t low = 0;
    if (!take_hex(&point, inside) || point - 0xD800 >= 0x800)
        return write_utf8(to, point);
    impact_text after = *inside;
    if (point >= 0xDC00 || !take_word(&after, "\\u") || !take_hex(&low, &after) ||
        low - 0xDC00 >= 0x400)
        return write_utf8(to, replacement);
    *inside = after;
    return write_utf8(to, 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00)));
}

/* Behind a backslash. */
static size_t resolve_escape(char *to, impact_text *inside)
{
    static const char escapes[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    if (take(inside, 'u'))
        return resolve_point(to, inside);
    const char *escape = memchr(escapes, inside->data[0], sizeof escapes - 1);
    to[0] = escape ? meanings[escape - escapes] : inside->data[0];
    cut(inside, 1);
    return 1;
}

size_t otlp__json_next_character(char to[4], impact_text *inside)
{
    if (inside->size > 1 && take(inside, '\\'))
        return resolve_escape(to, inside);
    if (!inside->size)
        return 0;
    const size_t sequence = impact__utf8_sequence(*inside);
    const size_t size = sequence ? sequence : 1;
    memcpy(to, inside->data, size);
    cut(inside, size);
    return size;
}
