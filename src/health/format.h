/* The formats of an answer: their names and media types. */
#ifndef IMPACT_HEALTH_FORMAT_H
#define IMPACT_HEALTH_FORMAT_H

#include <stdbool.h>

#include <impact/text.h>

/* In the order in which they are preferred by who does not mind. */
typedef enum impact__format {
    IMPACT__FORMAT_JSON,        /* the original's */
    IMPACT__FORMAT_HEALTH_JSON, /* draft-inadarei-api-health-check-06 */
    IMPACT__FORMAT_TEXT,        /* as kube-apiserver's */
    IMPACT__FORMAT_OPENMETRICS, /* OpenMetrics 1.0 */
    IMPACT__FORMAT_HTML,
    IMPACT__FORMAT_COUNT
} impact__format;

typedef struct impact__format_facts {
    const char *name; /* in a query; so is the subtype */
    const char *type;
    const char *subtype;
    const char *version; /* of the media type; NULL: it has none */
    const char *content_type;
} impact__format_facts;

const impact__format_facts *impact__format_facts_of(impact__format format);

/* By its name in a query, where any byte may be percent-encoded; a plus is a plus, and no space.
 * False: there is no such format. */
bool impact__format_find(impact__format *format, impact_text encoded);

#endif
