/* The one door that memory comes through, inside. */
#include "core/alloc.h"

#include <string.h>

static const impact_allocator *door(const impact_allocator *allocator)
{
    return allocator ? allocator : impact_allocator_default();
}

void *impact__alloc(const impact_allocator *allocator, size_t size)
{
    void *memory = door(allocator)->allocate(door(allocator)->userdata, size);
    return memory ? memset(memory, 0, size) : NULL;
}

void *impact__resize(const impact_allocator *allocator, void *memory, size_t size)
{
    return door(allocator)->resize(door(allocator)->userdata, memory, size);
}

void impact__free(const impact_allocator *allocator, void *memory)
{
    if (memory)
        door(allocator)->release(door(allocator)->userdata, memory);
}

char *impact__copy(const impact_allocator *allocator, const char *data, size_t size)
{
    char *copy = impact__alloc(allocator, size + 1);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}
