/* The headers that a user adds to the requests: which are allowed, and how libcurl wants them. */
#ifndef IMPACT_EXPORT_OTLP_OTLP_HEADERS_H
#define IMPACT_EXPORT_OTLP_OTLP_HEADERS_H

#include <stddef.h>

#include <impact/allocator.h>
#include <impact/status.h>
#include <impact/text.h>

enum { OTLP__HEADER_LIMIT = 64 };

typedef struct otlp__headers {
    char *lines[OTLP__HEADER_LIMIT]; /* owned: "name: value", or "name;" where the value is empty */
    size_t count;
    const impact_allocator *allocator;
} otlp__headers;

/* Add one. IMPACT_EINVAL: it is no header, or one that the transport owns; IMPACT_ELIMIT: there are
 * too many; IMPACT_ENOMEM. */
impact_status otlp__headers_add(otlp__headers *headers, impact_text name, impact_text value);

/* Add those of `list`, the value of the variable `variable`: "name=value,name=value", values
 * percent-encoded (W3C Baggage 3.3.1, without properties). What cannot be added is reported,
 * without its value, and left out. IMPACT_ENOMEM is the only failure. */
impact_status otlp__headers_add_list(otlp__headers *headers, impact_text list,
                                     const char *variable);

void otlp__headers_close(otlp__headers *headers);

#endif
