/* Where c-ares was not built in, nothing is looked up here: libcurl does it. */
#include "export/otlp/lookup.h"

#include <assert.h>
#include <stddef.h>

bool otlp__lookup_is_there(void)
{
    return false;
}

void otlp__lookup_prepare(void)
{
}

impact_status otlp__lookup_begin(otlp__lookup **lookup, const impact_allocator *allocator,
                                 const char *name, otlp__sockets *sockets)
{
    (void)lookup;
    (void)allocator;
    (void)name;
    (void)sockets;
    assert(false);
    return IMPACT_ESYSTEM;
}

impact_status otlp__lookup_look(otlp__lookup *lookup)
{
    (void)lookup;
    assert(false);
    return IMPACT_ESYSTEM;
}

uint64_t otlp__lookup_moment(const otlp__lookup *lookup)
{
    (void)lookup;
    return UINT64_MAX;
}

impact_text otlp__lookup_addresses(const otlp__lookup *lookup)
{
    (void)lookup;
    return impact_text_from(NULL, 0);
}

uint32_t otlp__lookup_ttl_s(const otlp__lookup *lookup)
{
    (void)lookup;
    return 0;
}

const char *otlp__lookup_error(const otlp__lookup *lookup)
{
    (void)lookup;
    return "";
}

void otlp__lookup_end(otlp__lookup *lookup)
{
    (void)lookup; /* there was none */
}
