/* The values of a baggage header, for formats that carry baggage in other ways. */
#ifndef IMPACT_PROPAGATE_BAGGAGE_HEADER_H
#define IMPACT_PROPAGATE_BAGGAGE_HEADER_H

#include <impact/baggage.h>

/* RFC 9110 5.6.2: what may be the name of a field. */
bool impact__is_token(impact_text text);

/* Percent-encode into `room`; false: it has no room. NUL-terminated. */
bool impact__baggage_value_encode(char room[IMPACT_BAGGAGE_SIZE], impact_text value);

/* And back, into `room`; false: it is not so encoded, or too long. */
bool impact__baggage_value_decode(impact_text *value, char room[IMPACT_BAGGAGE_SIZE],
                                  impact_text encoded);

#endif
