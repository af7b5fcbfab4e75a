/* Pieces of OpenMetrics text. */
#include "health/render/openmetrics.h"

#include <stdbool.h>

/* Of the characters that names may have, a quote and a backslash. */
void impact__openmetrics_label_value(impact__buffer *buffer, impact_text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            impact__buffer_append_char(buffer, '\\');
        const bool ends_line = value.data[i] == '\n';
        impact__buffer_append_string(buffer, ends_line ? "\\n" : "");
        if (!ends_line)
            impact__buffer_append_char(buffer, value.data[i]);
    }
}

void impact__openmetrics_heading(impact__buffer *buffer, const char *name, const char *type,
                                 const char *unit, const char *help)
{
    impact__buffer_printf(buffer, "# TYPE %s %s\n", name, type);
    if (unit)
        impact__buffer_printf(buffer, "# UNIT %s %s\n", name, unit);
    impact__buffer_printf(buffer, "# HELP %s %s.\n", name, help);
}
