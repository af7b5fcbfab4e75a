/* A gzip body, back to what it was (RFC 1952). */
#include "inflate.h"

#include <limits.h>

enum {
    piece_size = 256 * 1024,
    gzip_window = 15 + 16, /* zlib.h, inflateInit2: the largest window, and gzip only */
};

void view_inflate_begin(view_inflation *inflation, impact_text body, size_t limit,
                        const impact_allocator *allocator)
{
    *inflation = (view_inflation){.limit = limit, .to = IMPACT__BUFFER(allocator)};
    if (!body.size || body.size > UINT_MAX)
        return;
    inflation->stream.next_in = (Bytef *)body.data;
    inflation->stream.avail_in = (uInt)body.size;
    inflation->is_open = inflateInit2(&inflation->stream, gzip_window) == Z_OK;
    inflation->to.has_failed = !inflation->is_open;
}

void view_inflate_end(view_inflation *inflation)
{
    if (inflation->is_open)
        (void)inflateEnd(&inflation->stream); /* it was begun */
    inflation->is_open = false;
    impact__buffer_close(&inflation->to);
}

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

static view_inflated inflated_of(const view_inflation *inflation, int result)
{
    if (inflation->to.size > inflation->limit)
        return view_inflated_too_much;
    if (result == Z_OK)
        return view_inflated_some;
    if (result == Z_MEM_ERROR)
        return view_inflated_no_memory;
    return result == Z_STREAM_END && !inflation->stream.avail_in ? view_inflated_all
                                                                 : view_inflated_no_gzip;
}

/* A piece takes a good part of a millisecond: the clock is looked at behind each. */
view_inflated view_inflate_some(view_inflation *inflation, view_slice *slice)
{
    view_inflated inflated = view_inflated_some;
    if (inflation->to.has_failed)
        return view_inflated_no_memory;
    if (!inflation->is_open)
        return view_inflated_no_gzip;
    do
        inflated = inflated_of(inflation, inflate_piece(&inflation->stream, &inflation->to));
    while (inflated == view_inflated_some && view_slice_has_time(slice));
    return inflated;
}
