/* The process's allocator for tests that refuse memory while other threads run. */
#include "memory_switch.h"

#include <poll.h>
#include <stdlib.h>

#include "support/check.h"

static _Atomic(faults *) current;

static void *plain_allocate(void *userdata, size_t size)
{
    (void)userdata;
    return malloc(size);
}

static void *plain_resize(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    return realloc(memory, size);
}

static void plain_release(void *userdata, void *memory)
{
    (void)userdata;
    free(memory);
}

const impact_allocator memory_switch_plain = {
    .allocate = plain_allocate,
    .resize = plain_resize,
    .release = plain_release,
};

static const impact_allocator *chosen(void)
{
    faults *f = atomic_load(&current);
    return f ? &f->allocator : &memory_switch_plain;
}

static void *allocate(void *userdata, size_t size)
{
    (void)userdata;
    const impact_allocator *a = chosen();
    return a->allocate(a->userdata, size);
}

static void *resize(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    const impact_allocator *a = chosen();
    return a->resize(a->userdata, memory, size);
}

static void release(void *userdata, void *memory)
{
    (void)userdata;
    const impact_allocator *a = chosen();
    a->release(a->userdata, memory);
}

void memory_switch_install(void)
{
    static const impact_allocator allocator = {allocate, resize, release, NULL};
    impact_allocator_set_default(&allocator);
}

void memory_switch_to(faults *f)
{
    atomic_store(&current, f);
}

void memory_switch_back_from(faults *f)
{
    for (int ms = 0; ms < 60000 && atomic_load(&f->live); ms++)
        (void)poll(NULL, 0, 1); /* until it is so */
    CHECK_EQUAL(atomic_load(&f->live), 0);
    memory_switch_to(NULL);
}
