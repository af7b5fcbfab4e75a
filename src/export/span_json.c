/* A finished span as one JSON object.
 *
 * DESIGN: the order, the names and the odd spellings ("0x" before ids, the trace state as Python's
 * repr of a list) are those of opentelemetry-sdk for Python, so that what reads the one reads the
 * other. Not kept: its NaN and Infinity, which are no JSON; they are null here.
 */
#include "export/span_json.h"

#include <assert.h>
#include <time.h>

#include <impact/span_view.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "export/tree/outline.h"
#include "export/value_json.h"

enum { ns_per_us = 1000 };

/* ---- attributes ---- */

static void attributes_member(impact__outline *outline, impact_message_walk walk)
{
    impact_text key;
    impact_value_view value;
    impact__outline_member(outline, impact_text_of("attributes"));
    impact__outline_open(outline, '{');
    while (impact_attribute_view_next(&walk, &key, &value)) {
        impact__outline_member(outline, key);
        impact__value_json(outline, &value);
    }
    impact__outline_close(outline, '}');
}

/* ---- ids and times ---- */

static void id_member(impact__outline *outline, const char *key, const uint8_t *bytes, size_t size)
{
    assert(bytes && size > 0);
    char digits[2 * sizeof(impact_trace_id)];
    impact__hex_format(digits, bytes, size);
    impact__outline_member(outline, impact_text_of(key));
    impact__buffer_printf(outline->buffer, "\"0x%.*s\"", (int)(2 * size), digits);
}

static void null_member(impact__outline *outline, const char *key)
{
    impact__outline_member(outline, impact_text_of(key));
    impact__buffer_append_string(outline->buffer, "null");
}

/* ISO 8601 in UTC, to the nearest microsecond; 0 is no time. */
static void time_member(impact__outline *outline, const char *key, uint64_t unix_ns)
{
    const uint64_t unix_us = unix_ns / ns_per_us + (unix_ns % ns_per_us >= ns_per_us / 2);
    const uint64_t us_per_second = IMPACT__NS_PER_SEC / ns_per_us;
    const time_t seconds = (time_t)(unix_us / us_per_second);
    struct tm parts;
    if (unix_ns == 0 || !gmtime_r(&seconds, &parts)) {
        null_member(outline, key);
        return;
    }
    impact__outline_member(outline, impact_text_of(key));
    impact__buffer_printf(outline->buffer, "\"%04d-%02d-%02dT%02d:%02d:%02d.%06uZ\"",
                          parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                          parts.tm_min, parts.tm_sec, (unsigned)(unix_us % us_per_second));
}

/* ---- the trace state ---- */

/* A string as Python's repr writes it: in double quotes when it holds single ones only. */
static void python_repr(impact__buffer *buffer, impact_text text)
{
    const bool has_single = text.size && memchr(text.data, '\'', text.size);
    const bool has_double = text.size && memchr(text.data, '"', text.size);
    const char quote = has_single && !has_double ? '"' : '\'';
    impact__buffer_append_char(buffer, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote || text.data[i] == '\\')
            impact__buffer_append_char(buffer, '\\');
        impact__buffer_append_char(buffer, text.data[i]);
    }
    impact__buffer_append_char(buffer, quote);
}

/* "a=1" becomes '{key=a, value=1}'. */
static void state_entry(impact__buffer *buffer, impact_text entry)
{
    impact_text key;
    impact_text value = entry;
    impact__buffer pair = IMPACT__BUFFER(buffer->allocator);
    (void)impact__text_split(&key, &value, '='); /* an entry that is not empty has a first part */
    impact__buffer_append_string(&pair, "{key=");
    impact__buffer_append_text(&pair, key);
    impact__buffer_append_string(&pair, ", value=");
    impact__buffer_append_text(&pair, value);
    impact__buffer_append_char(&pair, '}');
    python_repr(buffer, impact__buffer_text(&pair));
    buffer->has_failed = buffer->has_failed || pair.has_failed;
    impact__buffer_close(&pair);
}

static void state_member(impact__outline *outline, impact_text state)
{
    impact__buffer list = IMPACT__BUFFER(outline->buffer->allocator);
    impact_text rest = state;
    impact_text entry;
    impact__buffer_append_char(&list, '[');
    while (impact__text_split(&entry, &rest, ',')) {
        entry = impact__text_trim(entry);
        if (!entry.size)
            continue;
        if (list.size > 1)
            impact__buffer_append_string(&list, ", ");
        state_entry(&list, entry);
    }
    impact__buffer_append_char(&list, ']');
    impact__outline_string_member(outline, "trace_state", impact__buffer_text(&list));
    outline->buffer->has_failed = outline->buffer->has_failed || list.has_failed;
    impact__buffer_close(&list);
}

