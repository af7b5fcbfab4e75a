/* Structs that cross the border between a program and the library. */
#include "base/options.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

static size_t size_of(const void *structure)
{
    size_t size = 0;
    memcpy(&size, structure, sizeof size);
    return size;
}

static bool is_size(size_t size)
{
    return size >= sizeof size && size <= impact__struct_size_limit;
}

bool impact__struct_read(void *to, size_t known_size, const void *from)
{
    assert(known_size >= sizeof(size_t));
    const size_t given = from ? size_of(from) : sizeof given;
    if (!is_size(given))
        return false;
    if (given > known_size &&
        !impact__is_zero((const unsigned char *)from + known_size, given - known_size))
        return false;
    memset(to, 0, known_size);
    if (from)
        memcpy(to, from, impact__smaller(given, known_size));
    memcpy(to, &known_size, sizeof known_size);
    return true;
}

bool impact__struct_write(void *to, const void *from, size_t known_size)
{
    assert(known_size >= sizeof(size_t));
    const size_t given = to ? size_of(to) : 0;
    if (!is_size(given))
        return false;
    memset(to, 0, given);
    memcpy(to, from, impact__smaller(given, known_size));
    memcpy(to, &given, sizeof given);
    return true;
}
