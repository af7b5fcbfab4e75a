/* What a span is made of, as protobuf bytes: attributes, events, links, status, and the span's
 * fixed fields (opentelemetry-proto v1, trace.proto and common.proto). Its counterpart is
 * span_view.c.
 *
 * Each piece is first measured, then written into room that the caller made.
 */
#ifndef IMPACT_SIGNAL_ENCODE_H
#define IMPACT_SIGNAL_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>
#include <impact/span.h>

#include "base/protobuf.h"
#include "signal/encode_value.h"
#include "signal/span_fields.h"

/* An attribute, measured: a KeyValue message of `size` bytes. */
typedef struct impact__key_value {
    const impact_attribute *attribute; /* borrowed */
    uint32_t value_length_limit;       /* characters */
    impact__string string;             /* of a string value */
    size_t value_size;                 /* of the AnyValue */
    size_t size;                       /* of the KeyValue */
} impact__key_value;

/* Documented as ignored: there is nothing that could be lost. */
static inline bool impact__is_ignored(const impact_attribute *attribute)
{
    return attribute->value.type == IMPACT_VALUE_NONE || attribute->key.size == 0 ||
           !attribute->key.data;
}

/* False when it cannot be written: it is ignored, its key is not UTF-8, it has no value. */
bool impact__key_value_of(impact__key_value *kv, const impact_attribute *attribute,
                          uint32_t value_length_limit);
/* Cut a string so that the whole field has at most `field_size` bytes. False: it is no string, or
 * nothing would be left of it. */
bool impact__key_value_cut(impact__key_value *kv, uint32_t field, size_t field_size);
/* The whole field: tag, length and KeyValue. */
size_t impact__key_value_field_size(uint32_t field, const impact__key_value *kv);
uint8_t *impact__write_key_value(uint8_t *to, uint32_t field, const impact__key_value *kv);

/* Attributes of one event, link or resource that are looked at: each is compared with each. */
enum { impact__list_count_limit = 1024 };

/* The attributes of an event, a link or a resource: each key once, the last one wins, at most
 * count_limit of them. */
typedef struct impact__attribute_list {
    const impact_attribute
        *defaults; /* borrowed; a few that stand before the others, as if of one list */
    size_t default_count;
    const impact_attribute *attributes; /* borrowed */
    size_t count;
    uint32_t count_limit;
    uint32_t value_length_limit; /* characters; IMPACT__ANY_LENGTH: of any */
    size_t size;                 /* of all fields */
    uint32_t dropped;            /* over the limit, or not writable */
} impact__attribute_list;

void impact__attribute_list_measure(impact__attribute_list *list, uint32_t field);
uint8_t *impact__write_attribute_list(uint8_t *to, uint32_t field,
                                      const impact__attribute_list *list);

/* A count; zero is no field at all. */
size_t impact__count_field_size(uint32_t field, uint32_t count);
uint8_t *impact__write_count(uint8_t *to, uint32_t field, uint32_t count);

/* An Event field of a span. `attributes` is measured by the first call. */
typedef struct impact__event {
    uint64_t unix_ns;
    impact__string name;
    impact__attribute_list attributes;
    size_t size; /* of the message */
} impact__event;

size_t impact__event_field_size(impact__event *event);
uint8_t *impact__write_event(uint8_t *to, const impact__event *event);

/* A Link field of a span. */
typedef struct impact__link {
    const impact_span_context *context; /* borrowed */
    impact_text trace_state;            /* likewise: of the context, or empty */
    impact__attribute_list attributes;
    size_t size;
} impact__link;

size_t impact__link_field_size(impact__link *link);
uint8_t *impact__write_link(uint8_t *to, const impact__link *link);

/* A Status field of a span. */
size_t impact__status_field_size(const impact__string *description);
uint8_t *impact__write_status(uint8_t *to, impact_span_status status,
                              const impact__string *description);

#endif
