/* The rule for structs that cross the border, as a test: a caller's struct of any version is
 * read. */
#ifndef IMPACT_TESTS_ABI_H
#define IMPACT_TESTS_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/status.h>

#include "support/check.h"

/* One struct: a valid one of the newest size, how much of it is needed, and a call that is given it
 * and undoes what it did. */
typedef struct abi_case {
    const char *name;
    const void *whole; /* `size` first */
    size_t size;
    size_t least; /* up to here stands what is required */
    impact_status (*call)(const void *given);
} abi_case;

/* What the call answers to the first `size` bytes of the whole struct, which says that it has
 * `says`; what is beyond is zero but for one byte at `set`. The memory ends where the struct
 * does. */
static inline impact_status abi_try(const abi_case *c, size_t says, size_t size, size_t set)
{
    unsigned char *given = calloc(1, size < sizeof says ? sizeof says : size);
    memcpy(given, c->whole, size < c->size ? size : c->size);
    memcpy(given, &says, sizeof says);
    if (set < size)
        given[set] = 1;
    const impact_status answer = c->call(given);
    free(given);
    return answer;
}

static inline void abi_check_one(const abi_case *c)
{
    const size_t more = c->size + 2 * sizeof(void *);
    const struct {
        const char *what;
        impact_status is;
        impact_status should;
    } rows[] = {
        {"equal", abi_try(c, c->size, c->size, SIZE_MAX), IMPACT_OK},
        {"smaller", abi_try(c, c->least, c->least, SIZE_MAX), IMPACT_OK},
        {"larger and zero", abi_try(c, more, more, SIZE_MAX), IMPACT_OK},
        {"larger and set", abi_try(c, more, more, more - 1), IMPACT_EINVAL},
        {"set right behind", abi_try(c, more, more, c->size), IMPACT_EINVAL},
        {"without a size", abi_try(c, 0, c->size, SIZE_MAX), IMPACT_EINVAL},
        {"of a size that no struct has", abi_try(c, SIZE_MAX, c->size, SIZE_MAX), IMPACT_EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].is != rows[i].should)
            check_failed(__FILE__, __LINE__, "%s, %s: %d, not %d", c->name, rows[i].what,
                         (int)rows[i].is, (int)rows[i].should);
}

#define ABI_CHECK(cases)                                                                           \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++)                                \
    abi_check_one(&(cases)[i_])

/* `type`'s end of `member`. */
#define ABI_END(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

#endif
