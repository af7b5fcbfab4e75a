/* Base64 (RFC 4648 4), read. json.h writes it. */
#ifndef IMPACT_BASE_BASE64_H
#define IMPACT_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/text.h>

/* Decode into `to`, which has room for text.size bytes and may be text.data; with padding or
 * without. False: a character that is none of the alphabet, or a length that none has; `to` is
 * undefined then. */
bool impact__base64_decode(char *to, size_t *size, impact_text text);

#endif
