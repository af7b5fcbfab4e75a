/* How many columns of a terminal a character takes. */
#ifndef IMPACT_EXPORT_TREE_CHARACTER_WIDTH_H
#define IMPACT_EXPORT_TREE_CHARACTER_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0, 1 or 2, of a code point that is no control character. */
size_t impact__character_width(uint32_t point);

#endif
