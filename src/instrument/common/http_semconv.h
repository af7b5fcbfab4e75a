/* What both ends of HTTP need to describe it (semantic conventions, http-spans and url). */
#ifndef IMPACT_INSTRUMENT_COMMON_HTTP_SEMCONV_H
#define IMPACT_INSTRUMENT_COMMON_HTTP_SEMCONV_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/span.h>
#include <impact/text.h>

#include "instrument/common/start_attributes.h"

/* The method is one of the known ones: those of the conventions, or of the comma list
 * OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS, which is read once. Case counts. */
bool impact__http_method_is_known(const char *method);

/* Add http.request.method, with "_OTHER" and http.request.method_original for an unknown one. */
void impact__http_add_method(impact__start_attributes *to, const char *method);

/* The method as the beginning of a span's name: itself, or "HTTP" for an unknown one. */
const char *impact__http_method_name(const char *method);

/* Copy a query with the values that may be secrets replaced by "REDACTED": by their keys, which
 * are those of the conventions and all that are named like a token, a password or a signature,
 * and where a value is itself a URL with a user or a query. Returns the size of the whole, of
 * which at most `capacity` bytes are written, without a NUL; measure with capacity 0. In
 * redact_query.c. */
size_t impact__http_redact_query(char *to, size_t capacity, impact_text query);

/* The host and port of "host", "host:port", "[::1]:port"; the port is `otherwise` when there is
 * none that can be read. False for an empty host. */
bool impact__http_split_authority(impact_text authority, long otherwise, impact_text *host,
                                  long *port);

/* The status code, and what follows from it: codes from `first_error` on are errors. */
void impact__http_set_status_code(impact_span *span, long code, long first_error);

#endif
