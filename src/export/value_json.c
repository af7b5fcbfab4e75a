/* A decoded value as JSON. */
#include "export/value_json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "base/json.h"

/* "NaN", "Infinity", "-Infinity". */
static const char *name_of(double value)
{
    if (isnan(value))
        return "\"NaN\"";
    return value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
}

static void double_value(impact__outline *outline, double value)
{
    if (outline->is_one_line && !isfinite(value))
        impact__buffer_append_string(outline->buffer, name_of(value));
    else
        impact__json_double(outline->buffer, value);
}

/* Bytes are Base64 (common/README, "AnyValue representation for non-OTLP protocols"). */
static void simple_value(impact__outline *outline, const impact_value_view *value)
{
    impact__buffer *buffer = outline->buffer;
    switch (value->type) {
    case IMPACT_VALUE_STRING:
        impact__json_string(buffer, value->string);
        return;
    case IMPACT_VALUE_BOOL:
        impact__buffer_append_string(buffer, value->boolean ? "true" : "false");
        return;
    case IMPACT_VALUE_INT:
        impact__buffer_printf(buffer, "%" PRId64, value->integer);
        return;
    case IMPACT_VALUE_DOUBLE:
        double_value(outline, value->real);
        return;
    case IMPACT_VALUE_BYTES:
        impact__json_base64(buffer, value->string);
        return;
    default:
        impact__buffer_append_string(buffer, "null");
    }
}

/* The arrays and maps around the place that is written: a stack, as nothing recurses on input. */
typedef struct nest {
    impact__outline *outline;
    impact_value_view containers[IMPACT_VALUE_DEPTH_LIMIT];
    size_t depth;
} nest;

static bool is_container(const impact_value_view *value)
{
    return value->type == IMPACT_VALUE_ARRAY || value->type == IMPACT_VALUE_MAP;
}

/* What lies too deep is null. */
static void begin_value(nest *in, const impact_value_view *value)
{
    if (!is_container(value) || in->depth == IMPACT_VALUE_DEPTH_LIMIT) {
        simple_value(in->outline, value);
        return;
    }
    impact__outline_open(in->outline, value->type == IMPACT_VALUE_MAP ? '{' : '[');
    in->containers[in->depth++] = *value;
}

static void end_value(nest *in)
{
    assert(in->depth > 0);
    const impact_value_view *ended = &in->containers[--in->depth];
    impact__outline_close(in->outline, ended->type == IMPACT_VALUE_MAP ? '}' : ']');
}

/* Begin the next item of the innermost container; false: there is none. */
static bool begin_item(nest *in)
{
    impact_value_view *container = &in->containers[in->depth - 1];
    impact_value_view item;
    impact_text key;
    if (container->type == IMPACT_VALUE_MAP) {
        if (!impact_attribute_view_next(&container->items, &key, &item))
            return false;
        impact__outline_member(in->outline, key);
    } else {
        if (!impact_value_view_next(&container->items, &item))
            return false;
        impact__outline_item(in->outline);
    }
    begin_value(in, &item);
    return true;
}

void impact__value_json(impact__outline *outline, const impact_value_view *value)
{
    nest in;
    in.outline = outline;
    in.depth = 0;
    begin_value(&in, value);
    while (in.depth)
        if (!begin_item(&in))
            end_value(&in);
}