static void context_member(impact__outline *outline, const impact_span_context_view *context)
{
    impact__outline_member(outline, impact_text_of("context"));
    impact__outline_open(outline, '{');
    id_member(outline, "trace_id", context->trace_id.bytes, sizeof context->trace_id.bytes);
    id_member(outline, "span_id", context->span_id.bytes, sizeof context->span_id.bytes);
    state_member(outline, context->trace_state);
    impact__outline_close(outline, '}');
}

/* ---- the parts of a span ---- */

static const char *kind_name(impact_span_kind kind)
{
    switch (kind) {
    case IMPACT_SPAN_KIND_SERVER:
        return "SpanKind.SERVER";
    case IMPACT_SPAN_KIND_CLIENT:
        return "SpanKind.CLIENT";
    case IMPACT_SPAN_KIND_PRODUCER:
        return "SpanKind.PRODUCER";
    case IMPACT_SPAN_KIND_CONSUMER:
        return "SpanKind.CONSUMER";
    default:
        return "SpanKind.INTERNAL";
    }
}

static const char *status_name(impact_span_status status)
{
    switch (status) {
    case IMPACT_SPAN_STATUS_OK:
        return "OK";
    case IMPACT_SPAN_STATUS_ERROR:
        return "ERROR";
    default:
        return "UNSET";
    }
}

static void status_member(impact__outline *outline, const impact_span_view *span)
{
    impact__outline_member(outline, impact_text_of("status"));
    impact__outline_open(outline, '{');
    impact__outline_string_member(outline, "status_code",
                                  impact_text_of(status_name(span->status)));
    if (span->status_description.size)
        impact__outline_string_member(outline, "description", span->status_description);
    impact__outline_close(outline, '}');
}

static void events_member(impact__outline *outline, impact_message_walk walk)
{
    impact_event_view event;
    impact__outline_member(outline, impact_text_of("events"));
    impact__outline_open(outline, '[');
    while (impact_event_view_next(&walk, &event)) {
        impact__outline_item(outline);
        impact__outline_open(outline, '{');
        impact__outline_string_member(outline, "name", event.name);
        time_member(outline, "timestamp", event.unix_ns);
        attributes_member(outline, event.attributes);
        impact__outline_close(outline, '}');
    }
    impact__outline_close(outline, ']');
}

static void links_member(impact__outline *outline, impact_message_walk walk)
{
    impact_link_view link;
    impact__outline_member(outline, impact_text_of("links"));
    impact__outline_open(outline, '[');
    while (impact_link_view_next(&walk, &link)) {
        impact__outline_item(outline);
        impact__outline_open(outline, '{');
        context_member(outline, &link.context);
        attributes_member(outline, link.attributes);
        impact__outline_close(outline, '}');
    }
    impact__outline_close(outline, ']');
}

static void resource_member(impact__outline *outline, impact_message_walk attributes)
{
    impact__outline_member(outline, impact_text_of("resource"));
    impact__outline_open(outline, '{');
    attributes_member(outline, attributes);
    impact__outline_string_member(outline, "schema_url", impact_text_of(""));
    impact__outline_close(outline, '}');
}

static void parent_member(impact__outline *outline, const impact_span_view *span)
{
    if (span->has_parent)
        id_member(outline, "parent_id", span->parent_span_id.bytes,
                  sizeof span->parent_span_id.bytes);
    else
        null_member(outline, "parent_id");
}

bool impact__span_json_append(impact__buffer *buffer, impact_text span, impact_text resource)
{
    assert(span.data || span.size == 0);
    assert(resource.data || resource.size == 0);
    impact_span_view view;
    impact_message_walk resource_attributes;
    if (!impact_span_view_parse(&view, span) ||
        !impact_resource_view_parse(&resource_attributes, resource))
        return false;
    impact__outline outline = {.buffer = buffer, .is_empty = true};
    impact__outline_open(&outline, '{');
    impact__outline_string_member(&outline, "name", view.name);
    context_member(&outline, &view.context);
    impact__outline_string_member(&outline, "kind", impact_text_of(kind_name(view.kind)));
    parent_member(&outline, &view);
    time_member(&outline, "start_time", view.start_unix_ns);
    time_member(&outline, "end_time", view.end_unix_ns);
    status_member(&outline, &view);
    attributes_member(&outline, view.attributes);
    events_member(&outline, view.events);
    links_member(&outline, view.links);
    resource_member(&outline, resource_attributes);
    impact__outline_close(&outline, '}');
    impact__buffer_append_char(buffer, '\n');
    return true;
}
