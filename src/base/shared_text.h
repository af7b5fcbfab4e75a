/* Text that several owners share: a trace state, which belongs to all spans of a trace in a
 * process. */
#ifndef IMPACT_BASE_SHARED_TEXT_H
#define IMPACT_BASE_SHARED_TEXT_H

#include <impact/text.h>

#include "base/shared.h"

typedef struct impact__shared_text {
    impact__shared shared; /* first */
    size_t size;
    char data[];
} impact__shared_text;

/* A copy with one owner; NULL for an empty text, and without memory. */
impact__shared_text *impact__shared_text_open(impact_text text);

/* What it says; of NULL nothing. Borrowed from its owners. */
static inline impact_text impact__shared_text_of(const impact__shared_text *text)
{
    return text ? impact_text_from(text->data, text->size) : impact_text_from(NULL, 0);
}

#endif
