/* JSON over lines, or in one. */
#include "export/tree/outline.h"

#include <assert.h>

#include "base/json.h"

enum { indent_width = 4 };

static void new_line(impact__outline *outline)
{
    if (!outline->is_one_line)
        impact__buffer_printf(outline->buffer, "\n%*s", (int)outline->depth * indent_width, "");
}

void impact__outline_item(impact__outline *outline)
{
    if (!outline->is_empty)
        impact__buffer_append_string(outline->buffer, outline->is_one_line ? ", " : ",");
    outline->is_empty = false;
    new_line(outline);
}

void impact__outline_member(impact__outline *outline, impact_text key)
{
    impact__outline_item(outline);
    impact__json_string(outline->buffer, key);
    impact__buffer_append_string(outline->buffer, ": ");
}

void impact__outline_open(impact__outline *outline, char bracket)
{
    impact__buffer_append_char(outline->buffer, bracket);
    outline->depth++;
    outline->is_empty = true;
}

void impact__outline_close(impact__outline *outline, char bracket)
{
    assert(outline->depth > 0);
    outline->depth--;
    if (!outline->is_empty)
        new_line(outline);
    impact__buffer_append_char(outline->buffer, bracket);
    outline->is_empty = false;
}

void impact__outline_string_member(impact__outline *outline, const char *key, impact_text value)
{
    impact__outline_member(outline, impact_text_of(key));
    impact__json_string(outline->buffer, value);
}
