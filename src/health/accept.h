/* The header Accept (RFC 9110 12.5.1): which of our formats a client likes best. */
#ifndef IMPACT_HEALTH_ACCEPT_H
#define IMPACT_HEALTH_ACCEPT_H

#include "health/format.h"

/* Of formats that are liked alike, `preferred` comes first, then the order of the enum. A header
 * that is empty, or says nothing that can be understood, likes everything. False: none is
 * acceptable. */
bool impact__accept_read(impact__format *format, impact_text accept, impact__format preferred);

#endif
