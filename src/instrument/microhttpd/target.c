/* Path and query of a request as they travel. */
#include "instrument/microhttpd/target.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/request_target.h"

void impact__target_close(impact__target *target)
{
    impact__free(NULL, target->memory);
    *target = (impact__target){0};
}

typedef struct encoder {
    char *to;    /* NULL: only measure */
    size_t size; /* written, or needed */
} encoder;

static void put(encoder *e, char c)
{
    if (e->to)
        e->to[e->size] = c;
    e->size++;
}

/* RFC 3986 2.3: unreserved; a slash, in paths and queries (3.4); and the asterisk of OPTIONS. */
static bool may_stay(char c)
{
    return impact__is_alphanumeric_or(c, "-._~/*");
}

static void put_encoded(encoder *e, const char *data, size_t size)
{
    assert(data || size == 0);
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        if (may_stay(data[i])) {
            put(e, data[i]);
            continue;
        }
        put(e, '%');
        put(e, digits[(unsigned char)data[i] >> 4]);
        put(e, digits[(unsigned char)data[i] & 15]);
    }
}

typedef struct query_encoder {
    encoder *encoder;
    size_t start; /* of the query */
} query_encoder;

static enum MHD_Result put_argument(void *cls, enum MHD_ValueKind kind, const char *key,
                                    size_t key_size, const char *value, size_t value_size)
{
    (void)kind; /* only arguments are asked for */
    const query_encoder *query = cls;
    if (query->encoder->size > query->start)
        put(query->encoder, '&');
    put_encoded(query->encoder, key, key_size);
    if (value) {
        put(query->encoder, '=');
        put_encoded(query->encoder, value, value_size);
    }
    return MHD_YES;
}

/* The path, a NUL, the query. Returns the size of the path. */
static size_t put_target(encoder *e, struct MHD_Connection *connection, impact_text path)
{
    put_encoded(e, path.data, path.size);
    const size_t path_size = e->size;
    put(e, 0);
    query_encoder query = {e, e->size};
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, put_argument, &query);
    return path_size;
}

bool impact__target_open_decoded(impact__target *target, struct MHD_Connection *connection,
                                 const char *url)
{
    const impact__request_target read = impact__request_target_of(impact_text_of(url), true);
    encoder measured = {0};
    (void)put_target(&measured, connection, read.path); /* for its size alone */
    char *memory = impact__alloc(NULL, measured.size);
    if (!memory)
        return false;
    encoder written = {.to = memory};
    const size_t path_size = put_target(&written, connection, read.path);
    *target = (impact__target){
        .authority = read.authority,
        .path = impact_text_from(memory, path_size),
        .query = impact_text_from(memory + path_size + 1, written.size - path_size - 1),
        .memory = memory,
    };
    return true;
}
