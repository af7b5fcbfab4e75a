/* The messages of an ExportTraceServiceRequest as a table: each field's number on the wire and its
 * name in JSON (opentelemetry-proto v1: trace_service, trace, resource, common; protocol/otlp "JSON
 * Protobuf Encoding"). */
#ifndef IMPACT_EXPORT_OTLP_SCHEMA_H
#define IMPACT_EXPORT_OTLP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/attribute.h>

/* How a field is written: on the wire, and in JSON. */
typedef enum impact__otlp_kind {
    IMPACT__OTLP_STRING,
    IMPACT__OTLP_ID,     /* bytes; hex digits in JSON */
    IMPACT__OTLP_BYTES,  /* Base64 */
    IMPACT__OTLP_BOOL,   /* a varint */
    IMPACT__OTLP_INT,    /* a varint; a decimal number in a string, since it may have 64 bits */
    IMPACT__OTLP_NUMBER, /* a varint of at most 32 bits, or an enum: a number */
    IMPACT__OTLP_FIXED,  /* 64 bits; in a string likewise */
    IMPACT__OTLP_FLAGS,  /* fixed, 32 bits; a number */
    IMPACT__OTLP_DOUBLE,
    IMPACT__OTLP_MESSAGE
} impact__otlp_kind;

typedef struct impact__otlp_message impact__otlp_message;

typedef struct impact__otlp_field {
    uint32_t number;
    impact__otlp_kind kind;
    bool is_repeated;
    const char *name;
    const impact__otlp_message *message; /* of that kind */
} impact__otlp_field;

struct impact__otlp_message {
    const impact__otlp_field *fields;
    size_t count;
};

/* TracesData is the same. */
extern const impact__otlp_message impact__otlp_request;

/* Messages in each other: seven down to the value of an event's attribute, and three a level of
 * arrays and maps within that. */
enum { IMPACT__OTLP_DEPTH_LIMIT = 7 + 3 * IMPACT_VALUE_DEPTH_LIMIT };

#endif
