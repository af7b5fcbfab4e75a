/* The one door that memory comes through: three functions and their userdata, given by the
 * caller. */
#ifndef IMPACT_ALLOCATOR_H
#define IMPACT_ALLOCATOR_H

#include <stddef.h>

#include <impact/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All three may be called from any thread, the library's own included. None may call the
 * library. */
typedef struct impact_allocator {
    void *(*allocate)(void *userdata, size_t size); /* NULL: no memory. Aligned for any type. */
    void *(*resize)(void *userdata, void *memory, size_t size); /* as realloc; never size 0 */
    void (*release)(void *userdata, void *memory);              /* accepts NULL */
    void *userdata;                                             /* borrowed */
} impact_allocator;

/* The process's default: malloc, realloc and free, or what was set. Borrowed. */
IMPACT_API const impact_allocator *impact_allocator_default(void);

/* Replace the default; NULL, or one that lacks a function, restores malloc. `allocator` is borrowed
 * for the life of the process. Call it before anything else of the library: memory is given back
 * through the door it came from, and objects that exist keep the door they were opened with. */
IMPACT_API void impact_allocator_set_default(const impact_allocator *allocator);

#ifdef __cplusplus
}
#endif

#endif
