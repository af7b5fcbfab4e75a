/* Structs that cross the border between a program and the library: options in, answers out.
 *
 * DESIGN: every such struct begins with its size as its author knew it, and zero means "not set"
 * for all that follows. So the two sides may be of different versions, by the kernel's rule
 * (copy_struct_from_user): what the other side did not have is zero, and what this side does not
 * know is taken while it is zero and refused when it is set.
 *
 *     the caller's   | size | a | b |            smaller: c is not set
 *     known here     | size | a | b | c |
 *     the caller's   | size | a | b | c | 0 |    larger: taken; with d set, refused
 *
 * So a new member goes where the struct's size grows, never into padding: that is not zero for
 * sure.
 */
#ifndef IMPACT_BASE_OPTIONS_H
#define IMPACT_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* A caller's struct that is larger is refused unread: no version will have as much. */
enum { impact__struct_size_limit = 4096 };

/* Fill the `known_size` bytes at `to`, a struct of the same type as this version knows it, from the
 * caller's. Afterwards its size is known_size. `from` NULL: nothing is set. False, and `to`
 * untouched: the size is none, or something is set that is not known here. */
bool impact__struct_read(void *to, size_t known_size, const void *from);

/* Fill the caller's struct `to`, which says its size, from the `known_size` bytes at `from`: what
 * it has no room for is left out, what is not known here is zero. Its size stays. False, and `to`
 * untouched: it is NULL, or its size is none. */
bool impact__struct_write(void *to, const void *from, size_t known_size);

#endif
