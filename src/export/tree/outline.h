/* JSON with the white space of Python's json.dumps: over lines with indent=4, or in one line. */
#ifndef IMPACT_EXPORT_TREE_OUTLINE_H
#define IMPACT_EXPORT_TREE_OUTLINE_H

#include <stdbool.h>

#include "base/buffer.h"

typedef struct impact__outline {
    impact__buffer *buffer; /* borrowed */
    unsigned depth;
    bool is_empty;    /* nothing yet in the innermost object or array */
    bool is_one_line; /* nothing is indented */
} impact__outline;

/* Begin a member of an object, or an item of an array; its value follows. */
void impact__outline_member(impact__outline *outline, impact_text key);
void impact__outline_item(impact__outline *outline);

/* Open and close an object ('{', '}') or an array ('[', ']'). */
void impact__outline_open(impact__outline *outline, char bracket);
void impact__outline_close(impact__outline *outline, char bracket);

/* A member whose value is a string that is plain text. */
void impact__outline_string_member(impact__outline *outline, const char *key, impact_text value);

#endif
