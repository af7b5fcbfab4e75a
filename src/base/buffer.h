/* A growing piece of memory to write into. Failure is remembered, so that only the end is checked.
 */
#ifndef IMPACT_BASE_BUFFER_H
#define IMPACT_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/text.h>

typedef struct impact__buffer {
    char *data; /* owned */
    size_t size;
    size_t capacity;
    bool has_failed; /* memory was short: what is here is not whole */
    const impact_allocator *allocator;
} impact__buffer;

#define IMPACT__BUFFER(door) ((impact__buffer){.allocator = (door)})

/* Accepts NULL; the buffer may be used again. */
void impact__buffer_close(impact__buffer *buffer);

/* Forget what was written and what failed; keep the memory. */
void impact__buffer_clear(impact__buffer *buffer);

/* Room for `size` more bytes behind what was written, or NULL. The caller adds to buffer->size what
 * it used. Of 0 bytes, NULL is no failure. */
char *impact__buffer_reserve(impact__buffer *buffer, size_t size);

/* What is appended is copied, and lies outside the buffer: that may move. printf follows the
 * locale. */
void impact__buffer_append(impact__buffer *buffer, const void *data, size_t size);
void impact__buffer_append_text(impact__buffer *buffer, impact_text text);
void impact__buffer_append_string(impact__buffer *buffer, const char *string);
void impact__buffer_append_char(impact__buffer *buffer, char c);
void impact__buffer_append_uint(impact__buffer *buffer, uint64_t number); /* in decimal digits */
void impact__buffer_printf(impact__buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was written: borrowed until the next change. */
static inline impact_text impact__buffer_text(const impact__buffer *buffer)
{
    return impact_text_from(buffer->data, buffer->size);
}

#endif
