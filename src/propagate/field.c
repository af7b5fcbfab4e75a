/* A field of a carrier: what it has of one name. */
#include "propagate/field.h"

#include "base/options.h"
#include "base/text.h"

enum { joined_limit = 64 * 1024 }; /* bytes; no format has a use for more */

static bool add_value(void *userdata, impact_text value)
{
    impact__field *field = userdata;
    if (!value.data)
        return true;
    if (field->count++ == 0) {
        field->value = value;
        return true;
    }
    if (!field->joined.size)
        impact__buffer_append_text(&field->joined, field->value);
    if (value.size > joined_limit || field->joined.size + 1 + value.size > joined_limit) {
        field->joined.has_failed = true;
        return false;
    }
    impact__buffer_append_char(&field->joined, ',');
    impact__buffer_append_text(&field->joined, value);
    return !field->joined.has_failed;
}

void impact__field_open(impact__field *field, const impact_carrier_getter *getter, void *carrier,
                        const char *name)
{
    impact_carrier_getter known;
    *field = (impact__field){.joined = IMPACT__BUFFER(NULL)};
    if (!getter || !impact__struct_read(&known, sizeof known, getter))
        return;
    if (known.get_all)
        known.get_all(carrier, name, add_value, field);
    else if (known.get)
        (void)add_value(field, known.get(carrier, name)); /* one is always wanted */
    if (field->count > 1)
        field->value = impact__buffer_text(&field->joined);
    if (field->joined.has_failed)
        field->value = impact_text_from(NULL, 0);
    field->value = impact__text_trim(field->value);
}

void impact__field_close(impact__field *field)
{
    impact__buffer_close(&field->joined);
}

const impact_context *impact__field_extract(const impact_context *context,
                                            const impact_carrier_getter *getter, void *carrier,
                                            const char *name, impact__identity_parse_fn parse)
{
    impact__field field;
    impact__identity parsed;
    impact__field_open(&field, getter, carrier, name);
    const bool is_parsed = parse(&parsed, field.value);
    impact__field_close(&field);
    return is_parsed ? impact__context_with_identity(context, parsed)
                     : impact_context_retain(context);
}

void impact__field_visit_names(const impact_carrier_getter *getter, void *carrier,
                               impact_carrier_visit_fn visit, void *userdata)
{
    impact_carrier_getter known;
    if (getter && impact__struct_read(&known, sizeof known, getter) && known.keys)
        known.keys(carrier, visit, userdata);
}
