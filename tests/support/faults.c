/* An allocator that fails on demand. */
#include "support/faults.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static bool may_allocate(faults *f)
{
    const size_t number = atomic_fetch_add(&f->count, 1) + 1;
    const size_t fail_at = atomic_load(&f->fail_at);
    const bool fails = fail_at && (f->fails_for_good ? number >= fail_at : number == fail_at);
    if (fails)
        atomic_store(&f->injected, true);
    return !fails;
}

static void *allocate(void *userdata, size_t size)
{
    faults *f = userdata;
    void *memory = may_allocate(f) ? malloc(size) : NULL;
    if (!memory)
        return NULL;
    atomic_fetch_add(&f->live, 1);
    return memset(memory, 0xA5, size); /* who reads what he has not written shall not find zeros */
}

static void *resize(void *userdata, void *memory, size_t size)
{
    faults *f = userdata;
    CHECK(size > 0);
    void *resized = may_allocate(f) ? realloc(memory, size) : NULL;
    if (resized && !memory)
        atomic_fetch_add(&f->live, 1);
    return resized;
}

static void give_back(void *userdata, void *memory)
{
    faults *f = userdata;
    if (memory)
        atomic_fetch_sub(&f->live, 1);
    free(memory);
}

void faults_open(faults *f)
{
    *f = (faults){0};
    f->allocator = (impact_allocator){allocate, resize, give_back, f};
    f->is_started = true;
}

void faults_close(faults *f)
{
    CHECK_EQUAL(atomic_load(&f->live), 0);
}

bool faults_next_round(faults *f)
{
    if (!f->is_started) {
        faults_open(f);
        atomic_store(&f->fail_at, 1);
        return true;
    }
    faults_close(f);
    if (!atomic_load(&f->injected)) {
        if (f->fails_for_good)
            return false;
        CHECK(atomic_load(&f->fail_at) >
              1); /* else the body has asked for nothing, and proves nothing */
        f->fails_for_good = true;
        atomic_store(&f->fail_at, 0);
    }
    atomic_fetch_add(&f->fail_at, 1);
    atomic_store(&f->count, 0);
    atomic_store(&f->injected, false);
    return true;
}
