/* Texts behind a struct, in the same piece of memory: one allocation, and one to free. */
#ifndef IMPACT_CHECKS_PACKED_H
#define IMPACT_CHECKS_PACKED_H

#include <stddef.h>
#include <string.h>

/* What a text (NULL: none) needs. */
static inline size_t impact__packed_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Copy it to `*to`, which moves behind it; NULL for none. */
static inline const char *impact__pack(char **to, const char *text)
{
    if (!text)
        return NULL;
    const char *copy = memcpy(*to, text, impact__packed_size(text));
    *to += impact__packed_size(text);
    return copy;
}

#endif
