/* Memory for instrumentors: the default allocator's three functions, which are all that they may name. */
#ifndef IMPACT_INSTRUMENT_COMMON_MEMORY_H
#define IMPACT_INSTRUMENT_COMMON_MEMORY_H

#include <stddef.h>
#include <string.h>

#include <impact/allocator.h>

/* Zeroed memory, or NULL. */
static inline void *impact__memory_take(size_t size)
{
    const impact_allocator *allocator = impact_allocator_default();
    void *memory = allocator->allocate(allocator->userdata, size);
    return memory ? memset(memory, 0, size) : NULL;
}

/* Accepts NULL. */
static inline void impact__memory_give_back(void *memory)
{
    const impact_allocator *allocator = impact_allocator_default();
    if (memory)
        allocator->release(allocator->userdata, memory);
}

/* A copy of a NUL-terminated string, or NULL; a copy of NULL is NULL. */
static inline char *impact__memory_copy(const char *string)
{
    const size_t size = string ? strlen(string) + 1 : 0;
    char *copy = size ? impact__memory_take(size) : NULL;
    return copy ? memcpy(copy, string, size) : NULL;
}

#endif
