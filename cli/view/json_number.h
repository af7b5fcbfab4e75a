/* Numbers of OTLP in JSON: as numbers, or in strings (protobuf.dev, "JSON Mapping"). */
#ifndef IMPACT_CLI_VIEW_JSON_NUMBER_H
#define IMPACT_CLI_VIEW_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

/* A whole number; one with a minus sign, where `is_signed`, as its two's complement. */
bool view_parse_integer(uint64_t *value, impact_text text, bool is_signed);

/* The bits of a double, in any locale; "NaN", "Infinity" and "-Infinity" are some too. */
bool view_parse_double(uint64_t *bits, impact_text text);

#endif
