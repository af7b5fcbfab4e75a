/* The dates of certificates as libcurl tells them. */
#ifndef IMPACT_INSTRUMENT_CURL_CERTIFICATE_DATE_H
#define IMPACT_INSTRUMENT_CURL_CERTIFICATE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

/* "Jan  1 00:00:00 2027 GMT" (with OpenSSL) or "2027-01-01 00:00:00 GMT" (with the others), in
 * seconds since 1970. False, and `unix_s` untouched: it is neither. */
bool impact__certificate_date_read(int64_t *unix_s, impact_text text);

#endif
