/* NTP packets: 8 bytes of the time of now, then an answer, as it is and to the right question. */
#include "checks/ntp_packet.h"

#include <string.h>

#include "base/clock.h"
#include "must.h"

static const int64_t half_era_ns = INT64_C(2147483649) * 1000000000;

/* The times lie within 68 years of now. */
static void read_answer(const uint8_t *data, size_t size, uint64_t nonce, int64_t now)
{
    impact__ntp_answer answer;
    if (!impact__ntp_read(&answer, data, size, nonce, now))
        return;
    must(size >= impact__ntp_size);
    must(answer.received_ns - now <= half_era_ns && now - answer.received_ns <= half_era_ns);
    must(answer.sent_ns - now <= half_era_ns && now - answer.sent_ns <= half_era_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t now = 0;
    uint64_t nonce = 0;
    if (size < sizeof now)
        return 0;
    memcpy(&now, data, sizeof now);
    now %= (uint64_t)UINT32_MAX * IMPACT__NS_PER_SEC; /* until 2106 */
    data += sizeof now;
    size -= sizeof now;
    read_answer(data, size, 0, (int64_t)now);
    if (size < impact__ntp_size)
        return 0;
    for (int i = 0; i < 8; i++)
        nonce = nonce << 8 | data[24 + i];
    read_answer(data, size, nonce, (int64_t)now);
    return 0;
}
