/* A growing piece of memory to write into. */
#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { first_capacity = 256 };

void impact__buffer_close(impact__buffer *buffer)
{
    if (!buffer)
        return;
    impact__free(buffer->allocator, buffer->data);
    *buffer = IMPACT__BUFFER(buffer->allocator);
}

void impact__buffer_clear(impact__buffer *buffer)
{
    buffer->size = 0;
    buffer->has_failed = false;
}

static bool grow(impact__buffer *buffer, size_t needed)
{
    assert(needed > buffer->capacity);
    size_t capacity = buffer->capacity ? buffer->capacity : first_capacity;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    char *data = impact__resize(buffer->allocator, buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

char *impact__buffer_reserve(impact__buffer *buffer, size_t size)
{
    assert(buffer->size <= buffer->capacity);
    if (buffer->has_failed)
        return NULL;
    const bool fits = size <= SIZE_MAX - buffer->size && (buffer->size + size <= buffer->capacity ||
                                                          grow(buffer, buffer->size + size));
    if (!fits) {
        buffer->has_failed = true;
        return NULL;
    }
    return buffer->data ? buffer->data + buffer->size : NULL;
}

void impact__buffer_append(impact__buffer *buffer, const void *data, size_t size)
{
    assert(data || size == 0);
    char *to = size ? impact__buffer_reserve(buffer, size) : NULL;
    if (!to)
        return;
    memcpy(to, data, size);
    buffer->size += size;
}

void impact__buffer_append_text(impact__buffer *buffer, impact_text text)
{
    impact__buffer_append(buffer, text.data, text.size);
}

void impact__buffer_append_string(impact__buffer *buffer, const char *string)
{
    impact__buffer_append_text(buffer, impact_text_of(string));
}

void impact__buffer_append_char(impact__buffer *buffer, char c)
{
    impact__buffer_append(buffer, &c, 1);
}

/* Ten times as fast as printf. */
void impact__buffer_append_uint(impact__buffer *buffer, uint64_t number)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    impact__buffer_append(buffer, digits + first, sizeof digits - first);
}

void impact__buffer_printf(impact__buffer *buffer, const char *format, ...)
{
    assert(format);
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) /* longer than INT_MAX, or not writable: it is missing in what follows */
        buffer->has_failed = true;
    char *to = size > 0 ? impact__buffer_reserve(buffer, (size_t)size + 1) : NULL;
    if (to) {
        (void)vsnprintf(to, (size_t)size + 1, format, again); /* it fits: measured above */
        buffer->size += (size_t)size;
    }
    va_end(again);
}
