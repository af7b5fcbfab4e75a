/* Attributes: a key and a value (OpenTelemetry specification, common/README "Attribute",
 * "AnyValue").
 *
 *     impact_int("cart.items", 3)
 *     impact_array("route", IMPACT_VALUES(impact_value_string("nl"), impact_value_int(7)))
 *     impact_map("order", IMPACT_MEMBERS(impact_int("id", 7), impact_string("state", "paid")))
 *
 * Both are small values that borrow their keys, strings and items for the duration of the call they
 * are passed to; every function that takes one copies what it keeps. Nothing here allocates.
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
    IMPACT_VALUE_NONE = 0, /* no value: an attribute of this type is ignored, an item is null */
    IMPACT_VALUE_STRING,
    IMPACT_VALUE_BOOL,
    IMPACT_VALUE_INT,
    IMPACT_VALUE_DOUBLE,
    IMPACT_VALUE_STRING_ARRAY, /* arrays of one type, whose items stand as C has them */
    IMPACT_VALUE_BOOL_ARRAY,
    IMPACT_VALUE_INT_ARRAY,
    IMPACT_VALUE_DOUBLE_ARRAY,
    IMPACT_VALUE_NULL, /* the specification's empty value: it is there, and says nothing */
    IMPACT_VALUE_BYTES,
    IMPACT_VALUE_ARRAY, /* of any values */
    IMPACT_VALUE_MAP    /* of attributes: each key once, the last one wins */
} impact_value_type;

/* Arrays and maps in one another: what lies deeper is null. Decoders of protobuf refuse messages
 * that are more than 100 deep; 7 lie around a value, and a map takes 3. */
enum { IMPACT_VALUE_DEPTH_LIMIT = 30 };

struct impact_attribute;

typedef struct impact_value {
    impact_value_type type;
    size_t count; /* items of an array or a map, bytes of a string; unused otherwise */
    union {
        const char *string;
        bool boolean;
        int64_t integer;
        double real;
        const void *bytes;
        const impact_text *strings;
        const bool *booleans;
        const int64_t *integers;
        const double *reals;
        const struct impact_value *items;
        const struct impact_attribute *members;
    };
} impact_value;

typedef struct impact_attribute {
    impact_text key; /* UTF-8, not empty: an attribute with an empty key is ignored */
    impact_value value;
} impact_attribute;

/* ---- values: what arrays are made of ---- */

static inline impact_value impact_value_of(impact_value_type type, size_t count)
{
    impact_value value;
    value.type = type;
    value.count = count;
    value.string = NULL;
    return value;
}

static inline impact_value impact_value_null(void)
{
    return impact_value_of(IMPACT_VALUE_NULL, 0);
}

/* A string of `size` bytes. Bytes that are not UTF-8 are replaced by U+FFFD when it is recorded. */
static inline impact_value impact_value_string_n(const char *string, size_t size)
{
    impact_value value = impact_value_of(string ? IMPACT_VALUE_STRING : IMPACT_VALUE_NONE, size);
    value.string = string;
    return value;
}

/* A NUL-terminated string; NULL is no value. */
static inline impact_value impact_value_string(const char *string)
{
    return impact_value_string_n(string, string ? strlen(string) : 0);
}

/* Any bytes, recorded as they are; NULL is no value. */
static inline impact_value impact_value_bytes(const void *bytes, size_t size)
{
    impact_value value = impact_value_of(bytes ? IMPACT_VALUE_BYTES : IMPACT_VALUE_NONE, size);
    value.bytes = bytes;
    return value;
}

static inline impact_value impact_value_bool(bool boolean)
{
    impact_value value = impact_value_of(IMPACT_VALUE_BOOL, 0);
    value.boolean = boolean;
    return value;
}

static inline impact_value impact_value_int(int64_t integer)
{
    impact_value value = impact_value_of(IMPACT_VALUE_INT, 0);
    value.integer = integer;
    return value;
}

static inline impact_value impact_value_double(double real)
{
    impact_value value = impact_value_of(IMPACT_VALUE_DOUBLE, 0);
    value.real = real;
    return value;
}

/* Arrays and maps borrow `count` items; with count 0, or without items, they are empty. */
static inline impact_value impact_value_strings(const impact_text *items, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_STRING_ARRAY, items ? count : 0);
    value.strings = items;
    return value;
}

