/* An HTTP/1.x answer (RFC 9112).
 *
 * DESIGN: with each piece that comes, all is read again from the start: an answer has a few hundred
 * bytes, and nothing has to be remembered. Chunks are looked through first, and put together only
 * when the last of them is there.
 */
#include "probe_answer.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"

enum { body_limit = 1 << 30 };

typedef struct head {
    int status;
    impact_text content_type;
    uint64_t length;
    bool has_length;
    bool is_chunked;
    bool is_broken;
} head;

/* ---- lines ---- */

/* Cut the first line off, without its end. False: it has none yet. */
static bool cut_line(impact_text *line, impact_text *rest)
{
    const char *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    if (!end)
        return false;
    const size_t size = (size_t)(end - rest->data);
    *line = impact_text_from(rest->data, size);
    if (size && line->data[size - 1] == '\r')
        line->size--;
    *rest = impact_text_from(end + 1, rest->size - size - 1);
    return true;
}

/* "HTTP/1.1 200 OK"; 0: it is none. */
static int read_status(impact_text line)
{
    static const char version[] = "HTTP/1.";
    enum { digits_at = sizeof version + 1 };
    uint64_t status = 0;
    if (line.size < digits_at + 3 || memcmp(line.data, version, sizeof version - 1) != 0 ||
        line.data[digits_at - 1] != ' ' ||
        (line.size > digits_at + 3 && line.data[digits_at + 3] != ' '))
        return 0;
    if (!impact__text_parse_uint(&status, impact_text_from(line.data + digits_at, 3), 599))
        return 0;
    return status < 100 ? 0 : (int)status;
}

/* Two lengths that differ are an attempt to smuggle (RFC 9112 6.3). */
static void read_length(head *to, impact_text value)
{
    uint64_t length = 0;
    if (!impact__text_parse_uint(&length, value, body_limit) ||
        (to->has_length && to->length != length))
        to->is_broken = true;
    to->length = length;
    to->has_length = true;
}

static void read_header(head *to, impact_text line)
{
    impact_text name;
    impact_text value = line;
    if (!impact__text_split(&name, &value, ':') || !value.data) {
        to->is_broken = true;
        return;
    }
    value = impact__text_trim(value);
    if (impact__text_equal_ignoring_case(name, impact_text_of("content-length")))
        read_length(to, value);
    else if (impact__text_equal_ignoring_case(name, impact_text_of("content-type")))
        to->content_type = value;
    else if (impact__text_equal_ignoring_case(name, impact_text_of("transfer-encoding"))) {
        to->is_chunked = impact__text_equal_ignoring_case(value, impact_text_of("chunked"));
        to->is_broken = to->is_broken || !to->is_chunked;
    }
}

/* False: its empty line has not come. */
static bool read_head(head *to, impact_text *rest)
{
    impact_text line;
    if (!cut_line(&line, rest))
        return false;
    *to = (head){.status = read_status(line)};
    to->is_broken = to->status == 0;
    while (!to->is_broken) {
        if (!cut_line(&line, rest))
            return false;
        if (!line.size)
            return true;
        read_header(to, line);
    }
    return true;
}

/* ---- bodies ---- */

static probe_answer_state state_of_cut(probe_answer_rest rest)
{
    if (rest == probe_rest_open)
        return probe_answer_incomplete;
    return rest == probe_rest_cut ? probe_answer_whole : probe_answer_broken;
}

/* The hex digits at the front of a line; what follows them is an extension. False: none. */
static bool read_chunk_size(size_t *size, impact_text line)
{
    size_t at = 0;
    *size = 0;
    for (; at < line.size && impact__hex_value(line.data[at]) >= 0; at++) {
        *size = *size * 16 + (size_t)impact__hex_value(line.data[at]);
        if (*size > body_limit)
            return false;
    }
    const impact_text behind = impact__text_trim(impact_text_from(line.data + at, line.size - at));
    return at && (!behind.size || behind.data[0] == ';');
}

typedef enum chunk_step {
    chunk_taken,
    chunk_missing, /* more has to come */
    chunk_bad,
    chunk_last,
} chunk_step;

/* Behind the last chunk there may be more header fields. */
static chunk_step read_trailer(impact_text rest)
{
    impact_text line;
    while (cut_line(&line, &rest))
        if (!line.size)
            return chunk_last;
    return chunk_missing;
}

static chunk_step cut_chunk(impact_text *chunk, impact_text *rest)
{
    impact_text line;
    size_t size;
    if (!cut_line(&line, rest))
        return chunk_missing;
    if (!read_chunk_size(&size, line))
        return chunk_bad;
    if (!size)
        return read_trailer(*rest);
    *chunk = impact_text_from(rest->data, size < rest->size ? size : rest->size);
    *rest = impact_text_from(rest->data + chunk->size, rest->size - chunk->size);
    if (chunk->size < size || !cut_line(&line, rest))
        return chunk_missing;
    return line.size ? chunk_bad : chunk_taken;
}

/* Look through the chunks, and put them together at `to` unless that is NULL. */
static probe_answer_state walk_chunks(impact_text rest, char *to, size_t *size)
{
    chunk_step step = chunk_taken;
    *size = 0;
    while (step == chunk_taken) {
        impact_text chunk = {NULL, 0};
        step = cut_chunk(&chunk, &rest);
        if (to && chunk.size)
            memmove(to + *size, chunk.data, chunk.size);
        *size += chunk.size;
    }
    if (step == chunk_missing)
        return probe_answer_incomplete;
    return step == chunk_last ? probe_answer_whole : probe_answer_broken;
}

static probe_answer_state read_chunks(probe_answer *to, impact_text came, char *bytes,
                                      probe_answer_rest rest)
{
    size_t size;
    probe_answer_state state = walk_chunks(came, NULL, &size);
    if (state == probe_answer_incomplete)
        state = state_of_cut(rest);
    if (state != probe_answer_whole)
        return state;
    (void)walk_chunks(came, bytes, &size); /* it is known to be whole */
    to->body = impact_text_from(bytes, size);
    return state;
}

/* `bytes` is where `came` begins, to be written to. */
static probe_answer_state read_body(probe_answer *to, const head *from, impact_text came,
                                    char *bytes, probe_answer_rest rest)
{
    if (from->status == 204 || from->status == 304)
        return probe_answer_whole;
    if (from->is_chunked)
        return read_chunks(to, came, bytes, rest);
    to->body = came;
    if (!from->has_length) /* it ends with the connection */
        return rest == probe_rest_open ? probe_answer_incomplete : probe_answer_whole;
    if (came.size < from->length)
        return state_of_cut(rest);
    to->body.size = (size_t)from->length;
    return probe_answer_whole;
}

/* ---- all of it ---- */

probe_answer_state probe_answer_parse(probe_answer *to, char *bytes, size_t size,
                                      probe_answer_rest rest)
{
    head read = {.status = 0};
    impact_text left = impact_text_from(bytes, size);
    do { /* interim answers come before it (RFC 9110 15.2) */
        if (!read_head(&read, &left))
            return rest == probe_rest_open ? probe_answer_incomplete : probe_answer_broken;
        if (read.is_broken || read.status == 101)
            return probe_answer_broken;
    } while (read.status < 200);
    probe_answer answer = {.status = read.status, .content_type = read.content_type};
    const probe_answer_state state =
        read_body(&answer, &read, left, bytes + (left.data - bytes), rest);
    if (state == probe_answer_whole)
        *to = answer;
    return state;
}
