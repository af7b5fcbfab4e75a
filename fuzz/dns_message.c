/* DNS messages: an answer to a question for the first line, in the bytes behind it. */
#include "checks/dns_message.h"

#include <string.h>

#include "base/text.h"
#include "must.h"

enum { record_size = 1 + 10 }; /* the least that a record can have */

static void read_answer(const impact__dns_query *query, const uint8_t *data, size_t size)
{
    impact__dns_answer answer;
    if (!impact__dns_read(&answer, data, size, query))
        return;
    must(answer.code < 16 && size >= query->size);
    must(answer.count <= (size - query->size) / record_size);
    must(impact__dns_code_text(answer.code) != NULL);
}

/* The right start of an answer, so that what is behind it is looked at. */
static void read_with_question(const impact__dns_query *query, const uint8_t *data, size_t size)
{
    uint8_t bytes[1024];
    if (size > sizeof bytes - query->size)
        size = sizeof bytes - query->size;
    memcpy(bytes, query->bytes, query->size);
    memcpy(bytes + query->size, data, size);
    bytes[2] |= 0x80;
    bytes[6] = bytes[7] = 0xff;
    read_answer(query, bytes, query->size + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact_text rest = impact_text_from((const char *)data, size);
    impact_text name;
    impact__dns_query query;
    if (!impact__text_split(&name, &rest, '\n'))
        return 0;
    if (!impact__dns_ask(&query, name, impact__dns_type_aaaa, 0x4142)) {
        must(impact__dns_ask(&query, impact_text_of("a"), impact__dns_type_a, 0x4142));
    }
    must(query.size <= impact__dns_query_limit);
    read_answer(&query, (const uint8_t *)rest.data, rest.size);
    read_with_question(&query, (const uint8_t *)(rest.size ? rest.data : ""), rest.size);
    return 0;
}
