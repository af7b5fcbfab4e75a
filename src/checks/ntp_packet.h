/* NTP packets (RFC 5905 7.3), of a client that asks once. */
#ifndef IMPACT_CHECKS_NTP_PACKET_H
#define IMPACT_CHECKS_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { impact__ntp_size = 48 };

typedef struct impact__ntp_answer {
    bool is_synchronised; /* the server knows the time itself */
    int64_t received_ns;  /* when the question came to the server, by its clock; unix */
    int64_t sent_ns;      /* when the answer left */
} impact__ntp_answer;

/* A question. `nonce` stands for the time: the server only repeats it, and who does not see the
 * question does not know it. */
void impact__ntp_ask(uint8_t packet[impact__ntp_size], uint64_t nonce);

/* False: it is no answer to that question, and the right one may still come. `now_ns` tells the era
 * of its times, which have 32 bits of seconds. */
bool impact__ntp_read(impact__ntp_answer *answer, const uint8_t *bytes, size_t size, uint64_t nonce,
                      int64_t now_ns);

#endif
