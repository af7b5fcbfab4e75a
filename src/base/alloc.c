/* The one door that memory comes through, inside. */
#include "base/alloc.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static const impact_allocator *door(const impact_allocator *allocator)
{
    return allocator ? allocator : impact_allocator_default();
}

void *impact__alloc(const impact_allocator *allocator, size_t size)
{
    const impact_allocator *through = door(allocator);
    void *memory = through->allocate(through->userdata, size);
    return memory ? memset(memory, 0, size) : NULL;
}

void *impact__resize(const impact_allocator *allocator, void *memory, size_t size)
{
    assert(size > 0); /* to realloc, 0 may mean to give the memory back */
    const impact_allocator *through = door(allocator);
    return through->resize(through->userdata, memory, size);
}

void impact__free(const impact_allocator *allocator, void *memory)
{
    const impact_allocator *through = door(allocator);
    if (memory)
        through->release(through->userdata, memory);
}

char *impact__copy(const impact_allocator *allocator, const char *data, size_t size)
{
    if (size == SIZE_MAX)
        return NULL; /* no room for the NUL */
    char *copy = impact__alloc(allocator, size + 1);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

char *impact__copy_string(const impact_allocator *allocator, const char *string)
{
    return string ? impact__copy(allocator, string, strlen(string)) : NULL;
}
