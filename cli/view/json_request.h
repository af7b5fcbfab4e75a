/* An ExportTraceServiceRequest in JSON, as the bytes of the same message in protobuf. */
#ifndef IMPACT_CLI_VIEW_JSON_REQUEST_H
#define IMPACT_CLI_VIEW_JSON_REQUEST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "export/otlp_schema.h"
#include "probe_json.h"
#include "slice.h"

/* An object or an array that is open. */
typedef struct view_json_frame {
    const impact__otlp_message *of;    /* of an object; NULL: it is skipped, or an array */
    const impact__otlp_field *field;   /* that an array, or the message, is the value of */
    const impact__otlp_field *pending; /* in an object: of the last key; NULL: it is not known */
    size_t start;                      /* in the buffer: of the message */
    bool is_array;
} view_json_frame;

typedef struct view_json_reader {
    impact__buffer *to;
    probe_json json;
    view_json_frame frames[probe_json_depth_limit + 1];
    size_t depth;
} view_json_reader;

/* Append the message piece by piece. `document` is borrowed until it is done. */
void view_json_begin(view_json_reader *reader, impact__buffer *to, impact_text document);
view_progress view_json_some(view_json_reader *reader, view_slice *slice);

/* Append the message, all at once. False: the document is none, or memory was short (then the
 * buffer has failed); what was appended is of no use. Members that are not known are left out, as
 * protocol/otlp "JSON Protobuf Encoding" has it. */
bool view_json_request(impact__buffer *to, impact_text document);

#endif
