/* Files of traces into the store. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "ingest.h"
#include "json_request.h"

enum { read_size = 256 * 1024 };

/* ---- texts ---- */

static impact_status load_json(view_store *store, impact_text document)
{
    view_ingested ingested;
    impact__buffer message = IMPACT__BUFFER(store->allocator);
    impact_status status = IMPACT_EINVAL;
    if (view_json_request(&message, document))
        status = view_ingest(store, impact__buffer_text(&message), &ingested);
    else if (message.has_failed)
        status = IMPACT_ENOMEM;
    impact__buffer_close(&message);
    return status;
}

static impact_status load_lines(view_store *store, impact_text text, size_t *bad_line)
{
    impact_text line;
    size_t number = 0;
    size_t good = 0;
    while (impact__text_split(&line, &text, '\n')) {
        number++;
        if (!impact__text_strip(line).size)
            continue;
        const impact_status status = load_json(store, line);
        if (status == IMPACT_ENOMEM)
            return status;
        good += status == IMPACT_OK;
        if (status && !*bad_line)
            *bad_line = number;
    }
    return good ? IMPACT_OK : IMPACT_EINVAL;
}

impact_status view_load(view_store *store, impact_text text, size_t *bad_line)
{
    view_ingested ingested;
    const impact_text inside = impact__text_strip(text);
    *bad_line = 0;
    if (!inside.size || inside.data[0] != '{')
        return view_ingest(store, text, &ingested);
    const impact_status status = load_json(store, text);
    return status == IMPACT_EINVAL ? load_lines(store, text, bad_line) : status;
}

/* ---- files ---- */

static bool read_all(impact__buffer *to, FILE *file)
{
    size_t got = 0;
    do {
        char *room = impact__buffer_reserve(to, read_size);
        if (!room) {
            errno = ENOMEM;
            return false;
        }
        got = fread(room, 1, read_size, file);
        to->size += got;
    } while (got);
    return !ferror(file);
}

bool view_read_file(impact__buffer *to, const char *name)
{
    if (strcmp(name, "-") == 0)
        return read_all(to, stdin);
    FILE *file = fopen(name, "rbe");
    const bool is_read = file && read_all(to, file);
    const int error = errno;
    if (file)
        (void)fclose(file); /* it was only read */
    errno = error;
    return is_read;
}

static bool tell(const char *name, const char *why)
{
    (void)fprintf(stderr, "impact view: %s: %s\n", name, why);
    return false;
}

bool view_load_file(view_store *store, const char *name)
{
    impact__buffer text = IMPACT__BUFFER(store->allocator);
    size_t bad_line = 0;
    const bool is_read = view_read_file(&text, name);
    const char *error = strerror(errno);
    const impact_status status =
        is_read ? view_load(store, impact__buffer_text(&text), &bad_line) : IMPACT_OK;
    impact__buffer_close(&text);
    if (!is_read)
        return tell(name, error);
    if (status)
        return tell(name, status == IMPACT_EINVAL ? "there are no traces of OTLP in it"
                                                  : impact_status_text(status));
    if (bad_line)
        (void)fprintf(stderr, "impact view: %s:%zu: this line is no request of OTLP\n", name,
                      bad_line);
    return !bad_line;
}
