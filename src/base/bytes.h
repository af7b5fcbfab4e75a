/* Small things about bytes and sizes. */
#ifndef IMPACT_BASE_BYTES_H
#define IMPACT_BASE_BYTES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

static inline size_t impact__smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline bool impact__is_zero(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    assert(byte || size == 0);
    unsigned char any = 0;
    for (size_t i = 0; i < size; i++)
        any |= byte[i];
    return any == 0;
}

#endif
