/* Moments of the wall clock as text (RFC 3339, in UTC). */
#ifndef IMPACT_BASE_UTC_H
#define IMPACT_BASE_UTC_H

#include <stdbool.h>
#include <stdint.h>

enum { IMPACT__UTC_SIZE = 28 }; /* "2026-01-02T03:04:05.678901Z" and a NUL */

/* To the nearest microsecond. False, and `to` undefined: 0 is no moment, nor is one behind the year
 * 9999. */
bool impact__utc_format(char to[IMPACT__UTC_SIZE], uint64_t unix_ns);

#endif
