/* HTML text, and the words in which a page tells of numbers. */
#ifndef IMPACT_HEALTH_RENDER_HTML_H
#define IMPACT_HEALTH_RENDER_HTML_H

#include <stdint.h>

#include "base/buffer.h"

/* Text in an element or a quoted attribute. Ill-formed UTF-8 becomes U+FFFD, control characters
 * become blanks. */
void impact__html_text(impact__buffer *buffer, impact_text text);

/* "12 ms": two digits and a unit, or three. */
void impact__html_duration(impact__buffer *buffer, uint64_t ns);

/* "4 min": how long something lasts already. */
void impact__html_span(impact__buffer *buffer, uint64_t ns);

/* A moment as an element; nothing when it is none. */
void impact__html_time(impact__buffer *buffer, uint64_t unix_ns);

#endif
