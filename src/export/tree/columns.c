/* Text in columns of a terminal.
 *
 * DESIGN: a terminal obeys control characters, and a span's name may come from anywhere, so none
 * leaves here.
 */
#include "export/tree/columns.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "export/tree/character_width.h"

/* One character: its bytes, or a '?' in their place. */
typedef struct character {
    impact_text shown;
    size_t size; /* bytes of the text that it stands for */
    size_t width;
} character;

static uint32_t code_point(const char *data, size_t size)
{
    assert(size > 0 && size <= 4);
    static const uint8_t first_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = (uint8_t)data[0] & first_mask[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | ((uint8_t)data[i] & 0x3F);
    return point;
}

/* Marks that turn the direction of writing can make a line read as another; some terminals break
 * lines at U+2028 and U+2029. */
static bool is_refused(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || /* C0, delete, C1 */
           point == 0x061C || point == 0x200E || point == 0x200F ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

static character character_at(impact_text text)
{
    assert(text.size > 0);
    const character unknown = {impact_text_from("?", 1), 1, 1};
    const size_t size = impact__utf8_sequence(text);
    if (!size)
        return unknown;
    const uint32_t point = code_point(text.data, size);
    if (point == '\t')
        return (character){impact_text_from(" ", 1), size, 1};
    if (is_refused(point))
        return (character){unknown.shown, size, 1};
    return (character){impact_text_from(text.data, size), size, impact__character_width(point)};
}

size_t impact__columns_of(impact_text text)
{
    size_t width = 0;
    while (text.size) {
        const character next = character_at(text);
        width += next.width;
        text = impact_text_from(text.data + next.size, text.size - next.size);
    }
    return width;
}

/* Append what fits into `width` columns; returns the columns used. */
static size_t append_fitting(impact__buffer *buffer, impact_text text, size_t width)
{
    size_t used = 0;
    while (text.size) {
        const character next = character_at(text);
        if (used + next.width > width)
            break;
        impact__buffer_append_text(buffer, next.shown);
        used += next.width;
        text = impact_text_from(text.data + next.size, text.size - next.size);
    }
    return used;
}

size_t impact__columns_prefix(impact_text text, size_t width)
{
    size_t used = 0;
    size_t at = 0;
    while (at < text.size) {
        const character next = character_at(impact_text_from(text.data + at, text.size - at));
        used += next.width;
        if (used > width)
            break;
        at += next.size;
    }
    return at;
}

static void append_blanks(impact__buffer *buffer, size_t count)
{
    impact__buffer_printf(buffer, "%*s", (int)count, "");
}

void impact__columns_append(impact__buffer *buffer, impact_text text, size_t width)
{
    if (!width)
        return;
    const bool is_cut = impact__columns_of(text) > width;
    size_t used = append_fitting(buffer, text, is_cut ? width - 1 : width);
    if (is_cut) {
        impact__buffer_append_string(buffer, "…");
        used++;
    }
    append_blanks(buffer, width - used);
}

void impact__columns_append_right(impact__buffer *buffer, impact_text text, size_t width)
{
    const size_t needed = impact__columns_of(text);
    append_blanks(buffer, needed < width ? width - needed : 0);
    impact__columns_append(buffer, text, needed < width ? needed : width);
}
