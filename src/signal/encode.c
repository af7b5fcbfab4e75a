/* What a span is made of, as protobuf bytes. */
#include "signal/encode.h"

#include <assert.h>

#include "base/text.h"
#include "signal/encode_short.h"

/* ---- attributes ---- */

/* False: there is no room in the world for it. */
static bool measure_value(impact__key_value *kv)
{
    const impact_value *value = &kv->attribute->value;
    if (value->type != IMPACT_VALUE_STRING)
        return impact__value_measure(&kv->value_size, value, kv->value_length_limit);
    kv->string =
        impact__string_of(impact_text_from(value->string, value->count), kv->value_length_limit);
    kv->value_size = impact__field_size(IMPACT__ANY_VALUE_STRING, kv->string.size);
    return true;
}

/* Strings are looked at once, when they are measured. */
static uint8_t *write_value(uint8_t *to, const impact__key_value *kv)
{
    const impact_value *value = &kv->attribute->value;
    if (value->type == IMPACT_VALUE_STRING)
        return impact__write_string(to, IMPACT__ANY_VALUE_STRING, &kv->string);
    return impact__write_value(to, kv->value_size, value, kv->value_length_limit);
}

static bool is_writable(const impact_attribute *a)
{
    return !impact__is_ignored(a) && impact__value_is_writable(&a->value) &&
           impact__utf8_valid_prefix(a->key) == a->key.size;
}

static void measure_pair(impact__key_value *kv)
{
    kv->size = impact__field_size(IMPACT__KEY_VALUE_KEY, kv->attribute->key.size) +
               impact__field_size(IMPACT__KEY_VALUE_VALUE, kv->value_size);
}

bool impact__key_value_of(impact__key_value *kv, const impact_attribute *attribute,
                          uint32_t value_length_limit)
{
    if (!is_writable(attribute))
        return false;
    kv->attribute = attribute;
    kv->value_length_limit = value_length_limit;
    if (!measure_value(kv))
        return false;
    measure_pair(kv);
    return true;
}

bool impact__key_value_cut(impact__key_value *kv, uint32_t field, size_t field_size)
{
    assert(kv->attribute);
    if (kv->attribute->value.type != IMPACT_VALUE_STRING)
        return false;
    /* Of a text that is not there, with lengths as long as those of the one that is. */
    const size_t around = impact__field_size(field, kv->size) - kv->string.size;
    if (field_size <= around)
        return false;
    impact__string_cut(&kv->string, IMPACT__ANY_VALUE_STRING,
                       impact__field_size(IMPACT__ANY_VALUE_STRING, field_size - around));
    kv->value_size = impact__field_size(IMPACT__ANY_VALUE_STRING, kv->string.size);
    measure_pair(kv);
    return kv->string.size > 0;
}

size_t impact__key_value_field_size(uint32_t field, const impact__key_value *kv)
{
    return impact__field_size(field, kv->size);
}

uint8_t *impact__write_key_value(uint8_t *to, uint32_t field, const impact__key_value *kv)
{
    assert(kv->attribute && kv->size > 0);
    const impact_text key = kv->attribute->key;
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, kv->size);
    to = impact__write_field(to, IMPACT__KEY_VALUE_KEY, key.data, key.size);
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__KEY_VALUE_VALUE, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, kv->value_size);
    return write_value(to, kv);
}

static size_t total(const impact__attribute_list *list)
{
    return list->default_count + list->count;
}

static const impact_attribute *at(const impact__attribute_list *list, size_t index)
{
    assert(index < total(list));
    return index < list->default_count ? &list->defaults[index]
                                       : &list->attributes[index - list->default_count];
}

/* Only what can be written replaces what was, as in a span. */
static bool is_set_again(const impact__attribute_list *list, size_t index)
{
    const impact_attribute *first = at(list, index);
    for (size_t i = index + 1; i < total(list) && !impact__is_ignored(first); i++)
        if (!impact__is_ignored(at(list, i)) && impact__text_equal(at(list, i)->key, first->key) &&
            is_writable(at(list, i)))
            return true;
    return false;
}

/* The next attribute of the list that is to be written, from `*index` on. */
static bool next_of_list(const impact__attribute_list *list, size_t *index, impact__key_value *kv)
{
    for (; *index < total(list); ++*index)
        if (!is_set_again(list, *index) &&
            impact__key_value_of(kv, at(list, *index), list->value_length_limit)) {
            ++*index;
            return true;
        }
    return false;
}

void impact__attribute_list_measure(impact__attribute_list *list, uint32_t field)
{
    impact__key_value kv;
    uint32_t written = 0;
    size_t index = 0;
    const size_t given = total(list);
    if (given > impact__list_count_limit)
        list->count = impact__list_count_limit - list->default_count;
    while (written < list->count_limit && next_of_list(list, &index, &kv)) {
        list->size += impact__key_value_field_size(field, &kv);
        written++;
    }
    list->dropped = (uint32_t)(given - total(list));
    for (size_t i = 0; i < total(list); i++) /* those that were replaced are not lost */
        list->dropped += !impact__is_ignored(at(list, i)) && !is_set_again(list, i);
    list->dropped -= written;
}

