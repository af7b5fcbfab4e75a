/* AWS X-Ray: X-Amzn-Trace-Id: Root=1-{8}-{24};Parent={16};Sampled={0|1}
 * (AWS X-Ray developer guide, "Tracing header"). */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "propagate/field.h"
#include "propagate/formats.h"
#include "trace/context.h"

static const char field_name[] = "X-Amzn-Trace-Id";

enum {
    root_size = 2 + 8 + 1 + 24,
    value_size = sizeof "Root=;Parent=;Sampled=1" - 1 + root_size + 16,
};

/* "1-5759e988-bd862e3fe1be46a994272793": of its 32 digits, 8 are a time. */
static bool parse_root(uint8_t *trace_id, impact_text root)
{
    char digits[32];
    if (root.size != root_size || memcmp(root.data, "1-", 2) != 0 || root.data[10] != '-')
        return false;
    memcpy(digits, root.data + 2, 8);
    memcpy(digits + 8, root.data + 11, 24);
    return impact__id_parse(trace_id, 16, impact_text_from(digits, sizeof digits));
}

/* One part; those of unknown keys are passed over, and so is a state that is not "1". */
static bool parse_part(impact__identity *identity, impact_text part)
{
    impact_text value = part;
    impact_text key;
    if (!impact__text_split(&key, &value, '=') || !value.data)
        return part.size == 0;
    value = impact__text_trim(value);
    if (impact__text_equal_string(key, "Root"))
        return parse_root(identity->trace_id.bytes, value);
    if (impact__text_equal_string(key, "Parent"))
        return value.size == 16 && impact__id_parse(identity->span_id.bytes, 8, value);
    if (impact__text_equal_string(key, "Sampled"))
        identity->trace_flags =
            impact__text_equal_string(value, "1") ? IMPACT_TRACE_FLAG_SAMPLED : 0;
    return true;
}

static bool parse(impact__identity *identity, impact_text text)
{
    assert(text.data || text.size == 0);
    impact_text rest = text;
    impact_text part;
    *identity = (impact__identity){.is_remote = true};
    while (impact__text_split(&part, &rest, ';'))
        if (!parse_part(identity, impact__text_trim(part)))
            return false;
    return impact__identity_is_valid(identity);
}

static const impact_context *extract(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator; /* it has nothing of its own; likewise below */
    return impact__field_extract(context, getter, carrier, field_name, parse);
}

static void inject(const impact_propagator *propagator, const impact_context *context,
                   impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    impact_span_context found;
    impact__context_show(&found, context);
    char value[value_size + 1] = "Root=1-01234567-012345678901234567890123;Parent=0123456789012345;"
                                 "Sampled=0";
    if (!set || !impact_span_context_is_valid(&found))
        return;
    impact__hex_format(value + 7, found.trace_id.bytes, 4);
    impact__hex_format(value + 16, found.trace_id.bytes + 4, 12);
    impact__hex_format(value + 48, found.span_id.bytes, 8);
    value[value_size - 1] = impact_span_context_is_sampled(&found) ? '1' : '0';
    set(carrier, field_name, value);
}

static const char *const fields[] = {field_name, NULL};

const impact_propagator impact__propagator_xray = {
    .size = sizeof(impact_propagator),
    .name = "xray",
    .fields = fields,
    .extract = extract,
    .inject = inject,
};
