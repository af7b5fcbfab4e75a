/* Attributes that are put together before their span starts, so that samplers see them. */
#ifndef IMPACT_INSTRUMENT_COMMON_START_ATTRIBUTES_H
#define IMPACT_INSTRUMENT_COMMON_START_ATTRIBUTES_H

#include <stddef.h>

#include <impact/attribute.h>

enum { impact__start_attribute_limit = 16 }; /* more than any span here has */

/* They borrow their texts until the span has started. */
typedef struct impact__start_attributes {
    impact_attribute items[impact__start_attribute_limit];
    size_t count;
} impact__start_attributes;

static inline void impact__start_attributes_add(impact__start_attributes *to,
                                                impact_attribute attribute)
{
    if (to->count < impact__start_attribute_limit)
        to->items[to->count++] = attribute;
}

#endif
