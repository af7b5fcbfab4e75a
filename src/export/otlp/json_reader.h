/* One member of a JSON document (RFC 8259) from outside. */
#ifndef IMPACT_EXPORT_OTLP_JSON_READER_H
#define IMPACT_EXPORT_OTLP_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/text.h>

/* Arrays and objects in each other. */
enum { OTLP__JSON_DEPTH_LIMIT = 64 };

/* The member `name` of the document's object, what stands between its quotes; the last one of
 * several. False, and `string` untouched: the document is no JSON, too deep, no object, or has no
 * such member that is a string. Bytes within strings are not looked at: they need not be UTF-8. */
bool otlp__json_string_member(impact_text *string, impact_text document, const char *name);

/* The next character of what stands between a string's quotes, its escape resolved: 1 to 4 bytes
 * into `to`; what is no UTF-8 is handed through a byte at a time, half a surrogate pair is U+FFFD.
 * 0 at the end. */
size_t otlp__json_next_character(char to[4], impact_text *inside);

#endif
