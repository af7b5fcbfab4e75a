/* The one door that memory comes through, inside: an allocator, or the default one for NULL. */
#ifndef IMPACT_BASE_ALLOC_H
#define IMPACT_BASE_ALLOC_H

#include <stddef.h>

#include <impact/allocator.h>

/* Zeroed memory, or NULL. */
void *impact__alloc(const impact_allocator *allocator, size_t size);

/* As realloc; `size` is not 0; new bytes are not zeroed. On failure `memory` is as it was. */
void *impact__resize(const impact_allocator *allocator, void *memory, size_t size);

/* Accepts NULL. */
void impact__free(const impact_allocator *allocator, void *memory);

/* A NUL-terminated copy of `size` bytes, or NULL. */
char *impact__copy(const impact_allocator *allocator, const char *data, size_t size);

/* A copy of a NUL-terminated string, or NULL; a copy of NULL is NULL. */
char *impact__copy_string(const impact_allocator *allocator, const char *string);

#endif
