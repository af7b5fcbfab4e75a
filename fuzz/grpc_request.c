/* HealthCheckRequests in their frames: what is read lies in the message. */
#include "health/grpc_question.h"

#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_text service = {NULL, 0};
    const impact_text body = impact_text_from((const char *)data, size);
    if (!impact__grpc_read_request(&service, body)) {
        must(!service.data && !service.size);
        return 0;
    }
    must(size >= 5 && !data[0]);
    if (service.size)
        must_lie_in(service, data + 5, size - 5);
    return 0;
}
