/* Text in columns of a terminal.
 *
 * DESIGN: a terminal obeys control characters, and a span's name may come from anywhere, so none
 * leaves here. Widths are those of Unicode's UAX 11 (wide and fullwidth: two columns) and of
 * combining marks (none), in ranges broad enough for a waterfall; wcwidth would depend on the
 * host's locale.
 */
#include "export/tree/columns.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

static const range no_column[] = {
    {0x0300, 0x036F}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
};

static const range two_columns[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static bool is_in(uint32_t point, const range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

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

static size_t width_of(uint32_t point)
{
    if (is_in(point, no_column, sizeof no_column / sizeof no_column[0]))
        return 0;
    return is_in(point, two_columns, sizeof two_columns / sizeof two_columns[0]) ? 2 : 1;
}

static character character_at(impact_text text)
{
    assert(text.size > 0);
    const character unknown = {impact_text_from("?", 1), 1, 1};
    const size_t size = impact__utf8_sequence(text);
    if (!size)
        return unknown;
    const uint32_t point = code_point(text.data, size);
    if (point < 0x20 || (point >= 0x7F && point < 0xA0)) /* C0, delete, C1 */
        return (character){unknown.shown, size, 1};
    /* Marks that turn the direction of writing can make a line read as another. */
    if ((point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069))
        return (character){unknown.shown, size, 1};
    return (character){impact_text_from(text.data, size), size, width_of(point)};
}

static size_t columns_of(impact_text text)
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

static void append_blanks(impact__buffer *buffer, size_t count)
{
    impact__buffer_printf(buffer, "%*s", (int)count, "");
}

void impact__columns_append(impact__buffer *buffer, impact_text text, size_t width)
{
    if (!width)
        return;
    const bool is_cut = columns_of(text) > width;
    size_t used = append_fitting(buffer, text, is_cut ? width - 1 : width);
    if (is_cut) {
        impact__buffer_append_string(buffer, "…");
        used++;
    }
    append_blanks(buffer, width - used);
}

void impact__columns_append_right(impact__buffer *buffer, impact_text text, size_t width)
{
    const size_t needed = columns_of(text);
    append_blanks(buffer, needed < width ? width - needed : 0);
    impact__columns_append(buffer, text, needed < width ? needed : width);
}
