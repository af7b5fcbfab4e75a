/* A gzip body, back to what it was (RFC 1952). */
#include "inflate.h"

#include <limits.h>
#include <zlib.h>

enum {
    piece_size = 256 * 1024,
    gzip_window = 15 + 16, /* zlib.h, inflateInit2: the largest window, and gzip only */
};

/* Z_OK: there is more to come. */
static int inflate_piece(z_stream *stream, impact__buffer *to)
{
    char *room = impact__buffer_reserve(to, piece_size);
    if (!room)
        return Z_MEM_ERROR;
    stream->next_out = (Bytef *)room;
    stream->avail_out = piece_size;
    const int result = inflate(stream, Z_NO_FLUSH);
    to->size += piece_size - stream->avail_out;
    return result;
}

static view_inflated inflate_all(z_stream *stream, impact__buffer *to, size_t limit)
{
    int result = Z_OK;
    while (result == Z_OK && to->size <= limit)
        result = inflate_piece(stream, to);
    if (to->size > limit)
        return view_inflated_too_much;
    if (result == Z_MEM_ERROR)
        return view_inflated_no_memory;
    return result == Z_STREAM_END && !stream->avail_in ? view_inflated_all : view_inflated_no_gzip;
}

view_inflated view_inflate(impact__buffer *to, impact_text body, size_t limit)
{
    z_stream stream = {.zalloc = Z_NULL};
    if (!body.size || body.size > UINT_MAX)
        return view_inflated_no_gzip;
    stream.next_in = (Bytef *)body.data;
    stream.avail_in = (uInt)body.size;
    if (inflateInit2(&stream, gzip_window) != Z_OK)
        return view_inflated_no_memory;
    const view_inflated result = inflate_all(&stream, to, limit);
    (void)inflateEnd(&stream); /* it was begun */
    return result;
}
