/* The process's default allocator. malloc, realloc and free are named in this file only. */
#include <impact/allocator.h>

#include <stdbool.h>
#include <stdlib.h>

static void *system_allocate(void *userdata, size_t size)
{
    (void)userdata; /* malloc has no state of its own */
    return malloc(size);
}

static void *system_resize(void *userdata, void *memory, size_t size)
{
    (void)userdata; /* as above */
    return realloc(memory, size);
}

static void system_release(void *userdata, void *memory)
{
    (void)userdata; /* as above */
    free(memory);
}

static const impact_allocator system_allocator = {
    .allocate = system_allocate,
    .resize = system_resize,
    .release = system_release,
};

/* Written before anything else of the library is used: see the public header. */
static const impact_allocator *default_allocator = &system_allocator;

const impact_allocator *impact_allocator_default(void)
{
    return default_allocator;
}

void impact_allocator_set_default(const impact_allocator *allocator)
{
    const bool is_whole =
        allocator && allocator->allocate && allocator->resize && allocator->release;
    default_allocator = is_whole ? allocator : &system_allocator;
}
