/* NTP packets. */
#include "checks/ntp_packet.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

enum {
    version_4_client = 4 << 3 | 3,
    mode_mask = 7,
    mode_server = 4,
    leap_shift = 6,
    leap_unknown = 3,   /* "clock unsynchronized" */
    stratum_limit = 15, /* 0 is a refusal ("kiss of death"), 16 unsynchronised */
    stratum_at = 1,
    origin_at = 24,
    receive_at = 32,
    transmit_at = 40,
    bits_of_second = 32,
};

static const uint64_t unix_epoch = UINT64_C(2208988800); /* in seconds since 1900 */

static uint64_t get_64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

static void put_64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* Of all the moments that the 32 bits of seconds may mean, the one nearest to now. */
static int64_t unix_ns(uint64_t time, int64_t now_ns)
{
    const int64_t now = now_ns / (int64_t)IMPACT__NS_PER_SEC;
    const uint32_t shown = (uint32_t)(time >> bits_of_second);
    const uint32_t distance = shown - (uint32_t)((uint64_t)now + unix_epoch);
    const int64_t seconds = now + (int32_t)distance;
    const uint64_t fraction = (time & UINT32_MAX) * IMPACT__NS_PER_SEC >> bits_of_second;
    return seconds * (int64_t)IMPACT__NS_PER_SEC + (int64_t)fraction;
}

void impact__ntp_ask(uint8_t packet[impact__ntp_size], uint64_t nonce)
{
    memset(packet, 0, impact__ntp_size);
    packet[0] = version_4_client;
    put_64(packet + transmit_at, nonce);
}

bool impact__ntp_read(impact__ntp_answer *answer, const uint8_t *bytes, size_t size, uint64_t nonce,
                      int64_t now_ns)
{
    assert(answer && (bytes || !size));
    if (size < impact__ntp_size || (bytes[0] & mode_mask) != mode_server ||
        get_64(bytes + origin_at) != nonce)
        return false;
    const uint8_t stratum = bytes[stratum_at];
    *answer = (impact__ntp_answer){
        .is_synchronised =
            bytes[0] >> leap_shift != leap_unknown && stratum > 0 && stratum <= stratum_limit,
        .received_ns = unix_ns(get_64(bytes + receive_at), now_ns),
        .sent_ns = unix_ns(get_64(bytes + transmit_at), now_ns),
    };
    return true;
}
