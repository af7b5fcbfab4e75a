/* A span as Zipkin has it.
 *
 * DESIGN: what Zipkin has no place for becomes a tag: attributes of the span, then those of the
 * resource and of the scope whose keys the span does not have, and what the specification gives a
 * tag of its own. Those tags are nobody else's: Zipkin takes a span with a tag "error" for one that
 * failed, whatever it says. Links and trace state have no place at all, in the specification
 * either.
 */
#include "export/zipkin/zipkin_span.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "base/json.h"
#include "base/text.h"
#include "export/value_json.h"
#include "export/zipkin/remote_endpoint.h"

enum { ns_per_us = 1000 };

static const char dropped_attributes[] = "otel.dropped_attributes_count";
static const char *const reserved[] = {
    "error",
    "otel.status_code",
    "otel.scope.name",
    "otel.scope.version",
    "otel.library.name",
    "otel.library.version",
    "otel.dropped_attributes_count",
    "otel.dropped_events_count",
    "otel.dropped_links_count",
};

/* ---- members ---- */

static void begin_member(impact__outline *to, const char *key)
{
    impact__outline_member(to, impact_text_of(key));
}

static void id_member(impact__outline *to, const char *key, const uint8_t *bytes, size_t size)
{
    assert(bytes && size > 0 && size <= sizeof(impact_trace_id));
    char digits[2 * sizeof(impact_trace_id)];
    impact__hex_format(digits, bytes, size);
    impact__outline_string_member(to, key, impact_text_from(digits, 2 * size));
}

static void number_member(impact__outline *to, const char *key, uint64_t number)
{
    begin_member(to, key);
    impact__buffer_printf(to->buffer, "%" PRIu64, number);
}

/* ---- tags ---- */

/* They begin with the first one. */
typedef struct tags {
    impact__outline *to;
    impact__buffer *scratch;
    bool are_there;
} tags;

static void begin_tag(tags *all, impact_text key)
{
    if (!all->are_there) {
        begin_member(all->to, "tags");
        impact__outline_open(all->to, '{');
    }
    all->are_there = true;
    impact__outline_member(all->to, key);
}

static void text_tag(tags *all, const char *key, impact_text text)
{
    begin_tag(all, impact_text_of(key));
    impact__json_string(all->to->buffer, text);
}

/* What is not there has none. */
static void optional_tag(tags *all, const char *key, impact_text text)
{
    if (text.size)
        text_tag(all, key, text);
}

static void count_tag(tags *all, const char *key, uint32_t count)
{
    if (!count)
        return;
    begin_tag(all, impact_text_of(key));
    impact__buffer_printf(all->to->buffer, "\"%" PRIu32 "\"", count);
}

static void append_quoted(impact__outline *to, impact__buffer *scratch)
{
    impact__json_string(to->buffer, impact__buffer_text(scratch));
    to->buffer->has_failed = to->buffer->has_failed || scratch->has_failed;
}

/* Whatever it is, it becomes a string: what is one stays it, and the empty value is an empty
 * one. */
static void value_text(impact__outline *to, impact__buffer *scratch, const impact_value_view *value)
{
    const bool is_named = value->type == IMPACT_VALUE_DOUBLE && !isfinite(value->real);
    if (value->type == IMPACT_VALUE_STRING) {
        impact__json_string(to->buffer, value->string);
    } else if (value->type == IMPACT_VALUE_BYTES) {
        impact__json_base64(to->buffer, value->string);
    } else if (value->type == IMPACT_VALUE_NULL) {
        impact__buffer_append_string(to->buffer, "\"\"");
    } else if (is_named) {
        impact__value_json(to, value);
    } else {
        impact__outline inner = {.buffer = scratch, .is_empty = true, .is_one_line = true};
        impact__buffer_clear(scratch);
        impact__value_json(&inner, value);
        append_quoted(to, scratch);
    }
}

