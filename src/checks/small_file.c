/* Files of the kernel. */
#include "checks/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/text.h"

enum { file_limit = 1 << 20, piece_size = 4096 };

/* Until the end: a read that gives less than asked for is none. */
static bool read_all(impact__buffer *to, int descriptor)
{
    while (to->size <= file_limit) {
        char *room = impact__buffer_reserve(to, piece_size);
        const ssize_t got = room ? read(descriptor, room, piece_size) : 0;
        if (got == 0)
            return room != NULL;
        if (got < 0 && errno != EINTR)
            return false;
        to->size += got > 0 ? (size_t)got : 0;
    }
    return false;
}

bool impact__file_read(impact__buffer *to, const char *path)
{
    impact__buffer_clear(to);
    /* A path that users give may lead to a pipe: nobody waits for who writes there. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return false;
    const bool is_read = read_all(to, descriptor);
    (void)close(descriptor); /* nothing was written */
    return is_read;
}

/* The digits at the start of a text. */
static impact_text digits_of(impact_text text)
{
    size_t size = 0;
    while (size < text.size && impact__is_digit(text.data[size]))
        size++;
    return impact_text_from(text.data, size);
}

static bool begins_with(impact_text text, impact_text start)
{
    return text.size >= start.size && memcmp(text.data, start.data, start.size) == 0;
}

bool impact__file_number(uint64_t *value, impact_text file, const char *key)
{
    const impact_text start = impact_text_of(key);
    impact_text line;
    while (impact__text_split(&line, &file, '\n')) {
        if (line.size <= start.size || !begins_with(line, start))
            continue;
        const impact_text rest = impact_text_from(line.data + start.size, line.size - start.size);
        const impact_text trimmed = impact__text_trim(rest);
        if (trimmed.size < rest.size && /* the key ends there */
            impact__text_parse_uint(value, digits_of(trimmed), UINT64_MAX))
            return true;
    }
    return false;
}
