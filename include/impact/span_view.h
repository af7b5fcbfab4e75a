/* Finished spans, read: the one small decoder of the bytes that every exporter gets.
 *
 * It reads opentelemetry.proto messages of the v1 packages from borrowed bytes and allocates
 * nothing. Every function is safe on any input: what is not well formed reads as absent, or as
 * false.
 */
#ifndef IMPACT_SPAN_VIEW_H
#define IMPACT_SPAN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/attribute.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A walk over the repeated fields of one number in a message. */
typedef struct impact_message_walk {
    impact_text rest;
    uint32_t field;
} impact_message_walk;

/* What a Span or a link says of a span context. */
typedef struct impact_span_context_view {
    impact_trace_id trace_id;
    impact_span_id span_id;
    uint8_t trace_flags;
    bool is_remote; /* of a link's; not meaningful in a span's own */
    impact_text trace_state;
} impact_span_context_view;

/* The scalar fields of a Span, and walks over its repeated ones. All text is borrowed. */
typedef struct impact_span_view {
    impact_span_context_view context;
    impact_span_id parent_span_id;
    bool has_parent;
    bool is_parent_remote;
    impact_text name;
    impact_span_kind kind;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns;
    impact_span_status status;
    impact_text status_description;
    uint32_t dropped_attribute_count;
    uint32_t dropped_event_count;
    uint32_t dropped_link_count;
    impact_message_walk attributes;
    impact_message_walk events;
    impact_message_walk links;
} impact_span_view;

typedef struct impact_event_view {
    uint64_t unix_ns;
    impact_text name;
    uint32_t dropped_attribute_count;
    impact_message_walk attributes;
} impact_event_view;

typedef struct impact_link_view {
    impact_span_context_view context;
    uint32_t dropped_attribute_count;
    impact_message_walk attributes;
} impact_link_view;

/* A decoded value: null, a scalar, bytes (in `string`), IMPACT_VALUE_ARRAY or IMPACT_VALUE_MAP. An
 * array is walked with impact_value_view_next, a map with impact_attribute_view_next; what comes
 * from elsewhere may lie deeper than IMPACT_VALUE_DEPTH_LIMIT. */
typedef struct impact_value_view {
    impact_value_type type;
    impact_text string;
    bool boolean;
    int64_t integer;
    double real;
    impact_message_walk items;
} impact_value_view;

typedef struct impact_scope_view {
    impact_text name;
    impact_text version;
    uint32_t dropped_attribute_count;
    impact_message_walk attributes;
} impact_scope_view;

/* Decode a Span. False: the bytes are not a Span, and `view` is untouched. */
IMPACT_API bool impact_span_view_parse(impact_span_view *view, impact_text span);

/* What it says, as a context that may be kept: copied. NULL gives one that is not valid; a trace
 * state that is not valid is left out. */
IMPACT_API impact_span_context impact_span_context_of_view(const impact_span_context_view *view);

/* Decode a Resource or an InstrumentationScope. */
IMPACT_API bool impact_resource_view_parse(impact_message_walk *attributes, impact_text resource);
IMPACT_API bool impact_scope_view_parse(impact_scope_view *view, impact_text scope);

/* Take the next item of a walk. False at the end, or when the next item is malformed. */
IMPACT_API bool impact_attribute_view_next(impact_message_walk *walk, impact_text *key,
                                           impact_value_view *value);
IMPACT_API bool impact_event_view_next(impact_message_walk *walk, impact_event_view *event);
IMPACT_API bool impact_link_view_next(impact_message_walk *walk, impact_link_view *link);
IMPACT_API bool impact_value_view_next(impact_message_walk *walk, impact_value_view *item);

/* Take the next sub-message of a walk as bytes. */
IMPACT_API bool impact_message_walk_next(impact_message_walk *walk, impact_text *message);

/* A walk over field `field` of `message`: for messages that have no view here. */
IMPACT_API impact_message_walk impact_message_walk_of(impact_text message, uint32_t field);

#ifdef __cplusplus
}
#endif

#endif
