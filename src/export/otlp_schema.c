/* The messages of an ExportTraceServiceRequest, from the innermost on. */
#include "export/otlp_schema.h"

#include "signal/span_fields.h"

#define MESSAGE(fields)                                                                            \
    {                                                                                              \
        (fields), sizeof(fields) / sizeof *(fields)                                                \
    }

/* ---- common.proto ---- */

static const impact__otlp_message any_value;
static const impact__otlp_message key_value;

static const impact__otlp_field array_value_fields[] = {
    {1, IMPACT__OTLP_MESSAGE, true, "values", &any_value},
};
static const impact__otlp_message array_value = MESSAGE(array_value_fields);

static const impact__otlp_field key_value_list_fields[] = {
    {1, IMPACT__OTLP_MESSAGE, true, "values", &key_value},
};
static const impact__otlp_message key_value_list = MESSAGE(key_value_list_fields);

static const impact__otlp_field any_value_fields[] = {
    {1, IMPACT__OTLP_STRING, false, "stringValue", NULL},
    {2, IMPACT__OTLP_BOOL, false, "boolValue", NULL},
    {3, IMPACT__OTLP_INT, false, "intValue", NULL},
    {4, IMPACT__OTLP_DOUBLE, false, "doubleValue", NULL},
    {5, IMPACT__OTLP_MESSAGE, false, "arrayValue", &array_value},
    {6, IMPACT__OTLP_MESSAGE, false, "kvlistValue", &key_value_list},
    {7, IMPACT__OTLP_BYTES, false, "bytesValue", NULL},
};
static const impact__otlp_message any_value = MESSAGE(any_value_fields);

static const impact__otlp_field key_value_fields[] = {
    {1, IMPACT__OTLP_STRING, false, "key", NULL},
    {2, IMPACT__OTLP_MESSAGE, false, "value", &any_value},
};
static const impact__otlp_message key_value = MESSAGE(key_value_fields);

static const impact__otlp_field scope_fields[] = {
    {IMPACT__SCOPE_NAME, IMPACT__OTLP_STRING, false, "name", NULL},
    {IMPACT__SCOPE_VERSION, IMPACT__OTLP_STRING, false, "version", NULL},
    {IMPACT__SCOPE_ATTRIBUTES, IMPACT__OTLP_MESSAGE, true, "attributes", &key_value},
    {IMPACT__SCOPE_DROPPED_ATTRIBUTES, IMPACT__OTLP_NUMBER, false, "droppedAttributesCount", NULL},
};
static const impact__otlp_message scope = MESSAGE(scope_fields);

/* ---- resource.proto ---- */

static const impact__otlp_field resource_fields[] = {
    {IMPACT__RESOURCE_ATTRIBUTES, IMPACT__OTLP_MESSAGE, true, "attributes", &key_value},
    {2, IMPACT__OTLP_NUMBER, false, "droppedAttributesCount", NULL},
};
static const impact__otlp_message resource = MESSAGE(resource_fields);

/* ---- trace.proto ---- */

static const impact__otlp_field event_fields[] = {
    {IMPACT__EVENT_TIME, IMPACT__OTLP_FIXED, false, "timeUnixNano", NULL},
    {IMPACT__EVENT_NAME, IMPACT__OTLP_STRING, false, "name", NULL},
    {IMPACT__EVENT_ATTRIBUTES, IMPACT__OTLP_MESSAGE, true, "attributes", &key_value},
    {IMPACT__EVENT_DROPPED_ATTRIBUTES, IMPACT__OTLP_NUMBER, false, "droppedAttributesCount", NULL},
};
static const impact__otlp_message event = MESSAGE(event_fields);

