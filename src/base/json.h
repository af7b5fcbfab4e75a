/* JSON text (RFC 8259), written piece by piece into a buffer. */
#ifndef IMPACT_BASE_JSON_H
#define IMPACT_BASE_JSON_H

#include <impact/text.h>

#include "base/buffer.h"

/* A string with its quotes. Ill-formed UTF-8 becomes U+FFFD; control characters are escaped. */
void impact__json_string(impact__buffer *buffer, impact_text text);

/* Likewise, and <, > and & are escaped too: for answers that a browser may take for HTML. */
void impact__json_html_string(impact__buffer *buffer, impact_text text);

/* Bytes as a string in Base64 (RFC 4648 4). */
void impact__json_base64(impact__buffer *buffer, impact_text bytes);

/* A number that reads back as `value`, in any locale; null when it is not finite, which JSON cannot
 * say. */
void impact__json_double(impact__buffer *buffer, double value);

#endif
