/* DNS messages (RFC 1035 4): a question for addresses, and how many of them an answer has. */
#ifndef IMPACT_CHECKS_DNS_MESSAGE_H
#define IMPACT_CHECKS_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

enum {
    impact__dns_query_limit = 12 + 255 + 4, /* header, name, type and class */
    impact__dns_type_a = 1,
    impact__dns_type_aaaa = 28, /* RFC 3596 */
};

typedef struct impact__dns_query {
    uint8_t bytes[impact__dns_query_limit];
    size_t size;
} impact__dns_query;

typedef struct impact__dns_answer {
    uint8_t code;   /* 0: no error; 3: there is no such name (RFC 1035 4.1.1) */
    bool is_cut;    /* the rest did not fit into a datagram */
    uint32_t count; /* of addresses of the type that was asked for */
} impact__dns_answer;

/* Ask for the addresses of a name, with or without the root's point at its end. False: it is
 * none. */
bool impact__dns_ask(impact__dns_query *query, impact_text name, uint16_t type, uint16_t id);

/* False: it is no answer to this question, and the right one may still come. */
bool impact__dns_read(impact__dns_answer *answer, const uint8_t *bytes, size_t size,
                      const impact__dns_query *query);

/* The word for a code: "NXDOMAIN"; "an error" for those that have none here. */
const char *impact__dns_code_text(uint8_t code);

#endif
