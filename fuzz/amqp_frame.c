/* Frames of AMQP: a head, and what is behind it, which is read whether or not the head fits. */
#include "checks/amqp_frame.h"

#include "must.h"

static void read_rest(const uint8_t *rest, size_t size)
{
    uint16_t method = 0;
    impact__amqp_tuning tuning;
    if (!impact__amqp_method_of(&method, rest, size))
        return;
    must_lie_in(impact__amqp_read_close(rest, size), rest, size);
    must(impact__amqp_read_tune(&tuning, rest, size) == (size >= 4 + 8 + 1));
}

/* What it proposes is taken over into a frame that is whole. */
static void answer(const uint8_t *rest, size_t size)
{
    impact__amqp_tuning tuning;
    impact__buffer to = IMPACT__BUFFER(NULL);
    uint16_t method = 0;
    if (!impact__amqp_read_tune(&tuning, rest, size))
        return;
    impact__amqp_write_tune_ok(&to, &tuning);
    const uint8_t *frame = (const uint8_t *)to.data;
    const size_t rest_size = impact__amqp_rest_size(frame);
    must(rest_size + impact__amqp_head_size == to.size);
    must(impact__amqp_method_of(&method, frame + impact__amqp_head_size, rest_size));
    must(method == impact__amqp_tune_ok);
    impact__buffer_close(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < impact__amqp_head_size)
        return 0;
    const size_t expected = impact__amqp_rest_size(data);
    must(expected <= impact__amqp_payload_limit + 1);
    read_rest(data + impact__amqp_head_size, size - impact__amqp_head_size);
    answer(data + impact__amqp_head_size, size - impact__amqp_head_size);
    return 0;
}
