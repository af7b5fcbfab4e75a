/* A path that a server has decoded, encoded again (RFC 3986 2.1). */
#include "instrument/common/encode_path.h"

#include "base/ascii.h"

/* Unreserved (2.3), the slash, and the asterisk of OPTIONS. */
static bool may_stay(char c)
{
    return impact__is_alphanumeric_or(c, "-._~/*");
}

bool impact__encode_path(char *to, size_t size, size_t *used, impact_text path)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = *used;
    for (size_t i = 0; i < path.size; i++) {
        const unsigned char byte = (unsigned char)path.data[i];
        const bool stays = may_stay(path.data[i]);
        if (size - at < (stays ? 1 : 3))
            return false;
        to[at++] = stays ? path.data[i] : '%';
        if (stays)
            continue;
        to[at++] = digits[byte >> 4];
        to[at++] = digits[byte & 15];
    }
    *used = at;
    return true;
}
