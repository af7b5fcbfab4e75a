/* A message's fields, as a carrier of contexts: what targets of propagators write to and read from.
 * Names are compared without case, as HTTP does. */
#ifndef IMPACT_FUZZ_HEADERS_H
#define IMPACT_FUZZ_HEADERS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <impact/propagation.h>

enum { header_limit = 48, header_bytes = 40000 };

typedef struct header {
    const char *name;
    impact_text value;
} header;

typedef struct headers {
    header fields[header_limit];
    size_t count;
    char texts[header_bytes]; /* names and values that were set */
    size_t size;
} headers;

static inline void require(bool fact)
{
    if (!fact)
        abort();
}

static inline void headers_get_all(void *carrier, const char *name, impact_carrier_visit_fn visit,
                                   void *userdata)
{
    const headers *h = carrier;
    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->fields[i].name, name) == 0 && !visit(userdata, h->fields[i].value))
            return;
}

static inline void headers_keys(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    const headers *h = carrier;
    for (size_t i = 0; i < h->count; i++)
        if (!visit(userdata, impact_text_of(h->fields[i].name)))
            return;
}

static const impact_carrier_getter headers_getter = {
    .size = sizeof headers_getter, .get_all = headers_get_all, .keys = headers_keys};

static inline const char *headers_keep(headers *h, const char *text)
{
    const size_t size = strlen(text) + 1;
    require(h->size + size <= sizeof h->texts);
    char *kept = memcpy(h->texts + h->size, text, size);
    h->size += size;
    return kept;
}

/* As the API says: a name is a token, a value printable ASCII, blanks and tabs. */
static inline void headers_set(void *carrier, const char *name, const char *value)
{
    headers *h = carrier;
    require(*name);
    for (const char *c = name; *c; c++)
        require(*c > ' ' && *c < 0x7F && *c != ':');
    for (const char *c = value; *c; c++)
        require((*c >= ' ' && *c < 0x7F) || *c == '\t');
    require(h->count < header_limit);
    h->fields[h->count].name = headers_keep(h, name);
    h->fields[h->count++].value = impact_text_of(headers_keep(h, value));
}

#endif
