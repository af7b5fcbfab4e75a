/* Text in columns of a terminal: cut and filled to a width, and harmless to the terminal. */
#ifndef IMPACT_EXPORT_TREE_COLUMNS_H
#define IMPACT_EXPORT_TREE_COLUMNS_H

#include <stddef.h>

#include <impact/text.h>

#include "base/buffer.h"

/* Append `text` in exactly `width` columns: cut with an ellipsis where it is longer, filled with
 * blanks where it is shorter. Control characters, marks that turn the direction of writing, and
 * ill-formed bytes become one column of '?'. */
void impact__columns_append(impact__buffer *buffer, impact_text text, size_t width);

/* The same, pushed to the right. */
void impact__columns_append_right(impact__buffer *buffer, impact_text text, size_t width);

/* How many columns it takes. */
size_t impact__columns_of(impact_text text);

/* How many of its bytes fit into `width` columns. */
size_t impact__columns_prefix(impact_text text, size_t width);

#endif
