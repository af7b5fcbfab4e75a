/* The baggage header: what was read is written, and read again as the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/baggage.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* A header of it has no end of a line, and is not too long. */
static size_t write(char text[IMPACT_BAGGAGE_SIZE], const impact_baggage *baggage)
{
    const size_t size = impact_baggage_format(text, baggage);
    require(size == strlen(text) && size < IMPACT_BAGGAGE_SIZE);
    for (size_t i = 0; i < size; i++)
        require((text[i] >= 0x20 && text[i] <= 0x7E) || text[i] == '\t');
    return size;
}

static bool is_same(const impact_baggage *a, const impact_baggage *b)
{
    impact_text name, value, other;
    for (size_t i = 0; impact_baggage_at(&name, &value, NULL, a, i); i++) {
        require(impact__utf8_valid_prefix(value) == value.size);
        if (!impact_baggage_get(&other, b, name) || !impact__text_equal(value, other))
            return false;
    }
    return impact_baggage_count(a) == impact_baggage_count(b);
}

/* As a program might: names and values of any bytes. */
static void check_set(impact_text text)
{
    const impact_baggage *made = NULL;
    char written[IMPACT_BAGGAGE_SIZE];
    const impact_text name = impact_text_from(text.data, text.size / 3);
    const impact_text value = impact_text_from(text.data + name.size, text.size / 3);
    const impact_text metadata =
        impact_text_from(value.data + value.size, text.size - 2 * name.size);
    if (impact_baggage_set(&made, NULL, name, value, metadata) == IMPACT_OK)
        (void)write(written, made);
    impact_baggage_release(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text header = impact_text_from((const char *)data, size);
    const impact_baggage *first = NULL;
    const impact_baggage *second = NULL;
    char written[IMPACT_BAGGAGE_SIZE];
    check_set(header);
    if (impact_baggage_parse(&first, header))
        return 0;
    const size_t written_size = write(written, first);
    const impact_status status =
        impact_baggage_parse(&second, impact_text_from(written, written_size));
    /* Encoding makes it three times as long at most, and then what has no room is left out. */
    if (size <= 2700)
        require(status == IMPACT_OK && is_same(first, second));
    impact_baggage_release(first);
    impact_baggage_release(second);
    return 0;
}
