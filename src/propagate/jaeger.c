/* Jaeger: uber-trace-id: {trace id}:{span id}:{parent span id}:{flags}, and a field uberctx-{name}
 * for each name of the baggage (jaegertracing.io, "Propagation Format"). */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "propagate/baggage_header.h"
#include "propagate/field.h"
#include "propagate/formats.h"
#include "signal/baggage.h"
#include "trace/context.h"

static const char field_name[] = "uber-trace-id";
static const char baggage_prefix[] = "uberctx-";

enum {
    prefix_size = sizeof baggage_prefix - 1,
    name_limit = 256,  /* bytes of a field's name */
    value_limit = 128, /* bytes of a uber-trace-id, its colons as %3A; no writer needs more */
    flag_sampled = 1,
};

/* ---- uber-trace-id ---- */

/* Leading zeros may lack, and the parent's id is of no use to us. */
static bool parse_parts(impact__identity *identity, impact_text text)
{
    assert(text.data || text.size == 0);
    impact_text rest = text;
    impact_text trace_id;
    impact_text span_id;
    impact_text parent;
    impact_text flags;
    uint8_t bits = 0;
    *identity = (impact__identity){.is_remote = true};
    if (!impact__text_split(&trace_id, &rest, ':') || !impact__text_split(&span_id, &rest, ':') ||
        !impact__text_split(&parent, &rest, ':') || !impact__text_split(&flags, &rest, ':') ||
        rest.data)
        return false;
    if (!impact__id_parse(identity->trace_id.bytes, 16, trace_id) ||
        !impact__id_parse(identity->span_id.bytes, 8, span_id) || !flags.size || flags.size > 2)
        return false;
    const bool is_zero = flags.data[0] == '0' && flags.data[flags.size - 1] == '0';
    if (!is_zero && !impact__id_parse(&bits, 1, flags))
        return false;
    identity->trace_flags = bits & flag_sampled ? IMPACT_TRACE_FLAG_SAMPLED : 0;
    return true;
}

static bool parse(impact__identity *identity, impact_text text)
{
    char decoded[value_limit];
    size_t size = 0;
    return text.size <= sizeof decoded && impact__percent_decode(decoded, &size, text, false) &&
           parse_parts(identity, impact_text_from(decoded, size));
}

/* ---- baggage ---- */

typedef struct baggage_reader {
    const impact_carrier_getter *getter;
    void *carrier;
    const impact_baggage *baggage; /* owned */
    size_t seen;                   /* fields with the prefix, of which more are not read */
} baggage_reader;

/* What has no room or is no text is left out. */
static void read_value(baggage_reader *reader, const char *name)
{
    impact__field field;
    char room[IMPACT_BAGGAGE_SIZE];
    impact_text value;
    const impact_baggage *more = NULL;
    impact__field_open(&field, reader->getter, reader->carrier, name);
    if (field.count && impact__baggage_value_decode(&value, room, field.value) &&
        impact_baggage_set(&more, reader->baggage, impact_text_of(name + prefix_size), value,
                           impact_text_of(NULL)) == IMPACT_OK) {
        impact_baggage_release(reader->baggage);
        reader->baggage = more;
    }
    impact__field_close(&field);
}

static bool read_name(void *userdata, impact_text name)
{
    char terminated[name_limit];
    baggage_reader *reader = userdata;
    if (!name.data || name.size <= prefix_size || name.size >= sizeof terminated ||
        strncasecmp(name.data, baggage_prefix, prefix_size) != 0 || !impact__is_token(name))
        return true;
    memcpy(terminated, name.data, name.size);
    terminated[name.size] = '\0';
    read_value(reader, terminated);
    return ++reader->seen < impact__baggage_count_limit;
}

/* Into the baggage that is there. */
static const impact_context *with_baggage(const impact_context *context,
                                          const impact_carrier_getter *getter, void *carrier)
{
    const impact_baggage *before = impact_context_baggage(context);
    baggage_reader reader = {getter, carrier, impact_baggage_retain(before), 0};
    impact__field_visit_names(getter, carrier, read_name, &reader);
    const impact_context *made = reader.baggage == before
                                     ? impact_context_retain(context)
                                     : impact_context_with_baggage(context, reader.baggage);
    impact_baggage_release(reader.baggage);
    return made;
}

/* Names that no field can have are left out. */
static void inject_baggage(const impact_baggage *baggage, impact_carrier_set_fn set, void *carrier)
{
    char field[name_limit];
    char encoded[IMPACT_BAGGAGE_SIZE];
    impact_text name;
    impact_text value;
    memcpy(field, baggage_prefix, prefix_size);
    for (size_t i = 0; impact_baggage_at(&name, &value, NULL, baggage, i); i++) {
        if (!impact__is_token(name) || name.size >= sizeof field - prefix_size ||
            !impact__baggage_value_encode(encoded, value))
            continue;
        memcpy(field + prefix_size, name.data, name.size);
        field[prefix_size + name.size] = '\0';
        set(carrier, field, encoded);
    }
}

/* ---- the propagator ---- */

static const impact_context *extract(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator; /* it has nothing of its own; likewise below */
    const impact_context *with_span =
        impact__field_extract(context, getter, carrier, field_name, parse);
    const impact_context *whole = with_baggage(with_span, getter, carrier);
    impact_context_release(with_span);
    return whole;
}

static void inject(const impact_propagator *propagator, const impact_context *context,
                   impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    impact_span_context found;
    impact__context_show(&found, context);
    char value[] = "01234567890123456789012345678901:0123456789012345:0:00";
    if (!set)
        return;
    if (impact_span_context_is_valid(&found)) {
        impact__hex_format(value, found.trace_id.bytes, 16);
        impact__hex_format(value + 33, found.span_id.bytes, 8);
        value[sizeof value - 2] = impact_span_context_is_sampled(&found) ? '1' : '0';
        set(carrier, field_name, value);
    }
    inject_baggage(impact_context_baggage(context), set, carrier);
}

static const char *const fields[] = {field_name, NULL};

const impact_propagator impact__propagator_jaeger = {
    .size = sizeof(impact_propagator),
    .name = "jaeger",
    .fields = fields,
    .extract = extract,
    .inject = inject,
};
