/* Baggage, inside: a new one is opened with room for all that it will have, then filled. */
#ifndef IMPACT_SIGNAL_BAGGAGE_H
#define IMPACT_SIGNAL_BAGGAGE_H

#include <impact/baggage.h>

#include "base/shared.h"

enum {
    impact__baggage_count_limit = 180,      /* W3C Baggage, before its limit was 64 */
    impact__baggage_size_limit = 64 * 1024, /* bytes of all texts together */
};

typedef struct impact__baggage_entry {
    impact_text name;
    impact_text value;
    impact_text metadata;
} impact__baggage_entry;

/* One piece of memory: entries, then their texts. */
struct impact_baggage {
    impact__shared shared; /* first */
    size_t count;
    size_t size; /* bytes of texts */
    char *texts; /* in the same piece, behind the entries */
    impact__baggage_entry entries[];
};

/* An empty one with room for so much; NULL without memory. */
impact_baggage *impact__baggage_open(size_t count, size_t size);

/* Add an entry, or replace that of the same name: copied. There is room, by
 * impact__baggage_open. */
void impact__baggage_put(impact_baggage *baggage, const impact__baggage_entry *entry);

#endif
