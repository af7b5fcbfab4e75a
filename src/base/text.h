/* Bytes as text: UTF-8, hex, percent-encoding, numbers, and comparison in constant time. */
#ifndef IMPACT_BASE_TEXT_H
#define IMPACT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

/* ---- UTF-8 (RFC 3629) ---- */

/* The size of the longest valid prefix of `text`. Equal to its size when all of it is valid. */
size_t impact__utf8_valid_prefix(impact_text text);

/* The bytes that a valid sequence at the start of `text` has (1 to 4); 0 when there is none. */
size_t impact__utf8_sequence(impact_text text);

/* The bytes of the first `limit` characters of a valid text; all of a shorter one. */
size_t impact__utf8_prefix_of_characters(impact_text text, size_t limit);

/* Bytes that `text` takes once each ill-formed byte is U+FFFD; and the copy, `to` being that large.
 */
size_t impact__utf8_repaired_size(impact_text text);
void impact__utf8_repair(char *to, impact_text text);

/* ---- hex ---- */

/* Write 2 * size lower-case digits, no NUL. */
void impact__hex_format(char *to, const uint8_t *bytes, size_t size);

/* Read 2 * size lower-case digits. False, and `bytes` undefined, when one is none. */
bool impact__hex_parse(uint8_t *bytes, size_t size, const char *digits);

/* ---- percent-encoding (RFC 3986 2.1) ---- */

/* Decode into `to`, which has room for text.size bytes and may be text.data; `plus_is_space` as in
 * HTML forms. False: a percent sign without two hex digits; `to` is undefined then. */
bool impact__percent_decode(char *to, size_t *size, impact_text text, bool plus_is_space);

/* ---- small things ---- */

bool impact__text_equal(impact_text a, impact_text b);
bool impact__text_equal_string(impact_text a, const char *b);

/* Equal but for the case of ASCII letters. */
bool impact__text_equal_ignoring_case(impact_text a, impact_text b);
bool impact__text_begins_with(impact_text text, const char *prefix); /* likewise */

/* Equal, in a time that depends on b.size only: b is what the stranger sent, a the secret. */
bool impact__text_equal_in_constant_time(impact_text a, impact_text b);

/* Without blanks and tabs at both ends. */
impact_text impact__text_trim(impact_text text);

/* Without any white space of ASCII at both ends, line ends included. */
impact_text impact__text_strip(impact_text text);

/* Cut the part before the next `separator` off the front of `rest`. False when nothing is left:
 * then rest->data is NULL. "a,,b," gives "a", "", "b", ""; the empty text gives "", or nothing when
 * its data is NULL. Begin with a copy of the whole text. */
bool impact__text_split(impact_text *part, impact_text *rest, char separator);

/* A decimal number, all of the text. False on anything else, or above `most`. */
bool impact__text_parse_uint(uint64_t *value, impact_text text, uint64_t most);

#endif