static bool has_key(impact_message_walk walk, impact_text key)
{
    impact_text other;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &other, &value))
        if (impact__text_equal(other, key))
            return true;
    return false;
}

static bool is_reserved(impact_text key)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (impact__text_equal_string(key, reserved[i]))
            return true;
    return false;
}

/* Those whose keys are not in one of `above`. */
static void attribute_tags(tags *all, impact_message_walk walk, const impact_message_walk *above,
                           size_t above_count)
{
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        bool is_taken = is_reserved(key);
        for (size_t i = 0; i < above_count && !is_taken; i++)
            is_taken = has_key(above[i], key);
        if (is_taken)
            continue;
        begin_tag(all, key);
        value_text(all->to, all->scratch, &value);
    }
}

static void resource_tags(tags *all, const zipkin__origin *origin, const impact_span_view *span)
{
    impact_text key;
    impact_value_view value;
    impact_message_walk walk = origin->resource;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        if (impact__text_equal_string(key, "service.name") || is_reserved(key) ||
            has_key(span->attributes, key))
            continue; /* the endpoint has that name */
        begin_tag(all, key);
        value_text(all->to, all->scratch, &value);
    }
}

/* The two names are the same, and both are asked for (common/mapping-to-non-otlp). */
static void scope_tags(tags *all, const impact_scope_view *scope)
{
    optional_tag(all, "otel.scope.name", scope->name);
    optional_tag(all, "otel.library.name", scope->name);
    optional_tag(all, "otel.scope.version", scope->version);
    optional_tag(all, "otel.library.version", scope->version);
}

static void status_tags(tags *all, const impact_span_view *span)
{
    if (span->status == IMPACT_SPAN_STATUS_OK)
        text_tag(all, "otel.status_code", impact_text_of("OK"));
    if (span->status != IMPACT_SPAN_STATUS_ERROR)
        return;
    text_tag(all, "otel.status_code", impact_text_of("ERROR"));
    text_tag(all, "error", span->status_description);
}

static void write_tags(impact__outline *to, impact__buffer *scratch, const zipkin__origin *origin,
                       const impact_span_view *span)
{
    tags all = {to, scratch, false};
    const impact_message_walk above[] = {span->attributes, origin->resource};
    attribute_tags(&all, span->attributes, NULL, 0);
    resource_tags(&all, origin, span);
    attribute_tags(&all, origin->scope.attributes, above, 2);
    scope_tags(&all, &origin->scope);
    status_tags(&all, span);
    count_tag(&all, dropped_attributes, span->dropped_attribute_count);
    count_tag(&all, "otel.dropped_events_count", span->dropped_event_count);
    count_tag(&all, "otel.dropped_links_count", span->dropped_link_count);
    if (all.are_there)
        impact__outline_close(to, '}');
}

/* ---- annotations ---- */

/* "name": {"key": "value"} */
static void event_text(impact__buffer *scratch, const impact_event_view *event)
{
    impact__outline inner = {.buffer = scratch, .is_empty = true, .is_one_line = true};
    impact_message_walk walk = event->attributes;
    impact_text key;
    impact_value_view value;
    impact__buffer_clear(scratch);
    impact__json_string(scratch, event->name);
    impact__buffer_append_string(scratch, ": ");
    impact__outline_open(&inner, '{');
    while (impact_attribute_view_next(&walk, &key, &value)) {
        impact__outline_member(&inner, key);
        impact__value_json(&inner, &value);
    }
    if (event->dropped_attribute_count)
        number_member(&inner, dropped_attributes, event->dropped_attribute_count);
    impact__outline_close(&inner, '}');
}

static bool has_attributes(const impact_event_view *event)
{
    impact_message_walk walk = event->attributes;
    impact_text attribute;
    return event->dropped_attribute_count || impact_message_walk_next(&walk, &attribute);
}

