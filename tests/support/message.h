/* Protobuf messages for tests, put together field by field; and some that tests of spans share. */
#ifndef IMPACT_TESTS_MESSAGE_H
#define IMPACT_TESTS_MESSAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <impact/exporter.h>
#include <impact/text.h>

#include "base/protobuf.h"

typedef struct message {
    uint8_t data[8192];
    size_t size;
} message;

static inline impact_text message_text(const message *m)
{
    return impact_text_from((const char *)m->data, m->size);
}

static inline void message_varint(message *m, uint32_t field, uint64_t value)
{
    uint8_t *to = impact__write_varint(m->data + m->size, IMPACT__TAG(field, IMPACT__WIRE_VARINT));
    m->size = (size_t)(impact__write_varint(to, value) - m->data);
}

static inline void message_fixed64(message *m, uint32_t field, uint64_t value)
{
    uint8_t *to = impact__write_varint(m->data + m->size, IMPACT__TAG(field, IMPACT__WIRE_FIXED64));
    m->size = (size_t)(impact__write_fixed64(to, value) - m->data);
}

static inline void message_double(message *m, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    message_fixed64(m, field, bits);
}

static inline void message_fixed32(message *m, uint32_t field, uint32_t value)
{
    uint8_t *to = impact__write_varint(m->data + m->size, IMPACT__TAG(field, IMPACT__WIRE_FIXED32));
    m->size = (size_t)(impact__write_fixed32(to, value) - m->data);
}

static inline void message_bytes(message *m, uint32_t field, const void *data, size_t size)
{
    assert(m->size + impact__field_size(field, size) <= sizeof m->data);
    m->size = (size_t)(impact__write_field(m->data + m->size, field, data, size) - m->data);
}

static inline void message_string(message *m, uint32_t field, const char *text)
{
    message_bytes(m, field, text, strlen(text));
}

static inline void message_nested(message *m, uint32_t field, const message *inner)
{
    message_bytes(m, field, inner->data, inner->size);
}

/* ---- AnyValue and KeyValue (common.proto) ---- */

static inline message message_string_value(const char *text)
{
    message value = {.size = 0};
    message_string(&value, 1, text);
    return value;
}

static inline void message_attribute(message *m, uint32_t field, const char *key,
                                     const message *value)
{
    message attribute = {.size = 0};
    message_string(&attribute, 1, key);
    message_nested(&attribute, 2, value);
    message_nested(m, field, &attribute);
}

static inline void message_string_attribute(message *m, uint32_t field, const char *key,
                                            const char *text)
{
    const message value = message_string_value(text);
    message_attribute(m, field, key, &value);
}

/* `inner` in an array, and in a map under the key "k". */
static inline message message_array_of(const message *inner)
{
    message list = {.size = 0};
    message value = {.size = 0};
    message_nested(&list, 1, inner);
    message_nested(&value, 5, &list);
    return value;
}

static inline message message_map_of(const message *inner)
{
    message list = {.size = 0};
    message value = {.size = 0};
    message_attribute(&list, 1, "k", inner);
    message_nested(&value, 6, &list);
    return value;
}

/* ---- Span and Resource (trace.proto, resource.proto) ---- */

typedef struct message_span_facts {
    uint8_t trace;  /* last byte of the trace id */
    uint8_t id;     /* last byte of the span id */
    uint8_t parent; /* likewise; 0: a root */
    const char *name;
    uint64_t kind;
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t status;
    bool is_parent_remote;
} message_span_facts;

static inline message message_span(message_span_facts facts)
{
    const uint8_t trace_id[16] = {0xaa, [15] = facts.trace};
    const uint8_t span_id[8] = {0xbb, [7] = facts.id};
    const uint8_t parent_id[8] = {0xbb, [7] = facts.parent};
    message span = {.size = 0};
    message_bytes(&span, 1, trace_id, sizeof trace_id);
    message_bytes(&span, 2, span_id, sizeof span_id);
    if (facts.parent)
        message_bytes(&span, 4, parent_id, sizeof parent_id);
    message_fixed32(&span, 16, 0x101u | (facts.is_parent_remote ? 0x200u : 0u));
    message_varint(&span, 6, facts.kind);
    message_fixed64(&span, 7, facts.start_ns);
    message_fixed64(&span, 8, facts.end_ns);
    message_string(&span, 5, facts.name);
    if (facts.status) {
        message status = {.size = 0};
        message_varint(&status, 3, facts.status);
        message_nested(&span, 15, &status);
    }
    return span;
}

static inline message message_resource(const char *service_name)
{
    message resource = {.size = 0};
    message_string_attribute(&resource, 1, "service.name", service_name);
    return resource;
}

/* A batch of up to two scopes, in memory that stays where it is. */
typedef struct message_batch {
    impact_scope_batch scopes[2];
    const impact_scope_batch *list[2];
    impact_batch shown;
} message_batch;

/* `spans` are borrowed, and so is what `resource` has. */
static inline void message_batch_open(message_batch *batch, const message *resource)
{
    *batch = (message_batch){.shown = {.size = sizeof batch->shown,
                                       .resource = message_text(resource),
                                       .scopes = batch->list}};
}

static inline void message_batch_add(message_batch *batch, impact_text scope,
                                     const impact_text *spans, size_t count)
{
    const size_t number = batch->shown.scope_count++;
    batch->scopes[number] = (impact_scope_batch){
        .size = sizeof batch->scopes[0], .scope = scope, .spans = spans, .span_count = count};
    batch->list[number] = &batch->scopes[number];
    batch->shown.span_count += count;
}

/* A batch of one span, "work" of "orders", with what it is made of. */
typedef struct message_example {
    message resource;
    message record;
    impact_text span;
    message_batch batch;
} message_example;

static inline void message_example_fill(message_example *e)
{
    e->record = message_span((message_span_facts){.trace = 1, .id = 1, .name = "work"});
    e->resource = message_resource("orders");
    e->span = message_text(&e->record);
    message_batch_open(&e->batch, &e->resource);
    message_batch_add(&e->batch, impact_text_from(NULL, 0), &e->span, 1);
}

#endif
