/* NTP packets. */
#include "checks/ntp_packet.h"

#include <string.h>

#include "support/check.h"

static const int64_t second = 1000000000;

/* Of a server of stratum 2 that is synchronised; received at the given second since 1900, sent half
 * a second later. */
static void build(uint8_t packet[impact__ntp_size], uint64_t nonce, uint32_t seconds)
{
    impact__ntp_ask(packet, nonce);
    memcpy(packet + 24, packet + 40, 8);
    packet[0] = 4 << 3 | 4;
    packet[1] = 2;
    for (int i = 0; i < 4; i++)
        packet[32 + i] = packet[40 + i] = (uint8_t)(seconds >> (24 - 8 * i));
    memset(packet + 36, 0, 4);
    memset(packet + 44, 0, 4);
    packet[44] = 0x80;
}

TEST(a_question_is_as_rfc_5905_has_it)
{
    uint8_t packet[impact__ntp_size];
    impact__ntp_ask(packet, UINT64_C(0x0102030405060708));
    CHECK_EQUAL(packet[0], 0x23);
    for (int i = 1; i < 40; i++)
        CHECK_EQUAL(packet[i], 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQUAL(packet[40 + i], i + 1);
}

TEST(times_are_read_in_the_era_of_now)
{
    uint8_t packet[impact__ntp_size];
    impact__ntp_answer answer;
    build(packet, 7, 2208988800U + 100);
    CHECK(impact__ntp_read(&answer, packet, sizeof packet, 7, 90 * second));
    CHECK(answer.is_synchronised);
    CHECK_EQUAL(answer.received_ns, 100 * second);
    CHECK_EQUAL(answer.sent_ns, 100 * second + second / 2);
    /* 2^32 seconds since 1900 are over in February 2036. */
    const int64_t turn = (INT64_C(1) << 32) - 2208988800;
    build(packet, 7, 5);
    CHECK(impact__ntp_read(&answer, packet, sizeof packet, 7, (turn - 5) * second));
    CHECK_EQUAL(answer.received_ns, (turn + 5) * second);
    build(packet, 7, UINT32_MAX);
    CHECK(impact__ntp_read(&answer, packet, sizeof packet, 7, (turn + 5) * second));
    CHECK_EQUAL(answer.received_ns, (turn - 1) * second);
}

TEST(a_server_that_does_not_know_the_time_is_not_synchronised)
{
    static const struct {
        uint8_t first;
        uint8_t stratum;
    } rows[] = {{0xe4, 2}, {0x24, 0}, {0x24, 16}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t packet[impact__ntp_size];
        impact__ntp_answer answer;
        build(packet, 7, 100);
        packet[0] = rows[i].first;
        packet[1] = rows[i].stratum;
        CHECK(impact__ntp_read(&answer, packet, sizeof packet, 7, 0));
        CHECK(!answer.is_synchronised);
    }
}

TEST(what_answers_another_question_is_no_answer)
{
    uint8_t packet[impact__ntp_size];
    impact__ntp_answer answer;
    build(packet, 7, 100);
    CHECK(!impact__ntp_read(&answer, packet, sizeof packet, 8, 0));
    CHECK(!impact__ntp_read(&answer, packet, sizeof packet - 1, 7, 0));
    packet[0] = 4 << 3 | 3; /* a question itself */
    CHECK(!impact__ntp_read(&answer, packet, sizeof packet, 7, 0));
}
