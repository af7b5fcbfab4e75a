/* One member of a JSON document (RFC 8259) from outside. */
#ifndef IMPACT_EXPORT_OTLP_JSON_READER_H
#define IMPACT_EXPORT_OTLP_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/text.h>

/* Arrays and objects in each other. */
enum { OTLP__JSON_DEPTH_LIMIT = 64 };

/* A value that is no container. */
typedef struct otlp__json_scalar {
    impact_text text; /* what stands between a string's quotes; otherwise the number or word */
    bool is_string;
} otlp__json_scalar;

/* The value at `path` of the document's object: the names of objects in each other, and at last
 * that of the value; the last one of several. False, and `scalar` untouched: the document is no
 * JSON, too deep, no object, or has no scalar there. Bytes within strings are not looked at: they
 * need not be UTF-8. */
bool otlp__json_find(otlp__json_scalar *scalar, impact_text document, const char *const *path,
                     size_t path_size);

/* The member `name` of the document's object that is a string. */
bool otlp__json_string_member(impact_text *string, impact_text document, const char *name);

/* True when the document is an object. */
bool otlp__json_is_object(impact_text document);

/* The next character of what stands between a string's quotes, its escape resolved: 1 to 4 bytes
 * into `to`; what is no UTF-8 is handed through a byte at a time, half a surrogate pair is U+FFFD.
 * 0 at the end. */
size_t otlp__json_next_character(char to[4], impact_text *inside);

#endif
