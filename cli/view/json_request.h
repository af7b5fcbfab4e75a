/* An ExportTraceServiceRequest in JSON, as the bytes of the same message in protobuf. */
#ifndef IMPACT_CLI_VIEW_JSON_REQUEST_H
#define IMPACT_CLI_VIEW_JSON_REQUEST_H

#include <stdbool.h>

#include "base/buffer.h"

/* Append the message. False: the document is none, or memory was short (then the buffer has
 * failed); what was appended is of no use. Members that are not known are left out, as
 * protocol/otlp "JSON Protobuf Encoding" has it. */
bool view_json_request(impact__buffer *to, impact_text document);

#endif
