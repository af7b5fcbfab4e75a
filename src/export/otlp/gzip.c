/* gzip by zlib. */
#include "export/otlp/gzip.h"

#include <assert.h>
#include <stdint.h>

#include <zlib.h>

#include "base/alloc.h"

enum {
    gzip_window = 15 + 16, /* the largest window, with the head and the end of gzip */
    memory_level = 8,      /* zlib's own */
    first_room = 4096,
};

static void *take_memory(void *allocator, unsigned count, unsigned size)
{
    return impact__alloc(allocator, (size_t)count * size);
}

static void give_back(void *allocator, void *memory)
{
    impact__free(allocator, memory);
}

/* zlib hands the allocator to the two above and does not write to it. */
static z_stream stream_over(const impact__buffer *buffer, impact_text text)
{
    return (z_stream){
        .next_in = (z_const Bytef *)text.data,
        .avail_in = (uInt)text.size,
        .zalloc = take_memory,
        .zfree = give_back,
        .opaque = (void *)(uintptr_t)buffer->allocator,
    };
}

/* All that is put in comes out in one call, for there is room for the most that it may be. */
static impact_status deflate_all(z_stream *stream, impact__buffer *buffer)
{
    const uLong most = deflateBound(stream, stream->avail_in);
    char *room = impact__buffer_reserve(buffer, most);
    if (!room) {
        buffer->has_failed = false; /* what is there is whole */
        return IMPACT_ENOMEM;
    }
    stream->next_out = (Bytef *)room;
    stream->avail_out = (uInt)most;
    const int result = deflate(stream, Z_FINISH);
    assert(result == Z_STREAM_END);
    (void)result;
    buffer->size += stream->total_out;
    return IMPACT_OK;
}

/* The fastest level: spans repeat their keys and names, which it finds too, and what it leaves is
 * cheaper to send than to look for. */
impact_status otlp__gzip_append(impact__buffer *buffer, impact_text text)
{
    z_stream stream = stream_over(buffer, text);
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return IMPACT_ENOMEM;
    const impact_status status = deflate_all(&stream, buffer);
    (void)deflateEnd(&stream); /* what is left in it, after a failure, is not wanted */
    return status;
}

/* As much as fits into `room` more bytes. */
static impact_status inflate_some(z_stream *stream, impact__buffer *buffer, size_t room,
                                  bool *is_over)
{
    char *to = impact__buffer_reserve(buffer, room);
    if (!to)
        return IMPACT_ENOMEM;
    stream->next_out = (Bytef *)to;
    stream->avail_out = (uInt)room;
    const int result = inflate(stream, Z_NO_FLUSH);
    buffer->size += room - stream->avail_out;
    *is_over = result == Z_STREAM_END;
    if (result == Z_OK && stream->avail_out == 0)
        return IMPACT_OK;
    if (result == Z_MEM_ERROR)
        return IMPACT_ENOMEM;
    return *is_over ? IMPACT_OK : IMPACT_EINVAL;
}

/* Room doubles, so a small answer costs little; one byte above the limit shows that it is more. */
static impact_status inflate_all(z_stream *stream, impact__buffer *buffer, size_t limit)
{
    size_t left = limit + 1;
    bool is_over = false;
    for (size_t room = first_room; !is_over; room *= 2) {
        const size_t most = room < left ? room : left;
        const size_t before = buffer->size;
        const impact_status status = inflate_some(stream, buffer, most, &is_over);
        if (status)
            return status;
        left -= buffer->size - before;
        if (!left)
            return IMPACT_ELIMIT;
    }
    return IMPACT_OK;
}

impact_status otlp__gunzip_append(impact__buffer *buffer, impact_text compressed, size_t limit)
{
    z_stream stream = stream_over(buffer, compressed);
    const size_t before = buffer->size;
    if (inflateInit2(&stream, gzip_window) != Z_OK)
        return IMPACT_ENOMEM;
    const impact_status status = inflate_all(&stream, buffer, limit);
    (void)inflateEnd(&stream); /* likewise */
    if (status) {
        buffer->size = before;
        buffer->has_failed = false;
    }
    return status;
}