static void write_annotation(impact__outline *to, impact__buffer *scratch,
                             const impact_event_view *event)
{
    impact__outline_item(to);
    impact__outline_open(to, '{');
    number_member(to, "timestamp", event->unix_ns / ns_per_us);
    begin_member(to, "value");
    if (has_attributes(event)) {
        event_text(scratch, event);
        append_quoted(to, scratch);
    } else {
        impact__json_string(to->buffer, event->name);
    }
    impact__outline_close(to, '}');
}

static void write_annotations(impact__outline *to, impact__buffer *scratch,
                              impact_message_walk walk)
{
    impact_event_view event;
    bool are_there = false;
    while (impact_event_view_next(&walk, &event)) {
        if (!are_there) {
            begin_member(to, "annotations");
            impact__outline_open(to, '[');
        }
        are_there = true;
        write_annotation(to, scratch, &event);
    }
    if (are_there)
        impact__outline_close(to, ']');
}

/* ---- the others ---- */

/* NULL for what stays within the process. */
static const char *kind_name(impact_span_kind kind)
{
    switch (kind) {
    case IMPACT_SPAN_KIND_SERVER:
        return "SERVER";
    case IMPACT_SPAN_KIND_CLIENT:
        return "CLIENT";
    case IMPACT_SPAN_KIND_PRODUCER:
        return "PRODUCER";
    case IMPACT_SPAN_KIND_CONSUMER:
        return "CONSUMER";
    default:
        return NULL;
    }
}

static void write_head(impact__outline *to, const impact_span_view *span)
{
    const char *kind = kind_name(span->kind);
    id_member(to, "traceId", span->context.trace_id.bytes, sizeof span->context.trace_id.bytes);
    id_member(to, "id", span->context.span_id.bytes, sizeof span->context.span_id.bytes);
    if (span->has_parent)
        id_member(to, "parentId", span->parent_span_id.bytes, sizeof span->parent_span_id.bytes);
    if (span->name.size)
        impact__outline_string_member(to, "name", span->name);
    if (kind)
        impact__outline_string_member(to, "kind", impact_text_of(kind));
}

/* Whole microseconds; less than one is rounded up (zipkin2-api.yaml), since 0 would mean that it is
 * not known. */
static void write_times(impact__outline *to, const impact_span_view *span)
{
    const bool has_length = span->end_unix_ns > span->start_unix_ns;
    const uint64_t duration_ns = has_length ? span->end_unix_ns - span->start_unix_ns : 0;
    number_member(to, "timestamp", span->start_unix_ns / ns_per_us);
    number_member(to, "duration", duration_ns < ns_per_us ? 1 : duration_ns / ns_per_us);
}

static void write_local_endpoint(impact__outline *to, impact_text service_name)
{
    begin_member(to, "localEndpoint");
    impact__outline_open(to, '{');
    impact__outline_string_member(to, "serviceName", service_name);
    impact__outline_close(to, '}');
}

/* Who calls says whom, otherwise Zipkin draws no arrow. */
static void write_remote_endpoint(impact__outline *to, const impact_span_view *span)
{
    zipkin__remote_endpoint endpoint;
    if ((span->kind != IMPACT_SPAN_KIND_CLIENT && span->kind != IMPACT_SPAN_KIND_PRODUCER) ||
        !zipkin__remote_endpoint_find(&endpoint, span->attributes))
        return;
    begin_member(to, "remoteEndpoint");
    impact__outline_open(to, '{');
    impact__outline_string_member(to, endpoint.member, endpoint.text);
    if (endpoint.port)
        number_member(to, "port", endpoint.port);
    impact__outline_close(to, '}');
}

void zipkin__span_write(impact__outline *outline, impact__buffer *scratch,
                        const zipkin__origin *origin, const impact_span_view *span)
{
    assert(outline->is_one_line);
    impact__outline_open(outline, '{');
    write_head(outline, span);
    write_times(outline, span);
    write_local_endpoint(outline, origin->service_name);
    write_remote_endpoint(outline, span);
    write_annotations(outline, scratch, span->events);
    write_tags(outline, scratch, origin, span);
    impact__outline_close(outline, '}');
}
