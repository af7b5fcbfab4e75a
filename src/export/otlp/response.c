/* What a backend answers (trace_service.proto: partial_success 1; in it rejected_spans 1,
 * error_message 2). */
#include "export/otlp/response.h"

#include "base/protobuf.h"

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