static inline impact_value impact_value_bools(const bool *items, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_BOOL_ARRAY, items ? count : 0);
    value.booleans = items;
    return value;
}

static inline impact_value impact_value_ints(const int64_t *items, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_INT_ARRAY, items ? count : 0);
    value.integers = items;
    return value;
}

static inline impact_value impact_value_doubles(const double *items, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_DOUBLE_ARRAY, items ? count : 0);
    value.reals = items;
    return value;
}

static inline impact_value impact_value_array(const impact_value *items, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_ARRAY, items ? count : 0);
    value.items = items;
    return value;
}

static inline impact_value impact_value_map(const impact_attribute *members, size_t count)
{
    impact_value value = impact_value_of(IMPACT_VALUE_MAP, members ? count : 0);
    value.members = members;
    return value;
}

/* ---- attributes: the same with a key ---- */

static inline impact_attribute impact_attribute_of(const char *key, impact_value value)
{
    impact_attribute attribute;
    attribute.key = impact_text_of(key);
    attribute.value = value;
    return attribute;
}

static inline impact_attribute impact_null(const char *key)
{
    return impact_attribute_of(key, impact_value_null());
}

static inline impact_attribute impact_string_n(const char *key, const char *value, size_t size)
{
    return impact_attribute_of(key, impact_value_string_n(value, size));
}

/* NULL makes an attribute that is ignored. */
static inline impact_attribute impact_string(const char *key, const char *value)
{
    return impact_attribute_of(key, impact_value_string(value));
}

static inline impact_attribute impact_bytes(const char *key, const void *value, size_t size)
{
    return impact_attribute_of(key, impact_value_bytes(value, size));
}

static inline impact_attribute impact_bool(const char *key, bool value)
{
    return impact_attribute_of(key, impact_value_bool(value));
}

static inline impact_attribute impact_int(const char *key, int64_t value)
{
    return impact_attribute_of(key, impact_value_int(value));
}

static inline impact_attribute impact_double(const char *key, double value)
{
    return impact_attribute_of(key, impact_value_double(value));
}

static inline impact_attribute impact_strings(const char *key, const impact_text *values,
                                              size_t count)
{
    return impact_attribute_of(key, impact_value_strings(values, count));
}

static inline impact_attribute impact_bools(const char *key, const bool *values, size_t count)
{
    return impact_attribute_of(key, impact_value_bools(values, count));
}

static inline impact_attribute impact_ints(const char *key, const int64_t *values, size_t count)
{
    return impact_attribute_of(key, impact_value_ints(values, count));
}

static inline impact_attribute impact_doubles(const char *key, const double *values, size_t count)
{
    return impact_attribute_of(key, impact_value_doubles(values, count));
}

static inline impact_attribute impact_array(const char *key, const impact_value *values,
                                            size_t count)
{
    return impact_attribute_of(key, impact_value_array(values, count));
}

static inline impact_attribute impact_map(const char *key, const impact_attribute *members,
                                          size_t count)
{
    return impact_attribute_of(key, impact_value_map(members, count));
}

/* ---- several, written where they are used; C only ---- */

/* Items and their count, and attributes and theirs: the two arguments that a function wants of
 * them. */
#define IMPACT_VALUES(...)                                                                         \
    (const impact_value[]){__VA_ARGS__},                                                           \
        sizeof((const impact_value[]){__VA_ARGS__}) / sizeof(impact_value)
#define IMPACT_MEMBERS(...)                                                                        \
    (const impact_attribute[]){__VA_ARGS__},                                                       \
        sizeof((const impact_attribute[]){__VA_ARGS__}) / sizeof(impact_attribute)

/* Attributes in an options struct: IMPACT_SPAN_OPTIONS(IMPACT_ATTRIBUTES(impact_int("a", 1))) */
#define IMPACT_ATTRIBUTES(...)                                                                     \
    .attributes = (const impact_attribute[]){__VA_ARGS__},                                         \
    .attribute_count = sizeof((const impact_attribute[]){__VA_ARGS__}) / sizeof(impact_attribute)

#ifdef __cplusplus
}
#endif

#endif