uint8_t *impact__write_attribute_list(uint8_t *to, uint32_t field,
                                      const impact__attribute_list *list)
{
    impact__key_value kv;
    size_t index = 0;
    for (uint32_t i = 0; i < list->count_limit && next_of_list(list, &index, &kv); i++)
        to = impact__write_key_value(to, field, &kv);
    return to;
}

/* ---- events, links, status ---- */

size_t impact__count_field_size(uint32_t field, uint32_t count)
{
    if (!count)
        return 0;
    return impact__varint_size(IMPACT__TAG(field, IMPACT__WIRE_VARINT)) +
           impact__varint_size(count);
}

uint8_t *impact__write_count(uint8_t *to, uint32_t field, uint32_t count)
{
    if (!count)
        return to;
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_VARINT));
    return impact__write_varint(to, count);
}

size_t impact__event_field_size(impact__event *event)
{
    impact__attribute_list_measure(&event->attributes, IMPACT__EVENT_ATTRIBUTES);
    event->size =
        1 + 8 + impact__field_size(IMPACT__EVENT_NAME, event->name.size) + event->attributes.size +
        impact__count_field_size(IMPACT__EVENT_DROPPED_ATTRIBUTES, event->attributes.dropped);
    return impact__field_size(IMPACT__SPAN_EVENTS, event->size);
}

uint8_t *impact__write_event(uint8_t *to, const impact__event *event)
{
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__SPAN_EVENTS, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, event->size);
    *to++ = IMPACT__TAG(IMPACT__EVENT_TIME, IMPACT__WIRE_FIXED64);
    to = impact__write_fixed64(to, event->unix_ns);
    to = impact__write_string(to, IMPACT__EVENT_NAME, &event->name);
    to = impact__write_attribute_list(to, IMPACT__EVENT_ATTRIBUTES, &event->attributes);
    return impact__write_count(to, IMPACT__EVENT_DROPPED_ATTRIBUTES, event->attributes.dropped);
}

static uint32_t link_flags(const impact_span_context *context)
{
    return context->trace_flags | (uint32_t)IMPACT__FLAGS_HAS_IS_REMOTE |
           (context->is_remote ? (uint32_t)IMPACT__FLAGS_IS_REMOTE : 0);
}

size_t impact__link_field_size(impact__link *link)
{
    const size_t state_size = link->trace_state.size;
    impact__attribute_list_measure(&link->attributes, IMPACT__LINK_ATTRIBUTES);
    link->size =
        (2 + 16) + (2 + 8) + (1 + 4) +
        (state_size ? impact__field_size(IMPACT__LINK_TRACE_STATE, state_size) : 0) +
        link->attributes.size +
        impact__count_field_size(IMPACT__LINK_DROPPED_ATTRIBUTES, link->attributes.dropped);
    return impact__field_size(IMPACT__SPAN_LINKS, link->size);
}

uint8_t *impact__write_link(uint8_t *to, const impact__link *link)
{
    const impact_span_context *context = link->context;
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__SPAN_LINKS, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, link->size);
    to = impact__write_field(to, IMPACT__LINK_TRACE_ID, context->trace_id.bytes, 16);
    to = impact__write_field(to, IMPACT__LINK_SPAN_ID, context->span_id.bytes, 8);
    if (link->trace_state.size)
        to = impact__write_field(to, IMPACT__LINK_TRACE_STATE, link->trace_state.data,
                                 link->trace_state.size);
    to = impact__write_attribute_list(to, IMPACT__LINK_ATTRIBUTES, &link->attributes);
    to = impact__write_count(to, IMPACT__LINK_DROPPED_ATTRIBUTES, link->attributes.dropped);
    *to++ = IMPACT__TAG(IMPACT__LINK_FLAGS, IMPACT__WIRE_FIXED32);
    return impact__write_fixed32(to, link_flags(context));
}

static size_t status_size(const impact__string *description)
{
    const size_t size = description->size;
    return (size ? impact__field_size(IMPACT__STATUS_MESSAGE, size) : 0) + 2;
}

size_t impact__status_field_size(const impact__string *description)
{
    return impact__field_size(IMPACT__SPAN_STATUS, status_size(description));
}

uint8_t *impact__write_status(uint8_t *to, impact_span_status status,
                              const impact__string *description)
{
    to = impact__write_varint(to, IMPACT__TAG(IMPACT__SPAN_STATUS, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, status_size(description));
    if (description->size)
        to = impact__write_string(to, IMPACT__STATUS_MESSAGE, description);
    *to++ = IMPACT__TAG(IMPACT__STATUS_CODE, IMPACT__WIRE_VARINT);
    *to++ = (uint8_t)status;
    return to;
}
