/* Trees of spans as text: a line a span, 80 columns. */
#ifndef IMPACT_EXPORT_TREE_WATERFALL_H
#define IMPACT_EXPORT_TREE_WATERFALL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "export/tree/forest.h"

/* Append all traces of a planted forest. */
void impact__waterfall_append(impact__buffer *buffer, const impact__forest *forest, bool in_colour);

#endif
