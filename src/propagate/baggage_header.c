/* The baggage header: read and written (W3C Baggage 3.2 and 3.3), and propagated. */
#include "propagate/baggage_header.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "propagate/field.h"
#include "propagate/formats.h"
#include "signal/baggage.h"

enum { header_limit = IMPACT_BAGGAGE_SIZE - 1 }; /* characters */

/* ---- characters ---- */

/* RFC 9110 5.6.2. */
bool impact__is_token(impact_text text)
{
    assert(text.data || text.size == 0);
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (!impact__is_alphanumeric(c) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.size > 0;
}

/* 3.3.1.3, baggage-octet: printable ASCII but blank, quote, comma, semicolon and backslash. */
static bool is_value_character(char c)
{
    return c > 0x20 && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool is_encoded_value(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_value_character(text.data[i]))
            return false;
    return true;
}

/* What may stand behind the first semicolon of a member: printable ASCII, blanks and tabs. */
static bool is_metadata(impact_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (c != '\t' && (c < 0x20 || c > 0x7E || c == ','))
            return false;
    }
    return true;
}

/* ---- reading ---- */

/* 3.3.1.3: what is not UTF-8 becomes U+FFFD. An ill-formed byte was three characters, as that is
 * bytes: so nothing becomes longer than it was. */
bool impact__baggage_value_decode(impact_text *value, char room[IMPACT_BAGGAGE_SIZE],
                                  impact_text encoded)
{
    char plain[header_limit];
    size_t size = 0;
    if (encoded.size > header_limit || !is_encoded_value(encoded) ||
        !impact__percent_decode(plain, &size, encoded, false))
        return false;
    const impact_text decoded = impact_text_from(plain, size);
    *value = impact_text_from(room, impact__utf8_repaired_size(decoded));
    impact__utf8_repair(room, decoded);
    return true;
}

/* key OWS "=" OWS value *( OWS ";" OWS property ); the value is decoded into `room`. */
static bool parse_member(impact__baggage_entry *entry, char *room, impact_text member)
{
    impact_text metadata = member;
    impact_text pair;
    impact_text key;
    if (!impact__text_split(&pair, &metadata, ';'))
        return false;
    impact_text value = pair;
    if (!impact__text_split(&key, &value, '=') || !value.data)
        return false;
    entry->name = impact__text_trim(key);
    metadata = impact__text_trim(metadata);
    entry->metadata = is_metadata(metadata) ? metadata : impact_text_from(NULL, 0);
    return impact__is_token(entry->name) &&
           impact__baggage_value_decode(&entry->value, room, impact__text_trim(value));
}

/* The whole members of the first `header_limit` characters. */
static impact_text cut_header(impact_text header)
{
    assert(header.data || header.size == 0);
    if (header.size <= header_limit)
        return header;
    const char *comma = memrchr(header.data, ',', header_limit + 1);
    return impact_text_from(header.data, comma ? (size_t)(comma - header.data) : 0);
}

static size_t count_members(impact_text header)
{
    size_t count = 1;
    for (size_t i = 0; i < header.size; i++)
        count += header.data[i] == ',';
    return count < impact__baggage_count_limit ? count : impact__baggage_count_limit;
}

static void fill(impact_baggage *baggage, impact_text header)
{
    char room[IMPACT_BAGGAGE_SIZE];
    impact_text rest = header;
    impact_text member;
    impact__baggage_entry entry;
    while (baggage->count < impact__baggage_count_limit && impact__text_split(&member, &rest, ','))
        if (parse_member(&entry, room, member))
            impact__baggage_put(baggage, &entry);
}

impact_status impact_baggage_parse(const impact_baggage **baggage, impact_text header)
{
    if (!baggage)
        return IMPACT_EINVAL;
    header = header.data ? cut_header(impact__text_trim(header)) : impact_text_of(NULL);
    if (!header.size)
        return IMPACT_ENOENT;
    impact_baggage *made = impact__baggage_open(count_members(header), header.size);
    if (!made)
        return IMPACT_ENOMEM;
    fill(made, header);
    if (!made->count) {
        impact_baggage_release(made);
        return IMPACT_ENOENT;
    }
    *baggage = made;
    return IMPACT_OK;
}

/* ---- writing ---- */

/* Room that is filled from the front. */
typedef struct writer {
    char *text;
    size_t size;
    bool is_full;
} writer;

static void put(writer *to, const char *data, size_t size)
{
    assert(data || size == 0);
    to->is_full = to->is_full || size > header_limit - to->size;
    if (to->is_full || !size)
        return;
    memcpy(to->text + to->size, data, size);
    to->size += size;
}

/* A plus is encoded too: some take it for a blank. */
static void put_encoded(writer *to, impact_text value)
{
    static const char digits[] = "0123456789ABCDEF"; /* RFC 3986 2.1: upper case */
    for (size_t i = 0; i < value.size; i++) {
        const char c = value.data[i];
        const uint8_t byte = (uint8_t)c;
        if (is_value_character(c) && c != '%' && c != '+') {
            put(to, &c, 1);
            continue;
        }
        const char encoded[] = {'%', digits[byte >> 4], digits[byte & 15]};
        put(to, encoded, sizeof encoded);
    }
}

bool impact__baggage_value_encode(char room[IMPACT_BAGGAGE_SIZE], impact_text value)
{
    writer to = {.text = room};
    put_encoded(&to, value);
    room[to.size] = '\0';
    return !to.is_full;
}

/* All of it, or nothing. */
static void put_member(writer *to, const impact__baggage_entry *entry)
{
    const size_t before = to->size;
    put(to, ",", before ? 1 : 0);
    put(to, entry->name.data, entry->name.size);
    put(to, "=", 1);
    put_encoded(to, entry->value);
    if (entry->metadata.size && is_metadata(entry->metadata)) {
        put(to, ";", 1);
        put(to, entry->metadata.data, entry->metadata.size);
    }
    if (to->is_full)
        *to = (writer){.text = to->text, .size = before};
}

size_t impact_baggage_format(char text[IMPACT_BAGGAGE_SIZE], const impact_baggage *baggage)
{
    writer to = {.text = text};
    if (!text)
        return 0;
    for (size_t i = 0; i < impact_baggage_count(baggage); i++)
        if (impact__is_token(baggage->entries[i].name))
            put_member(&to, &baggage->entries[i]);
    text[to.size] = '\0';
    return to.size;
}

/* ---- the propagator ---- */

static const char field_name[] = "baggage";

static const impact_context *extract(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator; /* it has nothing of its own; likewise below */
    impact__field field;
    const impact_baggage *baggage = NULL;
    impact__field_open(&field, getter, carrier, field_name);
    const impact_status status = impact_baggage_parse(&baggage, field.value);
    impact__field_close(&field);
    if (status)
        return impact_context_retain(context);
    const impact_context *with_baggage = impact_context_with_baggage(context, baggage);
    impact_baggage_release(baggage);
    return with_baggage;
}

static void inject(const impact_propagator *propagator, const impact_context *context,
                   impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    const impact_baggage *baggage = impact_context_baggage(context);
    char value[IMPACT_BAGGAGE_SIZE];
    if (set && baggage && impact_baggage_format(value, baggage))
        set(carrier, field_name, value);
}

static const char *const fields[] = {field_name, NULL};

const impact_propagator impact__propagator_baggage = {
    .size = sizeof(impact_propagator),
    .name = "baggage",
    .fields = fields,
    .extract = extract,
    .inject = inject,
};