static const impact__otlp_field link_fields[] = {
    {IMPACT__LINK_TRACE_ID, IMPACT__OTLP_ID, false, "traceId", NULL},
    {IMPACT__LINK_SPAN_ID, IMPACT__OTLP_ID, false, "spanId", NULL},
    {IMPACT__LINK_TRACE_STATE, IMPACT__OTLP_STRING, false, "traceState", NULL},
    {IMPACT__LINK_ATTRIBUTES, IMPACT__OTLP_MESSAGE, true, "attributes", &key_value},
    {IMPACT__LINK_DROPPED_ATTRIBUTES, IMPACT__OTLP_NUMBER, false, "droppedAttributesCount", NULL},
    {IMPACT__LINK_FLAGS, IMPACT__OTLP_FLAGS, false, "flags", NULL},
};
static const impact__otlp_message link_message = MESSAGE(link_fields);

static const impact__otlp_field status_fields[] = {
    {IMPACT__STATUS_MESSAGE, IMPACT__OTLP_STRING, false, "message", NULL},
    {IMPACT__STATUS_CODE, IMPACT__OTLP_NUMBER, false, "code", NULL},
};
static const impact__otlp_message status = MESSAGE(status_fields);

static const impact__otlp_field span_fields[] = {
    {IMPACT__SPAN_TRACE_ID, IMPACT__OTLP_ID, false, "traceId", NULL},
    {IMPACT__SPAN_SPAN_ID, IMPACT__OTLP_ID, false, "spanId", NULL},
    {IMPACT__SPAN_TRACE_STATE, IMPACT__OTLP_STRING, false, "traceState", NULL},
    {IMPACT__SPAN_PARENT_SPAN_ID, IMPACT__OTLP_ID, false, "parentSpanId", NULL},
    {IMPACT__SPAN_FLAGS, IMPACT__OTLP_FLAGS, false, "flags", NULL},
    {IMPACT__SPAN_NAME, IMPACT__OTLP_STRING, false, "name", NULL},
    {IMPACT__SPAN_KIND, IMPACT__OTLP_NUMBER, false, "kind", NULL},
    {IMPACT__SPAN_START, IMPACT__OTLP_FIXED, false, "startTimeUnixNano", NULL},
    {IMPACT__SPAN_END, IMPACT__OTLP_FIXED, false, "endTimeUnixNano", NULL},
    {IMPACT__SPAN_ATTRIBUTES, IMPACT__OTLP_MESSAGE, true, "attributes", &key_value},
    {IMPACT__SPAN_DROPPED_ATTRIBUTES, IMPACT__OTLP_NUMBER, false, "droppedAttributesCount", NULL},
    {IMPACT__SPAN_EVENTS, IMPACT__OTLP_MESSAGE, true, "events", &event},
    {IMPACT__SPAN_DROPPED_EVENTS, IMPACT__OTLP_NUMBER, false, "droppedEventsCount", NULL},
    {IMPACT__SPAN_LINKS, IMPACT__OTLP_MESSAGE, true, "links", &link_message},
    {IMPACT__SPAN_DROPPED_LINKS, IMPACT__OTLP_NUMBER, false, "droppedLinksCount", NULL},
    {IMPACT__SPAN_STATUS, IMPACT__OTLP_MESSAGE, false, "status", &status},
};
static const impact__otlp_message span = MESSAGE(span_fields);

static const impact__otlp_field scope_spans_fields[] = {
    {1, IMPACT__OTLP_MESSAGE, false, "scope", &scope},
    {IMPACT__SCOPE_SPANS_SPANS, IMPACT__OTLP_MESSAGE, true, "spans", &span},
    {3, IMPACT__OTLP_STRING, false, "schemaUrl", NULL},
};
static const impact__otlp_message scope_spans = MESSAGE(scope_spans_fields);

static const impact__otlp_field resource_spans_fields[] = {
    {1, IMPACT__OTLP_MESSAGE, false, "resource", &resource},
    {2, IMPACT__OTLP_MESSAGE, true, "scopeSpans", &scope_spans},
    {3, IMPACT__OTLP_STRING, false, "schemaUrl", NULL},
};
static const impact__otlp_message resource_spans = MESSAGE(resource_spans_fields);

static const impact__otlp_field request_fields[] = {
    {1, IMPACT__OTLP_MESSAGE, true, "resourceSpans", &resource_spans},
};
const impact__otlp_message impact__otlp_request = MESSAGE(request_fields);
