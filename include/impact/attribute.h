/* Attributes: a key and a typed value (OpenTelemetry specification, common/README "Attribute").
 *
 * An attribute is a small value that borrows its key and its strings for the duration of the call it
 * is passed to; every function that takes one copies what it keeps.
 */
#ifndef IMPACT_ATTRIBUTE_H
#define IMPACT_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum impact_value_type {
    IMPACT_VALUE_NONE = 0, /* an attribute of this type is ignored */
    IMPACT_VALUE_STRING,
    IMPACT_VALUE_BOOL,
    IMPACT_VALUE_INT,
    IMPACT_VALUE_DOUBLE,
    IMPACT_VALUE_STRING_ARRAY,
    IMPACT_VALUE_BOOL_ARRAY,
    IMPACT_VALUE_INT_ARRAY,
    IMPACT_VALUE_DOUBLE_ARRAY
} impact_value_type;

typedef struct impact_attribute {
    impact_text key; /* UTF-8, not empty: an attribute with an empty key is ignored */
    impact_value_type type;
    size_t count; /* items of an array; bytes of a string; unused otherwise */
    union {
        const char *string;
        bool boolean;
        int64_t integer;
        double real;
        const impact_text *strings;
        const bool *booleans;
        const int64_t *integers;
        const double *reals;
    } value;
} impact_attribute;

static inline impact_attribute impact_attribute_of(const char *key, impact_value_type type)
{
    impact_attribute attribute;
    attribute.key = impact_text_of(key);
    attribute.type = type;
    attribute.count = 0;
    attribute.value.string = NULL;
    return attribute;
}

/* A string of `size` bytes. Bytes that are not UTF-8 are replaced by U+FFFD when it is recorded. */
static inline impact_attribute impact_string_n(const char *key, const char *value, size_t size)
{
    impact_attribute attribute =
        impact_attribute_of(key, value ? IMPACT_VALUE_STRING : IMPACT_VALUE_NONE);
    attribute.value.string = value;
    attribute.count = value ? size : 0;
    return attribute;
}

/* A NUL-terminated string. NULL makes an attribute that is ignored. */
static inline impact_attribute impact_string(const char *key, const char *value)
{
    return impact_string_n(key, value, value ? strlen(value) : 0);
}

static inline impact_attribute impact_bool(const char *key, bool value)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_BOOL);
    attribute.value.boolean = value;
    return attribute;
}

static inline impact_attribute impact_int(const char *key, int64_t value)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_INT);
    attribute.value.integer = value;
    return attribute;
}

static inline impact_attribute impact_double(const char *key, double value)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_DOUBLE);
    attribute.value.real = value;
    return attribute;
}

/* Arrays borrow `count` items at `values`; with count 0 they are recorded as empty arrays. */
static inline impact_attribute impact_strings(const char *key, const impact_text *values,
                                              size_t count)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_STRING_ARRAY);
    attribute.value.strings = values;
    attribute.count = values ? count : 0;
    return attribute;
}

static inline impact_attribute impact_bools(const char *key, const bool *values, size_t count)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_BOOL_ARRAY);
    attribute.value.booleans = values;
    attribute.count = values ? count : 0;
    return attribute;
}

static inline impact_attribute impact_ints(const char *key, const int64_t *values, size_t count)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_INT_ARRAY);
    attribute.value.integers = values;
    attribute.count = values ? count : 0;
    return attribute;
}

static inline impact_attribute impact_doubles(const char *key, const double *values, size_t count)
{
    impact_attribute attribute = impact_attribute_of(key, IMPACT_VALUE_DOUBLE_ARRAY);
    attribute.value.reals = values;
    attribute.count = values ? count : 0;
    return attribute;
}

/* Several attributes for an options struct, C only:
 * IMPACT_SPAN_OPTIONS(IMPACT_ATTRIBUTES(impact_int("a", 1), impact_bool("b", true))) */
#define IMPACT_ATTRIBUTES(...)                                                                     \
    .attributes = (const impact_attribute[]){__VA_ARGS__},                                         \
    .attribute_count = sizeof((const impact_attribute[]){__VA_ARGS__}) / sizeof(impact_attribute)

#ifdef __cplusplus
}
#endif

#endif
