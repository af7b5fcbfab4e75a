/* Ids as formats other than W3C's write them: of either case, and of fewer digits. */
#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "propagate/formats.h"

enum { digit_limit = 32 }; /* of a trace id */

bool impact__id_parse(uint8_t *bytes, size_t size, impact_text digits)
{
    assert(digits.data || digits.size == 0);
    char padded[digit_limit];
    uint8_t any = 0;
    if (!digits.size || digits.size > 2 * size || 2 * size > digit_limit)
        return false;
    const size_t padding = 2 * size - digits.size;
    memset(padded, '0', padding);
    for (size_t i = 0; i < digits.size; i++)
        padded[padding + i] = impact__to_lower_case(digits.data[i]);
    if (!impact__hex_parse(bytes, size, padded))
        return false;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any != 0;
}
