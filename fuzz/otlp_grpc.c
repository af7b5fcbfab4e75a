/* gRPC: any bytes as the body of an answer, and, a line each, as its headers. */
#include "export/otlp/grpc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(impact_text body)
{
    impact_text message;
    bool is_compressed;
    char head[OTLP__GRPC_HEAD_SIZE];
    if (!otlp__grpc_message(&message, &is_compressed, body))
        return;
    otlp__grpc_write_head(head, is_compressed, message.size);
    if (memcmp(head, body.data, sizeof head) != 0 ||
        message.data + message.size != body.data + body.size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    otlp__grpc_status status = {.code = 0};
    impact_text rest = impact_text_from((const char *)data, size);
    impact_text line;
    check_message(rest);
    while (impact__text_split(&line, &rest, '\n')) {
        impact_text value = line;
        impact_text name;
        if (impact__text_split(&name, &value, ':'))
            otlp__grpc_take(&status, name, value.data ? value : impact_text_of(""));
    }
    const impact_text message = impact_text_of(status.message.text);
    if (impact__utf8_valid_prefix(message) != message.size)
        abort();
    if (status.wait_ms > UINT64_C(367) * 86400 * 1000 || !otlp__grpc_code_name(status.code))
        abort();
    (void)otlp__grpc_may_retry(&status);
    (void)otlp__grpc_is_too_large(&status);
    return 0;
}
