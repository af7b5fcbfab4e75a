/* DNS messages. */
#include "checks/dns_message.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

enum {
    header_size = 12,
    label_limit = 63,
    name_limit = 253, /* as text, without the root's point */
    class_in = 1,
    is_answer = 0x80,
    is_cut_bit = 0x02,
    wants_recursion = 0x01,
    opcode_mask = 0x78,
    code_mask = 0x0f,
    pointer_mask = 0xc0, /* RFC 1035 4.1.4 */
    pointer_size = 2,
    question_end_size = 4, /* type and class behind the name */
    record_end_size = 10,  /* type, class, time to live and size behind the name */
};

/* ---- a question ---- */

static void put_16(impact__dns_query *query, uint16_t value)
{
    query->bytes[query->size++] = (uint8_t)(value >> 8);
    query->bytes[query->size++] = (uint8_t)value;
}

static bool put_label(impact__dns_query *query, impact_text label)
{
    if (!label.size || label.size > label_limit)
        return false;
    query->bytes[query->size++] = (uint8_t)label.size;
    memcpy(query->bytes + query->size, label.data, label.size);
    query->size += label.size;
    return true;
}

static bool put_name(impact__dns_query *query, impact_text name)
{
    impact_text label;
    if (name.size && name.data[name.size - 1] == '.')
        name.size--;
    if (!name.size || name.size > name_limit)
        return false;
    while (impact__text_split(&label, &name, '.'))
        if (!put_label(query, label))
            return false;
    query->bytes[query->size++] = 0;
    return true;
}

bool impact__dns_ask(impact__dns_query *query, impact_text name, uint16_t type, uint16_t id)
{
    assert(query && (name.data || !name.size));
    *query = (impact__dns_query){0};
    put_16(query, id);
    query->bytes[2] = wants_recursion;
    query->bytes[5] = 1; /* one question */
    query->size = header_size;
    if (!put_name(query, name))
        return false;
    put_16(query, type);
    put_16(query, class_in);
    return true;
}

/* ---- an answer ---- */

typedef struct reader {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* at most size */
} reader;

static uint16_t get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static bool skip(reader *r, size_t size)
{
    if (size > r->size - r->at)
        return false;
    r->at += size;
    return true;
}

/* A pointer ends a name, and need not be followed. */
static bool skip_name(reader *r)
{
    while (r->at < r->size) {
        const uint8_t label = r->bytes[r->at];
        if ((label & pointer_mask) == pointer_mask)
            return skip(r, pointer_size);
        if ((label & pointer_mask) || !skip(r, 1U + label))
            return false;
        if (!label)
            return true;
    }
    return false;
}

/* Names are equal whatever the case of their letters (RFC 1035 2.3.3); the sizes of labels are no
 * letters. */
static bool is_same_question(const reader *r, const impact__dns_query *query)
{
    if (r->size < query->size)
        return false;
    for (size_t i = header_size; i < query->size; i++)
        if (impact__to_lower_case((char)r->bytes[i]) !=
            impact__to_lower_case((char)query->bytes[i]))
            return false;
    return true;
}

static bool is_answer_to(const reader *r, const impact__dns_query *query)
{
    return r->size >= header_size && get_16(r->bytes) == get_16(query->bytes) &&
           (r->bytes[2] & is_answer) && !(r->bytes[2] & opcode_mask) && get_16(r->bytes + 4) == 1 &&
           is_same_question(r, query);
}

/* False: what is left is no record. */
static bool read_record(reader *r, uint16_t type, bool *is_address)
{
    if (!skip_name(r) || r->size - r->at < record_end_size)
        return false;
    const uint8_t *record = r->bytes + r->at;
    const size_t data_size = get_16(record + 8);
    const size_t address_size = type == impact__dns_type_a ? 4 : 16;
    *is_address =
        get_16(record) == type && get_16(record + 2) == class_in && data_size == address_size;
    return skip(r, record_end_size + data_size);
}

bool impact__dns_read(impact__dns_answer *answer, const uint8_t *bytes, size_t size,
                      const impact__dns_query *query)
{
    reader r = {.bytes = bytes, .size = size};
    assert(answer && query && query->size > header_size + question_end_size);
    if (!is_answer_to(&r, query))
        return false;
    *answer = (impact__dns_answer){
        .code = bytes[3] & code_mask,
        .is_cut = (bytes[2] & is_cut_bit) != 0,
    };
    r.at = query->size;
    const uint16_t type = get_16(query->bytes + query->size - question_end_size);
    for (unsigned left = get_16(bytes + 6); left; left--) {
        bool is_address = false;
        if (!read_record(&r, type, &is_address))
            break;
        answer->count += is_address;
    }
    return true;
}

const char *impact__dns_code_text(uint8_t code)
{
    static const char *const texts[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    return code < sizeof texts / sizeof *texts ? texts[code] : "an error";
}
