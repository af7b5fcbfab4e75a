/* A field of a carrier, as propagators read it: all values of its name, joined. */
#ifndef IMPACT_PROPAGATE_FIELD_H
#define IMPACT_PROPAGATE_FIELD_H

#include <impact/propagation.h>

#include "base/buffer.h"
#include "trace/context.h"

typedef struct impact__field {
    impact_text value;     /* without blanks at its ends; empty: there is none */
    size_t count;          /* of values */
    impact__buffer joined; /* owned; empty while one value is all there is */
} impact__field;

/* Several values are joined by commas (RFC 9110 5.3). Without memory for that there is none. Close
 * it. */
void impact__field_open(impact__field *field, const impact_carrier_getter *getter, void *carrier,
                        const char *name);
void impact__field_close(impact__field *field);

/* False: the text names no span. */
typedef bool (*impact__identity_parse_fn)(impact__identity *identity, impact_text text);

/* The context with the span that a field names; where it names none, `context`. The caller releases
 * it; NULL without memory. */
const impact_context *impact__field_extract(const impact_context *context,
                                            const impact_carrier_getter *getter, void *carrier,
                                            const char *name, impact__identity_parse_fn parse);

/* The name of every field of the carrier; none, where it does not tell. */
void impact__field_visit_names(const impact_carrier_getter *getter, void *carrier,
                               impact_carrier_visit_fn visit, void *userdata);

#endif
