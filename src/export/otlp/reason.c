/* What a backend says, for a line of diagnostics.
 *
 * DESIGN: what a body is shows in itself: no text has the byte of field 2's tag, and no Status
 * begins with a bracket. So a Content-Type that is missing or wrong hides nothing.
 */
#include "export/otlp/reason.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/protobuf.h"
#include "base/text.h"
#include "export/otlp/json_reader.h"

enum {
    status_message = 2,     /* google/rpc/status.proto */
    looked_at_limit = 1024, /* bytes of a body that show whether it is text */
};

/* ---- a line is written ---- */

typedef struct line {
    otlp__reason reason;
    size_t size;
    bool has_gap; /* blanks were left out since the last character */
    bool is_full;
} line;

static bool is_ascii_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

/* A blank, or C0, DEL and, in two bytes, C1. */
static bool is_gap(const char *character, size_t size)
{
    return size == 1 ? character[0] == ' ' || is_ascii_control(character[0])
                     : size == 2 && (unsigned char)character[0] == 0xC2 &&
                           (unsigned char)character[1] < 0xA0;
}

static void put(line *to, const char *character, size_t size)
{
    assert(size > 0 && to->size <= OTLP__REASON_LIMIT);
    if (is_gap(character, size)) {
        to->has_gap = to->size > 0;
        return;
    }
    if (size == 1 && (unsigned char)character[0] >= 0x80)
        character = "?";
    to->is_full = to->size + to->has_gap + size > OTLP__REASON_LIMIT;
    if (to->is_full)
        return;
    if (to->has_gap)
        to->reason.text[to->size++] = ' ';
    to->has_gap = false;
    memcpy(to->reason.text + to->size, character, size);
    to->size += size;
}

otlp__reason otlp__reason_of_text(impact_text text)
{
    line to = {.size = 0};
    while (text.size && !to.is_full) {
        const size_t sequence = impact__utf8_sequence(text);
        const size_t size = sequence ? sequence : 1;
        put(&to, text.data, size);
        text = impact_text_from(text.data + size, text.size - size);
    }
    return to.reason;
}

otlp__reason otlp__reason_of_json(impact_text inside)
{
    line to = {.size = 0};
    char character[4];
    for (size_t size; !to.is_full && (size = otlp__json_next_character(character, &inside));)
        put(&to, character, size);
    return to.reason;
}

/* ---- what the body is ---- */

/* False, and `message` untouched: it is no Status with a message. */
static bool read_status(impact_text *message, impact_text body)
{
    impact_text read = {NULL, 0};
    impact__field field;
    while (impact__read_field(&field, &body))
        if (field.number == status_message && field.wire_type == IMPACT__WIRE_LENGTH)
            read = field.bytes;
    if (body.size || !read.size)
        return false;
    *message = read;
    return true;
}

static bool is_blank(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* Its beginning is UTF-8 without control characters. */
static bool is_text(impact_text body)
{
    const bool is_cut = body.size > looked_at_limit;
    const impact_text begin = impact_text_from(body.data, is_cut ? looked_at_limit : body.size);
    const size_t valid = impact__utf8_valid_prefix(begin);
    if (valid < begin.size && !(is_cut && begin.size - valid < 4))
        return false;
    for (size_t i = 0; i < valid; i++)
        if (is_ascii_control(begin.data[i]) && !is_blank(begin.data[i]))
            return false;
    return true;
}

otlp__reason otlp__reason_of_body(impact_text body)
{
    impact_text message;
    if (read_status(&message, body))
        return otlp__reason_of_text(message);
    if (!is_text(body))
        return (otlp__reason){.text = ""};
    if (otlp__json_string_member(&message, body, "message"))
        return otlp__reason_of_json(message);
    return otlp__reason_of_text(body);
}
