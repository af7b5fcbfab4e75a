/* What a backend answers (trace_service.proto: partial_success 1; in it rejected_spans 1,
 * error_message 2). */
#include "export/otlp/response.h"

#include "base/protobuf.h"
#include "base/text.h"
#include "export/otlp/json_reader.h"

static bool read_partial_success(otlp__response *response, impact_text message)
{
    impact__field field;
    while (impact__read_field(&field, &message)) {
        if (field.number == 1 && field.wire_type == IMPACT__WIRE_VARINT) /* an int64 */
            response->rejected_spans = field.value <= INT64_MAX ? field.value : 0;
        if (field.number == 2 && field.wire_type == IMPACT__WIRE_LENGTH)
            response->error_message = field.bytes;
    }
    return message.size == 0;
}

bool otlp__response_parse(otlp__response *response, impact_text body)
{
    otlp__response read = {.rejected_spans = 0};
    impact__field field;
    while (impact__read_field(&field, &body))
        if (field.number == 1 && field.wire_type == IMPACT__WIRE_LENGTH &&
            !read_partial_success(&read, field.bytes))
            return false;
    if (body.size)
        return false;
    *response = read;
    return true;
}

/* A number of 64 bits may stand in a string (protobuf.dev, "JSON Mapping"). No body at all says as
 * much as an empty message, which has no bytes in protobuf. */
bool otlp__response_parse_json(otlp__response *response, impact_text body)
{
    static const char *const rejected_path[] = {"partialSuccess", "rejectedSpans"};
    static const char *const message_path[] = {"partialSuccess", "errorMessage"};
    otlp__response read = {.is_json = true};
    otlp__json_scalar found;
    if (body.size && !otlp__json_is_object(body))
        return false;
    if (otlp__json_find(&found, body, rejected_path, 2) &&
        !impact__text_parse_uint(&read.rejected_spans, found.text, INT64_MAX))
        read.rejected_spans = 0;
    if (otlp__json_find(&found, body, message_path, 2) && found.is_string)
        read.error_message = found.text;
    *response = read;
    return true;
}
