/* The table of propagators, inside: each stands in the file that is named after its format. */
#ifndef IMPACT_PROPAGATE_FORMATS_H
#define IMPACT_PROPAGATE_FORMATS_H

#include <impact/propagation.h>

extern const impact_propagator impact__propagator_tracecontext;
extern const impact_propagator impact__propagator_baggage;
extern const impact_propagator impact__propagator_b3;
extern const impact_propagator impact__propagator_b3multi;
extern const impact_propagator impact__propagator_jaeger;
extern const impact_propagator impact__propagator_xray;

/* Nothing in, nothing out. */
extern const impact_propagator *const impact__propagator_none;

/* What the process has when nobody says otherwise: tracecontext and baggage. */
extern const impact_propagator *const impact__propagator_default;

/* No part is missing. */
bool impact__propagator_is_whole(const impact_propagator *propagator);

/* What the environment says: it counts while the program has set none. Taken for the process's
 * life. */
void impact__propagation_set_configured(const impact_propagator *propagator);

/* Read letters of either case as 2 * size hex digits, with zeros before fewer; false: it is none,
 * or all zero, or longer. */
bool impact__id_parse(uint8_t *bytes, size_t size, impact_text digits);

#endif
